package hub

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// Tools implements api.Backend. Soon after the hub's start it waits for the instances that
// were there before, so that a client that asks only once sees their tools.
func (h *Hub) Tools(ctx context.Context) (*api.Catalog, error) {
	if err := wait(ctx, h.settled.over); err != nil {
		return nil, err
	}
	var offers []offer
	for _, l := range h.all() {
		l.mu.Lock()
		c := l.client
		l.mu.Unlock()
		if c == nil {
			continue
		}
		for _, t := range c.offered() {
			offers = append(offers, offer{l.id, t})
		}
	}
	return merge(offers), nil
}

// offer is a tool as one instance defines it.
type offer struct {
	instance string
	tool     *mcp.Tool
}

// merge makes one catalog of what several instances offer.
//
// A tool that several instances define alike appears as they define it. Where definitions
// differ, for instance because two versions of a program run, the entry suits all of them:
// it has the parameters of any, requires those that all require, leaves a parameter's type
// open where they disagree, and says in its description that it varies. Nothing is refused
// by the hub that one of them may accept: the instance itself has the last word on
// arguments. What the result looks like is told only if all agree.
func merge(offers []offer) *api.Catalog {
	byName := make(map[string][]offer)
	for _, o := range offers {
		byName[o.tool.Name] = append(byName[o.tool.Name], o)
	}
	catalog := &api.Catalog{Tools: []api.Tool{}}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		same := byName[name]
		slices.SortFunc(same, func(a, b offer) int { return cmp.Compare(a.instance, b.instance) })
		entry := api.Tool{Tool: mergeTool(same)}
		for _, o := range same {
			entry.Instances = append(entry.Instances, o.instance)
		}
		catalog.Tools = append(catalog.Tools, entry)
	}
	return catalog
}

func mergeTool(offers []offer) *mcp.Tool {
	first := offers[0].tool
	merged := *first
	schemas := []map[string]any{object(first.InputSchema)}
	differ, output := false, true
	for _, o := range offers[1:] {
		if !sameJSON(first.InputSchema, o.tool.InputSchema) {
			differ = true
			schemas = append(schemas, object(o.tool.InputSchema))
		}
		output = output && sameJSON(first.OutputSchema, o.tool.OutputSchema)
		if !sameJSON(first.Annotations, o.tool.Annotations) {
			merged.Annotations = nil
		}
	}
	if !output {
		merged.OutputSchema = nil
	}
	if differ {
		merged.InputSchema = mergeSchemas(schemas)
		merged.Description = strings.TrimSpace(merged.Description +
			fmt.Sprintf("\n\n(Its parameters differ between the %d instances that offer it.)", len(offers)))
	}
	return &merged
}

func mergeSchemas(schemas []map[string]any) map[string]any {
	properties := make(map[string]any)
	var required []string
	for i, s := range schemas {
		for name, p := range object(s["properties"]) {
			switch before, ok := properties[name]; {
			case !ok:
				properties[name] = p
			case !sameJSON(before, p):
				properties[name] = open(before, p)
			}
		}
		needs := texts(s["required"])
		if i == 0 {
			required = needs
			continue
		}
		required = slices.DeleteFunc(required, func(n string) bool { return !slices.Contains(needs, n) })
	}
	merged := map[string]any{"type": "object", "properties": properties}
	if len(required) > 0 {
		merged["required"] = required
	}
	return merged
}

// open is a property that may be anything, described as well as two definitions allow.
func open(a, b any) map[string]any {
	var said []string
	for _, p := range []any{a, b} {
		if d, ok := object(p)["description"].(string); ok && !slices.Contains(said, d) {
			said = append(said, d)
		}
	}
	p := map[string]any{}
	if len(said) > 0 {
		p["description"] = strings.Join(said, " / ")
	}
	return p
}

// object is v if it is a JSON object, and else an empty one.
func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// sameJSON compares by encoding, in which object keys are sorted.
func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
