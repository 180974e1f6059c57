package instance

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/standardbeagle/brum/internal/process"
)

// ErrNoScript: the project has no script of that name.
var ErrNoScript = errors.New("no such script")

// Project is what an instance can run. Package.json is read anew each time.
type Project struct {
	Dir     string
	Command []string // besides the scripts; may be empty
	Restart process.RestartPolicy
}

// Script is something that can be run by name.
type Script struct {
	Name    string
	Command string   // for people
	Args    []string // what is executed
}

// Manager names the package manager in use.
func (p *Project) Manager() string { return packageManager(p.Dir) }

// CommandName is the name under which the given command runs: its base name,
// without the extension of executables on Windows. It is empty if there is none.
func (p *Project) CommandName() string {
	if len(p.Command) == 0 {
		return ""
	}
	base := filepath.Base(p.Command[0])
	if ext := filepath.Ext(base); strings.EqualFold(ext, ".exe") {
		base = strings.TrimSuffix(base, ext)
	}
	return base
}

// Scripts lists what can be run: the given command first, then the scripts by
// name. A script of the command's name is hidden by it.
func (p *Project) Scripts() ([]Script, error) {
	var list []Script
	if len(p.Command) > 0 {
		list = append(list, Script{p.CommandName(), strings.Join(p.Command, " "), p.Command})
	}
	pkg, err := readPackageJSON(p.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return list, nil
	}
	if err != nil {
		return list, err
	}
	manager := p.Manager()
	for _, name := range slices.SortedFunc(maps.Keys(pkg.Scripts), cmp.Compare[string]) {
		// A name that begins with a dash would reach the package manager as a flag.
		if name == "" || strings.HasPrefix(name, "-") || name == p.CommandName() {
			continue
		}
		list = append(list, Script{name, pkg.Scripts[name], []string{manager, "run", name}})
	}
	return list, nil
}

// Spec says how to run the script name. The error is ErrNoScript, or says why
// package.json can't be used.
func (p *Project) Spec(name string) (process.Spec, error) {
	list, err := p.Scripts()
	var names []string
	for _, s := range list {
		if s.Name == name {
			return process.Spec{Name: name, Args: s.Args, Dir: p.Dir, Restart: p.Restart}, nil
		}
		names = append(names, s.Name)
	}
	switch {
	case err != nil:
		return process.Spec{}, err
	case len(names) == 0:
		return process.Spec{}, fmt.Errorf("%w: %q (there is none in %s)", ErrNoScript, name, p.Dir)
	}
	return process.Spec{}, fmt.Errorf("%w: %q (there are: %s)", ErrNoScript, name, strings.Join(names, ", "))
}
