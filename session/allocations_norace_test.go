//go:build !race

package session

import (
	"io"
	"testing"
	"time"
)

// Sending and receiving allocates nothing on the way, whether acknowledgements come before or
// after the write of what they acknowledge has returned.
func TestAllocations(t *testing.T) {
	for name, run := range map[string]struct {
		size, count int
		late        bool // writes return when everything has been acknowledged
	}{
		"small":            {64, 100, false},
		"small, late":      {64, 100, true},
		"in fragments":     {4*maxFragment + 1, 1, false},
		"fragments, large": {1 << 20, 1, false},
		"fragments, late":  {3 * maxFragment, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			ct := newCoreTest(t)
			link := ct.attach()
			ct.settle(link)
			heads := [2][]byte{make([]byte, 0, maxHead), make([]byte, 0, maxHead)}
			var writing []packet
			exchange := func() {
				for i, dir := range [][2]*core{{ct.a, ct.b}, {ct.b, ct.a}} {
					for {
						p, ok := dir[0].nextPacket(ct.now, heads[i])
						if !ok {
							break
						}
						blk := getBlock(largeBlock)
						blk.buf = append(append(blk.buf, p.head...), p.frames...)
						if run.late && i == 0 {
							writing = append(writing, p)
						} else {
							dir[0].wrote(p)
						}
						if kept, err := dir[1].receive(ct.now, link, blk); err != nil {
							t.Fatal(err)
						} else if !kept {
							putBlock(blk)
						}
					}
				}
				for _, p := range writing {
					ct.a.wrote(p)
				}
				writing = writing[:0]
			}
			msg, dst := make([]byte, run.size), make([]byte, 0, run.size)
			got := func() bool {
				taken := ct.b.consume(&ct.b.streams.main, dst)
				if in := &ct.b.streams.main.in; taken.need > 0 && fits(dst, taken.need) {
					in.borrow(dst, taken.need, 0)
					taken = ct.b.consume(&ct.b.streams.main, dst)
				}
				return taken.whole
			}
			cycle := func() {
				received := 0
				for range run.count {
					if run.size <= maxFragment {
						if ct.a.send(&ct.a.streams.main, msg) != spaceYes {
							t.Fatal("no room")
						}
						continue
					}
					for off := 0; off < run.size; off += maxFragment {
						if got := ct.a.sendFragment(&ct.a.streams.main, msg[off:min(off+maxFragment, run.size)], off, run.size); got != spaceYes {
							t.Fatalf("no room at %d: %v", off, got)
						}
						exchange()
						if got() {
							received++
						}
					}
				}
				ct.b.out.ackNow = true
				exchange()
				for received < run.count {
					if !got() {
						t.Fatal("a message is missing")
					}
					received++
				}
			}
			for range 100 {
				cycle()
			}
			if n := testing.AllocsPerRun(200, cycle); n > 1 { // the collector may have emptied a pool
				t.Errorf("%v allocations for %d messages of %d bytes", n, run.count, run.size)
			}
		})
	}
}

// sink is a connection on which nothing comes.
type sink struct{ wrote, closed chan struct{} }

func (c *sink) Next() (io.Reader, error) { <-c.closed; return nil, io.EOF }
func (c *sink) WritePacket(_, _ []byte) error {
	c.wrote <- struct{}{}
	return nil
}
func (c *sink) Close() error { close(c.closed); return nil }

// To start a writer allocates nothing.
func TestWriterAllocations(t *testing.T) {
	cfg, err := (&Config{Key: testKey}).resolve()
	if err != nil {
		t.Fatal(err)
	}
	c := &sink{make(chan struct{}, 1), make(chan struct{})}
	now := time.Now()
	s := newSession(cfg, accepting, NewID(), 1, now)
	s.mu.Lock()
	s.core.linkedUp(now, 1)
	s.startLink(1, c)
	l, ended := s.link, make(chan struct{}, 1) // waiting may allocate
	l.write = func() { s.writer(l); ended <- struct{}{} }
	s.mu.Unlock()
	if n := testing.AllocsPerRun(100, func() {
		s.mu.Lock()
		s.core.out.ackNow = true
		s.wakeWriter()
		s.mu.Unlock()
		<-c.wrote
		<-ended
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
	s.mu.Lock()
	s.dropLink(nil)
	s.mu.Unlock()
	s.wg.Wait()
	s.timer.Stop()
}
