package instance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/standardbeagle/brum/internal/process"
)

// ScriptsListInput is empty.
type ScriptsListInput struct{}

// ScriptsListOutput lists what can be run.
type ScriptsListOutput struct {
	Directory      string       `json:"directory"`
	PackageManager string       `json:"packageManager" jsonschema:"npm, pnpm, yarn or bun"`
	Scripts        []ScriptInfo `json:"scripts"`
}

// ScriptInfo is one script.
type ScriptInfo struct {
	Name      string `json:"name"`
	Command   string `json:"command"`
	ProcessID string `json:"processId,omitempty" jsonschema:"the process that runs it now"`
	State     string `json:"state,omitempty" jsonschema:"state of that process"`
}

func (t *Tools) scriptsList(context.Context, *mcp.CallToolRequest, ScriptsListInput) (*mcp.CallToolResult, ScriptsListOutput, error) {
	out := ScriptsListOutput{Directory: t.Project.Dir, PackageManager: t.Project.Manager(), Scripts: []ScriptInfo{}}
	scripts, err := t.Project.Scripts()
	if err != nil {
		return nil, out, err
	}
	active := map[string]process.Status{}
	for _, st := range t.Processes.List() {
		if !st.State.Ended() {
			active[st.Name] = st
		}
	}
	for _, s := range scripts {
		info := ScriptInfo{Name: s.Name, Command: s.Command}
		if st, ok := active[s.Name]; ok {
			info.ProcessID, info.State = st.ID, st.State.String()
		}
		out.Scripts = append(out.Scripts, info)
	}
	return nil, out, nil
}

// ScriptsRunInput names a script.
type ScriptsRunInput struct {
	Name string `json:"name" jsonschema:"a script's name as in scripts_list"`
}

// ProcessInfo is the state of one process.
type ProcessInfo struct {
	ProcessID     string    `json:"processId"`
	Name          string    `json:"name"`
	Command       string    `json:"command"`
	State         string    `json:"state" jsonschema:"pending, running, stopping, restarting, stopped, failed or success"`
	PID           int       `json:"pid,omitempty"`
	StartedAt     time.Time `json:"startedAt"`
	EndedAt       time.Time `json:"endedAt,omitzero"`
	UptimeSeconds float64   `json:"uptimeSeconds" jsonschema:"of the run, automatic restarts included"`
	Restarts      int       `json:"restarts" jsonschema:"automatic restarts so far"`
	NextStart     time.Time `json:"nextStart,omitzero" jsonschema:"when it is restarted"`
	ExitCode      *int      `json:"exitCode,omitempty" jsonschema:"of the last exit; absent if it was killed or never started"`
	Signal        string    `json:"signal,omitempty" jsonschema:"the signal that ended it last"`
	Error         string    `json:"error,omitempty" jsonschema:"why it could not be started"`
}

func processInfo(st process.Status) ProcessInfo {
	info := ProcessInfo{
		ProcessID: st.ID, Name: st.Name, Command: strings.Join(st.Args, " "), State: st.State.String(), PID: st.PID,
		StartedAt: st.StartedAt, EndedAt: st.EndedAt, Restarts: st.Restarts, NextStart: st.NextStart,
	}
	until := time.Now()
	if st.State.Ended() {
		until = st.EndedAt
	}
	info.UptimeSeconds = until.Sub(st.StartedAt).Round(time.Millisecond).Seconds()
	if e := st.Exit; e != nil {
		info.Signal = e.Signal
		switch {
		case e.Err != nil:
			info.Error = e.Err.Error()
		case e.Signal == "":
			info.ExitCode = &e.Code
		}
	}
	return info
}

func (t *Tools) scriptsRun(_ context.Context, _ *mcp.CallToolRequest, in ScriptsRunInput) (*mcp.CallToolResult, ProcessInfo, error) {
	spec, err := t.Project.Spec(in.Name)
	if err != nil {
		return nil, ProcessInfo{}, err
	}
	st, err := t.Processes.Start(spec)
	return nil, processInfo(st), err
}

// ScriptsStopInput names a process.
type ScriptsStopInput struct {
	ProcessID string `json:"processId" jsonschema:"a process id such as dev-1; a script's name means its running process"`
}

func (t *Tools) scriptsStop(ctx context.Context, _ *mcp.CallToolRequest, in ScriptsStopInput) (*mcp.CallToolResult, ProcessInfo, error) {
	st, err := t.Processes.Stop(ctx, t.activeID(in.ProcessID))
	if errors.Is(err, process.ErrNotFound) {
		err = fmt.Errorf("%w (%s)", err, t.known())
	}
	return nil, processInfo(st), err
}

// activeID is the id of what runs under the name given, if it is a name.
func (t *Tools) activeID(idOrName string) string {
	found := idOrName
	for _, st := range t.Processes.List() {
		if st.ID == idOrName {
			return idOrName
		}
		if st.Name == idOrName {
			found = st.ID // the latest counts: names run one at a time
		}
	}
	return found
}

// known lists the processes there are, for error messages.
func (t *Tools) known() string {
	const most = 10
	var ids []string
	for _, st := range t.Processes.List() {
		ids = append(ids, st.ID)
	}
	switch {
	case len(ids) == 0:
		return "nothing has been run yet"
	case len(ids) > most:
		return "there are: …, " + strings.Join(ids[len(ids)-most:], ", ")
	}
	return "there are: " + strings.Join(ids, ", ")
}

// ScriptsStatusInput optionally names a script.
type ScriptsStatusInput struct {
	Name string `json:"name,omitempty" jsonschema:"only processes of this script, or the process of this id"`
}

// ScriptsStatusOutput lists processes in order of start.
type ScriptsStatusOutput struct {
	Processes []ProcessInfo `json:"processes"`
}

func (t *Tools) scriptsStatus(_ context.Context, _ *mcp.CallToolRequest, in ScriptsStatusInput) (*mcp.CallToolResult, ScriptsStatusOutput, error) {
	out := ScriptsStatusOutput{Processes: []ProcessInfo{}}
	for _, st := range t.Processes.List() {
		if in.Name == "" || st.Name == in.Name || st.ID == in.Name {
			out.Processes = append(out.Processes, processInfo(st))
		}
	}
	return nil, out, nil
}
