package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// document is an OpenAPI document, as far as the tests need it.
type document struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas map[string]*schema `json:"schemas"`
	} `json:"components"`

	seen map[string]bool // fields that an answer had, as Schema.field
}

type operation struct {
	Responses map[string]struct {
		Content map[string]struct {
			Schema schema `json:"schema"`
		} `json:"content"`
	} `json:"responses"`
}

type schema struct {
	Ref        string             `json:"$ref"`
	Type       types              `json:"type"`
	Format     string             `json:"format"`
	Enum       []string           `json:"enum"`
	Properties map[string]*schema `json:"properties"`
	Required   []string           `json:"required"`
	Items      *schema            `json:"items"`
	AnyOf      []*schema          `json:"anyOf"`
	Others     *bool              `json:"additionalProperties"`
	Minimum    *float64           `json:"minimum"`
}

// types is one name, or several.
type types []string

func (t *types) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = types{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(t))
}

func readDocument() (*document, error) {
	data, err := os.ReadFile("../../docs/openapi.json")
	if err != nil {
		return nil, err
	}
	d := &document{seen: make(map[string]bool)}
	return d, json.Unmarshal(data, d)
}

// check tells what is wrong with a value, of which name says where it is.
func (d *document) check(s *schema, name string, v any) error {
	if s.Ref != "" {
		name = strings.TrimPrefix(s.Ref, "#/components/schemas/")
		if s = d.Components.Schemas[name]; s == nil {
			return fmt.Errorf("no schema %s", name)
		}
	}
	for _, one := range s.AnyOf {
		if d.check(one, name, v) == nil {
			return nil
		}
	}
	if s.AnyOf != nil {
		return fmt.Errorf("%s: %v is none of those it may be", name, v)
	}
	switch v := v.(type) {
	case nil:
		return s.is(name, "null")
	case bool:
		return s.is(name, "boolean")
	case float64:
		if s.Minimum != nil && v < *s.Minimum {
			return fmt.Errorf("%s: %v is too small", name, v)
		}
		if slices.Contains(s.Type, "integer") && v == float64(int64(v)) {
			return nil
		}
		return s.is(name, "number")
	case string:
		return s.checkText(name, v)
	case []any:
		if err := s.is(name, "array"); err != nil {
			return err
		}
		for _, element := range v {
			if err := d.check(s.Items, name, element); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		return d.checkObject(s, name, v)
	}
	return fmt.Errorf("%s: a %T", name, v)
}

func (s *schema) is(name, typ string) error {
	if !slices.Contains(s.Type, typ) {
		return fmt.Errorf("%s: a %s, want %v", name, typ, s.Type)
	}
	return nil
}

func (s *schema) checkText(name, v string) error {
	if err := s.is(name, "string"); err != nil {
		return err
	}
	if s.Enum != nil && !slices.Contains(s.Enum, v) {
		return fmt.Errorf("%s: %q is none of %q", name, v, s.Enum)
	}
	if s.Format == "date-time" {
		if _, err := time.Parse(time.RFC3339, v); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (d *document) checkObject(s *schema, name string, v map[string]any) error {
	if err := s.is(name, "object"); err != nil {
		return err
	}
	for _, field := range s.Required {
		if _, ok := v[field]; !ok {
			return fmt.Errorf("%s.%s is missing", name, field)
		}
	}
	for field, value := range v {
		p := s.Properties[field]
		if p == nil {
			if s.Others != nil && !*s.Others {
				return fmt.Errorf("%s.%s is not documented", name, field)
			}
			continue
		}
		if err := d.check(p, name+"."+field, value); err != nil {
			return err
		}
		d.seen[name+"."+field] = true
	}
	return nil
}

// unseen is the fields of answers that none of those checked had.
func (d *document) unseen(requests ...string) (fields []string) {
	for name, s := range d.Components.Schemas {
		if slices.Contains(requests, name) {
			continue
		}
		for field := range s.Properties {
			if f := name + "." + field; !d.seen[f] {
				fields = append(fields, f)
			}
		}
	}
	slices.Sort(fields)
	return fields
}

// routes are the patterns of all operations.
func (d *document) routes() (patterns []string) {
	for path, operations := range d.Paths {
		for method := range maps.Keys(operations) {
			patterns = append(patterns, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(patterns)
	return patterns
}
