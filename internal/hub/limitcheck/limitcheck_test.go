package limitcheck

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
)

// With this variable set, the test binary makes the check of files, which is not for a process
// in which tests run: of brum, or of a broken part.
const childVariable = "BRUM_TEST_LIMITCHECK"

func TestMain(m *testing.M) {
	if which := os.Getenv(childVariable); which != "" {
		playChild(which)
		return
	}
	goleak.VerifyTestMain(m)
}

var brokenListeners = map[string]func(net.Listener, *slog.Logger) net.Listener{
	"gives up": func(l net.Listener, log *slog.Logger) net.Listener { return &givesUp{Listener: l, log: log} },
	"chatters": func(l net.Listener, _ *slog.Logger) net.Listener { return l }, // net/http logs each try
}

func playChild(which string) {
	p := brum()
	if l, ok := brokenListeners[which]; ok {
		p.listener = l
	}
	json.NewEncoder(os.Stdout).Encode(checkFiles(withPatience(), Options{}, p))
}

// givesUp ends with the first accept that fails.
type givesUp struct {
	net.Listener
	log *slog.Logger
}

func (l *givesUp) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		l.log.Error("gave up", "error", err)
		return nil, errors.New("gave up")
	}
	return c, nil
}

func TestK3_FilesRunOut(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for which, want := range map[string]Verdict{"brum": Pass, "gives up": Fail, "chatters": Fail} {
		t.Run(which, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), self)
			cmd.Env = append(os.Environ(), childVariable+"="+which)
			out, err := cmd.Output()
			var row Row
			if err == nil {
				err = json.Unmarshal(out, &row)
			}
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if runtime.GOOS == "windows" {
				want = None
			}
			if row.Verdict != want || row.Row != "K3" || row.Found == "" {
				t.Errorf("want %v: %+v", want, row)
			}
		})
	}
}

// Each check passes with what brum has, and notices when that is broken.
func TestK4_BrokenLimitsAreNoticed(t *testing.T) {
	o := Options{Connections: 5, Memory: 1 << 30}
	good := brum()
	broken := func(b func(*parts)) parts {
		p := brum()
		b(&p)
		return p
	}
	acceptors := func(change func(*session.AcceptorConfig)) func(*parts) {
		return func(p *parts) {
			p.acceptor = func(cfg session.AcceptorConfig) (*session.Acceptor, error) {
				change(&cfg)
				return session.NewAcceptor(&cfg)
			}
		}
	}
	hold := make(chan struct{})
	defer close(hold)
	for name, c := range map[string]struct {
		check Check
		p     parts
		says  string // "" passes
	}{
		"sessions":          {checkSessions, good, ""},
		"one too many":      {checkSessions, broken(acceptors(func(c *session.AcceptorConfig) { c.MaxSessions++ })), "session 6 got in"},
		"one too few":       {checkSessions, broken(acceptors(func(c *session.AcceptorConfig) { c.MaxSessions-- })), "session 5 of 5"},
		"another key":       {checkSessions, broken(acceptors(func(c *session.AcceptorConfig) { c.Key = make([]byte, 16) })), "session 1 of 5"},
		"requests":          {checkRequests, good, ""},
		"no request limit":  {checkRequests, broken(func(p *parts) { p.requests = func(_ int, h http.Handler) http.Handler { return h } }), "request 6 got in"},
		"wrong refusal":     {checkRequests, broken(func(p *parts) { p.requests = refuseWith(http.StatusTeapot) }), "was not refused"},
		"no time to return": {checkRequests, broken(func(p *parts) { p.requests = refuseWith(http.StatusServiceUnavailable) }), "was not refused"},
		"cycles":            {checkCycles, good, ""},
		"goroutines stay":   {checkCycles, broken(leakGoroutines(hold)), "goroutines"},
		"memory stays":      {checkCycles, broken(leakMemory), "memory"},
		"stalled reader":    {checkStalledReader, good, ""},
		"too much credit":   {checkStalledReader, broken(acceptors(func(c *session.AcceptorConfig) { c.Credit, c.MaxCredit = 64<<20, 64<<20 })), "taken"},
		"no room beside":    {checkStalledReader, broken(acceptors(func(c *session.AcceptorConfig) { c.MaxSessions = 1 })), "a session beside it"},
		"lost link":         {checkLostLink, good, ""},
		"endless replay": {checkLostLink, broken(func(p *parts) {
			p.dial = dialWith(func(c *session.Config) { c.ReplayBytes, c.ReplayMessages = 1<<30, 1<<30 })
		}), "taken"},
		"files":     {checkMachineFiles, good, ""},
		"few files": {checkMachineFiles, broken(func(p *parts) { p.files = func() uint64 { return 83 } }), "ulimit -n 84"},
		"memory":    {checkMachineMemory, good, ""},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := withPatience()
			if c.says == "session 5 of 5" || c.says == "session 1 of 5" || c.says == "a session beside it" {
				ctx = withLittlePatience(t)
			}
			row := c.check(ctx, o, c.p)
			want := Pass
			if c.says != "" {
				want = Fail
			}
			if row.Verdict != want || !strings.Contains(row.Found, c.says) || row.What == "" || row.Limit == "" {
				t.Errorf("want %v: %+v", want, row)
			}
			t.Log(row.Found)
		})
	}
	if row := checkMachineMemory(withPatience(), Options{Memory: 1 << 60}, good); row.Verdict != Fail {
		t.Errorf("more memory than there is: %+v", row)
	}
}
