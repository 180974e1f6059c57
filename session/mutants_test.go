//go:build integration

package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A mutant is the package with a fault in it that the tests have to find.
type mutant struct {
	name  string
	edits []edit
}

// edit replaces old, which stands in file exactly once.
type edit struct{ file, old, new string }

var mutants = []mutant{
	{"the fence is not checked", []edit{{"core_receive.go",
		"if c.link != linkUp || linkID != c.linkID || c.phase == phaseEnded {",
		"if c.phase == phaseEnded {"}}},
	{"a late end of an old link ends the current one", []edit{{"core.go",
		"if c.link == linkNone || linkID != c.linkID || c.phase == phaseEnded {",
		"if c.link == linkNone || c.phase == phaseEnded {"}}},
	{"the attempt is not recorded", []edit{{"core_attach.go",
		"c.attempt, c.linkID, c.link = q.attempt, q.attempt, linkAttaching",
		"c.linkID, c.link = q.attempt, linkAttaching"}}},
	{"the cursor is read before the fence", []edit{
		{"core_attach.go", "\t\tc.out.farewell = appendControl(nil, frameSuperseded, uint64(q.dialer), q.attempt)\n\t}\n\tc.joined(pos)", "\t}\n\tc.joined(pos)"},
		{"core_attach.go", "\tif c.link == linkUp {\n\t\tc.linkLost(now, c.linkID, TriggerPeer, nil)\n\t}\n\tc.joined(pos)", "\tc.joined(pos)"},
		{"core_attach.go", "c.attempt, c.linkID, c.link = q.attempt, q.attempt, linkAttaching",
			"c.attempt = q.attempt\n\tif c.link != linkUp {\n\t\tc.linkID, c.link = q.attempt, linkAttaching\n\t}"},
		{"core_attach.go", "if c.phase == phaseEnded || c.link != linkAttaching || linkID != c.linkID {\n\t\treturn false\n\t}",
			"if c.phase == phaseEnded || c.link == linkNone || linkID != c.attempt || (c.link == linkUp && linkID == c.linkID) {\n\t\treturn false\n\t}\n\tif c.link == linkUp {\n\t\tc.linkLost(now, c.linkID, TriggerPeer, nil)\n\t}"},
	}},
	{"a reply that was overtaken is adopted", []edit{{"core_attach.go",
		"c.phase == phaseEnded || attempt < c.linkID {",
		"c.phase == phaseEnded || (c.link == linkUp && attempt < c.linkID) {"}}},
	{"the request's cursor is taken for exact", []edit{{"core_attach.go",
		"pos.txNext = max(pos.txNext, c.rx.next)", ""}}},
	{"the cursor is off by one", []edit{{"core_attach.go",
		"rxNext:   c.rx.next,", "rxNext:   c.rx.next + 1,"}}},
	{"acknowledged before it is delivered", []edit{{"core_send.go",
		"p = appendControl(p, frameAck, c.rx.next)", "p = appendControl(p, frameAck, c.rx.next+1)"}}},
	{"new sends go before the replay", []edit{{"core_attach.go",
		"\tc.log.seek(c.log.acked)\n", "\tif c.log.unsent() == 0 {\n\t\tc.log.seek(c.log.acked)\n\t}\n"}}},
	{"duplicates are not dropped", []edit{{"core_receive.go",
		"case seq < c.rx.next:", "case false:"}}},
	{"more than what was acknowledged is forgotten", []edit{{"sendlog.go",
		"l.blocks.at(0).next() <= next {", "l.blocks.at(0).next() <= next+1 {"}}},
	{"a probe is judged by any timer", []edit{
		{"liveness.go", "case now.Before(v.probe.look):", "case false:"},
		{"liveness.go", "case !now.Before(v.probe.deadline):", "case true:"}}},
	{"a pause is taken for silence", []edit{{"liveness.go",
		"if gap != TriggerNone {", "if gap != TriggerNone && v.probe.phase == probeNone {"}}},
	{"an acknowledgement stays due", []edit{{"core.go",
		"c.out.ackNow, c.rx.ackDue = true, time.Time{}", "c.out.ackNow = true"}}},
	{"END does not wait for data", []edit{{"core_send.go",
		"if alone && c.phase == phaseDraining && !c.out.endSent {", "if c.phase == phaseDraining && !c.out.endSent {"}}},
	{"the cursor goes on after END", []edit{{"core_receive.go",
		"case c.rx.frozen:", "case false:"}}},
	{"a verdict is guessed", []edit{{"core_end.go",
		"u.Verdict = Unknown\n", "u.Verdict = NotReceived\n"}}},
	{"superseded by oneself is final", []edit{{"core_end.go",
		"if c.role == dialing && winner == c.self {", "if false {"}}},
	{"another life is taken for the same", []edit{{"core_attach.go",
		"case q.dialer != c.peer:", "case false:"}}},
	{"an epitaph is told to another life", []edit{{"acceptor.go",
		"case dead && q.dialer != grave.peer:", "case false:"}}},
	{"digests are not compared", []edit{{"core_attach.go",
		"ok && d != pos.rxDigest {", "ok && d != pos.rxDigest && false {"}}},
	{"credit is not enforced", []edit{{"stream.go",
		"if st.rcvdOffset+uint64(len(run)) > st.rcvLimit {", "if false {"}}},
	{"a proof is not verified", []edit{{"attach.go",
		"return n > 0 && hmac.Equal(reply[n:], proof(key, \"brum attach reply\", request, reply[:n]))", "return n > 0"}}},
	{"a slow path is never learned", []edit{{"liveness.go",
		"\t\t\tv.lull = min(max(now.Sub(v.ackWait), 2*v.lull), maxLull)\n", ""}}},
}

