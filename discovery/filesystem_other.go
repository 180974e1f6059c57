//go:build !linux && !darwin && !freebsd && !windows

package discovery

func fileSystem(string) (name string, shared bool) { return "", false }
