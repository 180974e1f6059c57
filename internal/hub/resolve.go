package hub

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/slip"
)

// named is what a reference can match.
type named struct{ id, name, directory string }

func (n named) String() string { return fmt.Sprintf("%s (%s, %s)", n.id, n.name, n.directory) }

const maxCandidates = 10

// resolve finds the one instance that ref means: its id, else its name, else a prefix of its
// id. So a name is not made ambiguous by ids that begin with it.
func resolve(ref string, all []named) (string, error) {
	if ref == "" {
		return "", &api.Error{Code: api.CodeInvalid, Message: "no instance named: give an id, a unique prefix of an id, or a name"}
	}
	var byName, byPrefix []named
	for _, n := range all {
		switch {
		case n.id == ref:
			return n.id, nil
		case n.name == ref:
			byName = append(byName, n)
		case strings.HasPrefix(n.id, ref):
			byPrefix = append(byPrefix, n)
		}
	}
	matches := byName
	if len(matches) == 0 {
		matches = byPrefix
	}
	switch len(matches) {
	case 1:
		return matches[0].id, nil
	case 0:
		return "", unknown(ref, all)
	}
	return "", &api.Error{
		Code:       api.CodeAmbiguous,
		Message:    fmt.Sprintf("%q is ambiguous, name one of these by its id", ref),
		Candidates: candidates(matches),
	}
}

func unknown(ref string, all []named) error {
	e := &api.Error{Code: api.CodeUnknownInstance}
	near := nearest(ref, all)
	switch {
	case len(all) == 0:
		e.Message = fmt.Sprintf("no instance %q: none is running; start one with brum-instance", ref)
	case len(near) == 0:
		e.Message = fmt.Sprintf("no instance %q; see brum-hub status", ref)
	default:
		e.Message = fmt.Sprintf("no instance %q; did you mean", ref)
		e.Candidates = candidates(near)
	}
	return e
}

func candidates(ns []named) []string {
	slices.SortFunc(ns, func(a, b named) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.id, b.id)) })
	var out []string
	for i, n := range ns {
		if i == maxCandidates {
			return append(out, fmt.Sprintf("and %d more", len(ns)-i))
		}
		out = append(out, n.String())
	}
	return out
}

// nearest returns what ref may be a slip of.
func nearest(ref string, all []named) []named {
	var near []named
	for _, n := range all {
		if slip.Of(ref, n.name) || slip.Of(ref, n.id) {
			near = append(near, n)
		}
	}
	return near
}
