//go:build unix

package main

import (
	"strings"
	"testing"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// A long call goes on while its hub is killed, and the bridge gets its result.
func TestH5_HubKilledInALongCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hub := w.startHub(t)
	startInstance(t, "web", w.discovery(), w.dir, stubbornVariable+"=1", "--stop-grace", "2s")
	w.active(t, 1)
	var process string
	wait(t, "the process", func() bool {
		out, _, code := w.run(t, "", "logs", "web")
		process, _, _ = strings.Cut(out, " | ")
		return code == 0 && strings.HasSuffix(strings.TrimSpace(out), "| ready")
	})
	session, _ := w.bridge(t, "--no-start")
	bridged := bridgeCall(t, session, "hub_scripts_stop", map[string]any{"instance_id": "web", "processId": process})
	wait(t, "the call in the ledger", func() bool {
		calls, err := w.client.Calls(t.Context(), api.CallsQuery{})
		return err == nil && calls.Ledger.Pending == 1
	})
	wait(t, "stopping", func() bool {
		out, _, _ := w.run(t, "", "call", "web", "scripts_status", "--json")
		return strings.Contains(out, `"state":"stopping"`)
	})
	hub.kill()
	w.startHub(t)
	if got := bridged.end(); got != "done" {
		t.Errorf("the bridge told: %s", got)
	}
	calls, err := w.client.Calls(t.Context(), api.CallsQuery{})
	if err != nil || len(calls.Calls) != 1 || calls.Calls[0].Outcome != "done" {
		t.Errorf("the ledger: %+v, %v", calls, err)
	}
}
