package wsconn

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// The sixth request of five is told when to come back; each that ends makes room for another.
func TestK1_RequestsAreBounded(t *testing.T) {
	limit := NewRequestLimit(5)
	entered, leave := make(chan struct{}), make(chan struct{})
	url, _ := newServer(t, overTCP, limit.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-leave
	}), nil), nil)
	defer http.DefaultClient.CloseIdleConnections()
	var all sync.WaitGroup
	request := func() {
		all.Go(func() {
			resp, err := http.Get(url)
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Error(resp.Status)
			}
		})
		<-entered
	}
	for range 5 {
		request()
	}
	for range 3 {
		_, _, err := Dial(t.Context(), url, nil, nil)
		if _, ok := errors.AsType[*StatusError](err); !ok || errors.Of(err) != errors.Limit || errors.RetryAfter(err) != busyAfter {
			t.Errorf("the sixth: %v, retry after %v", err, errors.RetryAfter(err))
		}
	}
	if limit.Active() != 5 || limit.Refused() != 3 || limit.Max() != 5 {
		t.Errorf("%d active of %d, %d refused", limit.Active(), limit.Max(), limit.Refused())
	}
	for range 10 {
		leave <- struct{}{}
		for limit.Active() == 5 { // the answer is on its way
			time.Sleep(time.Millisecond)
		}
		request()
	}
	close(leave)
	all.Wait()
	for limit.Active() != 0 {
		time.Sleep(time.Millisecond)
	}
}

// A place is free again also if the handler panics.
func TestRequestLimitAfterAPanic(t *testing.T) {
	limit := NewRequestLimit(1)
	h := limit.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), nil)
	for range 3 {
		func() {
			defer func() {
				if recover() != http.ErrAbortHandler {
					t.Error("no panic")
				}
			}()
			h.ServeHTTP(nil, nil)
		}()
	}
	if limit.Active() != 0 || limit.Refused() != 0 {
		t.Errorf("%d active, %d refused", limit.Active(), limit.Refused())
	}
}
