//go:build integration && linux

package lab

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// host is a computer of the lab: a namespace of networks and one of mounts. They are there as
// long as its keeper, a process that ends with this one at the latest.
type host struct {
	t      *testing.T
	keeper *exec.Cmd
	dir    string // for files of its programs
}

// newHost returns a host with nothing but loopback.
func newHost(t *testing.T) *host {
	t.Helper()
	need(t)
	dir, err := os.MkdirTemp("", "lab-") // t.TempDir is too long for the path of a socket
	if err != nil {
		t.Fatal(err)
	}
	h := &host{t: t, dir: dir, keeper: exec.Command("unshare", "--mount", "--net", "sh", "-c", "echo; exec cat")}
	in, err := h.keeper.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := h.keeper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := spawn(h.keeper); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := h.keeper.Wait(); err != nil {
			t.Errorf("a host's keeper: %v", err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
		t.Fatalf("no namespaces: %v", err)
	}
	h.run("ip", "link", "set", "lo", "up")
	h.run("mount", "-t", "tmpfs", "lab", "/run") // the machine's buses are none of its
	return h
}

func (h *host) pid() string { return strconv.Itoa(h.keeper.Process.Pid) }

// command is a command on the host. Its process is the program itself.
func (h *host) command(name string, args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"--target", h.pid(), "--mount", "--net", "--", name}, args...)...)
}

// try runs a command on the host that ends soon.
func (h *host) try(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	full := h.command(name, args...)
	cmd := exec.CommandContext(ctx, full.Args[0], full.Args[1:]...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return string(out), nil
}

// run is for what has to work.
func (h *host) run(name string, args ...string) string {
	h.t.Helper()
	out, err := h.try(name, args...)
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

// runs is run for several commands, one a line.
func (h *host) runs(script string) {
	h.t.Helper()
	h.run("sh", "-e", "-c", script)
}

// tmpfs mounts a file system of so many bytes on dir, which no other host sees.
func (h *host) tmpfs(dir string, size int) {
	h.t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		h.t.Fatal(err)
	}
	h.run("mount", "-t", "tmpfs", "-o", fmt.Sprintf("mode=0700,size=%d", size), "lab", dir)
}

// filter sets rules of nftables, one each for what comes in, in place of those before.
func (h *host) filter(rules ...string) {
	h.t.Helper()
	cmd := h.command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader("table inet lab\ndelete table inet lab\ntable inet lab {\n" +
		"chain in { type filter hook input priority 0;\n" + strings.Join(rules, "\n") + "\n}\n}\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		h.t.Fatalf("nft %q: %v: %s", rules, err, out)
	}
}

// Rules for filter.
const (
	dropAll    = `iifname != "lo" drop`
	dropFifth  = `iifname != "lo" numgen random mod 100 < 20 drop`
	resetAll   = `iifname != "lo" tcp flags & rst == rst accept` + "\n" + `iifname != "lo" meta l4proto tcp reject with tcp reset`
	dropLarge  = `iifname != "lo" meta length > 600 drop`
	dropOnLoop = `iifname "lo" meta l4proto tcp drop`
)

// killConnections has the kernel abort TCP connections of the host, for both ends: all, or those
// that a filter of ss names.
func (h *host) killConnections(which ...string) {
	h.t.Helper()
	h.run("ss", append([]string{"-K", "-t", "state", "established"}, which...)...)
}
