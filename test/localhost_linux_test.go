//go:build integration

package test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Wherever localhost has one address or two, a hub and instances that listen there are
// reached by each name of theirs that exists.
func TestM4_LocalhostIsOneAddressOrTwo(t *testing.T) {
	t.Parallel()
	needRoot(t, "ip", "nsenter", "sh")
	for name, c := range map[string]struct {
		script    string
		addresses []string
	}{
		"both":      {"ip link set lo up", []string{"127.0.0.1", "::1"}},
		"IPv6 only": {"ip link set lo up; ip address delete 127.0.0.1/8 dev lo", []string{"::1"}},
		"IPv4 only": {"for i in all default lo; do echo 1 > /proc/sys/net/ipv6/conf/$i/disable_ipv6; done; ip link set lo up", []string{"127.0.0.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			network := w.network(c.script)
			w.start(w.inNetworkOf(network, "brum-hub", "serve", "--http", "localhost:0"))
			hosts := append([]string{"localhost"}, c.addresses...)
			for _, host := range hosts {
				w.start(w.inNetworkOf(network, "brum-instance", "--name", host, "--listen", host, "--port", "0"))
			}
			w.await("all instances", func() bool { return w.allActive(len(hosts)) })

			s, err := w.status()
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(s.Hub.HTTP)
			if err != nil {
				t.Fatal(err)
			}
			for _, address := range c.addresses {
				for _, host := range hosts {
					at := net.JoinHostPort(address, u.Port())
					if status := getIn(t, network, at, net.JoinHostPort(host, u.Port())); status != http.StatusOK {
						t.Errorf("the hub at %s as %s: status %d", at, host, status)
					}
				}
			}
			for _, file := range files(w.instances()) {
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if name := filepath.Base(file); strings.HasPrefix(name, "localhost") != strings.Contains(string(data), "ws://localhost:") {
					t.Errorf("%s: %s", name, data)
				}
			}
		})
	}
}

// network makes a network namespace, which script prepares, and returns a process that
// keeps it until the end of the test.
func (w *world) network(script string) (pid int) {
	w.t.Helper()
	keeper := exec.Command("sh", "-ec", script+"\necho ready\nexec sleep 600")
	ownNetwork(keeper)
	keeper.Stderr = os.Stderr
	out, err := keeper.StdoutPipe()
	if err == nil {
		err = keeper.Start()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		keeper.Process.Kill()
		keeper.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		w.t.Fatalf("the network namespace: %q, %v", line, err)
	}
	return keeper.Process.Pid
}

// getIn asks for /healthz at an address in the network namespace of a process, as a page
// from there does, and returns the status.
func getIn(t *testing.T, pid int, address, host string) int {
	t.Helper()
	client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return dialIn(pid, address) },
	}}
	req, err := http.NewRequest(http.MethodGet, "http://"+host+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "http://"+host)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func dialIn(pid int, address string) (conn net.Conn, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
		var ns *os.File
		if ns, err = os.Open(fmt.Sprintf("/proc/%d/ns/net", pid)); err != nil {
			return
		}
		defer ns.Close()
		if err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			return
		}
		conn, err = net.Dial("tcp", address) // a single address, so dialled by this thread
	}()
	<-done
	return conn, err
}
