package session

import (
	"runtime"
	"time"
)

// company is how the writer of a link lets others who are about to send share its packet: it steps
// back once. That is worth it while they come faster than packets of their own would be written.
// Where each of them has more to do, what is due would wait for all, and the peer with it.
//
// Its fields belong to whoever has claimed to be the writer.
type company struct {
	waited time.Duration // by the writer that is about to look
	alone  int           // so many more writers do not wait
}

const (
	// worthWaiting is for how long a message may be waited for: about what a packet costs both sides.
	worthWaiting = 20 * time.Microsecond
	// aloneFor is how many writers go alone until another finds out whether that is still right.
	aloneFor = 32
)

func (c *company) wait() {
	c.waited = 0
	if c.alone > 0 {
		c.alone--
		return
	}
	began := time.Now()
	runtime.Gosched()
	c.waited = time.Since(began)
}

// judge is told how many messages there are to be written now.
func (c *company) judge(messages uint64) {
	if c.waited > worthWaiting*time.Duration(max(messages, 1)) {
		c.alone = aloneFor
	}
}
