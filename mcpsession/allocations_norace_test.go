//go:build !race

package mcpsession

import (
	"testing"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// A message in its usual form is written without any allocation, and to read one takes no more than
// what the message consists of.
func TestMessagesAllocateLittle(t *testing.T) {
	for name, c := range map[string]struct {
		msg  jsonrpc.Message
		most float64 // the message, its id in two forms, its method; one to spare
	}{
		"call":     {&jsonrpc.Request{ID: id(1000.0), Method: "tools/call", Params: raw(`{"name":"x","arguments":{"a":[1,2]}}`)}, 5},
		"response": {&jsonrpc.Response{ID: id(1000.0), Result: raw(`{"content":[{"type":"text","text":"x"}]}`)}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := encode(nil, c.msg)
			if err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 0, 1<<10)
			if n := testing.AllocsPerRun(100, func() {
				if _, err := encode(buf, c.msg); err != nil {
					t.Fatal(err)
				}
			}); n > 0 {
				t.Errorf("%v allocations to write it", n)
			}
			n := testing.AllocsPerRun(100, func() {
				if _, err := decode(data); err != nil {
					t.Fatal(err)
				}
			})
			t.Logf("%v allocations to read it", n)
			if n > c.most {
				t.Errorf("%v allocations to read it, %v at most", n, c.most)
			}
		})
	}
}
