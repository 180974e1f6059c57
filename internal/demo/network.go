package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/standardbeagle/brum/discovery"
	"github.com/standardbeagle/brum/internal/faultproxy"
)

// network lies between the hub and the instances: for every instance file that appears in
// from it puts a copy into to, in which the address is that of a proxy.
type network struct {
	from, to string
	watcher  *discovery.Watcher
	relayed  chan error // the end of relay

	mu      sync.Mutex
	proxies map[string]*faultproxy.Proxy // by instance id
}

func newNetwork(from, to string) (*network, error) {
	registry, err := discovery.Open(discovery.Config{Dir: from})
	if err != nil {
		return nil, err
	}
	w, err := registry.Watch(context.Background())
	if err != nil {
		return nil, err
	}
	n := &network{from: from, to: to, watcher: w, relayed: make(chan error, 1), proxies: make(map[string]*faultproxy.Proxy)}
	go func() { n.relayed <- n.relay() }()
	return n, nil
}

func (n *network) relay() error {
	for {
		event, err := n.watcher.Next(context.Background())
		switch {
		case errors.Is(err, discovery.ErrClosed):
			return nil
		case err != nil:
			return err
		case event.Change == discovery.Removed:
			os.Remove(filepath.Join(n.to, event.Instance.ID+".json"))
		default:
			if err := n.copyFile(event.Instance); err != nil {
				return fmt.Errorf("relay %s: %w", event.Instance.ID, err)
			}
		}
	}
}

// copyFile writes the copy of an instance's file, at once whole.
func (n *network) copyFile(i discovery.Instance) error {
	session, err := url.Parse(i.SessionURL)
	if err != nil {
		return err
	}
	proxy, err := n.proxy(i.ID, session.Host)
	if err != nil {
		return err
	}
	name := i.ID + ".json"
	data, err := os.ReadFile(filepath.Join(n.from, name))
	if err != nil {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	session.Host = proxy.Addr()
	if fields["session_url"], err = json.Marshal(session.String()); err != nil {
		return err
	}
	if data, err = json.Marshal(fields); err != nil {
		return err
	}
	draft := filepath.Join(filepath.Dir(n.to), name)
	if err := os.WriteFile(draft, data, 0o600); err != nil {
		return err
	}
	return os.Rename(draft, filepath.Join(n.to, name))
}

// proxy returns the instance's proxy, which leads to target.
func (n *network) proxy(id, target string) (*faultproxy.Proxy, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if p := n.proxies[id]; p != nil {
		p.Retarget(target)
		return p, nil
	}
	p, err := faultproxy.New(target)
	if err == nil {
		n.proxies[id] = p
	}
	return p, err
}

// fail makes everything that is sent vanish, without an end of any connection.
func (n *network) fail() { n.each((*faultproxy.Proxy).Blackhole) }

// heal lets new connections through; those of before stay as dead as they are.
func (n *network) heal() { n.each((*faultproxy.Proxy).Heal) }

func (n *network) each(f func(*faultproxy.Proxy)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.proxies {
		f(p)
	}
}

func (n *network) close() error {
	n.watcher.Close()
	errs := []error{<-n.relayed}
	n.each(func(p *faultproxy.Proxy) { errs = append(errs, p.Close()) })
	return errors.Join(errs...)
}
