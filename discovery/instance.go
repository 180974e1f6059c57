package discovery

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"strings"
	"time"
)

// Instance is what a file says about an instance.
type Instance struct {
	ID        string // see ValidID; also the file's name
	Name      string // for people, need not be unique
	Directory string // of the project
	Port      int    // where it listens, 1 to 65535
	StartedAt time.Time
	// LastPing is the time of the last heartbeat. It tells nothing about the
	// instance being alive: the machine may have slept.
	LastPing time.Time

	// SessionURL is where sessions are offered; empty for an instance that
	// offers none, such as an old brummer.
	SessionURL string
	Protocol   VersionRange
	Token      Token

	// Process and Host are filled in by Register.
	Process Process
	Host    Host
	// Local reports whether Process can be judged here: same machine, same
	// PID namespace. It is set when a file is read.
	Local bool
}

// VersionRange is the range of session protocol versions an instance speaks;
// zero if it offers no sessions.
type VersionRange struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// Token is the secret of an instance. It never appears in formatted or logged
// text.
type Token string

// String hides the token.
func (t Token) String() string {
	if t == "" {
		return ""
	}
	return "(hidden)"
}

// GoString hides the token from %#v.
func (t Token) GoString() string { return t.String() }

// LogValue hides the token from slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText hides the token wherever an Instance is encoded.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// String names the instance in logs and messages.
func (i Instance) String() string { return i.ID }

// LogValue gives slog what matters.
func (i Instance) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", i.ID), slog.String("name", i.Name),
		slog.Int("port", i.Port), slog.Int("pid", i.Process.PID))
}

// same reports whether a and b differ in nothing but the heartbeat's time.
func same(a, b Instance) bool {
	a.LastPing = b.LastPing
	return a == b
}

const longestID = 128

// ValidID reports whether id can name an instance: 1 to 128 of A-Z a-z 0-9 . _ -
// and no dot in front.
func ValidID(id string) bool {
	if id == "" || len(id) > longestID || id[0] == '.' {
		return false
	}
	return strings.IndexFunc(id, notInID) < 0
}

func notInID(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-')
}

// NewID makes an id that nobody else has, readable by the name in front.
func NewID(name string) string {
	name = strings.Trim(strings.Map(func(r rune) rune {
		if notInID(r) {
			return '-'
		}
		return r
	}, name), ".-")
	if len(name) > 64 {
		name = name[:64]
	}
	if name == "" {
		name = "instance"
	}
	var b [8]byte
	rand.Read(b[:]) // never fails
	return name + "-" + hex.EncodeToString(b[:])
}

// usable reports whether t is set and can be written as JSON again. A time in
// the future is: clocks are set back.
func usable(t time.Time) bool { return !t.IsZero() && t.Year() >= 1 && t.Year() <= 9999 }

func (i Instance) validate() error {
	switch {
	case !ValidID(i.ID):
		return invalid("the id %.140q is not 1 to %d of A-Z a-z 0-9 . _ -", i.ID, longestID)
	case i.Name == "":
		return invalid("no name")
	case i.Directory == "":
		return invalid("no directory")
	case i.Port < 1 || i.Port > 65535:
		return invalid("the port %d is not 1 to 65535", i.Port)
	case !usable(i.StartedAt):
		return invalid("no start time")
	case !usable(i.LastPing):
		return invalid("no heartbeat time")
	case i.Process.PID <= 0:
		return invalid("the process id %d is not above 0", i.Process.PID)
	case i.Process.Executable == "":
		return invalid("no executable")
	case i.Protocol.Min < 0 || i.Protocol.Max < i.Protocol.Min:
		return invalid("the protocol versions %d to %d are not a range", i.Protocol.Min, i.Protocol.Max)
	default:
		return nil
	}
}