// timingMutants are about when things happen, which only the simulation lives through.
var timingMutants = []mutant{
	{"a sleep is not discounted", []edit{{"core.go", "case wall-ran > pauseSlack:", "case false:"}}},
	{"a pause during a probe is silence", []edit{{"liveness.go",
		"now.Sub(v.probe.look) > probeSlack && asked < maxAsked:", "false:"}}},
	{"a probe's deadline ignores the round trip", []edit{{"liveness.go",
		"\treturn min(max(4*v.rtt, 2*v.lull, minProbe), maxProbe)\n", "\treturn minProbe\n"}}},
	{"a former link's round trip counts", []edit{{"liveness.go",
		"v.lastInbound, v.rtt = now, 0", "v.lastInbound = now"}}},
	{"what is sent is a sign of life", []edit{{"core_send.go",
		"\tp.head = c.control(p.head, now, p.block == nil)\n",
		"\tp.head = c.control(p.head, now, p.block == nil)\n\tc.live.lastInbound = now\n"}}},
	{"attempts do not overlap", []edit{{"redial.go",
		"r.next = now.Add(eagerStep)", "r.next = now.Add(attemptTimeout)"}}},
	{"a nudge does not hurry", []edit{{"core.go",
		"\tcase c.role == dialing:\n\t\tc.redial.reset(now)\n", "\tcase c.role == dialing:\n"}}},
	{"acknowledgements come late", []edit{{"core.go",
		"ackDelay       = 25 * time.Millisecond", "ackDelay       = 300 * time.Millisecond"}}},
	{"the window never grows", []edit{{"stream.go",
		"if st.usedUp() && st.window < limit &&", "if false && st.window < limit &&"}}},
	{"credit leaks", []edit{{"stream.go",
		"st.consumed += uint64(t.freed)", "st.consumed += uint64(t.freed) * 255 / 256"}}},
	{"only packets without messages tell what was consumed", []edit{{"core_send.go",
		"if alone || c.streams.due > 0 || now.Sub(c.streams.toldAt) >= c.cfg.Heartbeat {", "if alone || c.streams.due > 0 {"}}},
	{"messages follow END", []edit{{"core_send.go",
		"if c.phase != phaseOpen || st.out != flowing {", "if st.out != flowing {"}}},
	{"half a message takes a whole one with it", []edit{{"core_end.go",
		"st.in.truncate()", "st.in.partial, st.in.joining = nil, false"}}},
}

// mutantTime bounds one run of the tests of a mutant. It is generous: a run that is cut off
// counts as one that hangs.
const mutantTime = 4 * time.Minute

