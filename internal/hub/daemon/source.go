package daemon

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"sync"

	"github.com/standardbeagle/brum/discovery"
	"github.com/standardbeagle/brum/internal/hub"
	"github.com/standardbeagle/brum/power"
)

// source finds instances by their files.
type source struct {
	registry *discovery.Registry
	power    *power.Monitor
}

func newSource(dir string, monitor *power.Monitor, log *slog.Logger) (*source, error) {
	r, err := discovery.Open(discovery.Config{Dir: dir, Log: log})
	if err != nil {
		return nil, err
	}
	return &source{r, monitor}, nil
}

// Watch implements hub.Source.
func (s *source) Watch(ctx context.Context, update func([]hub.Found)) error {
	woken := s.power.Subscribe(power.Resume) // before the first look, so that none falls between
	w, err := s.registry.Watch(ctx)
	if err != nil {
		woken.Close()
		return err
	}
	defer w.Close()
	var rescanning sync.WaitGroup
	rescanning.Go(func() {
		for range woken.C { // notifications may have been lost in sleep
			w.Rescan()
		}
	})
	defer rescanning.Wait()
	defer woken.Close()
	for {
		instances := w.Instances()
		found := make([]hub.Found, len(instances))
		for i, instance := range instances {
			found[i] = foundFrom(instance)
		}
		update(found)
		if _, err := w.Next(ctx); err != nil {
			if ctx.Err() != nil || errors.Is(err, discovery.ErrClosed) {
				return nil
			}
			return err
		}
	}
}

func foundFrom(i discovery.Instance) hub.Found {
	life := digest(string(i.Token), i.StartedAt.String(), fmt.Sprint(i.Process.PID), i.Process.Start, i.Process.BootID)
	return hub.Found{
		ID:         i.ID,
		Name:       i.Name,
		Directory:  i.Directory,
		SessionURL: i.SessionURL,
		HTTPURL:    httpURL(i),
		Key:        []byte(i.Token),
		Life:       life,
		Fresh:      digest(life, i.Name, i.Directory, i.SessionURL, fmt.Sprint(i.Port)),
	}
}

// httpURL is where an instance takes MCP over HTTP: beside its sessions or, for an existing
// brummer, at its port on this machine.
func httpURL(i discovery.Instance) string {
	u, err := url.Parse(i.SessionURL)
	switch {
	case err != nil:
		return ""
	case i.SessionURL == "":
		u = &url.URL{Scheme: "http", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(i.Port))}
	case u.Scheme == "ws":
		u.Scheme = "http"
	case u.Scheme == "wss":
		u.Scheme = "https"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/mcp"}).String()
}

// digest tells lists of texts apart without showing them.
func digest(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		fmt.Fprintf(h, "%d:%s", len(t), t)
	}
	return hex.EncodeToString(h.Sum(nil))
}
