package cli

import (
	"os"
	"strconv"

	"github.com/standardbeagle/brum/internal/hub"
)

// envNetworking says how instances are reached where no flag does. brummer knows it, too.
const envNetworking = "BRUMMER_USE_ROBUST_NETWORKING"

// networking says how the hub is to reach instances.
func (f *hubFlags) networking() (hub.Networking, error) {
	text, from := f.robust, "--robust-networking"
	if text == "" {
		text, from = os.Getenv(envNetworking), envNetworking
	}
	if text == "" {
		return hub.NetworkingRobust, nil
	}
	robust, err := strconv.ParseBool(text)
	switch {
	case err != nil:
		return hub.NetworkingRobust, usagef("%s=%.100q: want true (sessions, the default) or false (plain HTTP)", from, text)
	case robust:
		return hub.NetworkingRobust, nil
	}
	return hub.NetworkingHTTP, nil
}
