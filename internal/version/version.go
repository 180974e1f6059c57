// Package version tells which build of brum a program is.
package version

import (
	"fmt"
	"runtime/debug"
	"strings"
)

// String describes the running program in one line: module, module version, and the version
// control state it was built from, as far as the build recorded them.
func String() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown build"
	}
	return describe(info)
}

func describe(info *debug.BuildInfo) string {
	version := info.Main.Version
	if version == "" {
		version = "(devel)"
	}
	parts := []string{info.Main.Path, version}
	if vcs := checkout(info.Settings); vcs != "" {
		parts = append(parts, "("+vcs+")")
	}
	return strings.Join(append(parts, info.GoVersion), " ")
}

// checkout describes the commit, or is empty if the build did not record one.
func checkout(settings []debug.BuildSetting) string {
	found := make(map[string]string, len(settings))
	for _, s := range settings {
		found[s.Key] = s.Value
	}
	revision := found["vcs.revision"]
	if revision == "" {
		return ""
	}
	s := fmt.Sprintf("%s %s", found["vcs"], revision)
	if at := found["vcs.time"]; at != "" {
		s += " of " + at
	}
	if found["vcs.modified"] == "true" {
		s += ", modified"
	}
	return s
}
