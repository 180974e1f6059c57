//go:build sleep && linux

package main

import (
	"context"
	"time"

	"golang.org/x/sys/unix"

	"github.com/standardbeagle/brum/test/sleep/side"
)

// step sets the wall clock back by an hour, and tells what that was taken for.
func (m *machine) step(ctx context.Context) (*side.Wake, error) {
	n := m.newNap()
	back := unix.NsecToTimespec(n.began.Add(-time.Hour).UnixNano())
	if err := unix.ClockSettime(unix.CLOCK_REALTIME, &back); err != nil {
		return nil, err
	}
	time.Sleep(late)
	if err := m.hub.Call(ctx, m.outside); err != nil {
		return nil, err
	}
	if err := m.session.echo(ctx); err != nil {
		return nil, err
	}
	w := &side.Wake{}
	m.noticed(n, w)
	var err error
	w.State, err = m.state(ctx)
	return w, err
}
