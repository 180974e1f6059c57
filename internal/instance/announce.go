package instance

import (
	"context"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/standardbeagle/brum/discovery"
	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
)

const (
	registerSoon     = 500 * time.Millisecond // after the first failure, doubled with each
	registerLate     = 15 * time.Second       // but at most this
	registerWithin   = 10 * time.Second       // an attempt
	unregisterWithin = 300 * time.Millisecond // at exit; what is left is found dead
)

// announce keeps the instance's discovery file until ctx is done, and then
// removes it. While the file can't be written the instance works on, unfound,
// and announce tries again.
func (in *Instance) announce(ctx context.Context, srv *server) {
	reg := in.register(ctx, srv)
	if reg == nil {
		return
	}
	in.logger.Info("registered", "instance", reg.Instance())
	reg.Run(ctx) // ends with ctx
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unregisterWithin)
	defer cancel()
	if err := reg.Unregister(ctx); err != nil {
		in.logger.Warn("the discovery file stays", "error", err)
	}
}

// register returns nil when ctx is done.
func (in *Instance) register(ctx context.Context, srv *server) *discovery.Registration {
	complained := errors.Kind(0)
	pause := registerSoon
	for attempt := 1; ; attempt++ {
		reg, err := in.registerOnce(ctx, srv)
		if err == nil {
			return reg
		}
		if ctx.Err() != nil {
			return nil
		}
		if kind := errors.Of(err); attempt == 1 || kind != complained {
			complained = kind
			in.logger.Error("hubs can't find this instance; trying again", "error", err, "in", pause)
		} else {
			in.logger.Debug("not registered yet", "error", err, "attempt", attempt, "in", pause)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
		pause = min(2*pause, registerLate)
	}
}

func (in *Instance) registerOnce(ctx context.Context, srv *server) (*discovery.Registration, error) {
	ctx, cancel := context.WithTimeout(ctx, registerWithin)
	defer cancel()
	if err := srv.answers(ctx); err != nil {
		return nil, err
	}
	registry, err := discovery.Open(discovery.Config{Dir: in.cfg.DiscoveryDir, Log: in.logger})
	if err != nil {
		return nil, err
	}
	return registry.Register(ctx, discovery.Instance{
		ID: in.id, Name: in.cfg.Name, Directory: in.cfg.Dir, Port: srv.addr().Port,
		StartedAt:  in.started,
		SessionURL: sessionURL(in.cfg.Host, srv.addr()), Protocol: sessionVersions, Token: srv.token,
	})
}

// sessionVersions are the versions of the session protocol on offer.
var sessionVersions = discovery.VersionRange{Min: session.ProtocolVersion, Max: session.ProtocolVersion}

// sessionURL has the address rather than the name that was to be listened on,
// except for localhost, which is two addresses.
func sessionURL(host string, addr *net.TCPAddr) string {
	at := addr.String()
	if strings.EqualFold(host, "localhost") {
		at = net.JoinHostPort("localhost", strconv.Itoa(addr.Port))
	}
	return (&url.URL{Scheme: "ws", Host: at, Path: sessionPath}).String()
}
