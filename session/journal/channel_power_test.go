package journal_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/durable"
	"github.com/standardbeagle/brum/session/journal"
)

// The power of either side fails at some step, again and again, and chance decides what of
// the unsynced data survives: relative to the committed cursors nothing is lost or doubled.
func TestH5_power_cut_under_a_channel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 3))
	dir := t.TempDir()
	var disks [2]*journal.Power
	for i := range disks {
		disks[i] = journal.NewPower(rand.New(rand.NewPCG(seed, uint64(i))))
	}
	cuts := 0
	for range 60 {
		fails := r.IntN(2)
		disks[fails].FailAfter(2 + r.IntN(150))
		disks[1-fails].FailAfter(1 << 30)
		if powerLife(t, dir, disks, false) {
			cuts++
		}
		for _, d := range disks {
			d.Cut()
		}
	}
	for _, d := range disks {
		d.FailAfter(1 << 30)
	}
	powerLife(t, dir, disks, true)
	t.Logf("%d power cuts", cuts)
	if cuts < 50 {
		t.Error("too little trouble to mean anything")
	}
}

// powerLife lets two sides work until the power fails, or in the last life until everything
// has arrived. It reports whether the power failed.
func powerLife(t *testing.T, dir string, disks [2]*journal.Power, last bool) (failed bool) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	if last {
		ctx = context.WithValue(ctx, hurry, last)
	}
	var (
		all      sync.WaitGroup
		journals [2]*journal.Journal
		channels [2]*durable.Channel
		workers  [2]*worker
	)
	for i := range disks {
		j, err := journal.Open(filepath.Join(dir, string(rune('a'+i))), disks[i].On(journal.Options{SegmentBytes: 4096}))
		if err != nil {
			if !errors.Is(err, journal.ErrFailed) && !errors.Is(err, io.ErrClosedPipe) {
				t.Fatal(err)
			}
			return true
		}
		defer j.Close()
		journals[i], channels[i] = j, durable.New(j, nil)
		defer channels[i].Close()
		if workers[i], err = newWorker(byte(i), j, channels[i], func(string, ...any) {}); err != nil {
			t.Fatal(err)
		}
	}
	defer all.Wait()
	defer stop()
	dialing, accepted := pipe(t)
	defer dialing.CloseNow()
	defer accepted.CloseNow()
	over := func(err error) {
		if broken(err) {
			t.Error(err)
		}
		stop()
	}
	for i, s := range []*session.Session{dialing, accepted} {
		all.Go(func() { over(channels[i].Run(ctx, s, nil)) })
		all.Go(func() { over(workers[i].receive(ctx)) })
		if !last {
			all.Go(func() { over(workers[i].send(ctx)) })
		}
	}
	if !last {
		<-ctx.Done()
		return journals[0].Err() != nil || journals[1].Err() != nil
	}
	for i, w := range workers {
		sent, _ := journals[i].Stream(streamName)
		if sent.Sent.Next == 0 {
			t.Error("nothing was sent")
		} else if err := w.stream.WaitCommitted(ctx, sent.Sent.Next-1); err != nil {
			t.Error(err)
		}
		if got, _ := journals[1-i].Stream(streamName); string(got.App) != string(expected(byte(i), sent.Sent.Next)) {
			t.Errorf("side %d sent %d, %x is what came of it", i, sent.Sent.Next, got.App)
		}
		t.Logf("side %d sent %d", i, sent.Sent.Next)
	}
	return false
}

// pipe returns both ends of a session in memory.
func pipe(t *testing.T) (dialing, accepted *session.Session) {
	t.Helper()
	cfg := session.Config{Key: channelKey}
	acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	dialing, err = session.Dial(func(_ context.Context, request []byte) (session.Conn, []byte, error) {
		at := acceptor.Attach(request)
		if !at.Accepted() {
			return nil, at.Reply(), nil
		}
		x, y := connPair()
		at.Bind(y)
		return x, at.Reply(), nil
	}, &cfg)
	if err != nil {
		t.Fatal(err)
	}
	if accepted, err = acceptor.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		past, cancel := context.WithCancel(context.Background())
		cancel()
		acceptor.Close(past)
	})
	return dialing, accepted
}

var channelKey = []byte("0123456789abcdef0123456789abcdef")

// conn is one end of a connection in memory.
type conn struct {
	in, out chan []byte
	closed  chan struct{}
	once    *sync.Once
}

func connPair() (a, b *conn) {
	x, y, closed, once := make(chan []byte, 64), make(chan []byte, 64), make(chan struct{}), new(sync.Once)
	return &conn{x, y, closed, once}, &conn{y, x, closed, once}
}

func (c *conn) Next() (io.Reader, error) {
	select {
	case p := <-c.in:
		return bytes.NewReader(p), nil
	case <-c.closed:
		return nil, io.ErrUnexpectedEOF
	}
}

func (c *conn) WritePacket(head, body []byte) error {
	select {
	case c.out <- append(append([]byte(nil), head...), body...):
		return nil
	case <-c.closed:
		return io.ErrClosedPipe
	}
}

func (c *conn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}
