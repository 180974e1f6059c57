package hub

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	brumerrors "github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/ledger"
	"github.com/standardbeagle/brum/session/journal"
)

// LedgerPolicy says what a hub does when it can't write its ledger.
type LedgerPolicy string

const (
	LedgerRequire    LedgerPolicy = "require"     // calls are refused
	LedgerBestEffort LedgerPolicy = "best-effort" // calls are made, and not recorded
	LedgerOff        LedgerPolicy = "off"         // there is no ledger
)

// ParseLedgerPolicy reads a policy.
func ParseLedgerPolicy(s string) (LedgerPolicy, error) {
	switch p := LedgerPolicy(s); p {
	case LedgerRequire, LedgerBestEffort, LedgerOff:
		return p, nil
	}
	return "", fmt.Errorf("%q is no policy for the ledger: want %s, %s or %s", s, LedgerRequire, LedgerBestEffort, LedgerOff)
}

// Ledger is what a hub needs of a *ledger.Ledger.
type Ledger interface {
	Issue(ctx context.Context, c ledger.Call) error
	Settle(id callid.ID, v ledger.Verdict, at time.Time) error
	Get(id callid.ID) (ledger.Call, bool)
	Unsettled() []ledger.Call
	Recent(want func(*ledger.Call) bool, limit int) []ledger.Call
	Counts() (all, pending int)
	Readers() ([]ledger.Reader, error)
	Reader(name string) (ledger.Reader, error)
	Commit(ctx context.Context, r ledger.Reader) (uint64, error)
	Forget(ctx context.Context, name string) error
}

// recorder writes calls into the ledger, as far as there is one.
type recorder struct {
	ledger Ledger // nil: none
	policy LedgerPolicy
	key    []byte // of digests
	log    *slog.Logger

	mu     sync.Mutex
	failed error // the first failure; nothing is asked of the ledger after it
}

func newRecorder(cfg *Config) *recorder {
	r := &recorder{ledger: cfg.Ledger, policy: cfg.LedgerPolicy, key: cfg.LedgerKey, log: cfg.Logger, failed: cfg.LedgerError}
	if r.ledger == nil && r.failed == nil {
		r.policy = LedgerOff
	}
	return r
}

// digest tells arguments apart without showing them.
func (r *recorder) digest(tool string, arguments []byte) string {
	m := hmac.New(sha256.New, r.key)
	fmt.Fprintf(m, "%d:%s", len(tool), tool)
	m.Write(arguments)
	return hex.EncodeToString(m.Sum(nil)[:16])
}

// same reports whether a request is for the call that is known under its id.
func (r *recorder) same(req *api.CallRequest, known *ledger.Call) bool {
	if known.Tool != ledger.Cut(req.Tool) {
		return false
	}
	if known.Digest == "" { // it is known from its caller only
		return true
	}
	there := known.Name == ledger.Cut(req.Instance) || strings.HasPrefix(known.Instance, req.Instance)
	return there && known.Digest == r.digest(req.Tool, req.Arguments)
}

// working returns the ledger, or nil.
func (r *recorder) working() Ledger {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed != nil {
		return nil
	}
	return r.ledger
}

// fail notes that the ledger can't be used any more. That it is closed at the hub's end is no
// failure: what comes later is for the next hub.
func (r *recorder) fail(err error) {
	if errors.Is(err, journal.ErrClosed) {
		return
	}
	r.mu.Lock()
	first := r.failed == nil
	if first {
		r.failed = err
	}
	r.mu.Unlock()
	if first {
		r.log.Error("calls are not recorded any more", "policy", r.policy, "error", err)
	}
}

// issue writes a call down before it is sent. An error means that it must not be sent.
func (r *recorder) issue(ctx context.Context, c ledger.Call) (api.Recording, error) {
	l := r.working()
	if l == nil {
		return r.unrecorded(r.why())
	}
	err := l.Issue(ctx, c)
	switch {
	case err == nil:
		return api.Recorded, nil
	case ctx.Err() != nil:
		r.settle(c.ID, ledger.NotRun)
		return "", contextError(ctx, c.Tool+" was not executed")
	}
	if _, ok := errors.AsType[*ledger.KnownError](err); ok {
		return "", &api.Error{Code: api.CodeInvalid, Message: "the call id " + string(c.ID) + " is in use", Err: err}
	}
	if isFull(err) { // which passes
		r.log.Warn("a call is not recorded", "call", c.ID, "error", err)
		return r.unrecorded(err)
	}
	r.fail(err)
	return r.unrecorded(err)
}

func isFull(err error) bool {
	kind := brumerrors.Of(err)
	return kind == brumerrors.Limit || kind == brumerrors.BufferFull
}

// unrecorded decides about a call that can't be written down.
func (r *recorder) unrecorded(why error) (api.Recording, error) {
	if r.policy != LedgerRequire {
		return api.NotRecorded, nil
	}
	return "", &api.Error{Code: api.CodeNotRecorded, Err: why, Message: fmt.Sprintf(
		"the call can't be recorded and was not executed (%s): make room and restart the hub, or run it with --ledger best-effort", errorText(why))}
}

func (r *recorder) why() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// settle writes an outcome down. If that fails the next hub asks for it.
func (r *recorder) settle(id callid.ID, v ledger.Verdict) {
	if r.ledger == nil {
		return
	}
	if err := r.ledger.Settle(id, v, time.Now()); err != nil {
		r.fail(err)
	}
}

// known returns what the ledger has of a call.
func (r *recorder) known(id callid.ID) (ledger.Call, bool) {
	if r.ledger == nil {
		return ledger.Call{}, false
	}
	return r.ledger.Get(id) // also of one that takes nothing more
}

// recording says whether a call that was issued is in the ledger.
func (r *recorder) recording(id callid.ID) api.Recording {
	if _, ok := r.known(id); ok {
		return api.Recorded
	}
	return api.NotRecorded
}

// status tells people about the ledger.
func (r *recorder) status() api.LedgerStatus {
	s := api.LedgerStatus{Policy: string(r.policy), State: api.LedgerOK, Error: errorText(r.why())}
	switch {
	case s.Error != "":
		s.State = api.LedgerFailed
	case r.ledger == nil:
		s.State = api.LedgerOff
	}
	if r.ledger != nil {
		s.Calls, s.Pending = r.ledger.Counts()
	}
	return s
}
