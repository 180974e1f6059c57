package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	jetStreamName = "bench"
	jetSubject    = "bench.messages"
	jetCommitted  = "bench.committed"
)

// serveJetStream is a NATS server whose file store syncs each write before it is
// acknowledged, and a receiver in the same process. Its acknowledgements are cumulative, and
// confirmed by the server.
func serveJetStream(ctx context.Context, l net.Listener) error {
	dir, remove, err := scratch()
	if err != nil {
		return err
	}
	defer remove()
	srv, err := startNATS(l, &natsd.Options{JetStream: true, StoreDir: dir, SyncAlways: true})
	if err != nil {
		return err
	}
	defer srv.WaitForShutdown()
	defer srv.Shutdown()
	nc, err := nats.Connect("", nats.InProcessServer(srv))
	if err != nil {
		return err
	}
	defer nc.Close()
	messages, err := jetReceiver(ctx, nc)
	if err != nil {
		return err
	}
	defer messages.Stop()
	go commitJet(ctx, nc, messages)
	<-ctx.Done()
	return nil
}

func jetReceiver(ctx context.Context, nc *nats.Conn) (jetstream.MessagesContext, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	stream, err := js.CreateStream(ctx, jetstream.StreamConfig{
		Name: jetStreamName, Subjects: []string{jetSubject}, Storage: jetstream.FileStorage, Replicas: 1})
	if err != nil {
		return nil, err
	}
	consumer, err := stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: "receiver", AckPolicy: jetstream.AckAllPolicy, MaxAckPending: -1})
	if err != nil {
		return nil, err
	}
	return consumer.Messages(jetstream.PullMaxMessages(4096))
}

func commitJet(ctx context.Context, nc *nats.Conn, messages jetstream.MessagesContext) {
	latest := make(chan jetstream.Msg, 1)
	defer close(latest)
	go func() {
		for m := range latest {
			meta, err := m.Metadata()
			if err != nil || m.DoubleAck(ctx) != nil {
				return
			}
			nc.Publish(jetCommitted, strconv.AppendUint(nil, meta.Sequence.Stream, 10))
		}
	}()
	for {
		m, err := messages.Next()
		if err != nil {
			return
		}
		overtake(latest, m)
	}
}

type jetLane struct {
	nc      *nats.Conn
	js      jetstream.JetStream
	sent    atomic.Uint64 // the highest sequence
	commits chan uint64
}

func openJet(addr, _ string) (lane, error) {
	nc, err := nats.Connect("nats://"+addr, nats.RetryOnFailedConnect(true), nats.ReconnectWait(20*time.Millisecond))
	if err != nil {
		return nil, err
	}
	l := &jetLane{nc: nc, commits: make(chan uint64, 1)}
	if l.js, err = jetstream.New(nc); err != nil {
		return nil, err
	}
	_, err = nc.Subscribe(jetCommitted, func(m *nats.Msg) {
		if n, err := strconv.ParseUint(string(m.Data), 10, 64); err == nil {
			overtake(l.commits, n)
		}
	})
	if err != nil {
		return nil, err
	}
	return l, awaitStream(l.js)
}

// awaitStream returns when the server's process has made the stream.
func awaitStream(js jetstream.JetStream) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for {
		_, err := js.Stream(ctx, jetStreamName)
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (l *jetLane) send(msg []byte) error {
	ack, err := l.js.Publish(context.Background(), jetSubject, msg)
	for err == nil {
		if sent := l.sent.Load(); sent >= ack.Sequence || l.sent.CompareAndSwap(sent, ack.Sequence) {
			break
		}
	}
	return err
}

func (l *jetLane) committed() error {
	want, late := l.sent.Load(), time.After(patience)
	for {
		select {
		case n := <-l.commits:
			if n >= want {
				return nil
			}
		case <-late:
			return errors.Join(fmt.Errorf("message %d is not committed within %s", want, patience), l.nc.LastError())
		}
	}
}

func (l *jetLane) close() { l.nc.Close() }
