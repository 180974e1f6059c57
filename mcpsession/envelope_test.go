package mcpsession

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// messages are of all forms that a message can have, most of them plain.
var messages = map[string]struct {
	msg   jsonrpc.Message
	plain bool
}{
	"call":                {&jsonrpc.Request{ID: id(1.0), Method: "tools/call", Params: raw(`{"name":"x","arguments":{"a":[1,-2.5e3,true,null,"\u00e9\""]}}`)}, true},
	"call, no params":     {&jsonrpc.Request{ID: id(0.0), Method: "ping"}, true},
	"call, named":         {&jsonrpc.Request{ID: id("seven 7"), Method: "ping", Params: raw(`{}`)}, true},
	"call, empty name":    {&jsonrpc.Request{ID: id(""), Method: "ping", Params: raw(`[]`)}, true},
	"notification":        {&jsonrpc.Request{Method: "notifications/x", Params: raw(`{"a":"ü 𝄞"}`)}, true},
	"response":            {&jsonrpc.Response{ID: id(999999999999999.0), Result: raw(`{"content":[{"type":"text","text":"<&>"}]}`)}, true},
	"response, named":     {&jsonrpc.Response{ID: id("a"), Result: raw(`-0.5E-7`)}, true},
	"large":               {&jsonrpc.Response{ID: id(1.0), Result: raw(`"` + strings.Repeat("x", 100<<10) + `"`)}, true},
	"nested":              {&jsonrpc.Response{ID: id(1.0), Result: raw(strings.Repeat("[", 900) + strings.Repeat("]", 900))}, true},
	"nested deeply":       {&jsonrpc.Response{ID: id(1.0), Result: raw(strings.Repeat("[", 11_000) + strings.Repeat("]", 11_000))}, false},
	"escaped method":      {&jsonrpc.Request{ID: id(1.0), Method: "a\"b"}, false},
	"method beyond ASCII": {&jsonrpc.Request{ID: id(1.0), Method: "ä"}, false},
	"no method":           {&jsonrpc.Request{ID: id(1.0)}, false},
	"escaped id":          {&jsonrpc.Request{ID: id("a\\b"), Method: "x"}, false},
	"spaces":              {&jsonrpc.Request{ID: id(1.0), Method: "x", Params: raw("{ \"a\" : 1\n}")}, true},
	"no JSON":             {&jsonrpc.Request{ID: id(1.0), Method: "x", Params: raw(`{"a":}`)}, false},
	"empty response":      {&jsonrpc.Response{ID: id(1.0)}, false},
	"response to nobody":  {&jsonrpc.Response{Result: raw(`{}`)}, false},
	"error":               {&jsonrpc.Response{ID: id(1.0), Error: &jsonrpc.Error{Code: -32602, Message: "no"}}, false},
	"foreign error":       {&jsonrpc.Response{ID: id(1.0), Error: errors.New("no")}, false},
}

func raw(s string) json.RawMessage { return json.RawMessage(s) }

func id(v any) jsonrpc.ID {
	id, err := jsonrpc.MakeID(v)
	if err != nil {
		panic(err)
	}
	return id
}

// compact leaves a message without the space that the SDK takes out, and with its escapes.
func compact(t *testing.T, data []byte) []byte {
	t.Helper()
	if len(data) == 0 {
		return nil
	}
	out, err := json.Marshal(json.RawMessage(data))
	if err != nil {
		t.Fatalf("%.200q: %v", data, err)
	}
	return out
}

// What is written here is what the SDK writes, but for space in what the message holds.
func TestEncodesAsTheSDK(t *testing.T) {
	for name, m := range messages {
		t.Run(name, func(t *testing.T) {
			want, wantErr := jsonrpc.EncodeMessage(m.msg)
			got, err := encode([]byte("before"), m.msg)
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("%v, want %v", err, wantErr)
			}
			if rest, ok := bytes.CutPrefix(got, []byte("before")); !ok || !bytes.Equal(compact(t, rest), compact(t, want)) {
				t.Errorf("%.200s, want %.200s", got, want)
			}
			if _, plain := encodePlain(nil, m.msg); plain != m.plain {
				t.Errorf("plain: %v", plain)
			}
			if _, plain := decodePlain(want); m.plain && !plain {
				t.Errorf("%.200s is not read as it was written", want)
			}
		})
	}
}

// same checks that a message that was read here is what the SDK reads.
func same(t *testing.T, data []byte) {
	t.Helper()
	msg, plain := decodePlain(bytes.Clone(data))
	if !plain {
		return
	}
	want, err := jsonrpc.DecodeMessage(data)
	if err != nil && strings.Contains(err.Error(), "nesting depth") {
		return // it will say so of the content, when that is looked at
	}
	if err != nil {
		t.Fatalf("%.200q: the SDK does not take it: %v", data, err)
	}
	if !reflect.DeepEqual(msg, want) {
		t.Errorf("%.200q: %.200v, the SDK's is %.200v", data, msg, want)
	}
}

