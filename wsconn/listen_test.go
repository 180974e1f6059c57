package wsconn

import (
	"errors"
	"strings"
	"testing"
)

func TestN4_AddressesThatOthersReachNeedTLS(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:7777", "127.9.9.9:0", "[::1]:7777", "localhost:7777", "LOCALHOST:0", "[::ffff:127.0.0.1]:1", "[::1%lo]:7"} {
		if err := CheckListenAddress(addr, false); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
	for _, addr := range []string{":7777", "0.0.0.0:7777", "[::]:7777", "192.168.1.5:7777", "example.com:7777", "localhost.example.com:1", "127.1:80", "[::ffff:10.0.0.1]:1"} {
		err := CheckListenAddress(addr, false)
		if !errors.As(err, new(*ExposedError)) {
			t.Errorf("%s without TLS: %v", addr, err)
			continue
		}
		for _, way := range []string{addr, "127.0.0.1", "certificate"} {
			if !strings.Contains(err.Error(), way) {
				t.Errorf("the message does not mention %s: %v", way, err)
			}
		}
		if err := CheckListenAddress(addr, true); err != nil {
			t.Errorf("%s with TLS: %v", addr, err)
		}
	}
	for _, addr := range []string{"", "127.0.0.1", "::1", "[::1"} {
		if err := CheckListenAddress(addr, true); err == nil {
			t.Errorf("%q was accepted", addr)
		}
	}
}
