//go:build integration && unix

package test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/callid"
)

// killing is a hub that is killed again and again while calls with an effect are made.
type killing struct {
	*world
	hub      *exec.Cmd
	instance *exec.Cmd
	bridge   *mcp.ClientSession
	effects  string // a file with a line for each effect
}

// callRecord is what the test reads of brum-hub calls --json.
type callRecord struct {
	ID      string `json:"id"`
	Outcome string `json:"outcome"`
}

// calls waits until every call in the ledger has an outcome.
func (k *killing) calls() []callRecord {
	k.t.Helper()
	var list struct {
		Calls  []callRecord `json:"calls"`
		Ledger struct {
			Pending int    `json:"pending"`
			State   string `json:"state"`
		} `json:"ledger"`
	}
	k.await("outcomes", func() bool {
		out, err := k.command("brum-hub", "calls", "--json", "--limit", "4096").Output()
		return err == nil && json.Unmarshal(out, &list) == nil && list.Ledger.Pending == 0 && list.Ledger.State == "ok"
	})
	return list.Calls
}

// idle waits until the script does not run: no effect is to come.
func (k *killing) idle() {
	k.t.Helper()
	k.await("the script's end", func() bool {
		out, err := k.command("brum-hub", "call", "web", "scripts_status", "--json").Output()
		return err == nil && !strings.Contains(string(out), `"state":"running"`)
	})
}

func (k *killing) count() int {
	data, _ := os.ReadFile(k.effects)
	return strings.Count(string(data), "\n")
}

// byShell makes a call by the command line and returns what it says of the effect: "done",
// "failed", or "" if it could not know.
func (k *killing) byShell(id string) string {
	err := k.command("brum-hub", "call", "web", "scripts_run", `{"name":"sh"}`, "--id", id).Run()
	exit, _ := err.(*exec.ExitError)
	switch {
	case err == nil:
		return "done"
	case exit != nil && exit.ExitCode() == 5:
		return "failed"
	}
	return ""
}

// byBridge makes one through the bridge, which must know in any case.
func (k *killing) byBridge() string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	res, err := k.bridge.CallTool(ctx, &mcp.CallToolParams{Name: "hub_scripts_run", Arguments: map[string]any{"instance_id": "web", "name": "sh"}})
	if err != nil {
		return err.Error()
	}
	if !res.IsError {
		return "done"
	}
	if code, ok := res.Meta["brum/code"].(string); ok {
		return code
	}
	return "failed"
}

// In a loop the hub is killed in the middle of a call, at a random moment, with an instance
// that now and then is stopped meanwhile. What the ledger says in the end is what has
// happened: a call that is done has had its effect once, any other none.
func TestF4_RandomKillsAgainstTheLedger(t *testing.T) {
	need(t, "sh")
	t.Parallel()
	const rounds = 30
	w := newWorld(t)
	k := &killing{world: w, effects: filepath.Join(w.dir, "effects")}
	k.instance = w.command("brum-instance", "--name", "web", "--port", "0", "--quiet", "--", "sh", "-c", "echo x >> "+k.effects)
	w.start(k.instance)
	k.hub = w.startHub()
	w.await("the instance", func() bool { return w.allActive(1) })
	cmd := w.command("brum-hub", "mcp", "--no-start")
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	var err error
	if k.bridge, err = client.Connect(t.Context(), &mcp.CommandTransport{Command: cmd}, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.bridge.Close() })
	k.idle()

	verdicts := make(map[string]int)
	known := 0
	for round := range rounds {
		stopped := round%3 == 2
		bridged := round%2 == 1
		if stopped {
			k.instance.Process.Signal(syscall.SIGSTOP)
		}
		id := string(callid.New())
		told := make(chan string, 1)
		latest := 60 * time.Millisecond // a command takes longer to start
		if bridged {
			latest = 20 * time.Millisecond
			go func() { told <- k.byBridge() }()
		} else {
			go func() { told <- k.byShell(id) }()
		}
		time.Sleep(rand.N(latest))
		if err := k.hub.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		w.await("the hub's end", func() bool {
			_, err := w.status()
			return err != nil
		})
		if stopped {
			k.instance.Process.Signal(syscall.SIGCONT)
		}
		k.hub = w.startHub()
		w.await("the instance", func() bool { return w.allActive(1) })
		said := <-told
		calls := k.calls()
		k.idle()

		verdict := "not in the ledger"
		if len(calls) > known+1 {
			t.Fatalf("round %d: %d calls more in the ledger", round, len(calls)-known)
		}
		if len(calls) > known {
			verdict = calls[len(calls)-1].Outcome
		}
		known = len(calls)
		verdicts[verdict]++
		done := 0
		for _, c := range calls {
			switch c.Outcome {
			case "done":
				done++
			case "not_run", "failed":
			default:
				t.Errorf("round %d: a call is %s although its instance lives", round, c.Outcome)
			}
		}
		if n := k.count(); n != 1+done {
			t.Fatalf("round %d: %d effects, and %d calls are done (one more effect is the instance's own); the last was %s", round, n, done, verdict)
		}
		if said != verdict && (bridged || said != "") {
			t.Errorf("round %d: the caller was told %q, the ledger says %s", round, said, verdict)
		}
	}
	t.Log(fmt.Sprint("verdicts: ", verdicts))
}