func TestDecodesAsTheSDK(t *testing.T) {
	for _, m := range messages {
		if data, err := jsonrpc.EncodeMessage(m.msg); err == nil {
			same(t, data)
		}
	}
	for _, s := range strangeMessages {
		same(t, []byte(s))
	}
}

// What a message holds is not overwritten by what somebody appends to it.
func TestDecodedContentIsClipped(t *testing.T) {
	for _, s := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"x","params":[1]}`,
		`{"jsonrpc":"2.0","id":1,"result":[1]}`,
	} {
		data := []byte(s)
		msg, plain := decodePlain(data)
		if !plain {
			t.Fatalf("%s is not plain", s)
		}
		switch msg := msg.(type) {
		case *jsonrpc.Request:
			_ = append(msg.Params, '!')
		case *jsonrpc.Response:
			_ = append(msg.Result, '!')
		}
		if string(data) != s {
			t.Errorf("%s became %s", s, data)
		}
	}
}

// strangeMessages are close to what is plain.
var strangeMessages = []string{
	``, `{}`, `{"jsonrpc":"2.0"`, `{"jsonrpc":"2.0"}`, `{"jsonrpc":"2.0",}`, `{"jsonrpc":"2.1","id":1,"method":"x"}`,
	`{"jsonrpc":"2.0","id":1}`, `{"jsonrpc":"2.0","id":01,"method":"x"}`, `{"jsonrpc":"2.0","id":-1,"method":"x"}`,
	`{"jsonrpc":"2.0","id":1.5,"method":"x"}`, `{"jsonrpc":"2.0","id":1e3,"method":"x"}`, `{"jsonrpc":"2.0","id":null,"method":"x"}`,
	`{"jsonrpc":"2.0","id":9007199254740993,"method":"x"}`, `{"jsonrpc":"2.0","id":12345678901234567890,"method":"x"}`,
	`{"jsonrpc":"2.0","id":"a","method":""}`, `{"jsonrpc":"2.0","id":"a\n","method":"x"}`, `{"jsonrpc":"2.0","id":"\u0061","method":"x"}`,
	`{"jsonrpc":"2.0","id":1,"method":"x","params":null}`, `{"jsonrpc":"2.0","id":1,"result":null}`,
	`{"jsonrpc":"2.0","id":1,"method":"x","params":{},"params":{"a":1}}`, `{"jsonrpc":"2.0","id":1,"result":{},"id":2}`,
	`{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"x"}}`, `{"jsonrpc":"2.0","id":1,"method":"x","result":{}}`,
	`{"jsonrpc":"2.0","id":1,"method":"x","params":1}}`, `{"jsonrpc":"2.0","id":1,"method":"x"}{}`, `{"jsonrpc":"2.0","id":1,"method":"x"} `,
	`{"jsonrpc":"2.0","result":{}}`, `{"jsonrpc":"2.0","id":1,"result":}`, `{"jsonrpc":"2.0","id":1,"result":"` + "\xff" + `"}`,
	`{"jsonrpc":"2.0","id":"` + "\x7f" + `","method":"` + "\x7f" + `"}`, `{"jsonrpc":"2.0","id":1,"result":"\ud800"}`,
	`{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}`, `{"jsonrpc":"2.0","id":1,"result":1e999}`,
}

func FuzzDecode(f *testing.F) {
	for _, m := range messages {
		if data, err := jsonrpc.EncodeMessage(m.msg); err == nil && len(data) < 1000 {
			f.Add(data)
		}
	}
	for _, s := range strangeMessages {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		same(t, data)
		msg, plain := decodePlain(data)
		if !plain {
			return
		}
		// It was plain: so it is written again, and is the same.
		if again, ok := encodePlain(nil, msg); ok && !bytes.Equal(again, data) {
			t.Errorf("%q became %q", data, again)
		}
	})
}

func FuzzEncode(f *testing.F) {
	f.Add(int64(1), "", false, "tools/call", []byte(`{"a":1}`), false)
	f.Add(int64(0), "a", true, "x", []byte(`[]`), false)
	f.Add(int64(7), "", false, "", []byte("\"\u2028<\xff>\""), true)
	f.Fuzz(func(t *testing.T, number int64, name string, named bool, method string, content []byte, response bool) {
		ident := id(float64(number))
		if named {
			ident = id(name)
		}
		var msg jsonrpc.Message = &jsonrpc.Request{ID: ident, Method: method, Params: content}
		if response {
			msg = &jsonrpc.Response{ID: ident, Result: content}
		}
		got, plain := encodePlain(nil, msg)
		if !plain {
			return
		}
		want, err := jsonrpc.EncodeMessage(msg)
		if err != nil || !bytes.Equal(compact(t, got), compact(t, want)) {
			t.Errorf("%q; the SDK: %q, %v", got, want, err)
		}
	})
}
