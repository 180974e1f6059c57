package main

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
)

// A peer is a way to carry messages between two processes. Each has a file of its own; a new
// one is added to peers, and everything else follows.
type peer interface {
	name() string
	about() string
	// gives says what the peer promises of a message that was sent, for the document.
	gives() string
	// maxMessage is the largest message it carries, in bytes; 0: no limit that matters.
	maxMessage() int
	// serve accepts connections until ctx is done. It gives each to accept, and calls the
	// receiver that accept returns with each message from there, one after the other.
	serve(ctx context.Context, l net.Listener, accept func(sender) receiver) error
	dial(addr string) (conn, error)
}

// sender sends messages; send may be called concurrently.
type sender interface {
	send(msg []byte) error
	close() error
}

// receiver takes a message, which is valid until it returns. After an error nothing more
// comes, and the connection is closed.
type receiver func(msg []byte) error

// conn is the client's end of a connection.
type conn interface {
	sender
	// each calls f with one message after the other, until f returns false or the connection
	// breaks. It is f that goes on with the work: so peers that call back, and peers that are
	// asked, both work in their own way, without a hand-over between goroutines. What f sends
	// and what was sent before leaves before each waits.
	each(f func(msg []byte) (more bool)) error
}

func peers() []peer {
	return []peer{
		coderPeer{reuse: true},
		coderPeer{},
		brumPeer{reuse: true},
		brumPeer{},
		wsconnPeer{},
		gwsPeer{},
		gorillaPeer{},
		tcpPeer{},
		yamuxPeer{},
		grpcPeer{},
		natsPeer{},
		centrifugePeer{},
		httpPeer{},
		socketioPeer{},
	}
}

const (
	baseline = "coder" // what ratios are to
	ours     = "brum"
)

// defaultPeers are measured unless others are asked for; quickPeers with -quick.
const (
	defaultPeers = "coder,coder-read,brum,gws,gorilla,tcp,yamux,grpc,nats,centrifuge,http,socket.io"
	quickPeers   = "coder,brum,gws,tcp,nats"
)

func findPeers(names string) ([]peer, error) {
	var found []peer
	for name := range strings.SplitSeq(names, ",") {
		p, err := findPeer(name)
		if err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	return found, nil
}

func findPeer(name string) (peer, error) {
	all := peers()
	i := slices.IndexFunc(all, func(p peer) bool { return p.name() == name })
	if i < 0 {
		return nil, fmt.Errorf("there is no peer %q", name)
	}
	return all[i], nil
}

func allNames() []string {
	var names []string
	for _, p := range peers() {
		names = append(names, p.name())
	}
	return names
}
