package mutate

import "testing"

// The helper itself must notice: an edit that fits nowhere, a fault that a test finds, one
// that none does, and a test that does not exist.
func TestTry(t *testing.T) {
	fault := []Edit{{"mutate.go", `return line[:min(len(line), 120)]`, `return line[:0]`}}
	for name, c := range map[string]struct {
		m      Mutant
		caught string
		fails  bool
	}{
		"caught":    {Mutant{By: []string{"^TestFirstLine$"}, Edits: fault}, "TestFirstLine", false},
		"survives":  {Mutant{By: []string{"^TestNothing$"}, Edits: fault}, "", false},
		"no test":   {Mutant{By: []string{"^TestOfNoSuchName$"}, Edits: fault}, "", true},
		"edit":      {Mutant{Edits: []Edit{{"mutate.go", "no such text", ""}}}, "", true},
		"no syntax": {Mutant{Edits: []Edit{{"mutate.go", "package mutate\n", "package\n"}}}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := c.m.try(t.Context(), t.TempDir()+"/m")
			if r.By != c.caught || (err != nil) != c.fails {
				t.Errorf("found by %q, %v", r.By, err)
			}
		})
	}
}

func TestFirstLine(t *testing.T) {
	if got := firstLine("ok\n    a_test.go:3: it is so\n", words); got != "a_test.go:3: it is so" {
		t.Errorf("got %q", got)
	}
}

func TestNothing(*testing.T) {}
