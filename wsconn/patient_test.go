package wsconn

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// scripted is a listener that answers with errors as long as there are any.
type scripted struct {
	fails  chan error // accepted from when it is empty
	closed chan struct{}
	tries  atomic.Int64
}

func (l *scripted) Addr() net.Addr { return &net.TCPAddr{} }
func (l *scripted) Close() error   { close(l.closed); return nil }
func (l *scripted) Accept() (net.Conn, error) {
	l.tries.Add(1)
	select {
	case err := <-l.fails:
		return nil, err
	default:
	}
	a, b := net.Pipe()
	b.Close()
	return a, nil
}

func outOf(what syscall.Errno) error {
	return &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", what)}
}

func TestK3_AcceptWaitsAndRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &scripted{fails: make(chan error, 100), closed: make(chan struct{})}
		var log bytes.Buffer
		p := Patient(l, slog.New(slog.NewTextHandler(&log, nil)))
		for round := 1; round <= 2; round++ {
			log.Reset()
			l.tries.Store(0)
			for range 5 {
				for _, what := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
					l.fails <- outOf(what)
				}
			}
			began := time.Now()
			c, err := p.Accept()
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
			// 5 ms, doubled seven times, and then a second each.
			if took := time.Since(began); l.tries.Load() != 21 || took < 12*time.Second || took > 20*time.Second {
				t.Errorf("round %d: %d tries in %v", round, l.tries.Load(), took)
			}
			if said := strings.Count(log.String(), "\n"); said != 2 || !strings.Contains(log.String(), "too many open files") && !strings.Contains(log.String(), syscall.EMFILE.Error()) {
				t.Errorf("round %d: %d lines:\n%s", round, said, log.String())
			}
		}
		l.fails <- io.ErrUnexpectedEOF
		if _, err := p.Accept(); err != io.ErrUnexpectedEOF {
			t.Errorf("another error: %v", err)
		}
	})
}

func TestF2_CloseEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &scripted{fails: make(chan error, 100), closed: make(chan struct{})}
		for range 100 {
			l.fails <- outOf(syscall.EMFILE)
		}
		p := Patient(l, discard())
		ended := make(chan error)
		go func() {
			_, err := p.Accept()
			ended <- err
		}()
		time.Sleep(10*time.Second + 500*time.Millisecond)
		began := time.Now()
		p.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) || time.Since(began) != 0 {
			t.Errorf("ended after %v with %v", time.Since(began), err)
		}
	})
}
