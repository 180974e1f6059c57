package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/internal/instance"
	"github.com/standardbeagle/brum/internal/manpage"
	"github.com/standardbeagle/brum/internal/slip"
	"github.com/standardbeagle/brum/internal/terminal"
)

var shells = []string{"bash", "zsh", "fish", "powershell"}

// printInstead prints what a flag asks for instead of running an instance. These are no
// commands, since scripts may have any name.
func (o *options) printInstead(cmd *cobra.Command) (printed bool, err error) {
	out := cmd.OutOrStdout()
	switch {
	case o.man:
		return true, manpage.Write(out, cmd)
	case !cmd.Flags().Changed("completion"):
		return false, nil
	}
	switch o.completion {
	case "bash":
		return true, cmd.GenBashCompletionV2(out, true)
	case "zsh":
		return true, cmd.GenZshCompletion(out)
	case "fish":
		return true, cmd.GenFishCompletion(out, true)
	case "powershell":
		return true, cmd.GenPowerShellCompletionWithDesc(out)
	}
	return false, usageError{fmt.Errorf("--completion %q: want one of %q%s", o.completion, shells, slip.Hint(o.completion, shells))}
}

// scriptNames completes arguments with the project's scripts.
func (o *options) scriptNames(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	p := instance.Project{Dir: o.Dir}
	scripts, err := p.Scripts()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []cobra.Completion
	for _, s := range scripts {
		if terminal.OneLine(s.Name) == s.Name { // else the shell could not give it back
			names = append(names, cobra.CompletionWithDesc(s.Name, terminal.OneLine(s.Command)))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
