package mcpsession

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// The SDK's codec takes messages of any form, and 32 KiB of memory to read one: to collect such
// buffers is the largest part of what a call costs. What one SDK writes to another has a single
// form, with the members in one order and no space between them. That form is written and read
// here, with the same outcome (what content looks like inside is left as it is); all else, errors
// among it, is left to the SDK.
const (
	plainStart  = `{"jsonrpc":"2.0"`
	plainID     = `,"id":`
	plainMethod = `,"method":"`
	plainParams = `,"params":`
	plainResult = `,"result":`
	plainEnd    = '}'
)

// plainRest is more than all of that and a number take.
const plainRest = 96

// plainDigits is how long a number may be that JSON's numbers, which are floating, hold exactly.
const plainDigits = 15

// encode appends msg to dst.
func encode(dst []byte, msg jsonrpc.Message) ([]byte, error) {
	if all, ok := encodePlain(dst, msg); ok {
		return all, nil
	}
	data, err := jsonrpc.EncodeMessage(msg)
	return append(dst, data...), err
}

func encodePlain(dst []byte, msg jsonrpc.Message) ([]byte, bool) {
	switch msg := msg.(type) {
	case *jsonrpc.Request:
		if msg.Method == "" || !plainString(msg.Method) {
			return dst, false
		}
		all, ok := startPlain(dst, msg.ID, len(msg.Method)+len(msg.Params))
		if !ok {
			return dst, false
		}
		all = append(append(append(all, plainMethod...), msg.Method...), '"')
		return endPlain(all, plainParams, msg.Params)
	case *jsonrpc.Response:
		if msg.Error != nil || len(msg.Result) == 0 || !msg.ID.IsValid() {
			return dst, false
		}
		all, ok := startPlain(dst, msg.ID, len(msg.Result))
		if !ok {
			return dst, false
		}
		return endPlain(all, plainResult, msg.Result)
	}
	return dst, false
}

// startPlain appends what comes before a message's content of n bytes.
func startPlain(dst []byte, id jsonrpc.ID, n int) ([]byte, bool) {
	raw := id.Raw()
	name, _ := raw.(string)
	dst = append(slices.Grow(dst, plainRest+len(name)+n), plainStart...)
	switch id := raw.(type) {
	case nil:
		return dst, true
	case int64:
		return strconv.AppendInt(append(dst, plainID...), id, 10), true
	case string:
		dst = append(append(dst, plainID...), '"')
		return append(append(dst, id...), '"'), plainString(id)
	}
	return dst, false
}

// endPlain appends a member, if there is one, and the end.
func endPlain(dst []byte, member string, value []byte) ([]byte, bool) {
	if len(value) > 0 {
		if !json.Valid(value) {
			return dst, false
		}
		dst = append(append(dst, member...), value...)
	}
	return append(dst, plainEnd), true
}

// decode returns the message that data holds; it may keep data.
func decode(data []byte) (jsonrpc.Message, error) {
	if msg, ok := decodePlain(data); ok {
		return msg, nil
	}
	msg, err := jsonrpc.DecodeMessage(data)
	if err != nil {
		return nil, &MalformedError{Size: len(data), Err: err}
	}
	return msg, nil
}

func decodePlain(data []byte) (jsonrpc.Message, bool) {
	rest, ok := bytes.CutPrefix(data, []byte(plainStart))
	if !ok || len(rest) == 0 || rest[len(rest)-1] != plainEnd {
		return nil, false
	}
	rest = rest[:len(rest)-1]
	id, rest, ok := cutID(rest)
	if !ok {
		return nil, false
	}
	if result, ok := bytes.CutPrefix(rest, []byte(plainResult)); ok {
		if !id.IsValid() || !plainContent(result) {
			return nil, false
		}
		return &jsonrpc.Response{ID: id, Result: slices.Clip(result)}, true
	}
	rest, ok = bytes.CutPrefix(rest, []byte(plainMethod))
	if !ok {
		return nil, false
	}
	method, rest, ok := bytes.Cut(rest, []byte{'"'})
	if !ok || !plainString(method) {
		return nil, false
	}
	r := &jsonrpc.Request{ID: id, Method: string(method)}
	if len(rest) == 0 {
		return r, true
	}
	params, ok := bytes.CutPrefix(rest, []byte(plainParams))
	if !ok || !plainContent(params) {
		return nil, false
	}
	r.Params = slices.Clip(params)
	return r, true
}

// plainContent reports whether b can be taken as it is. How null differs from nothing is the SDK's
// to know.
func plainContent(b []byte) bool {
	return len(b) > 0 && b[0] != 'n' && b[0] > ' ' && b[len(b)-1] > ' ' && json.Valid(b)
}

// plainString reports whether JSON writes s between quotes as it is.
func plainString[T ~string | ~[]byte](s T) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// cutID takes an id off the beginning of b, if there is one.
func cutID(b []byte) (id jsonrpc.ID, rest []byte, ok bool) {
	b, ok = bytes.CutPrefix(b, []byte(plainID))
	if !ok {
		return jsonrpc.ID{}, b, true
	}
	var raw any
	if name, isString := bytes.CutPrefix(b, []byte{'"'}); isString {
		name, rest, ok = bytes.Cut(name, []byte{'"'})
		if !ok || !plainString(name) {
			return jsonrpc.ID{}, b, false
		}
		raw = string(name)
	} else {
		n, number := 0, 0.0
		for ; n < len(b) && n <= plainDigits && '0' <= b[n] && b[n] <= '9'; n++ {
			number = 10*number + float64(b[n]-'0')
		}
		if n == 0 || n > plainDigits || (b[0] == '0' && n > 1) {
			return jsonrpc.ID{}, b, false
		}
		raw, rest = number, b[n:]
	}
	id, err := jsonrpc.MakeID(raw)
	return id, rest, err == nil
}
