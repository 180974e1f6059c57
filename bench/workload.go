package main

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"time"
)

// oneWay sends count messages of size bytes; it is over when the server's application has
// had them all.
func oneWay(c conn, size, count int) (time.Duration, error) {
	msg := make([]byte, size)
	began := time.Now()
	if err := c.send(command(opSink, count)); err != nil {
		return 0, err
	}
	for range count {
		if err := c.send(msg); err != nil {
			return 0, err
		}
	}
	var got uint64
	if err := c.each(func(answer []byte) bool { got = binary.BigEndian.Uint64(answer); return false }); err != nil {
		return 0, err
	}
	took := time.Since(began)
	if got != uint64(size*count) {
		return 0, fmt.Errorf("the server had %d bytes of %d", got, size*count)
	}
	return took, nil
}

// roundTrips sends count messages of size bytes one by one, each when the one before has
// come back, and returns how long each took, sorted.
func roundTrips(c conn, size, count int) ([]time.Duration, error) {
	if err := c.send(command(opEcho, count)); err != nil {
		return nil, err
	}
	took, err := calls(c, size, count)
	slices.Sort(took)
	return took, err
}

// calls is the part of roundTrips that any answering server has: small messages out and back.
func calls(c conn, size, count int) ([]time.Duration, error) {
	msg, took := make([]byte, size), make([]time.Duration, 0, count)
	began := time.Now()
	if err := c.send(msg); err != nil {
		return nil, err
	}
	var failed error
	err := c.each(func([]byte) bool {
		now := time.Now()
		took = append(took, now.Sub(began))
		if len(took) == count {
			return false
		}
		began = now
		failed = c.send(msg)
		return failed == nil
	})
	if failed != nil {
		err = failed
	}
	return took, err
}

// requests lets callers goroutines each send a request of size bytes, wait for its answer,
// and so on, until count have been answered. One goroutine hands the answers to callers, as
// in any RPC client.
func requests(c conn, size, callers, count int) (time.Duration, error) {
	count -= count % callers
	if err := c.send(command(opEcho, count)); err != nil {
		return 0, err
	}
	answers := make([]chan struct{}, callers)
	for i := range answers {
		answers[i] = make(chan struct{}, 1)
	}
	failed := make(chan error, callers+1)
	broken := make(chan struct{})
	var wg sync.WaitGroup
	began := time.Now()
	wg.Go(func() {
		left := count
		err := c.each(func(msg []byte) bool {
			answers[binary.BigEndian.Uint32(msg)] <- struct{}{}
			left--
			return left > 0
		})
		if err != nil {
			failed <- err
			close(broken)
		}
	})
	for i := range answers {
		wg.Go(func() {
			msg := binary.BigEndian.AppendUint32(nil, uint32(i))
			msg = append(msg, make([]byte, size-len(msg))...)
			for range count / callers {
				if err := c.send(msg); err != nil {
					failed <- err
					c.close()
					return
				}
				select {
				case <-answers[i]:
				case <-broken:
					return
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	select {
	case err := <-failed:
		return 0, err
	default:
		return took, nil
	}
}
