package journal

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

const (
	lockName = "lock"
	// holderName is a file of its own: on Windows nobody else can read a locked one.
	holderName = "holder"
	maxHolder  = 4 << 10
)

// holder is the note about who holds the lock, for the error of whoever does not get it.
type holder struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

// lock takes the directory for this process; the system releases it when the process dies.
func lock(dir string) (*flock.Flock, error) {
	path := filepath.Join(dir, lockName)
	f := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|openFlags), flock.SetPermissions(0o600))
	taken, err := f.TryLock()
	if err != nil {
		return nil, fmt.Errorf("journal: lock %s: %w", path, err)
	}
	if !taken {
		h := readHolder(dir)
		return nil, &InUseError{Path: dir, PID: h.PID, Host: h.Host, Since: h.Since}
	}
	noteHolder(dir)
	return f, nil
}

// noteHolder is best effort; the lock itself is what counts.
func noteHolder(dir string) {
	host, _ := os.Hostname()
	if b, err := json.Marshal(holder{os.Getpid(), host, time.Now().Round(0)}); err == nil {
		path := filepath.Join(dir, holderName)
		_ = os.Remove(path)
		_ = os.WriteFile(path, b, 0o600)
	}
}

func readHolder(dir string) (h holder) {
	f, err := open(filepath.Join(dir, holderName), os.O_RDONLY)
	if err != nil {
		return holder{}
	}
	defer f.Close()
	b := make([]byte, maxHolder)
	n, _ := f.ReadAt(b, 0)
	if json.Unmarshal(b[:n], &h) != nil {
		return holder{}
	}
	return h
}
