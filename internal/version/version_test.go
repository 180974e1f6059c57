package version

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestDescribe(t *testing.T) {
	setting := func(k, v string) debug.BuildSetting { return debug.BuildSetting{Key: k, Value: v} }
	info := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{
			GoVersion: "go1.26.0",
			Main:      debug.Module{Path: "example.com/m", Version: version},
			Settings:  settings,
		}
	}
	for _, c := range []struct {
		name string
		info *debug.BuildInfo
		want string
	}{
		{"release", info("v1.2.3"), "example.com/m v1.2.3 go1.26.0"},
		{"no version", info(""), "example.com/m (devel) go1.26.0"},
		{
			"checkout",
			info("v0.0.0-1-abc", setting("vcs", "git"), setting("vcs.revision", "abcdef"),
				setting("vcs.time", "2026-01-02T03:04:05Z"), setting("vcs.modified", "false")),
			"example.com/m v0.0.0-1-abc (git abcdef of 2026-01-02T03:04:05Z) go1.26.0",
		},
		{
			"modified",
			info("v0.0.0-1-abc+dirty", setting("vcs", "git"), setting("vcs.revision", "abcdef"), setting("vcs.modified", "true")),
			"example.com/m v0.0.0-1-abc+dirty (git abcdef, modified) go1.26.0",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := describe(c.info); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestString(t *testing.T) {
	if s := String(); !strings.Contains(s, "github.com/standardbeagle/brum") || strings.Contains(s, "\n") {
		t.Errorf("String() = %q", s)
	}
}
