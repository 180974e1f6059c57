//go:build sleep && linux

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/standardbeagle/brum/test/sleep/side"
)

const (
	patience = 45 * time.Second // for what should take a few seconds in a slow guest
	dir      = "/run/brum"
	cert     = "/etc/brum/cert.pem"
	key      = "/etc/brum/key.pem"
	nic      = "eth0"
)

// machine is this guest, and what runs in it.
type machine struct {
	hub      *side.Hub
	instance *side.Host
	follower *side.Follower
	session  *subject
	outside  string // id of the instance outside
	nap      *nap   // the last
}

func newMachine() (*machine, error) {
	m := &machine{}
	if err := ip("link set lo up"); err != nil {
		return nil, err
	}
	return m, m.joinNetwork()
}

// joinNetwork does what a network manager does where there is a network.
func (m *machine) joinNetwork() error {
	for _, step := range []string{
		"link set " + nic + " up",
		"addr replace " + side.GuestAddress + side.Network + " dev " + nic,
		"route replace default via " + side.OutsideAddress,
	} {
		if err := ip(step); err != nil {
			return err
		}
	}
	return nil
}

// leaveNetwork does what it does before a sleep, or where there is none.
func (m *machine) leaveNetwork() error {
	if err := ip("addr flush dev " + nic); err != nil {
		return err
	}
	return ip("link set " + nic + " down")
}

func ip(args string) error { return run("ip", strings.Fields(args)...) }

func run(name string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w: %s", name, args, err, out)
	}
	return nil
}

// obey carries out an order.
func (m *machine) obey(o side.Order) (side.Answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	switch o.Do {
	case side.DoStart:
		return m.start(ctx, o.File)
	case side.DoSleep:
		return side.Answer{}, m.sleep(o)
	case side.DoReturn:
		err := m.joinNetwork()
		m.nap.back = now()
		return side.Answer{}, err
	case side.DoStep:
		w, err := m.step(ctx)
		return side.Answer{Wake: w}, err
	case side.DoReport:
		w, err := m.report(ctx)
		return side.Answer{Wake: w}, err
	case side.DoLogs:
		return side.Answer{Logs: m.logs()}, nil
	}
	return side.Answer{}, fmt.Errorf("what is %q?", o.Do)
}

// start runs everything and waits until it works.
func (m *machine) start(ctx context.Context, file []byte) (a side.Answer, err error) {
	certificate, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return a, err
	}
	if m.instance, err = side.StartInstance(ctx, "/usr/bin/brum-instance", dir+"/instance", "/usr/bin/guest"); err != nil {
		return a, err
	}
	if err = side.OpenGate(side.GuestAddress+":"+side.GatePort, m.instance.Port, certificate); err != nil {
		return a, err
	}
	if m.hub, err = side.StartHub(ctx, "/usr/bin/brum-hub", dir+"/hub", "SSL_CERT_FILE="+cert); err != nil {
		return a, err
	}
	if m.session, err = newSubject(); err != nil {
		return a, err
	}
	if err = m.hub.Announce(file, "wss://"+side.OutsideAddress+":"+side.GatePort+"/session"); err != nil {
		return a, err
	}
	if err = m.hub.WaitActive(ctx); err != nil {
		return a, err
	}
	i, err := m.hub.Instance(ctx)
	if err != nil {
		return a, err
	}
	m.outside = i.ID
	if m.follower, err = m.hub.Follow(i.ID); err != nil {
		return a, err
	}
	if err = m.session.echo(ctx); err != nil {
		return a, err
	}
	state, err := m.state(ctx)
	return side.Answer{File: m.instance.File, State: &state}, err
}

// state is how things stand.
func (m *machine) state(ctx context.Context) (side.State, error) {
	i, err := m.hub.Instance(ctx)
	return side.State{Hub: i, Session: m.session.state(), Logs: m.follower.Logs()}, err
}

func (m *machine) logs() string {
	var b strings.Builder
	if m.hub != nil {
		fmt.Fprintln(&b, m.hub)
	}
	if m.instance != nil {
		fmt.Fprintln(&b, m.instance)
	}
	return b.String()
}

// now is the wall clock, which goes on in sleep, without the monotonic one, which does not.
func now() time.Time { return time.Now().Round(0) }

func init() { os.Setenv("HOME", "/root") }
