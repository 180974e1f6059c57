package main

import (
	"context"
	"net"
	"net/http"
)

// serveHTTP serves until ctx is done, and then ends what it knows of.
func serveHTTP(ctx context.Context, l net.Listener, s *http.Server) error {
	defer context.AfterFunc(ctx, func() { s.Close() })()
	if err := s.Serve(l); ctx.Err() == nil {
		return err
	}
	return nil
}
