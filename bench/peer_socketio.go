package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
)

// socketioPeer is Socket.IO with connection state recovery, both sides in Node.
type socketioPeer struct{}

func (socketioPeer) name() string { return "socket.io" }
func (socketioPeer) about() string {
	return "Socket.IO with connection state recovery, WebSocket only, bufferutil, both sides in Node"
}
func (socketioPeer) gives() string {
	return "order; down: recovery of what was broadcast within two minutes; up: buffered while disconnected, lost in flight"
}
func (socketioPeer) maxMessage() int { return 0 }

var errForeign = errors.New("socket.io has no Go client")

func (socketioPeer) serve(context.Context, net.Listener, func(sender) receiver) error {
	return errForeign
}
func (socketioPeer) dial(string) (conn, error) { return nil, errForeign }

func (socketioPeer) command() (*exec.Cmd, error) { return nodeScript("server.mjs") }
func (socketioPeer) client() (*exec.Cmd, error)  { return nodeScript("client.mjs") }

// errNoNode says that Node or npm is missing.
var errNoNode = errors.New("socket.io needs node and npm")

// nodeScript is a script of the directory socketio, beside this source.
func nodeScript(name string) (*exec.Cmd, error) {
	dir, err := installSocketIO()
	if err != nil {
		return nil, err
	}
	return exec.Command("node", "--expose-gc", filepath.Join(dir, name)), nil
}

// installSocketIO fetches what package-lock.json names, once.
var installSocketIO = sync.OnceValues(func() (string, error) {
	_, source, _, _ := runtime.Caller(0)
	dir := filepath.Join(filepath.Dir(source), "socketio")
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return "", errNoNode
		}
	}
	if matches, _ := filepath.Glob(filepath.Join(dir, "node_modules", "socket.io", "package.json")); matches != nil {
		return dir, nil
	}
	install := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return dir, nil
})
