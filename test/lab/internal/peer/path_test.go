package main

import (
	"io"
	"net"
	"testing"
	"time"
)

// A path delays, keeps to its bandwidth, and cuts what is idle.
func TestPath(t *testing.T) {
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	go func() {
		for {
			c, err := echo.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	const delay, idle, rate, size = 50 * time.Millisecond, 400 * time.Millisecond, 100 << 10, 20 << 10
	stop, address := role(t, path, settings{listen: "127.0.0.1:0", target: echo.Addr().String(), delay: delay, idle: idle, rate: rate})
	defer stop()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	began := time.Now()
	if _, err := c.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	if took, least := time.Since(began), 2*delay+size*time.Second/rate; took < least {
		t.Errorf("there and back took %v, want at least %v", took, least)
	}
	if n, err := c.Read(make([]byte, 1)); err == nil {
		t.Errorf("%d bytes out of nothing", n)
	}
	if took := time.Since(began); took < idle {
		t.Errorf("cut after %v, want %v of silence", took, idle)
	}
}
