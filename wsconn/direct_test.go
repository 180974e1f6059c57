package wsconn

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	brumerrors "github.com/standardbeagle/brum/errors"
)

// answering serves one connection: answer gets the request and writes what it likes.
func answering(t *testing.T, answer func(c net.Conn, r *http.Request)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			t.Errorf("the request: %v", err)
			return
		}
		answer(c, r)
	}()
	t.Cleanup(func() {
		l.Close()
		<-served
	})
	return "ws://" + l.Addr().String()
}

func switching(r *http.Request) string {
	return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Protocol: " + Subprotocol + "\r\n" + replyHeader + ": AAAA\r\n" +
		"Sec-WebSocket-Accept: " + acceptKey(r.Header.Get("Sec-Websocket-Key")) + "\r\n\r\n"
}

// A server may send its first packets along with its answer, and say something before that.
func TestWhatComesWithTheAnswer(t *testing.T) {
	for name, before := range map[string]string{
		"nothing before": "",
		"early hints":    strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", maxInterim),
	} {
		t.Run(name, func(t *testing.T) {
			first, second := testBytes(100), testBytes(3000)
			read := make(chan struct{})
			url := answering(t, func(c net.Conn, r *http.Request) {
				p := []byte(before + switching(r))
				p = append(appendFrameHeader(p, opBinary, len(first), 0), first...)
				p = append(appendFrameHeader(p, opBinary, len(second), 0), second...)
				c.Write(p)
				<-read
			})
			c, _, err := Dial(t.Context(), url, nil, nil)
			if err != nil {
				close(read)
				t.Fatal(err)
			}
			defer c.Close()
			defer close(read)
			for _, want := range [][]byte{first, second} {
				if got := next(t, c); string(got) != string(want) {
					t.Errorf("%d bytes arrived as %d others", len(want), len(got))
				}
			}
		})
	}
}

// No answer makes a dial read without end, or wait for more than its head.
func TestAnswersWithoutSense(t *testing.T) {
	endless := func(c net.Conn, text string) {
		for {
			if _, err := c.Write([]byte(text)); err != nil {
				return // the dialer has hung up
			}
		}
	}
	for _, tt := range []struct {
		says   string
		answer func(c net.Conn)
	}{
		{errInterim.Error(), func(c net.Conn) { endless(c, "HTTP/1.1 103 Early Hints\r\n\r\n") }},
		{errHeader.Error(), func(c net.Conn) {
			c.Write([]byte("HTTP/1.1 101 Switching Protocols\r\n"))
			endless(c, "X-Filler: x\r\n")
		}},
		{errHeader.Error(), func(c net.Conn) { endless(c, "HTTP/1.1 101 ") }},
		{"does not answer in HTTP", func(c net.Conn) { c.Write([]byte("220 smtp.example ready\r\n")) }},
		{"hung up", func(net.Conn) {}},
		{"hung up", func(c net.Conn) { c.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConn")) }},
		{`200 OK: "words, words"`, func(c net.Conn) {
			c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"))
			endless(c, "words, words\n")
		}},
	} {
		t.Run(tt.says, func(t *testing.T) {
			url := answering(t, func(c net.Conn, _ *http.Request) { tt.answer(c) })
			c, reply, err := Dial(t.Context(), url, nil, nil)
			if c != nil || reply != nil || err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("Dial: %v, %q, %v", c, reply, err)
			}
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("the error has several lines: %q", err)
			}
		})
	}
}

// An answer whose body does not come is an answer all the same, within the time of the dial.
func TestBodyThatDoesNotCome(t *testing.T) {
	hangs := func(c net.Conn, _ *http.Request) {
		c.Write([]byte("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 1000\r\n\r\nbusy"))
		c.Read(make([]byte, 1)) // until the dialer hangs up
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, _, err := Dial(ctx, answering(t, hangs), nil, nil)
	if e, ok := errors.AsType[*StatusError](err); !ok || e.Status != http.StatusServiceUnavailable || e.Body != "busy" {
		t.Errorf("Dial: %v", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
}

// What stands in the URL is asked for: its host and port, or the port of its scheme.
func TestAddressOfAURL(t *testing.T) {
	for raw, want := range map[string]string{
		"ws://example.com/x":          "example.com:80",
		"http://example.com:7777":     "example.com:7777",
		"wss://example.com":           "example.com:443",
		"https://[::1]/":              "[::1]:443",
		"ws://[fe80::1%25eth0]:8080/": "[fe80::1%eth0]:8080",
		"ws://bücher.example/":        "xn--bcher-kva.example:80",
	} {
		var asked string
		refused := errors.New("not dialled")
		_, _, err := Dial(t.Context(), raw, nil, &DialOptions{
			Proxy: func(*http.Request) (*url.URL, error) { return nil, nil },
			DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
				asked = network + " " + address
				return nil, refused
			},
		})
		if asked != "tcp "+want || !errors.Is(err, refused) {
			t.Errorf("%s: asked for %q, %v", raw, asked, err)
		}
	}
}

func TestProxyThatCantBeTold(t *testing.T) {
	broken := errors.New("which proxy?")
	_, _, err := Dial(t.Context(), "ws://127.0.0.1:1", nil, &DialOptions{
		Proxy: func(*http.Request) (*url.URL, error) { return nil, broken },
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, fmt.Errorf("dialled all the same")
		},
	})
	if !errors.Is(err, broken) {
		t.Errorf("Dial: %v", err)
	}
}

// A server that goes away instead of answering is one that can't be reached for now.
func TestServerThatHangsUp(t *testing.T) {
	url := answering(t, func(c net.Conn, _ *http.Request) { c.(*net.TCPConn).SetLinger(0) })
	if _, _, err := Dial(t.Context(), url, nil, nil); !brumerrors.IsTemporary(err) {
		t.Errorf("Dial: %v (kind %v)", err, brumerrors.Of(err))
	}
	url = answering(t, func(net.Conn, *http.Request) {})
	if _, _, err := Dial(t.Context(), url, nil, nil); !brumerrors.IsTemporary(err) {
		t.Errorf("Dial: %v (kind %v)", err, brumerrors.Of(err))
	}
}
