package sessiontest

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/standardbeagle/brum/session"
)

// TestTransport tests a transport: serve lets it accept for a until the end of the test and
// returns the way to dial it. It runs in real time, over whatever the transport uses. What it
// asks for is what session.Conn and session.DialFunc document.
func TestTransport(t *testing.T, serve func(t *testing.T, a *session.Acceptor) session.DialFunc) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, p *Peer, dial session.DialFunc)
	}{
		{"packets of all sizes, in order", packetSizes},
		{"head and body are one packet, and nothing is retained", headAndBody},
		{"a refusal comes with its reply and without a connection", refusedAttach},
		{"a request that can't be read gets no connection", unreadableAttach},
		{"a dial ends with its context", dialContext},
		{"Close unblocks Next", closeUnblocksNext},
		{"Close unblocks WritePacket", closeUnblocksWrite},
		{"the end of the peer's side ends Next", peerCloses},
		{"a connection outlives the context of its dial", outlivesDial},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := session.NewAcceptor(&session.AcceptorConfig{Config: session.Config{Key: testKey}})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan struct{})
			go func() {
				defer close(done)
				for {
					s, err := a.Accept(ctx)
					if err != nil {
						return
					}
					Echo(ctx, s) // one at a time is all that a case has
				}
			}()
			dial := serve(t, a)
			t.Cleanup(func() {
				cancel()
				_ = a.Close(ctx) // at once
				<-done
			})
			c.run(t, NewPeer(t, testKey), dial)
		})
	}
}

func packetSizes(t *testing.T, p *Peer, dial session.DialFunc) {
	p.Create(dial)
	sent := 0
	for _, n := range []int{0, 1, 100, 110, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 1000, 4096, 30000, maxFragment} {
		msg := strings.Repeat("m", n)
		p.Send(Credit(0, uint64(sent), 1<<20), Message(0, msg))
		if got := p.WantMessage(0); string(got) != msg {
			t.Fatalf("%d bytes came back as %d", n, len(got))
		}
		p.Send(Ack(p.Position().Next))
		sent += n
	}
}

func headAndBody(_ *testing.T, p *Peer, dial session.DialFunc) {
	p.Create(dial)
	conn := p.linked().conn
	p.mu.Lock()
	for _, m := range []string{"in the body", "in the head", "in both"} {
		p.accounts.say(Message(0, m))
	}
	p.mu.Unlock()
	send := func(head, body []byte) {
		_ = conn.WritePacket(head, body) // what comes back tells
		clear(head)
		clear(body)
	}
	send(Seq(0).Encode(), Message(0, "in the body").Encode())
	send(append(Seq(1).Encode(), Message(0, "in the head").Encode()...), nil)
	split := append(Seq(2).Encode(), Message(0, "in both").Encode()...)
	send(split[:7:7], split[7:])
	p.Want(Message(0, "in the body"), Message(0, "in the head"), Message(0, "in both"))
}

func refusedAttach(_ *testing.T, p *Peer, dial session.DialFunc) {
	p.Refused(dial, p.Request(KindCreate), []byte("not the key, but quite as long.."), BadProof)
	p.Create(dial)
}

func unreadableAttach(t *testing.T, p *Peer, dial session.DialFunc) {
	if conn, _ := p.Try(dial, []byte("what is this?")); conn != nil {
		t.Error("a connection")
	}
}

func dialContext(t *testing.T, p *Peer, dial session.DialFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	started := time.Now()
	conn, _, err := dial(ctx, p.Request(KindCreate).Encode(p.Key))
	if conn != nil || err == nil || time.Since(started) > p.Patience {
		t.Errorf("%v, %v after %v", conn, err, time.Since(started))
	}
}

func outlivesDial(t *testing.T, p *Peer, dial session.DialFunc) {
	var cancel context.CancelFunc
	p.Create(func(ctx context.Context, request []byte) (session.Conn, []byte, error) {
		ctx, cancel = context.WithCancel(ctx)
		return dial(ctx, request)
	})
	cancel()
	p.Send(Message(0, "still here"))
	p.Want(Message(0, "still here"))
}

// within waits for an error that has to come soon.
func within(t *testing.T, p *Peer, what string, failed <-chan error) {
	t.Helper()
	select {
	case err := <-failed:
		if err == nil {
			t.Errorf("%s returned no error", what)
		}
	case <-time.After(p.Patience):
		t.Fatalf("%s still blocks %v later", what, p.Patience)
	}
}

func closeUnblocksNext(t *testing.T, p *Peer, dial session.DialFunc) {
	conn, _ := p.Try(dial, p.Request(KindCreate).Encode(p.Key))
	failed := make(chan error, 1)
	go func() {
		for {
			r, err := conn.Next()
			if err == nil {
				_, err = io.Copy(io.Discard, r)
			}
			if err != nil {
				failed <- err
				return
			}
		}
	}()
	for range 2 {
		conn.Close()
	}
	within(t, p, "Next", failed)
	if err := conn.WritePacket(Ping(1).Encode(), nil); err == nil {
		t.Error("WritePacket after Close returned no error")
	}
}

// closeUnblocksWrite writes what the other side does not read fast enough: the answers to
// what is sent are not read here, so its writer gets stuck, and its reader, having no place
// for more, too. A transport that has room for everything is right as well.
func closeUnblocksWrite(t *testing.T, p *Peer, dial session.DialFunc) {
	conn, _ := p.Try(dial, p.Request(KindCreate).Encode(p.Key))
	failed := make(chan error, 1)
	began := make(chan struct{})
	go func() {
		packet := bytes.Repeat(Ping(1).Encode(), 100)
		for i := 0; ; i++ {
			if err := conn.WritePacket(packet, nil); err != nil {
				failed <- err
				return
			}
			if i == 100 {
				close(began)
			}
		}
	}()
	<-began
	conn.Close()
	within(t, p, "WritePacket", failed)
}

func peerCloses(t *testing.T, p *Peer, dial session.DialFunc) {
	p.Create(dial)
	p.Send(Message(0, "abort"))
	p.WantAbort(0)
}
