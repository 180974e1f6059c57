package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"
	client "github.com/centrifugal/centrifuge-go"
)

// recoveringCentrifuge is centrifuge as it is meant to be used where connections break: what
// goes down is published to a channel that keeps a history and is recovered from it; what
// goes up is published by the client, which tries again after an error.
type recoveringCentrifuge struct{ centrifugePeer }

const recoveringName = "centrifuge-recovery"

func (recoveringCentrifuge) name() string { return recoveringName }

const (
	upChannel, downChannel = "up:", "down:"
	centrifugeHistory      = 20_000
)

func (recoveringCentrifuge) serve(ctx context.Context, l net.Listener, accept func(sender) receiver) error {
	var mu sync.Mutex
	takes := map[string]receiver{} // by the channel's name without its prefix
	return startCentrifuge(ctx, l, func(node *centrifuge.Node) {
		node.OnConnect(func(c *centrifuge.Client) {
			c.OnSubscribe(func(e centrifuge.SubscribeEvent, cb centrifuge.SubscribeCallback) {
				id := strings.TrimPrefix(e.Channel, downChannel)
				mu.Lock()
				if takes[id] == nil {
					takes[id] = accept(publisher{node, e.Channel})
				}
				mu.Unlock()
				cb(centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{EnableRecovery: true}}, nil)
			})
			c.OnPublish(func(e centrifuge.PublishEvent, cb centrifuge.PublishCallback) {
				mu.Lock()
				take := takes[strings.TrimPrefix(e.Channel, upChannel)]
				mu.Unlock()
				if take == nil || take(e.Data) != nil {
					cb(centrifuge.PublishReply{}, centrifuge.ErrorBadRequest)
					return
				}
				cb(centrifuge.PublishReply{Result: &centrifuge.PublishResult{}}, nil)
			})
		})
	})
}

type publisher struct {
	node    *centrifuge.Node
	channel string
}

func (p publisher) send(msg []byte) error {
	_, err := p.node.Publish(p.channel, msg, centrifuge.WithHistory(centrifugeHistory, time.Minute))
	return err
}

func (p publisher) close() error { return nil }

func (recoveringCentrifuge) dial(addr string) (conn, error) {
	id := rand.Text()
	c := &recoveringConn{inlet: newInlet(), client: newCentrifugeClient(addr), up: upChannel + id}
	if err := connectCentrifuge(c.client); err != nil {
		return nil, err
	}
	sub, err := c.client.NewSubscription(downChannel+id, client.SubscriptionConfig{Recoverable: true})
	if err != nil {
		return nil, err
	}
	subscribed := make(chan struct{}, 1)
	sub.OnSubscribed(func(client.SubscribedEvent) {
		select {
		case subscribed <- struct{}{}:
		default:
		}
	})
	sub.OnPublication(func(e client.PublicationEvent) { c.arrived(e.Data) })
	if err := sub.Subscribe(); err != nil {
		return nil, err
	}
	select {
	case <-subscribed:
		return c, nil
	case <-time.After(10 * time.Second):
		c.close()
		return nil, errors.New("centrifuge: no subscription within 10 s")
	}
}

type recoveringConn struct {
	*inlet
	client *client.Client
	up     string
}

// send publishes until the server has confirmed it.
func (c *recoveringConn) send(msg []byte) error {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		_, err := c.client.Publish(ctx, c.up, msg)
		cancel()
		if err == nil || errors.Is(err, client.ErrClientClosed) {
			return err
		}
		select {
		case <-c.closed:
			return err
		case <-time.After(time.Millisecond):
		}
	}
}

func (c *recoveringConn) close() error {
	c.end()
	c.client.Close()
	return nil
}
