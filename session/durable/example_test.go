package durable_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/durable"
	"github.com/standardbeagle/brum/session/journal"
	"github.com/standardbeagle/brum/wsconn"
)

var exampleKey = []byte("a secret of 16 bytes or more that both sides know")

// A message is sent before there is a connection, and survives the restart of its receiver.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "durable")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	orders := openChannel(filepath.Join(dir, "shop"))
	defer orders.close()
	for _, order := range []string{"tea", "coffee"} {
		if _, err := orders.stream.Send(ctx, []byte(order)); err != nil { // nil: it is on the disk
			log.Fatal(err)
		}
	}

	for life := 1; life <= 2; life++ {
		kitchen := openChannel(filepath.Join(dir, "kitchen"))
		disconnect := connect(orders.channel, kitchen.channel)
		m, err := kitchen.stream.Receive(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("life %d: %s, after %q\n", life, m.Payload, kitchen.stream.State())
		// The order and what has become of it change together.
		if err := kitchen.stream.Commit(ctx, m.Cursor(), m.Payload); err != nil {
			log.Fatal(err)
		}
		if err := orders.stream.WaitCommitted(ctx, m.Index); err != nil {
			log.Fatal(err)
		}
		disconnect()
		kitchen.close()
	}
	// Output:
	// life 1: tea, after ""
	// life 2: coffee, after "tea"
}

// party is one side in one life of its process.
type party struct {
	journal *journal.Journal
	channel *durable.Channel
	stream  *durable.Stream
}

func openChannel(dir string) *party {
	j, err := journal.Open(dir, nil)
	if err != nil {
		log.Fatal(err)
	}
	c := durable.New(j, nil)
	st, err := c.Stream("orders")
	if err != nil {
		log.Fatal(err)
	}
	return &party{j, c, st}
}

func (p *party) close() {
	p.channel.Close()
	p.journal.Close()
}

// connect joins two channels by a session over a WebSocket.
func connect(dialing, accepting *durable.Channel) (disconnect func()) {
	ctx := context.Background()
	acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: session.Config{Key: exampleKey}})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := wsconn.NewServer(brum.Handler(acceptor, nil), nil)
	go server.Serve(listener)
	near, err := brum.Dial("ws://"+listener.Addr().String(), &session.Config{Key: exampleKey}, nil)
	if err != nil {
		log.Fatal(err)
	}
	far, err := acceptor.Accept(ctx)
	if err != nil {
		log.Fatal(err)
	}
	done := make(chan struct{}, 2)
	for c, s := range map[*durable.Channel]*session.Session{dialing: near, accepting: far} {
		go func() {
			c.Run(ctx, s, nil) // until the session ends
			done <- struct{}{}
		}()
	}
	return func() {
		near.CloseNow()
		far.CloseNow()
		<-done
		<-done
		server.Close()
	}
}
