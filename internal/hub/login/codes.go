package login

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"
)

const (
	// codeLife is how long a code works.
	codeLife = 2 * time.Minute
	// maxCodes is how many may be open; of more the oldest are forgotten.
	maxCodes = 16
)

// codes are those that were given out and not used. Only digests are kept.
type codes struct {
	mu   sync.Mutex
	open []openCode // oldest first
}

type openCode struct {
	digest [sha256.Size]byte
	until  time.Time
}

func (c *codes) issue(now time.Time) (code string, until time.Time) {
	code = randomText(32)
	until = now.Add(codeLife)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = append(c.open, openCode{sha256.Sum256([]byte(code)), until})
	c.open = c.open[max(0, len(c.open)-maxCodes):]
	return code, until
}

// use reports whether code is good; it is good once.
func (c *codes) use(code string, now time.Time) bool {
	digest := sha256.Sum256([]byte(code))
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, o := range c.open {
		// Digests of what nobody can guess need no comparison in constant time.
		if o.digest == digest {
			c.open = append(c.open[:i], c.open[i+1:]...)
			return now.Before(o.until)
		}
	}
	return false
}

func randomText(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}
