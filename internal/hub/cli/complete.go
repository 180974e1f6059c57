package cli

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// Completions are asked for while somebody waits for the shell.
const completionTimeout = time.Second

type completer func(ctx context.Context, instance string) []cobra.Completion

// complete offers instances for the first argument and, where given, what second knows of
// that instance for the second. Nothing is offered if no hub answers.
func (a *app) complete(second completer) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
		defer cancel()
		switch {
		case len(args) == 0:
			return a.instanceNames(ctx), cobra.ShellCompDirectiveNoFileComp
		case len(args) == 1 && second != nil:
			return second(ctx, args[0]), cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// instanceNames are the names of instances, or their ids where a name has several.
func (a *app) instanceNames(ctx context.Context) (names []cobra.Completion) {
	s, err := a.client().Status(ctx)
	if err != nil {
		return nil
	}
	count := make(map[string]int)
	for _, i := range s.Instances {
		count[i.Name]++
	}
	for _, i := range s.Instances {
		word := i.Name
		if count[word] > 1 || word == "" {
			word = i.ID
		}
		names = append(names, cobra.CompletionWithDesc(plain(word), string(i.State)+", "+plain(i.Directory)))
	}
	return names
}

func (a *app) toolNames(ctx context.Context, instance string) (names []cobra.Completion) {
	h, err := a.client().History(ctx, instance) // tells the id
	if err != nil {
		return nil
	}
	c, err := a.client().Tools(ctx)
	if err != nil {
		return nil
	}
	for _, t := range c.Tools {
		if slices.Contains(t.Instances, h.ID) {
			names = append(names, cobra.CompletionWithDesc(t.Tool.Name, plain(t.Tool.Description)))
		}
	}
	return names
}

func (a *app) processNames(ctx context.Context, instance string) (names []cobra.Completion) {
	res, err := a.client().Call(ctx, api.CallRequest{Instance: instance, Tool: "scripts_status"}, nil)
	if err != nil || res.IsError {
		return nil
	}
	data, err := json.Marshal(res.StructuredContent)
	if err != nil {
		return nil
	}
	var status struct {
		Processes []struct {
			ProcessID string `json:"processId"`
			Command   string `json:"command"`
			State     string `json:"state"`
		} `json:"processes"`
	}
	if json.Unmarshal(data, &status) != nil {
		return nil
	}
	for _, p := range status.Processes {
		names = append(names, cobra.CompletionWithDesc(plain(p.ProcessID), plain(p.State+", "+p.Command)))
	}
	return names
}

func (a *app) readerNames(cmd *cobra.Command, args []string, _ string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
	defer cancel()
	if len(args) == 0 {
		if list, err := a.client().Readers(ctx); err == nil {
			for _, r := range list.Readers {
				names = append(names, cobra.CompletionWithDesc(plain(r.Name), plain(r.InstanceName)))
			}
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// oneOf lets a flag be completed with these values.
func oneOf(cmd *cobra.Command, flag string, values ...string) {
	// The error says that there is no such flag.
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic("BUG: " + err.Error())
	}
}

// noArguments is for commands that take none.
func noArguments(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}
