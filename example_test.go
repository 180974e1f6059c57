package brum_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

// A server and a client in one program, and a message each way.
func Example() {
	ctx := context.Background()
	key := []byte("a secret of 16 bytes or more that both sides know")

	// The accepting side.
	acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: session.Config{Key: key}})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := wsconn.NewServer(brum.Handler(acceptor, nil), nil)
	go server.Serve(listener)
	defer server.Close()

	go func() {
		s, err := acceptor.Accept(ctx)
		if err != nil {
			log.Fatal(err)
		}
		msg, err := s.Receive(ctx)
		if err != nil {
			log.Fatal(err)
		}
		if err := s.Send(ctx, append(msg, " yourself"...)); err != nil {
			log.Fatal(err)
		}
	}()

	// The dialing side.
	s, err := brum.Dial("ws://"+listener.Addr().String(), &session.Config{Key: key}, nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := s.Send(ctx, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	msg, err := s.Receive(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(msg))

	if err := s.Close(ctx); err != nil { // nil: the other side has everything
		log.Fatal(err)
	}
	// Output: hello yourself
}
