package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/standardbeagle/brum/internal/hub/control"
)

// defaultSocket is where the hub of this user is, by default.
func defaultSocket() string {
	if path := os.Getenv("BRUM_HUB_SOCKET"); path != "" {
		return path
	}
	return filepath.Join(runtimeDir(), "hub.sock")
}

// runtimeDir is for what does not outlive the hub.
func runtimeDir() string {
	if runtime.GOOS == "windows" {
		return stateDir()
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "brum")
	}
	return filepath.Join(os.TempDir(), "brum-"+strconv.Itoa(os.Getuid()))
}

// stateDir is for what outlives the hub.
func stateDir() string {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "brum")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return runtimeDir()
	}
	switch runtime.GOOS {
	case "windows":
		if dir := os.Getenv("LocalAppData"); dir != "" {
			return filepath.Join(dir, "brum")
		}
		return filepath.Join(home, "AppData", "Local", "brum")
	case "darwin":
		return filepath.Join(home, "Library", "Application Support", "brum")
	}
	return filepath.Join(home, ".local", "state", "brum")
}

// preparePaths makes the directory of the default socket, or refuses one that others can
// reach into. A socket that was named is its namer's business.
func preparePaths(socket string) error {
	if filepath.Dir(socket) != runtimeDir() {
		return nil
	}
	return control.PrivateDir(runtimeDir())
}
