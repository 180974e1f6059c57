package power

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/standardbeagle/brum/power/internal/system"
)

// netGroups are the changes that the kernel tells us of. Rules are how some VPNs take over.
const netGroups = unix.RTMGRP_LINK |
	unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV4_ROUTE | unix.RTMGRP_IPV4_RULE |
	unix.RTMGRP_IPV6_IFADDR | unix.RTMGRP_IPV6_ROUTE | 1<<(unix.RTNLGRP_IPV6_RULE-1)

// rtnetlinkWatch reports that the kernel told of a change. What it was, the next snapshot shows;
// so it does not matter if the kernel had to drop some, either. readBuffer is in bytes; 0 leaves
// what the kernel gives.
func rtnetlinkWatch(readBuffer int) system.Backend {
	return system.Backend{Name: string(Rtnetlink), Role: system.NetworkRole, Run: func(ctx context.Context, sink system.Sink) error {
		conn, err := netlink.Dial(unix.NETLINK_ROUTE, &netlink.Config{Groups: netGroups})
		if err != nil {
			return fmt.Errorf("power: open a netlink socket: %w", err)
		}
		defer conn.Close()
		if readBuffer > 0 {
			if err := conn.SetReadBuffer(readBuffer); err != nil {
				return fmt.Errorf("power: netlink socket: %w", err)
			}
		}
		defer context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })()
		sink.Ready()
		for {
			_, err := conn.Receive()
			switch {
			case ctx.Err() != nil:
				return nil
			case err == nil, errors.Is(err, unix.ENOBUFS), errors.Is(err, unix.EINTR):
				sink.Report(system.Hint{Kind: system.NetworkChanged})
			default:
				return fmt.Errorf("power: netlink: %w", err)
			}
		}
	}}
}

// rtnetlinkNetwork takes a snapshot.
func rtnetlinkNetwork() (system.Network, error) {
	conn, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return system.Network{}, fmt.Errorf("power: open a netlink socket: %w", err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(busPatience)); err != nil {
		return system.Network{}, fmt.Errorf("power: netlink socket: %w", err)
	}
	links, err := dump(conn, unix.RTM_GETLINK, make([]byte, unix.SizeofIfInfomsg))
	if err != nil {
		return system.Network{}, err
	}
	addrs, err := dump(conn, unix.RTM_GETADDR, make([]byte, unix.SizeofIfAddrmsg))
	if err != nil {
		return system.Network{}, err
	}
	table := newLinkTable(links, addrs)
	raw := system.Network{Interfaces: table.interfaces()}
	raw.Default4 = table.wayOut(conn, unix.AF_INET)
	raw.Default6 = table.wayOut(conn, unix.AF_INET6)
	return raw, nil
}

// dump asks for all objects of one type.
func dump(conn *netlink.Conn, kind netlink.HeaderType, body []byte) ([]netlink.Message, error) {
	messages, err := conn.Execute(netlink.Message{
		Header: netlink.Header{Type: kind, Flags: netlink.Request | netlink.Dump},
		Data:   body,
	})
	if err != nil {
		return nil, fmt.Errorf("power: netlink dump %d: %w", kind, err)
	}
	return messages, nil
}
