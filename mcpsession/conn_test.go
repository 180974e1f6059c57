package mcpsession_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	brumerrors "github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/mcpsession"
	"github.com/standardbeagle/brum/session"
)

func connection(t *testing.T, s mcpsession.Session) mcp.Connection {
	t.Helper()
	c, err := mcpsession.New(s).Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func request(t *testing.T, id any, method, params string) *jsonrpc.Request {
	t.Helper()
	r := &jsonrpc.Request{Method: method, Params: []byte(params)}
	if id != nil {
		var err error
		if r.ID, err = jsonrpc.MakeID(id); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestMalformedInput(t *testing.T) {
	for _, raw := range []string{
		"", "{", "null", "[]", "17", `{"jsonrpc":"1.0","id":1,"method":"x"}`, `{"jsonrpc":"2.0"}`,
		`{"jsonrpc":"2.0","id":{},"method":"x"}`, `{"jsonrpc":"2.0","id":1,"method":7}`, "\xff\xfe", "{} {}",
		`[{"jsonrpc":"2.0","id":1,"method":"x"}]`,
	} {
		a, b := memoryPair()
		c := connection(t, a)
		good := []byte(`{"jsonrpc":"2.0","id":1,"method":"good"}`)
		for _, msg := range [][]byte{good, []byte(raw)} {
			if err := b.Send(t.Context(), msg); err != nil {
				t.Fatal(err)
			}
		}
		if msg, err := c.Read(t.Context()); err != nil {
			t.Errorf("%q: what came before it: %v, %v", raw, msg, err)
		}
		for range 2 {
			_, err := c.Read(t.Context())
			if e, ok := errors.AsType[*mcpsession.MalformedError](err); !ok || e.Size != len(raw) || brumerrors.Of(err) != brumerrors.Protocol {
				t.Errorf("%q: %v", raw, err)
			}
		}
		c.Close()
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"", "{", `{"jsonrpc":"2.0","id":1,"method":"x","params":{}}`, `{"jsonrpc":"2.0","id":"a","result":{}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":7}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, b := memoryPair()
		c := connection(t, a)
		defer c.Close()
		for _, msg := range [][]byte{[]byte(`{"jsonrpc":"2.0","id":1,"method":"x"}`), raw} {
			if err := b.Send(t.Context(), msg); err != nil {
				t.Fatal(err)
			}
		}
		b.CloseNow()
		for range 3 { // at most two messages and an end
			if _, err := c.Read(t.Context()); err != nil {
				return
			}
		}
		t.Errorf("three messages out of two")
	})
}

func TestReadEndsWithClose(t *testing.T) {
	for name, carrier := range carriers {
		t.Run(name, func(t *testing.T) {
			e := carrier(t)
			c := connection(t, e.client)
			var all sync.WaitGroup
			all.Go(func() {
				if _, err := c.Read(context.WithoutCancel(t.Context())); err != io.EOF {
					t.Errorf("Read: %v", err)
				}
			})
			for range 5 {
				all.Go(func() {
					if err := c.Close(); err != nil {
						t.Errorf("Close: %v", err)
					}
				})
			}
			all.Wait()
			if _, err := c.Read(t.Context()); err != io.EOF {
				t.Errorf("Read after Close: %v", err)
			}
			if err := c.Write(t.Context(), request(t, nil, "x", "{}")); !errors.Is(err, session.ErrClosed) {
				t.Errorf("Write after Close: %v", err)
			}
		})
	}
}

func TestReadEndsWithItsContext(t *testing.T) {
	a, b := memoryPair()
	c := connection(t, a)
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := c.Read(ctx)
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Read: %v", err)
	}
	if err := b.Send(t.Context(), []byte(`{"jsonrpc":"2.0","id":1,"result":{}}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(t.Context()); err != nil {
		t.Errorf("the next Read: %v", err)
	}
}

func TestCloseIsBounded(t *testing.T) {
	for _, limit := range []time.Duration{0, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			a, _ := memoryPair()
			a.neverConfirms = true
			tr := mcpsession.New(a)
			tr.CloseTimeout = limit
			c, err := tr.Connect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			want := limit
			if limit == 0 {
				want = mcpsession.DefaultCloseTimeout
			}
			started := time.Now()
			if err := c.Close(); !isTimeout(err) || time.Since(started) != want {
				t.Errorf("after %v: %v", time.Since(started), err)
			}
			if _, err := a.Receive(t.Context()); err != session.ErrClosed {
				t.Errorf("the session was left open: %v", err)
			}
		})
	}
}

func TestTransportIsForOneConnect(t *testing.T) {
	a, _ := memoryPair()
	tr := mcpsession.New(a)
	c, err := tr.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := tr.Connect(t.Context()); err == nil {
		t.Error("connected twice")
	}
}

// A call that arrives together with its cancellation was never made.
func TestWithdrawnCallsAreForgotten(t *testing.T) {
	a, b := memoryPair()
	from, to := connection(t, a), connection(t, b)
	defer from.Close()
	defer to.Close()
	for _, r := range []*jsonrpc.Request{
		request(t, 1.0, "first", "{}"),
		request(t, "two", "second", "{}"),
		request(t, 3.0, "third", "{}"),
		request(t, nil, "notifications/cancelled", `{"requestId":"two"}`),
		request(t, nil, "notifications/cancelled", `{"requestId":99}`),
		request(t, nil, "notifications/cancelled", `{"requestId":"1"}`), // a string: another id
		request(t, nil, "notifications/cancelled", `{"requestId":1}`),
		request(t, 1.0, "again", "{}"),
	} {
		if err := from.Write(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for range 4 {
		msg, err := to.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, msg.(*jsonrpc.Request).Method+string(msg.(*jsonrpc.Request).Params))
	}
	want := []string{"third{}", `notifications/cancelled{"requestId":99}`, `notifications/cancelled{"requestId":"1"}`, "again{}"}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("message %d is %s, want %s", i, got[i], want[i])
		}
	}
}
