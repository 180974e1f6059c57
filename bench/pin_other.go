//go:build !linux

package main

import "os/exec"

func pin() error     { return nil }
func isPinned() bool { return false }

func startOn(_ int, cmd *exec.Cmd) error { return cmd.Start() }
