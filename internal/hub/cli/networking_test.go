package cli

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/hub"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/terminal"
)

// M6: the flag beats the environment, nothing means sessions, and what is neither is an error
// of usage that names where it came from. A hub that is started elsewhere gets what was decided.
func TestM6_Setting(t *testing.T) {
	for _, of := range []struct {
		flag, env string
		want      hub.Networking
		slip      string
	}{
		{"", "", hub.NetworkingRobust, ""},
		{"", "false", hub.NetworkingHTTP, ""},
		{"", "0", hub.NetworkingHTTP, ""},
		{"", "TRUE", hub.NetworkingRobust, ""},
		{"true", "false", hub.NetworkingRobust, ""},
		{"false", "true", hub.NetworkingHTTP, ""},
		{"false", "nonsense", hub.NetworkingHTTP, ""},
		{"", "nonsense", 0, envNetworking},
		{"off", "true", 0, "--robust-networking"},
	} {
		t.Setenv(envNetworking, of.env)
		f := hubFlags{robust: of.flag, ledger: "off", logLevel: "info"}
		got, err := f.networking()
		if of.slip != "" {
			if _, usage := errors.AsType[*usageError](err); !usage || !strings.Contains(err.Error(), of.slip) || f.check() == nil {
				t.Errorf("%+v: %v", of, err)
			}
			continue
		}
		if err != nil || got != of.want {
			t.Errorf("%+v: %v, %v", of, got, err)
		}
		args, err := f.args("/socket")
		handed := "--robust-networking=true"
		if of.want == hub.NetworkingHTTP {
			handed = "--robust-networking=false"
		}
		if err != nil || !slices.Contains(args, handed) {
			t.Errorf("%+v: handed on as %q, %v", of, args, err)
		}
	}
}

// D3: status says what is missing, once for all that lack the same.
func TestD3_StatusSaysWhatIsMissing(t *testing.T) {
	s := &api.Status{Hub: api.HubStatus{Networking: api.NetworkingHTTP}, Instances: []api.Instance{
		{Name: "a", State: api.Active, Transport: api.TransportHTTP, Unavailable: []string{"x", "y"}},
		{Name: "b", State: api.Active, Transport: api.TransportSession},
		{Name: "c", State: api.Active, Transport: api.TransportHTTP, Unavailable: []string{"x", "y"}},
		{Name: "d", State: api.Active, Transport: api.TransportHTTP, Unavailable: []string{"z"}},
	}}
	var b strings.Builder
	if err := printStatus(&b, s, time.Now(), terminal.Palette{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "sessions are OFF") || !strings.HasSuffix(b.String(), "over HTTP: a, c: x; y\nover HTTP: d: z\n") {
		t.Error(b.String())
	}
	s.Hub.Networking = api.NetworkingRobust
	b.Reset()
	if err := printStatus(&b, s, time.Now(), terminal.Palette{}); err != nil || strings.Contains(b.String(), "OFF") {
		t.Error(err, b.String())
	}
}
