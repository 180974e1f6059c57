package main

import (
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
	// maxMessage is the largest message it carries, in bytes; 0: no limit that matters.
	maxMessage() int
	// serve accepts connections and calls handle for each, in a goroutine of its own. It
	// returns when l is closed.
	serve(l net.Listener, handle func(conn)) error
	dial(addr string) (conn, error)
}

// conn is one connection. send may be called concurrently; receive by one goroutine.
type conn interface {
	send(msg []byte) error
	// receive returns the next message, which is valid until the next call.
	receive() ([]byte, error)
	close() error
}

func peers() []peer {
	return []peer{
		coderPeer{},
		coderPeer{reuse: true},
		wsconnPeer{},
		brumPeer{},
		brumPeer{reuse: true},
	}
}

// defaultPeers are measured unless others are asked for.
const defaultPeers = "coder-read,coder-reader,brum-receive,brum-append"

func findPeers(names string) ([]peer, error) {
	var found []peer
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(peers(), func(p peer) bool { return p.name() == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no peer %q", name)
		}
		found = append(found, peers()[i])
	}
	return found, nil
}
