//go:build !linux

package limits

// Watches are limited on Linux only.
func Watches() (instances, watches int) { return 0, 0 }
