package daemon

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/internal/hub"
	"github.com/standardbeagle/brum/metrics"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

// newDialer begins sessions in the name of owner, which guard looks after and counted counts.
func newDialer(owner session.ID, guard *brum.Guard, counted *metrics.Sessions, log *slog.Logger) hub.Dialer {
	options := &wsconn.DialOptions{DialContext: newDialBudget(wsconn.DialTCP)}
	return func(f hub.Found) (*session.Session, error) {
		if err := checkURL(f.SessionURL); err != nil {
			return nil, err
		}
		cfg := session.Config{Key: f.Key, Owner: owner, Observe: counted.Peer(f.Name)}
		// The hub logs the states that people see; those of the session are for debugging.
		if log.Enabled(context.Background(), slog.LevelDebug) {
			cfg.Logger = log.With("instance", f.ID)
		}
		return guard.Dial(f.SessionURL, &cfg, options)
	}
}

// checkURL refuses what would send an instance's output over a network in the clear.
func checkURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return fmt.Errorf("URL of the instance: %w", err)
	}
	if u.Scheme == "wss" || u.Scheme == "https" {
		return nil
	}
	host := u.Hostname()
	if ip, err := netip.ParseAddr(host); strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback() {
		return nil
	}
	return fmt.Errorf("%s is on another machine and not encrypted: offer it as wss", net.JoinHostPort(host, u.Port()))
}

// owner is the lasting identity of the hub at a socket. Instances end the session of an
// earlier hub when a new one with the same identity comes. It is made from the hub's
// token, which it does not give away.
func owner(token, socket string) session.ID {
	return session.ID(derive(token, "brum hub identity\x00"+socket)[:16])
}

// derive makes a secret of the token, which it does not give away.
func derive(token, purpose string) []byte {
	m := hmac.New(sha256.New, []byte(token))
	m.Write([]byte(purpose))
	return m.Sum(nil)
}
