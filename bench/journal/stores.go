package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/standardbeagle/brum/session/journal"
	bolt "go.etcd.io/bbolt"
)

// store appends durably; append may be called by several appenders at a time.
type store interface {
	append(appender int, payload []byte) error
	close() error
}

type candidate struct {
	name string
	open func(dir string, appenders int) (store, error)
}

// The first is what the others are compared with.
var stores = []candidate{
	{"journal", openJournal},
	{"bbolt, group commit", openBolt},
	{"JetStream file store", openJetStream},
	{"write and fsync", openRaw},
}

type journalStore struct{ j *journal.Journal }

func openJournal(dir string, _ int) (store, error) {
	j, err := journal.Open(dir, &journal.Options{MaxBytes: 4 << 30, MaxStreamBytes: 4 << 30, MaxRecords: 1 << 20})
	return journalStore{j}, err
}

func (s journalStore) append(_ int, payload []byte) error {
	_, err := s.j.Append(context.Background(), "s", payload)
	return err
}

func (s journalStore) close() error { return s.j.Close() }

// boltStore gives bbolt the same group commit as the journal: whoever comes while a
// transaction is written joins the next. (Its own Batch waits 10 ms for company.)
type boltStore struct {
	db    *bolt.DB
	queue chan request
	done  chan struct{}
}

type request struct {
	payload []byte
	done    chan error
}

func openBolt(dir string, appenders int) (store, error) {
	db, err := bolt.Open(dir, 0o600, nil)
	if err != nil {
		return nil, err
	}
	s := &boltStore{db, make(chan request, appenders), make(chan struct{})}
	go s.run()
	return s, db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucket([]byte("s"))
		return err
	})
}

func (s *boltStore) run() {
	defer close(s.done)
	for r := range s.queue {
		group := []request{r}
		for more := true; more; {
			select {
			case r, ok := <-s.queue:
				if more = ok; ok {
					group = append(group, r)
				}
			default:
				more = false
			}
		}
		err := s.db.Update(func(tx *bolt.Tx) error { return putAll(tx.Bucket([]byte("s")), group) })
		for _, r := range group {
			r.done <- err
		}
	}
}

func putAll(b *bolt.Bucket, group []request) error {
	b.FillPercent = 0.95 // keys rise
	for _, r := range group {
		n, err := b.NextSequence()
		if err != nil {
			return err
		}
		if err := b.Put(binary.BigEndian.AppendUint64(nil, n), r.payload); err != nil {
			return err
		}
	}
	return nil
}

func (s *boltStore) append(_ int, payload []byte) error {
	r := request{payload, make(chan error, 1)}
	s.queue <- r
	return <-r.done
}

func (s *boltStore) close() error {
	close(s.queue)
	<-s.done
	return s.db.Close()
}

// jetStore is an embedded server that syncs each message before it acknowledges it
// (SyncAlways), reached over in-process connections, one for each appender.
type jetStore struct {
	server *server.Server
	conns  []*nats.Conn
	js     []jetstream.JetStream
}

func openJetStream(dir string, appenders int) (store, error) {
	srv, err := server.NewServer(&server.Options{JetStream: true, StoreDir: dir, SyncAlways: true, DontListen: true, NoSigs: true})
	if err != nil {
		return nil, err
	}
	srv.Start()
	s := &jetStore{server: srv}
	if !srv.ReadyForConnections(10 * time.Second) {
		return nil, errors.Join(errors.New("the server does not start"), s.close())
	}
	if err := s.connect(appenders); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *jetStore) connect(appenders int) error {
	for range appenders {
		nc, err := nats.Connect("", nats.InProcessServer(s.server))
		if err != nil {
			return err
		}
		s.conns = append(s.conns, nc)
		js, err := jetstream.New(nc)
		if err != nil {
			return err
		}
		s.js = append(s.js, js)
	}
	_, err := s.js[0].CreateStream(context.Background(), jetstream.StreamConfig{
		Name: "s", Subjects: []string{"s"}, Storage: jetstream.FileStorage, Replicas: 1})
	if err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	return nil
}

func (s *jetStore) append(a int, payload []byte) error {
	_, err := s.js[a].Publish(context.Background(), "s", payload)
	return err
}

func (s *jetStore) close() error {
	for _, nc := range s.conns {
		nc.Close()
	}
	s.server.Shutdown()
	s.server.WaitForShutdown()
	return nil
}

// rawStore is the floor: one file for each appender, one write and one fsync for each append.
type rawStore struct{ files []*os.File }

func openRaw(dir string, appenders int) (store, error) {
	s := &rawStore{}
	for a := range appenders {
		f, err := os.Create(fmt.Sprint(dir, a))
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		s.files = append(s.files, f)
	}
	return s, nil
}

func (s *rawStore) append(a int, payload []byte) error {
	if _, err := s.files[a].Write(payload); err != nil {
		return err
	}
	return s.files[a].Sync()
}

func (s *rawStore) close() (err error) {
	for _, f := range s.files {
		err = errors.Join(err, f.Close())
	}
	return err
}
