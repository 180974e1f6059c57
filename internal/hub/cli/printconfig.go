package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"github.com/standardbeagle/brum/internal/slip"
)

// aiTool is an AI tool whose configuration we know how to write.
type aiTool struct {
	name  string
	where string // what it prints belongs
	key   string // of the object that holds the servers
	typed bool   // whether an entry tells its kind
}

var aiTools = []aiTool{
	{"claude", "claude_desktop_config.json of Claude Desktop, .mcp.json in a project or ~/.claude.json for Claude Code", "mcpServers", false},
	{"cursor", "~/.cursor/mcp.json, or .cursor/mcp.json in a project", "mcpServers", false},
	{"vscode", ".vscode/mcp.json in a project, or what \"MCP: Open User Configuration\" opens", "servers", true},
}

func aiToolNames() (names []string) {
	for _, t := range aiTools {
		names = append(names, t.name)
	}
	return names
}

// serverEntry is how AI tools describe a program that serves MCP.
type serverEntry struct {
	Type    string   `json:"type,omitempty"`
	Command string   `json:"command"`
	Args    []string `json:"args"`
}

// given are the flags that were given, for the same command to be run from elsewhere.
func given(flags *pflag.FlagSet) (all []string) {
	flags.Visit(func(f *pflag.Flag) {
		value := f.Value.String()
		switch f.Name {
		case "print-config":
			return
		case "socket", "state-dir", "discovery-dir", "log-file":
			if path, err := filepath.Abs(value); err == nil {
				value = path
			}
		}
		all = append(all, "--"+f.Name+"="+value)
	})
	return all
}

// printConfig prints what to paste into the configuration of an AI tool; where, it tells
// on standard error. Flags that were given go into it.
func (a *app) printConfig(name string, flags []string) error {
	n := slices.IndexFunc(aiTools, func(t aiTool) bool { return t.name == name })
	if n < 0 {
		return usagef("--print-config %q: want one of %q%s", name, aiToolNames(), slip.Hint(name, aiToolNames()))
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	t := aiTools[n]
	entry := serverEntry{Command: self, Args: append([]string{"mcp"}, flags...)}
	if t.typed {
		entry.Type = "stdio"
	}
	fmt.Fprintf(a.Err, "brum-hub: this belongs into %s\n", t.where)
	e := json.NewEncoder(a.Out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(map[string]any{t.key: map[string]serverEntry{"brum": entry}})
}
