package discovery

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/standardbeagle/brum/errors"
)

const exclusiveName = lockName + ".held"

// leaseOfUnknown is how long a lock file must stand unchanged, by the waiter's
// own clock, before its holder is given up although nobody can judge it. The
// lock is held for milliseconds.
const leaseOfUnknown = 10 * time.Second

// exclusive is one waiter for the lock of a directory whose file system has
// none: whoever creates the file holds it. A holder that was killed leaves the
// file, so it says whose it is.
type exclusive struct {
	dir    string
	log    *slog.Logger
	counts *counters

	seen  string    // what stood in the file at the last look
	since time.Time // when that was seen first
	tried int       // claims to seen, see claim
}

// lease is the content of the file.
type lease struct {
	Nonce  string `json:"nonce"`
	PID    int    `json:"pid"`
	Start  string `json:"start,omitzero"`
	BootID string `json:"boot_id,omitzero"`
	Host   Host   `json:"host"`
}

// try returns nil and no error when somebody else holds the lock.
func (x *exclusive) try() (unlock func(), err error) {
	path := filepath.Join(x.dir, exclusiveName)
	text := newLease()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|openFlags, 0o600)
	switch {
	case err == nil:
		if err = fill(file, []byte(text)); err == nil {
			err = restrict(path)
		}
		if err != nil {
			_ = os.Remove(path)
			return nil, err
		}
		return func() { release(path, text) }, nil
	case errors.Is(err, os.ErrExist) || busy(err):
		return nil, x.wait(path)
	default:
		return nil, err
	}
}

func newLease() string {
	me := whereAmI()
	text, err := json.Marshal(lease{Nonce: rand.Text(), PID: me.process.PID,
		Start: me.process.Start, BootID: me.process.BootID, Host: me.host})
	if err != nil {
		panic("BUG: a lease can't be encoded: " + err.Error())
	}
	return string(text)
}

// release removes the file, unless the holder was given up and it is another's.
func release(path, text string) {
	if found, err := inscription(path); err == nil && found == text {
		_ = whileBusy(context.Background(), func() error { return os.Remove(path) })
	}
}

// inscription returns what the file says. One that says nothing, because its
// maker has not come to it or was killed before, is told by its time.
func inscription(path string) (string, error) {
	data, err := content(path)
	if err != nil {
		return "", err
	}
	if len(data) == 0 {
		return "made at " + versionOf(path).when.String(), nil
	}
	return string(data), nil
}

// wait looks at the holder and removes the file of one that is dead.
func (x *exclusive) wait(path string) error {
	text, err := inscription(path)
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if text != x.seen {
		x.seen, x.since, x.tried = text, time.Now(), 0
	}
	stood := int(time.Since(x.since) / leaseOfUnknown)
	switch livenessOf(text) {
	case Alive:
		return nil
	case Unjudged:
		if stood == 0 {
			return nil
		}
	}
	if stood < x.tried {
		return nil
	}
	x.tried = stood + 1
	return x.claim(path, stood)
}

func livenessOf(text string) Liveness {
	var l lease
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&l); err != nil || l.PID <= 0 {
		return Unjudged
	}
	return Instance{Host: l.Host, Process: Process{PID: l.PID, Start: l.Start, BootID: l.BootID}}.Liveness()
}

// claim removes the file that says x.seen. Of all who want to, one gets the
// claim; so nobody removes the lock of whoever took it next. Should that one
// die meanwhile, the file stands on and there is another claim for each lease
// that passes. Claims are swept like temporary files.
func (x *exclusive) claim(path string, number int) error {
	name := fmt.Sprintf("%sclaim-%x-%d", tempPrefix, sha256.Sum256([]byte(x.seen)), number)
	file, err := os.OpenFile(filepath.Join(x.dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY|openFlags, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_ = file.Close()
	if text, err := inscription(path); err != nil || text != x.seen {
		return nil
	}
	if err := whileBusy(context.Background(), func() error { return os.Remove(path) }); err != nil && !missing(err) {
		return err
	}
	x.counts.locksBroken.Add(1)
	x.log.Warn("removed the lock file of a holder that is gone", "path", path, "stood", time.Since(x.since).Round(time.Millisecond))
	return nil
}
