package main

import (
	"fmt"
	"os"
)

func say(format string, args ...any) { fmt.Printf(format, args...) }

func heading(format string, args ...any) {
	say("\n%s\n", bold("── "+fmt.Sprintf(format, args...)))
}

func bold(s string) string  { return styled("1", s) }
func green(s string) string { return styled("32;1", s) }
func red(s string) string   { return styled("31;1", s) }

// styled adds colour where somebody sees it.
func styled(style, s string) string {
	info, err := os.Stdout.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 || os.Getenv("TERM") == "dumb" || os.Getenv("NO_COLOR") != "" {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[0m"
}
