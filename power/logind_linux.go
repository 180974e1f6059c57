package power

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/standardbeagle/brum/power/internal/system"
)

const (
	login1     = "org.freedesktop.login1"
	login1Path = dbus.ObjectPath("/org/freedesktop/login1")
	manager    = login1 + ".Manager"
	busName    = "org.freedesktop.DBus"

	// busPatience is how long the bus and logind may take to answer.
	busPatience = 10 * time.Second
	// defaultDelay is InhibitDelayMaxSec as logind has it, should it not say.
	defaultDelay = 5 * time.Second
)

var (
	errNoLogind = errors.New("power: logind is not on the system bus")
	errBusLost  = errors.New("power: the connection to the system bus is lost")
)

// logind watches systemd-logind, or elogind, over a connection of its own to the system bus. It
// ends with an error when the bus does.
type logind struct {
	address string // of the bus; empty: the system's
	who     string
}

func (l logind) backend() system.Backend {
	return system.Backend{Name: string(Logind), Role: system.SleepRole, Run: l.run,
		Partial: true} // sleeps that did not go through logind, and pauses
}

func (l logind) run(ctx context.Context, sink system.Sink) error {
	conn, err := l.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	w := &logindWatch{conn: conn, sink: sink, signals: make(chan *dbus.Signal, 16)}
	w.lock = sleepLock{manager: conn.Object(login1, login1Path), who: l.who, sink: sink}
	defer w.lock.release()
	conn.Signal(w.signals)
	if err := w.begin(ctx); err != nil {
		return err
	}
	sink.Ready()
	return w.watch(ctx)
}

// connect does not share a connection: ours is closed when it fails, and signals on it come in
// their order, which the default handler of godbus does not promise.
func (l logind) connect(ctx context.Context) (*dbus.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	patience := time.AfterFunc(busPatience, cancel)
	defer patience.Stop()
	options := []dbus.ConnOption{dbus.WithContext(ctx), dbus.WithSignalHandler(dbus.NewSequentialSignalHandler())}
	var conn *dbus.Conn
	var err error
	if l.address == "" {
		conn, err = dbus.ConnectSystemBus(options...)
	} else {
		conn, err = dbus.Connect(l.address, options...)
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("power: connect to the system bus: %w", err)
	}
	context.AfterFunc(conn.Context(), cancel)
	return conn, nil
}

// logindWatch is one connection's worth of watching.
type logindWatch struct {
	conn      *dbus.Conn
	sink      system.Sink
	signals   chan *dbus.Signal
	owner     string // unique name of logind; only what it sends is believed
	budget    time.Duration
	preparing bool
	lock      sleepLock
}

// begin subscribes first, and asks how things stand only then, so that nothing falls between.
func (w *logindWatch) begin(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, busPatience)
	defer cancel()
	for _, match := range [][]dbus.MatchOption{
		{dbus.WithMatchSender(login1), dbus.WithMatchObjectPath(login1Path), dbus.WithMatchInterface(manager), dbus.WithMatchMember("PrepareForSleep")},
		{dbus.WithMatchSender(busName), dbus.WithMatchInterface(busName), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, login1)},
	} {
		if err := w.conn.AddMatchSignalContext(ctx, match...); err != nil {
			return fmt.Errorf("power: subscribe to signals of logind: %w", err)
		}
	}
	var has bool
	if err := w.conn.BusObject().CallWithContext(ctx, busName+".NameHasOwner", 0, login1).Store(&has); err != nil {
		return fmt.Errorf("power: ask the bus for logind: %w", err)
	}
	if !has {
		return errNoLogind
	}
	var owner string
	if err := w.conn.BusObject().CallWithContext(ctx, busName+".GetNameOwner", 0, login1).Store(&owner); err != nil {
		return fmt.Errorf("power: ask the bus for logind: %w", err)
	}
	return w.adopt(ctx, owner)
}

// adopt begins with a logind, the first or one that was started anew.
func (w *logindWatch) adopt(ctx context.Context, owner string) error {
	w.owner, w.preparing = owner, false
	w.budget = share(defaultDelay)
	if v, ok := w.property(ctx, "InhibitDelayMaxUSec").(uint64); ok && v > 0 {
		w.budget = share(time.Duration(min(v, uint64(time.Hour/time.Microsecond))) * time.Microsecond)
	}
	if on, ok := w.property(ctx, "PreparingForSleep").(bool); ok && on {
		w.prepare()
	}
	return w.hold(ctx)
}

// share is what hooks get of logind's patience: it also has to hear that the lock is released.
func share(d time.Duration) time.Duration { return d * 8 / 10 }

func (w *logindWatch) property(ctx context.Context, name string) any {
	var v dbus.Variant
	// Whatever is wrong, there are defaults.
	_ = w.conn.Object(login1, login1Path).CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, manager, name).Store(&v)
	return v.Value()
}

// watch handles signals until the bus is lost, or logind for good.
func (w *logindWatch) watch(ctx context.Context) error {
	var gone <-chan time.Time
	for {
		_, changed := w.sink.Hold()
		if w.owner != "" {
			if err := w.hold(ctx); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-gone:
			return errNoLogind
		case s, open := <-w.signals:
			if !open {
				return errBusLost
			}
			if err := w.signal(ctx, s); err != nil {
				return err
			}
			switch {
			case w.owner != "":
				gone = nil
			case gone == nil:
				gone = time.After(busPatience)
			}
		}
	}
}

// signal handles one, whatever it looks like. Anybody on the bus may send us what looks like
// logind's.
func (w *logindWatch) signal(ctx context.Context, s *dbus.Signal) error {
	switch {
	case s == nil:
	case s.Name == busName+".NameOwnerChanged" && s.Sender == busName:
		name, owner, ok := nameOwner(s.Body)
		if !ok || name != login1 {
			return nil
		}
		w.lock.release() // who gave it to us is gone
		w.owner = owner
		if owner != "" {
			return w.adopt(ctx, owner)
		}
	case s.Name == manager+".PrepareForSleep" && s.Sender == w.owner && s.Path == login1Path:
		if len(s.Body) != 1 {
			return nil
		}
		if on, ok := s.Body[0].(bool); ok && on {
			w.prepare()
		} else if ok {
			w.preparing = false
			w.lock.release()
			w.sink.Report(system.Hint{Kind: system.Over})
		}
	}
	return nil
}

func nameOwner(body []any) (name, owner string, ok bool) {
	if len(body) != 3 {
		return "", "", false
	}
	name, ok1 := body[0].(string)
	owner, ok2 := body[2].(string)
	return name, owner, ok1 && ok2
}

// prepare hands the lock to whoever runs the hooks. No new one can be had until the sleep is over.
func (w *logindWatch) prepare() {
	w.preparing = true
	w.sink.Report(system.Hint{Kind: system.AboutToSleep, Budget: w.budget, Ack: w.lock.handOver()})
}

// hold takes or releases the lock, as hooks come and go. A refusal is no error: sleeps are noticed
// without it.
func (w *logindWatch) hold(ctx context.Context) error {
	wanted, _ := w.sink.Hold()
	switch {
	case !wanted:
		w.lock.release()
	case !w.preparing && !w.lock.settled():
		ctx, cancel := context.WithTimeout(ctx, busPatience)
		defer cancel()
		w.lock.take(ctx)
		if ctx.Err() == context.DeadlineExceeded {
			return fmt.Errorf("power: logind does not answer: %w", ctx.Err())
		}
	}
	return nil
}
