package sessiontest_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/sessiontest"
)

var key = []byte("0123456789abcdef")

// A session over a network that fails: the first dial is refused, the second connection is
// reset after 1,000 bytes, and the messages arrive all the same.
func ExampleNetwork() {
	n := sessiontest.NewNetwork()
	defer n.Close()
	n.Plan(
		sessiontest.Plan{Fate: sessiontest.Refused},
		sessiontest.Plan{Fate: sessiontest.Dying, Direction: sessiontest.ToAcceptor, After: 1000, Ending: sessiontest.Reset},
	)

	acceptor, _ := session.NewAcceptor(&session.AcceptorConfig{Config: session.Config{Key: key}})
	n.Serve(acceptor)
	ctx := context.Background()
	s, _ := session.Dial(n.Dial, &session.Config{Key: key})
	defer s.CloseNow()
	go func() {
		for range 3 {
			s.Send(ctx, make([]byte, 600))
		}
	}()

	peer, _ := acceptor.Accept(ctx)
	defer peer.CloseNow()
	for range 3 {
		msg, err := peer.Receive(ctx)
		fmt.Println(len(msg), err)
	}
	fmt.Println(n.Dials(), "dials")
	// Output:
	// 600 <nil>
	// 600 <nil>
	// 600 <nil>
	// 3 dials
}

// A scripted peer loses an answer, and gets it again on the next link.
func TestLostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := sessiontest.NewNetwork()
		acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: session.Config{Key: key}})
		if err != nil {
			t.Fatal(err)
		}
		n.Serve(acceptor)
		defer n.Close()
		p := sessiontest.NewPeer(t, key)
		p.Create(n.Dial)
		s, err := acceptor.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p.Send(sessiontest.Message(0, "question"))
		if msg, err := s.Receive(t.Context()); string(msg) != "question" {
			t.Fatalf("%q, %v", msg, err)
		}
		if err := s.Send(t.Context(), []byte("answer")); err != nil {
			t.Fatal(err)
		}
		p.Want(sessiontest.Message(0, "answer"))
		p.Forget(1)
		p.Cut()
		p.Resume(n.Dial)
		p.Want(sessiontest.Message(0, "answer"))
		s.CloseNow()
		p.WantAbort(0)
	})
}
