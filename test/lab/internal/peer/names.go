package main

import (
	"net"
)

// names is a name server: whatever is asked for is at the target, an IPv4 address, and nobody
// may remember that.
func names(s *settings, done <-chan struct{}) error {
	conn, err := net.ListenPacket("udp", s.listen)
	if err != nil {
		return err
	}
	s.ready(conn.LocalAddr().String())
	go func() {
		<-done
		conn.Close()
	}()
	address := net.ParseIP(s.target).To4()
	b := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(b)
		if err != nil {
			return nil // done
		}
		if reply := resolve(b[:n], address); reply != nil {
			conn.WriteTo(reply, from)
		}
	}
}

// resolve answers a query of one question: type A with the address, others with nothing.
func resolve(query []byte, address net.IP) []byte {
	const header = 12
	end := header // of the question
	for end < len(query) && query[end] != 0 {
		end += int(query[end]) + 1
	}
	end += 5
	if end > len(query) {
		return nil
	}
	reply := append([]byte(nil), query[:end]...)
	reply[2], reply[3] = 0x85, 0x80 // an authoritative response, recursion available
	for i := 6; i < header; i++ {
		reply[i] = 0 // no answers, and nothing beside
	}
	if a := query[end-3] == 1; a {
		reply[7] = 1
		reply = append(reply, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4) // the same name, A, IN, TTL 0
		reply = append(reply, address...)
	}
	return reply
}
