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
	{"a probe is judged by any timer", []edit{{"liveness.go",
		"\t\tif !now.Before(v.probe.deadline) {\n", "\t\tif true {\n"}}},
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
}

// mutantTime bounds one run of the tests of a mutant.
const mutantTime = 90 * time.Second

// TestMutants shows that the tests would notice: each mutant has to fail them. The
// exploration alone has to catch most.
func TestMutants(t *testing.T) {
	explored := 0
	var table strings.Builder
	for _, m := range mutants {
		bin := m.build(t)
		by, how := catches(t, bin, "-test.run=^TestExplore$")
		if by != "" {
			explored++
		} else if by, how = catches(t, bin, "-test.skip=^(TestExplore|TestSimulation|TestMutants)$"); by == "" {
			t.Errorf("mutant %q survives", m.name)
			by = "NOTHING"
		}
		fmt.Fprintf(&table, "\n%-50s %-60s %s", m.name, by, how)
	}
	t.Logf("%d mutants, %d caught by the exploration:%s", len(mutants), explored, &table)
	if explored < 8 {
		t.Errorf("the exploration alone catches %d", explored)
	}
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
func catches(t *testing.T, bin, which string) (by, how string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), mutantTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, which, "-test.failfast", "-test.short")
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
		return which, "it hangs"
	default:
		return which, firstLine(out.String(), regexp.MustCompile(`(?m)^(panic|fatal error): .*$`))
	}
	return by, firstLine(out.String(), regexp.MustCompile(`(?m)^ +\w+_test\.go:\d+: .*$|^panic: .*$`))
}

func firstLine(out string, like *regexp.Regexp) string {
	line := strings.TrimSpace(like.FindString(out))
	return line[:min(len(line), 140)]
}
