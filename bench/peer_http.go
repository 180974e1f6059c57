package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// httpPeer posts each message over HTTP/1.1 connections that are kept alive; what the server
// sends is in the answer to the request that was its cause. Requests that are outstanding
// together have a connection each.
type httpPeer struct{}

func (httpPeer) name() string { return "http" }
func (httpPeer) about() string {
	return "HTTP/1.1 keep-alive, a POST for each message, net/http on both sides"
}
func (httpPeer) gives() string {
	return "an answer to each request; a failed one may have been executed"
}
func (httpPeer) maxMessage() int { return 0 }

const httpSession = "Bench-Session"

func (httpPeer) serve(ctx context.Context, l net.Listener, accept func(sender) receiver) error {
	h := &httpServer{accept: accept, sessions: map[string]*httpReply{}}
	return serveHTTP(ctx, l, &http.Server{Handler: h})
}

type httpServer struct {
	accept   func(sender) receiver
	mu       sync.Mutex
	sessions map[string]*httpReply
}

// httpReply takes a session's messages one by one, and keeps what is sent meanwhile.
type httpReply struct {
	mu   sync.Mutex
	take receiver
	out  []byte
	sent bool
}

func (r *httpReply) send(msg []byte) error {
	r.out, r.sent = append(r.out[:0], msg...), true
	return nil
}

func (r *httpReply) close() error { return nil }

func (h *httpServer) session(id string) *httpReply {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.sessions[id]
	if r == nil {
		r = &httpReply{}
		r.take = h.accept(r)
		h.sessions[id] = r
	}
	return r
}

func (h *httpServer) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	msg := make([]byte, max(0, req.ContentLength))
	if _, err := io.ReadFull(req.Body, msg); err != nil {
		return
	}
	r := h.session(req.Header.Get(httpSession))
	r.mu.Lock()
	r.sent = false
	err := r.take(msg)
	out := bytes.Clone(r.out)
	sent := r.sent
	r.mu.Unlock()
	switch {
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
	case sent:
		w.Write(out)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (httpPeer) dial(addr string) (conn, error) {
	t := &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 10 * time.Minute, DisableCompression: true}
	return &httpConn{
		url: "http://" + addr, id: rand.Text(), transport: t,
		client: &http.Client{Transport: t}, answers: make(chan []byte, 64), closed: make(chan struct{}),
	}, nil
}

type httpConn struct {
	url, id   string
	transport *http.Transport
	client    *http.Client
	answers   chan []byte
	once      sync.Once
	closed    chan struct{}
}

func (c *httpConn) send(msg []byte) error {
	req, err := http.NewRequest(http.MethodPost, c.url, bytes.NewReader(msg))
	if err != nil {
		return err
	}
	req.Header.Set(httpSession, c.id)
	resp, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusNoContent:
		return nil
	case http.StatusOK:
		body := make([]byte, max(0, resp.ContentLength))
		if resp.ContentLength < 0 { // too large for the server to know
			body, err = io.ReadAll(resp.Body)
		} else {
			_, err = io.ReadFull(resp.Body, body)
		}
		if err == nil {
			c.answers <- body
		}
		return err
	default:
		return fmt.Errorf("the server answered %s", resp.Status)
	}
}

func (c *httpConn) each(f func([]byte) bool) error {
	for {
		select {
		case msg := <-c.answers:
			if !f(msg) {
				return nil
			}
		case <-c.closed:
			return net.ErrClosed
		}
	}
}

func (c *httpConn) close() error {
	c.once.Do(func() { close(c.closed) })
	c.transport.CloseIdleConnections()
	return nil
}
