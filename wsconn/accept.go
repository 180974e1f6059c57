package wsconn

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/coder/websocket"
)

// AcceptOptions adjust Accept. nil and zero values mean defaults.
type AcceptOptions struct {
	// Access says which hosts and origins are welcome. Unlike for [RefuseForeign], a
	// browser's Origin must be listed even if it is the same as the host.
	Access Access
}

// Accept upgrades a request and hands its attach request to attach, which answers with a
// reply, at most [MaxAttach] bytes, and whether the connection is welcome. attach is called
// at most once, after everything else about the request was found to be right, and before
// anything is written.
//
// On an error (*[RefusedError] if an HTTP answer was given) there is no connection; an
// answer has been written to w. The connection outlives the handler.
func Accept(w http.ResponseWriter, r *http.Request, o *AcceptOptions, attach func(request []byte) (reply []byte, ok bool)) (*Conn, error) {
	if o == nil {
		o = &AcceptOptions{}
	}
	request, refused := checkUpgrade(w, r, &o.Access)
	if refused != nil {
		refuse(w, refused)
		return nil, refused
	}
	reply, ok := attach(request)
	line, err := encodeAttach(replyHeader, reply)
	if err != nil {
		refused := &RefusedError{Status: http.StatusInternalServerError, Reason: "no usable reply", Err: err}
		refuse(w, refused)
		return nil, refused
	}
	w.Header().Set(replyHeader, line)
	if !ok {
		refused := &RefusedError{Status: http.StatusConflict, Reason: "attach refused"}
		refuse(w, refused)
		return nil, refused
	}
	return upgrade(w, r)
}

func refuse(w http.ResponseWriter, e *RefusedError) {
	w.Header().Set("Connection", "close") // strangers do not get to keep a connection
	http.Error(w, e.Reason, e.Status)
}

// checkUpgrade says what is wrong with an upgrade request, or returns its attach request.
func checkUpgrade(w http.ResponseWriter, r *http.Request, access *Access) ([]byte, *RefusedError) {
	h := r.Header
	bad := func(reason string) ([]byte, *RefusedError) {
		return nil, &RefusedError{Status: http.StatusBadRequest, Reason: reason}
	}
	if e := access.checkHost(r); e != nil {
		return nil, e
	}
	if e := access.checkOrigin(r, listedOnly); e != nil {
		return nil, e
	}
	switch {
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		return nil, &RefusedError{Status: http.StatusMethodNotAllowed, Reason: "an upgrade is a GET"}
	case r.ProtoMajor != 1 || r.ProtoMinor < 1 || !hasToken(h, "Connection", "upgrade") || !hasToken(h, "Upgrade", "websocket"):
		w.Header().Set("Upgrade", "websocket")
		return nil, &RefusedError{Status: http.StatusUpgradeRequired, Reason: "this is a WebSocket endpoint"}
	case h.Get("Sec-Websocket-Version") != "13":
		w.Header().Set("Sec-Websocket-Version", "13")
		return bad("the WebSocket version must be 13")
	case !validKey(h["Sec-Websocket-Key"]):
		return bad("the Sec-WebSocket-Key is not one of 16 bytes")
	case !hasToken(h, "Sec-Websocket-Protocol", Subprotocol):
		return bad("the subprotocol must be " + Subprotocol)
	case r.ContentLength != 0 || len(r.TransferEncoding) > 0:
		return bad("an upgrade has no body")
	case headerSize(h) > maxHeader:
		return nil, &RefusedError{Status: http.StatusRequestHeaderFieldsTooLarge, Reason: "too many header bytes"}
	case !canHijack(w):
		return nil, &RefusedError{Status: http.StatusNotImplemented, Reason: "this connection can't be upgraded"}
	}
	request, err := decodeAttach(h, attachHeader)
	if err != nil {
		return nil, &RefusedError{Status: http.StatusBadRequest, Reason: "unusable attach header", Err: err}
	}
	return request, nil
}

func hasToken(h http.Header, name, token string) bool {
	for _, line := range h[name] {
		for t := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}

func validKey(lines []string) bool {
	if len(lines) != 1 {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(lines[0])
	return err == nil && len(key) == 16
}

// canHijack reports whether some writer below w can give its connection away, in the way
// http.ResponseController looks for it.
func canHijack(w http.ResponseWriter) bool {
	for {
		switch t := w.(type) {
		case http.Hijacker:
			return true
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return false
		}
	}
}

func upgrade(w http.ResponseWriter, r *http.Request) (*Conn, error) {
	c := &Conn{}
	hw := &hijackWriter{ResponseWriter: w}
	ws, err := websocket.Accept(hw, r, &websocket.AcceptOptions{
		Subprotocols:       []string{Subprotocol},
		InsecureSkipVerify: true, // Access has judged the origin
		CompressionMode:    websocket.CompressionDisabled,
		OnPingReceived:     c.onPing,
	})
	if err != nil {
		return nil, fmt.Errorf("wsconn: upgrade: %w", err)
	}
	ws.SetReadLimit(MaxPacket)
	c.ws, c.stream = ws, hw.stream
	return c, nil
}

// hijackWriter puts a stream between the WebSocket library and the connection it takes over.
type hijackWriter struct {
	http.ResponseWriter
	stream *stream
}

func (w *hijackWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.stream = newStream(conn, conn)
	// The library writes only close frames, for which the usual 4 KiB would be a waste.
	rw.Writer = bufio.NewWriterSize(w.stream, 256)
	return w.stream, rw, nil
}
