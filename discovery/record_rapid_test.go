package discovery

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// C5: an instance is read as it was written, whatever its names are.
func TestC5_any_round_trip(t *testing.T) {
	instant := rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "s"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns")).UTC()
	})
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(1, 40, 160)
		i := sample(rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9._-]{0,100}`).Draw(t, "id"), 7777)
		i.Name, i.Directory = text.Draw(t, "name"), text.Draw(t, "directory")
		i.Port = rapid.IntRange(1, 65535).Draw(t, "port")
		i.StartedAt, i.LastPing = instant.Draw(t, "started"), instant.Draw(t, "ping")
		i.Process = Process{rapid.IntRange(1, 1<<22).Draw(t, "pid"), text.Draw(t, "program"), text.Draw(t, "start"), text.Draw(t, "boot")}
		i.Host = Host{ID: text.Draw(t, "host"), Name: text.Draw(t, "host name"), Namespace: text.Draw(t, "namespace")}
		i.Token = Token(text.Draw(t, "token"))
		if i.validate() != nil {
			t.Skip("not an instance")
		}
		data, err := encode(i)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode(data, i.ID)
		if diff := cmp.Diff(i, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got)\n%s", err, diff)
		}
	})
}
