package wsconn

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Access says under which names a server may be addressed, and from which web pages.
//
// A request must be addressed (by its Host header) to localhost, to a loopback address, to
// the very address it came in on, or to one of Hosts. That defeats DNS rebinding: a page
// whose name was made to point here still carries that name.
type Access struct {
	// Hosts are further names, each with or without a port: "dev.example.com",
	// "dev.example.com:7777", "[2001:db8::1]:7777". Without a port, any port matches.
	Hosts []string
	// Origins are the web origins that are welcome, like "https://tools.example.com".
	Origins []string
}

func (a *Access) checkHost(r *http.Request) *RefusedError {
	if !a.hostWelcome(r) {
		return &RefusedError{Status: http.StatusMisdirectedRequest, Reason: "the host name in the request is not one of this server's"}
	}
	return nil
}

func (a *Access) hostWelcome(r *http.Request) bool {
	name := hostname(r.Host)
	if strings.EqualFold(name, "localhost") {
		return true
	}
	if ip, err := netip.ParseAddr(name); err == nil {
		ip = ip.Unmap().WithZone("")
		if ip.IsLoopback() || ip == localIP(r) {
			return true
		}
	}
	for _, h := range a.Hosts {
		if strings.EqualFold(h, r.Host) || (name != "" && strings.EqualFold(h, name)) {
			return true
		}
	}
	return false
}

// hostname is host without its port and brackets.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	if len(host) > 1 && host[0] == '[' && host[len(host)-1] == ']' {
		return host[1 : len(host)-1]
	}
	return host
}

// localIP is the address on which the request's connection came in, if the server says.
func localIP(r *http.Request) netip.Addr {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return local.AddrPort().Addr().Unmap().WithZone("")
}

// originRule says what to think of a page that this server itself may have delivered.
type originRule int

const (
	listedOnly   originRule = iota // only listed origins are welcome
	orSameOrigin                   // so are pages from the host that the request is addressed to
)

// checkOrigin refuses requests that a browser sends for a page of another origin. What is no
// browser sends neither Origin nor Sec-Fetch-Site and passes.
func (a *Access) checkOrigin(r *http.Request, rule originRule) *RefusedError {
	if origins := r.Header["Origin"]; len(origins) > 0 {
		if len(origins) == 1 && a.originWelcome(origins[0], r, rule) {
			return nil
		}
		return foreign()
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none":
		return nil
	case "same-origin":
		if rule == orSameOrigin {
			return nil
		}
	default:
		// Following a link to a page is harmless; embedding or fetching it is not.
		if rule == orSameOrigin && r.Method == http.MethodGet &&
			r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document" {
			return nil
		}
	}
	return foreign()
}

func foreign() *RefusedError {
	return &RefusedError{Status: http.StatusForbidden, Reason: "web pages of other origins are not welcome"}
}

func (a *Access) originWelcome(origin string, r *http.Request, rule originRule) bool {
	for _, o := range a.Origins {
		if strings.EqualFold(o, origin) {
			return true
		}
	}
	if rule != orSameOrigin {
		return false
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return u.Scheme == scheme && strings.EqualFold(u.Host, r.Host)
}
