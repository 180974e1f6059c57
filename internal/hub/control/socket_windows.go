package control

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
)

// endpoint is what the file at a control socket's path holds.
type endpoint struct {
	Address string `json:"address"`
	Token   string `json:"token"` // of this hub's life only
}

// listen opens a loopback port and writes down where it is. The lock is held.
func (s *Socket) listen() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.Listener, s.token = l, rand.Text()
	data, err := json.Marshal(endpoint{l.Addr().String(), s.token})
	if err == nil {
		err = writePrivate(s.path, data)
	}
	if err != nil {
		l.Close()
	}
	return err
}

func readEndpoint(path string) (endpoint, error) {
	var e endpoint
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &e)
	}
	if err != nil {
		return e, fmt.Errorf("control socket %s: %w", path, err)
	}
	return e, nil
}

func dialSocket(ctx context.Context, path string) (net.Conn, error) {
	e, err := readEndpoint(path)
	if err != nil {
		return nil, err
	}
	return new(net.Dialer).DialContext(ctx, "tcp", e.Address)
}

func authorize(r *http.Request, path string) error {
	e, err := readEndpoint(path)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+e.Token)
	return nil
}
