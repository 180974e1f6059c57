package power

import (
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/standardbeagle/brum/power/internal/system"
)

// linkTable holds interfaces by the kernel's number. What can't be decoded is left out.
type linkTable map[uint32]*system.Interface

func newLinkTable(links, addrs []netlink.Message) linkTable {
	t := make(linkTable)
	for _, m := range links {
		t.link(m.Data)
	}
	for _, m := range addrs {
		t.addr(m.Data)
	}
	return t
}

func (t linkTable) interfaces() (list []system.Interface) {
	for _, index := range slices.Sorted(maps.Keys(t)) {
		list = append(list, *t[index])
	}
	return list
}

// link decodes an ifinfomsg.
func (t linkTable) link(b []byte) {
	if len(b) < unix.SizeofIfInfomsg {
		return
	}
	index, flags := binary.NativeEndian.Uint32(b[4:]), binary.NativeEndian.Uint32(b[8:])
	attrs, err := netlink.NewAttributeDecoder(b[unix.SizeofIfInfomsg:])
	if err != nil {
		return
	}
	i := &system.Interface{
		Up:       flags&(unix.IFF_UP|unix.IFF_RUNNING) == unix.IFF_UP|unix.IFF_RUNNING,
		Loopback: flags&unix.IFF_LOOPBACK != 0,
	}
	master, memberOf := false, ""
	for attrs.Next() {
		switch attrs.Type() {
		case unix.IFLA_IFNAME:
			i.Name = attrs.String()
		case unix.IFLA_MASTER:
			master = true
		case unix.IFLA_LINKINFO:
			attrs.Nested(func(info *netlink.AttributeDecoder) error {
				for info.Next() {
					switch info.Type() {
					case unix.IFLA_INFO_KIND:
						i.Kind = info.String()
					case unix.IFLA_INFO_SLAVE_KIND:
						memberOf = info.String()
					}
				}
				return nil
			})
		}
	}
	if attrs.Err() != nil || i.Name == "" {
		return
	}
	i.Enslaved = master && memberOf != "vrf" // which routes, and leaves addresses where they are
	t[index] = i
}

// addr decodes an ifaddrmsg.
func (t linkTable) addr(b []byte) {
	if len(b) < unix.SizeofIfAddrmsg {
		return
	}
	family, bits, flags := b[0], int(b[1]), uint32(b[2])
	i := t[binary.NativeEndian.Uint32(b[4:])]
	attrs, err := netlink.NewAttributeDecoder(b[unix.SizeofIfAddrmsg:])
	if i == nil || err != nil {
		return
	}
	var local, address netip.Addr
	outlived := false
	for attrs.Next() {
		switch attrs.Type() {
		case unix.IFA_LOCAL:
			local, _ = netip.AddrFromSlice(attrs.Bytes())
		case unix.IFA_ADDRESS:
			address, _ = netip.AddrFromSlice(attrs.Bytes())
		case unix.IFA_FLAGS:
			flags = attrs.Uint32()
		case unix.IFA_CACHEINFO:
			if c := attrs.Bytes(); len(c) >= 4 {
				outlived = binary.NativeEndian.Uint32(c) == 0 // its preferred lifetime
			}
		}
	}
	if !local.IsValid() { // on a point-to-point link, address is the peer's
		local = address
	}
	if attrs.Err() != nil || !local.IsValid() || bits > local.BitLen() {
		return
	}
	a := system.Addr{Prefix: netip.PrefixFrom(local, bits)}
	if family == unix.AF_INET6 {
		const passing = unix.IFA_F_TEMPORARY | unix.IFA_F_DEPRECATED | unix.IFA_F_TENTATIVE | unix.IFA_F_DADFAILED
		a.Passing = outlived || flags&passing != 0
	}
	i.Addrs = append(i.Addrs, a)
}
