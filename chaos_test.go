package brum_test

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

// TestChaos sends 100,000 numbered messages each way over real WebSockets through a proxy
// that breaks the connection at least 200 times, in every way it knows. Nothing may be lost,
// doubled, reordered or changed.
func TestChaos(t *testing.T) {
	const (
		cuts     = 200
		troubles = 260
		each     = 400 // messages each way while one trouble is made
		messages = troubles * each
	)
	acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: session.Config{Key: chaosKey}})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := wsconn.NewServer(brum.Handler(acceptor, nil), nil)
	go server.Serve(ln)
	defer server.Close()
	proxy, err := faultproxy.New(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proxy.Close() })
	dialing, err := brum.Dial("ws://"+proxy.Addr(), &session.Config{Key: chaosKey}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer dialing.CloseNow()
	accepting, err := acceptor.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer accepting.CloseNow()

	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	allowances := []chan struct{}{make(chan struct{}, troubles), make(chan struct{}, troubles)}
	for i, dir := range [][2]*session.Session{{dialing, accepting}, {accepting, dialing}} {
		wg.Go(func() { sendNumbered(ctx, t, dir[0], allowances[i], each, messages) })
		wg.Go(func() { receiveNumbered(ctx, t, dir[1], messages) })
	}

	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	kinds := slices.Concat(
		slices.Repeat([]faultproxy.Trouble{faultproxy.CutNow}, 6),
		slices.Repeat([]faultproxy.Trouble{faultproxy.CutMidFrame}, 8),
		slices.Repeat([]faultproxy.Trouble{faultproxy.LateEnd}, 4),
		faultproxy.AllTroubles(),
	)
	driver := faultproxy.NewDriver(proxy, seed)
	for i := 0; i < troubles || proxy.Counters().Cut < cuts; i++ {
		for _, allow := range allowances {
			if i < troubles {
				allow <- struct{}{}
			}
		}
		if _, err := driver.Step(ctx, kinds, 40*time.Millisecond); err != nil {
			break
		}
		if err := dialing.WaitActive(ctx); err != nil {
			break
		}
	}
	wg.Wait()
	a, b := dialing.Stats(), accepting.Stats()
	t.Logf("%d connections cut, %d resumes, %d and %d frames sent again, %d and %d duplicates dropped",
		proxy.Counters().Cut, a.Resumes, a.Replayed, b.Replayed, a.Duplicates, b.Duplicates)
	if a.Resumes < cuts/2 || a.Replayed == 0 || b.Replayed == 0 {
		t.Error("too little trouble to mean anything")
	}
}

var chaosKey = []byte("0123456789abcdef0123456789abcdef")

// sendNumbered sends messages that can be checked, each allowance a number of them.
func sendNumbered(ctx context.Context, t *testing.T, s *session.Session, allow <-chan struct{}, each, total int) {
	rng := rand.New(rand.NewPCG(uint64(total), 1))
	for i := range total {
		if i%each == 0 {
			select {
			case <-allow:
			case <-ctx.Done():
			}
		}
		size := 12 + rng.IntN(120)
		switch rng.IntN(1000) {
		case 0:
			size = 100 << 10
		case 1, 2, 3, 4, 5:
			size = 8 << 10
		}
		msg := make([]byte, size)
		binary.BigEndian.PutUint64(msg, uint64(i))
		for k := 12; k < size; k += 97 {
			msg[k] = byte(rng.Uint32())
		}
		binary.BigEndian.PutUint32(msg[8:], crc32.ChecksumIEEE(msg[12:]))
		if err := s.Send(ctx, msg); err != nil {
			t.Errorf("send %d: %v", i, err)
			return
		}
	}
}

func receiveNumbered(ctx context.Context, t *testing.T, s *session.Session, total int) {
	for i := range total {
		msg, err := s.Receive(ctx)
		if err != nil {
			t.Errorf("receive %d: %v (%+v)", i, err, s.Stats())
			return
		}
		if n := binary.BigEndian.Uint64(msg); n != uint64(i) {
			t.Errorf("message %d came as the %dth", n, i)
			return
		}
		if binary.BigEndian.Uint32(msg[8:]) != crc32.ChecksumIEEE(msg[12:]) {
			t.Errorf("message %d was changed on the way", i)
			return
		}
	}
}
