package instance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/discovery"
	"github.com/standardbeagle/brum/mcpsession"
	"github.com/standardbeagle/brum/session"
)

// running is an instance as its hub finds it.
type running struct {
	t    *testing.T
	in   *Instance
	dir  string // of discovery
	stop context.CancelFunc
	done chan error
	log  *lockedBuffer
	discovery.Instance
}

// begin runs an instance and returns at once.
func begin(t *testing.T, cfg Config) *running {
	t.Helper()
	r := &running{t: t, done: make(chan error, 1), log: &lockedBuffer{}}
	if cfg.DiscoveryDir == "" {
		cfg.DiscoveryDir = filepath.Join(t.TempDir(), "instances")
	}
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	r.dir = cfg.DiscoveryDir
	cfg.Logger = slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	in, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.in = in
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() { r.done <- in.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		in.Kill()
		if err, ok := <-r.done; ok && err != nil {
			t.Logf("Run: %v", err)
		}
	})
	return r
}

// start runs an instance and waits until it is registered.
func start(t *testing.T, cfg Config) *running {
	t.Helper()
	r := begin(t, cfg)
	r.find()
	return r
}

// find waits until the instance is registered.
func (r *running) find() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	registry, err := discovery.Open(discovery.Config{Dir: r.dir})
	if err != nil {
		r.t.Fatal(err)
	}
	for {
		list, err := registry.List(ctx)
		if err != nil {
			r.t.Fatalf("%v\n%s", err, r.log)
		}
		if len(list) == 1 {
			r.Instance = list[0]
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case err := <-r.done:
			r.t.Fatalf("ended early: %v\n%s", err, r.log)
		}
	}
}

// end stops the instance and returns how long that took.
func (r *running) end() time.Duration {
	r.t.Helper()
	began := time.Now()
	r.stop()
	err := <-r.done
	close(r.done)
	if err != nil {
		r.t.Fatalf("Run: %v", err)
	}
	return time.Since(began)
}

func (r *running) base() string { return fmt.Sprintf("http://127.0.0.1:%d", r.Port) }

// dial opens a session to the instance by way of url.
func (r *running) dial(url string, key []byte) *session.Session {
	r.t.Helper()
	sess, err := brum.Dial(url, &session.Config{Key: key}, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { sess.CloseNow() })
	return sess
}

// hub connects as a hub does.
func (r *running) hub(url string) *client {
	r.t.Helper()
	sess := r.dial(url, []byte(r.Token))
	cs, err := mcp.NewClient(&mcp.Implementation{Name: "hub"}, nil).Connect(r.t.Context(), mcpsession.New(sess), nil)
	if err != nil {
		r.t.Fatalf("%v\n%s", err, r.log)
	}
	r.t.Cleanup(func() { cs.Close() })
	return &client{r.t, cs}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// tap forwards to addr and records all bytes of both directions.
func tap(t *testing.T, addr string, record io.Writer) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() {
		ln.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", addr)
			if err != nil {
				in.Close()
				continue
			}
			for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
				all.Go(func() {
					io.Copy(io.MultiWriter(pair[0], record), pair[1])
					in.Close()
					out.Close()
				})
			}
		}
	})
	return ln.Addr().String()
}

// openFiles counts this process's, where the system tells.
func openFiles() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}
