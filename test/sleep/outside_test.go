//go:build sleep && linux

package sleep

import (
	"context"
	"crypto/tls"
	"fmt"
	"path/filepath"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/test/sleep/side"
)

// outside is what runs outside of the guest and never sleeps.
type outside struct {
	hub      *side.Hub
	instance *side.Host
	follower *side.Follower
	guest    string // id of the instance in the guest
}

// startOutside starts all that needs no guest.
func startOutside(ctx context.Context, dir string) (*outside, error) {
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		return nil, err
	}
	o := &outside{}
	if o.instance, err = side.StartInstance(ctx, filepath.Join(dir, "brum-instance"), filepath.Join(dir, "instance"), filepath.Join(dir, "guest")); err != nil {
		return o, err
	}
	if err = side.OpenGate(side.OutsideAddress+":"+side.GatePort, o.instance.Port, cert); err != nil {
		return o, err
	}
	if err = echoSessions(cert); err != nil {
		return o, err
	}
	o.hub, err = side.StartHub(ctx, filepath.Join(dir, "brum-hub"), filepath.Join(dir, "hub"), "SSL_CERT_FILE="+filepath.Join(dir, "cert.pem"))
	return o, err
}

// find has the hub find the guest's instance.
func (o *outside) find(ctx context.Context, file []byte) error {
	if err := o.hub.Announce(file, "wss://"+side.GuestAddress+":"+side.GatePort+"/session"); err != nil {
		return err
	}
	if err := o.hub.WaitActive(ctx); err != nil {
		return err
	}
	i, err := o.hub.Instance(ctx)
	if err != nil {
		return err
	}
	o.guest = i.ID
	o.follower, err = o.hub.Follow(i.ID)
	return err
}

// stop ends the programs.
func (o *outside) stop() {
	if o.follower != nil {
		o.follower.Stop()
	}
	if o.hub != nil {
		o.hub.Stop()
	}
	if o.instance != nil {
		o.instance.Stop()
	}
}

// echoSessions accepts sessions and sends back what they send.
func echoSessions(cert tls.Certificate) error {
	a, err := session.NewAcceptor(&session.AcceptorConfig{Config: session.Config{Key: []byte(side.SessionKey)}})
	if err != nil {
		return err
	}
	go func() {
		for {
			s, err := a.Accept(context.Background())
			if err != nil {
				return
			}
			go echo(s)
		}
	}()
	return side.ServeTLS(side.OutsideAddress+":"+side.SessionPort, brum.Handler(a, nil), cert)
}

func echo(s *session.Session) {
	for {
		msg, err := s.Receive(context.Background())
		if err != nil || s.Send(context.Background(), msg) != nil {
			return
		}
	}
}

func (o *outside) String() string { return fmt.Sprintf("%v\n%v", o.hub, o.instance) }
