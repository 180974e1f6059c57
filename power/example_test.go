package power_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/standardbeagle/brum/power"
)

// Keep a connection honest: probe it when the machine woke or its path may have changed.
func ExampleMonitor_Subscribe() {
	monitor, err := power.New()
	if err != nil {
		log.Fatal(err)
	}
	defer monitor.Close()

	watch := func(conn net.Conn, probe func()) {
		events := monitor.Subscribe(power.Resume, power.NetworkUp, power.NetworkChange)
		defer events.Close()
		for e := range events.C {
			if e.Affects(conn.LocalAddr(), conn.RemoteAddr()) {
				probe()
			}
		}
	}
	_ = watch
}

// Tell the peer before the machine sleeps. The system waits for it, for moments.
func ExampleMonitor_OnSuspend() {
	monitor, err := power.New(power.WithWho("brum"))
	if err != nil {
		log.Fatal(err)
	}
	defer monitor.Close()
	remove := monitor.OnSuspend(func(ctx context.Context) {
		deadline, _ := ctx.Deadline()
		fmt.Println("good night; asleep by", deadline)
	})
	defer remove()
}
