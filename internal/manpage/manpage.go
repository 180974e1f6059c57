// Package manpage writes a program's manual page from what its command line knows of
// itself, in the macros of man(7).
package manpage

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Write writes one page for root and all its commands, for section 1.
func Write(w io.Writer, root *cobra.Command) error {
	p := &page{}
	p.macro("TH", strings.ToUpper(root.Name()), "1", "", "brum", "User Commands")
	p.macro("SH", "NAME")
	p.line(escape(root.Name()) + ` \- ` + escape(lowerFirst(root.Short)))
	p.macro("SH", "SYNOPSIS")
	p.macro("B", root.Name())
	p.line(escape(strings.TrimSpace(strings.TrimPrefix(root.UseLine(), root.Name()))))
	p.macro("SH", "DESCRIPTION")
	p.text(root.Long)
	p.flags("OPTIONS", "SH", root.NonInheritedFlags())
	p.example(root)
	if commands := offered(root); len(commands) > 0 {
		p.macro("SH", "COMMANDS")
		for _, c := range commands {
			p.command(c)
		}
	}
	_, err := io.WriteString(w, p.String())
	return err
}

// offered are the commands that people are told of, and those below them.
func offered(cmd *cobra.Command) (all []*cobra.Command) {
	for _, c := range cmd.Commands() {
		if c.Hidden || !c.IsAvailableCommand() {
			continue
		}
		if c.Runnable() {
			all = append(all, c)
		}
		all = append(all, offered(c)...)
	}
	return all
}

type page struct{ strings.Builder }

func (p *page) line(s string) {
	p.WriteString(s)
	p.WriteByte('\n')
}

func (p *page) macro(name string, args ...string) {
	p.WriteString("." + name)
	for _, a := range args {
		p.WriteString(` "` + strings.ReplaceAll(escape(a), `"`, `\(dq`) + `"`)
	}
	p.WriteByte('\n')
}

func (p *page) command(c *cobra.Command) {
	usage := strings.TrimSuffix(strings.TrimPrefix(c.UseLine(), c.Root().Name()+" "), " [flags]")
	p.macro("SS", usage)
	if c.Long != "" {
		p.text(c.Long)
	} else {
		p.text(c.Short + ".")
	}
	p.flags("", "", c.NonInheritedFlags())
	p.example(c)
}

// text writes paragraphs. Lines that are indented, and lists, keep their lines.
func (p *page) text(s string) {
	for i, paragraph := range strings.Split(strings.TrimSpace(s), "\n\n") {
		if i > 0 {
			p.macro("PP")
		}
		for _, part := range parts(paragraph) {
			if !part.verbatim {
				for _, l := range part.lines {
					p.line(escape(l))
				}
				continue
			}
			p.verbatim(part.lines)
		}
	}
}

func (p *page) verbatim(lines []string) {
	p.macro("RS", "4")
	p.macro("nf")
	for _, l := range lines {
		p.line(escape(strings.TrimPrefix(strings.ReplaceAll(l, "\t", "  "), "  ")))
	}
	p.macro("fi")
	p.macro("RE")
}

type part struct {
	verbatim bool
	lines    []string
}

// parts divides a paragraph into runs of plain and of indented lines. A line that begins
// with a number in a column, like an exit code, counts as indented.
func parts(paragraph string) (all []part) {
	for l := range strings.Lines(paragraph) {
		l = strings.TrimRight(l, "\n")
		verbatim := strings.HasPrefix(l, " ") || strings.HasPrefix(l, "\t") || l != "" && l[0] >= '0' && l[0] <= '9'
		if len(all) == 0 || all[len(all)-1].verbatim != verbatim {
			all = append(all, part{verbatim: verbatim})
		}
		last := &all[len(all)-1]
		last.lines = append(last.lines, l)
	}
	return all
}

func (p *page) example(c *cobra.Command) {
	if c.Example == "" {
		return
	}
	p.macro("PP")
	p.line("Examples:")
	p.verbatim(strings.Split(strings.Trim(c.Example, "\n"), "\n"))
}

func (p *page) flags(title, macro string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	if title != "" {
		p.macro(macro, title)
	}
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Deprecated != "" {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		p.macro("TP")
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		line := `\fB` + escape(name) + `\fR`
		if value != "" {
			line += ` \fI` + escape(value) + `\fR`
		}
		p.line(line)
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "0s" && f.DefValue != "[]" {
			usage += fmt.Sprintf(" (default %s)", portable(f.DefValue))
		}
		p.line(escape(usage))
	})
}

// portable keeps directories of whoever writes the page out of it.
func portable(value string) string {
	if strings.HasPrefix(value, "/") {
		return "depends on the user"
	}
	return value
}

// escape keeps a text from being read as macros or escapes.
func escape(s string) string {
	s = strings.NewReplacer(`\`, `\e`, `-`, `\-`, `'`, `\(aq`, "`", `\(ga`, `^`, `\(ha`, `~`, `\(ti`).Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
