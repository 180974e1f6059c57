package faultproxy

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// Whatever a driver does, what arrives on a connection is a prefix of what was sent on it.
func TestDriverNeverCorrupts(t *testing.T) {
	e := newEnds(t)
	done := make(chan struct{})
	go func() { // the target sends bytes back, counted
		defer close(done)
		for {
			c, err := e.ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()

	ctx, cancel := context.WithCancel(t.Context())
	clientDone := make(chan int)
	go func() {
		checked := 0
		defer func() { clientDone <- checked }()
		for ctx.Err() == nil {
			c, err := net.Dial("tcp", e.proxy.Addr())
			if err != nil {
				continue // refused, and reset even before it was known to be accepted
			}
			_ = c.SetDeadline(time.Now().Add(50 * time.Millisecond))
			go func() {
				for i := byte(0); ; i++ {
					if _, err := c.Write([]byte{i}); err != nil {
						return
					}
				}
			}()
			buf := make([]byte, 4096)
			for want := byte(0); ; {
				n, err := c.Read(buf)
				for _, b := range buf[:n] {
					if b != want {
						t.Errorf("byte %d instead of %d", b, want)
						return
					}
					want++
				}
				checked += n
				if err != nil {
					break
				}
			}
			c.Close()
		}
	}()

	seen := make(map[string]bool)
	d := NewDriver(e.proxy, 1)
	for range 60 {
		what, err := d.Step(ctx, AllTroubles(), 5*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		seen[what] = true
	}
	cancel()
	if n := <-clientDone; n == 0 {
		t.Error("nothing ever arrived")
	}
	if c := e.proxy.Counters(); c.Cut == 0 || c.Forwarded == 0 || len(seen) < 20 {
		t.Errorf("%+v, %d different troubles", c, len(seen))
	}
	e.ln.Close()
	<-done
}

func TestDriverRepeatsItself(t *testing.T) {
	var first []string
	for round := range 2 {
		d := NewDriver(newEnds(t).proxy, 42)
		for i := range 30 {
			what, err := d.Step(t.Context(), AllTroubles(), time.Microsecond)
			if err != nil {
				t.Fatal(err)
			}
			if round == 0 {
				first = append(first, what)
			} else if what != first[i] {
				t.Errorf("step %d: %s, first %s", i, what, first[i])
			}
		}
	}
}

func TestDriverStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := NewDriver(newEnds(t).proxy, 1)
	if _, err := d.Step(ctx, []Trouble{SilentDrop}, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("Step: %v", err)
	}
}
