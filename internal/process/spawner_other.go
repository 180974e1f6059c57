//go:build !linux

package process

import "os/exec"

// spawner starts commands. Only Linux needs more than that.
type spawner struct{}

func newSpawner() *spawner { return &spawner{} }

func (*spawner) start(cmd *exec.Cmd) (*group, error) { return startGroup(cmd) }

func (*spawner) close() {}
