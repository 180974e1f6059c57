package hub

import (
	"sync/atomic"
	"time"
)

// ear notes when a lane last brought something. It may be used concurrently.
type ear struct {
	began time.Time
	last  atomic.Int64 // since then
}

func newEar() *ear { return &ear{began: time.Now()} }

func (e *ear) heard() { e.last.Store(int64(time.Since(e.began))) }

func (e *ear) lastHeard() time.Time { return e.began.Add(time.Duration(e.last.Load())) }