// The runs of a mutant's tests; others is what is left of them.
var (
	exploration = []string{"-test.run=^TestExplore$"}
	simulation  = []string{"-test.run=^TestSimulation$", "-sim.seeds=300"}
	longer      = []string{"-test.run=^TestSimulation$", "-sim.seeds=2000"}
	others      = []string{"-test.skip=^(TestExplore|TestSimulation|TestMutants)$"}
)

// TestMutants shows that the tests would notice: each mutant has to fail them. The exploration
// and the simulation alone have to catch most, and the simulation all that are about time.
func TestMutants(t *testing.T) {
	explored, simulated := 0, 0
	var table strings.Builder
	row := func(m mutant, explored, simulated, otherwise, how string) {
		fmt.Fprintf(&table, "\n%-55s %-9s %-9s %-30s %s", m.name, explored, simulated, otherwise, how)
	}
	for _, m := range mutants {
		bin := m.build(t)
		e, how := catches(t, bin, exploration...)
		s, words := catches(t, bin, simulation...)
		other := ""
		if e != "" {
			explored++
		} else {
			how = words
		}
		if s != "" {
			simulated++
		}
		if e+s == "" {
			if other, how = catches(t, bin, others...); other == "" {
				t.Errorf("mutant %q survives", m.name)
			}
		}
		row(m, yes(e), yes(s), other, how)
	}
	for _, m := range timingMutants {
		s, how := catches(t, m.build(t), longer...)
		if s == "" {
			t.Errorf("mutant %q survives the simulation", m.name)
		}
		row(m, "", yes(s), "", how)
	}
	t.Logf("%d mutants, %d caught by the exploration, %d by the simulation; %d about time:\n%-55s explored  simulated%s",
		len(mutants), explored, simulated, len(timingMutants), "", &table)
	if explored < 8 || simulated < 8 {
		t.Errorf("the exploration alone catches %d, the simulation %d", explored, simulated)
	}
}

func yes(caught string) string {
	if caught == "" {
		return "-"
	}
	return "yes"
}

// build compiles the package's tests with the mutant's edits laid over its files.
func (m mutant) build(t *testing.T) (bin string) {
	t.Helper()
	dir := t.TempDir()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	edited := map[string]string{}
	for _, e := range m.edits {
		text, ok := edited[e.file]
		if !ok {
			b, err := os.ReadFile(e.file)
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		}
		if n := strings.Count(text, e.old); n != 1 {
			t.Fatalf("mutant %q: %q stands %d times in %s", m.name, e.old, n, e.file)
		}
		edited[e.file] = strings.Replace(text, e.old, e.new, 1)
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for file, text := range edited {
		to := filepath.Join(dir, file)
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[filepath.Join(here, file)] = to
	}
	b, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	laid := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(laid, b, 0o600); err != nil {
		t.Fatal(err)
	}
	bin = filepath.Join(dir, "mutant.test.exe")
	if out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-overlay", laid, "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("mutant %q can't be built: %v\n%s", m.name, err, out)
	}
	return bin
}

var failed = regexp.MustCompile(`(?m)^ *--- FAIL: (\S+)`)

// catches runs tests of a mutant and returns the first that fails, and the first words of why.
func catches(t *testing.T, bin string, which ...string) (by, how string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), mutantTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, append(which, "-test.failfast", "-test.short")...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	} else if ok && exit.ExitCode() == 0 {
		t.Fatal(err)
	}
	if err == nil {
		return "", ""
	}
	all := failed.FindAllStringSubmatch(out.String(), -1)
	switch {
	case len(all) > 0:
		by = all[min(len(all)-1, 1)][1]
	case ctx.Err() != nil:
		return which[0], "it hangs"
	default:
		return which[0], firstLine(out.String(), regexp.MustCompile(`(?m)^(panic|fatal error): .*$`))
	}
	return by, firstLine(out.String(), regexp.MustCompile(`(?m)^ +\w+_test\.go:\d+: .*$|^panic: .*$`))
}

func firstLine(out string, like *regexp.Regexp) string {
	line := strings.TrimSpace(like.FindString(out))
	return line[:min(len(line), 140)]
}
