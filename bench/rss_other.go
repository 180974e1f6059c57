//go:build !linux

package main

func residentMemory() uint64 { return 0 }
