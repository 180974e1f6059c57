package mcpserver

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/hub/api"
)

const (
	prefix     = "hub_"
	instanceID = "instance_id"
)

const instanceIDHelp = "The instance to run this in: its id, a unique prefix of its id, or its name (see instances_list)."

// With the prefix a name has 64 characters at most, as many as every known client takes.
var validName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,60}$`)

// offer makes the list of tools that of the catalog. Tools that did not change are left
// alone, so that clients are not told of nothing.
func (s *Server) offer(catalog *api.Catalog) {
	s.offering.Lock()
	defer s.offering.Unlock()
	now := make(map[string]string, len(catalog.Tools))
	for _, entry := range catalog.Tools {
		if entry.Tool == nil {
			continue
		}
		tool, err := forHub(entry.Tool)
		if err != nil {
			s.log.Warn("a tool is not offered", "tool", entry.Tool.Name, "instances", entry.Instances, "reason", err)
			continue
		}
		definition, err := json.Marshal(tool)
		if err != nil {
			s.log.Warn("a tool is not offered", "tool", entry.Tool.Name, "instances", entry.Instances, "reason", err)
			continue
		}
		if s.offered[tool.Name] != string(definition) {
			if err := s.add(tool, s.run(entry.Tool.Name)); err != nil {
				s.log.Warn("a tool is not offered", "tool", entry.Tool.Name, "instances", entry.Instances, "reason", err)
				continue
			}
		}
		now[tool.Name] = string(definition)
	}
	gone := slices.DeleteFunc(slices.Collect(maps.Keys(s.offered)), func(name string) bool {
		_, still := now[name]
		return still
	})
	if len(gone) > 0 {
		s.mcp.RemoveTools(gone...)
	}
	s.offered = now
}

// add adds a tool that comes from outside: what the SDK takes for a programmer's error and
// panics about is somebody else's here.
func (s *Server) add(t *mcp.Tool, h mcp.ToolHandler) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	s.mcp.AddTool(t, h)
	return nil
}

// forHub is an instance's tool as the hub offers it.
func forHub(t *mcp.Tool) (*mcp.Tool, error) {
	if !validName.MatchString(t.Name) {
		return nil, fmt.Errorf("its name is not made of 1 to 60 letters, digits, and the signs _ . -")
	}
	schema, err := withInstanceID(t.InputSchema)
	if err != nil {
		return nil, err
	}
	out := *t
	out.Name = prefix + t.Name
	out.InputSchema = schema
	return &out, nil
}

// withInstanceID adds the parameter to a copy of a tool's input schema.
func withInstanceID(input any) (map[string]any, error) {
	schema := make(map[string]any)
	if input != nil {
		given, ok := input.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("its input schema is no object")
		}
		maps.Copy(schema, given)
	}
	if typ, ok := schema["type"]; ok && typ != "object" {
		return nil, fmt.Errorf("its input is of type %v instead of object", typ)
	}
	schema["type"] = "object"

	properties := map[string]any{instanceID: map[string]any{"type": "string", "description": instanceIDHelp}}
	if given, ok := schema["properties"].(map[string]any); ok {
		if _, taken := given[instanceID]; taken {
			return nil, fmt.Errorf("it has a parameter %s of its own", instanceID)
		}
		maps.Copy(properties, given)
	}
	schema["properties"] = properties

	required := []any{instanceID}
	switch given := schema["required"].(type) {
	case []any:
		required = append(required, given...)
	case []string:
		for _, name := range given {
			required = append(required, name)
		}
	}
	schema["required"] = required
	return schema, nil
}
