package main

import "testing"

func TestParseSize(t *testing.T) {
	for in, want := range map[string]int64{
		"64MiB": 64 << 20, "1G": 1 << 30, "512kib": 512 << 10, "1048576": 1 << 20, "1 GiB": 1 << 30, "300000B": 300000,
	} {
		if got, err := parseSize(in); err != nil || got != want {
			t.Errorf("%q: %d, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "MiB", "-1MiB", "1.5GiB", "64 TB", "64MiBs", "1KiB", "0", "9999999999GiB", "99999999999999999999"} {
		if got, err := parseSize(in); err == nil {
			t.Errorf("%q: %d", in, got)
		}
	}
}
