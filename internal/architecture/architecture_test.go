package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/standardbeagle/brum"

// pkg is what the tests know of a package, from its files for every system.
type pkg struct {
	name    string // in the package clause
	path    string // below the module; empty for its root
	imports []string
	doc     string
}

func TestLayers(t *testing.T) {
	for _, p := range packages(t) {
		l, ok := layerOf(p.path)
		if !ok {
			t.Errorf("package %q belongs to no layer: give it a row in rules_test.go", p.path)
			continue
		}
		for _, imported := range p.imports {
			other, ours := within(imported)
			if !ours || allowed(l, other) {
				continue
			}
			t.Errorf("package %q may not import %q: %s", p.path, other, l.why)
		}
	}
}

func TestBars(t *testing.T) {
	for _, p := range packages(t) {
		for _, imported := range p.imports {
			for _, b := range bars {
				if matches(b.imports, imported) && b.applies(p.path) {
					t.Errorf("package %q may not import %s: %s", p.path, imported, b.why)
				}
			}
		}
	}
}

func TestPackageDocs(t *testing.T) {
	for _, p := range packages(t) {
		switch {
		case strings.TrimSpace(p.doc) == "":
			t.Errorf("package %q has no package comment", p.path)
		case p.name != "main" && !strings.HasPrefix(p.doc, "Package "+p.name+" "):
			t.Errorf("the comment of package %q does not begin with \"Package %s \"", p.path, p.name)
		}
	}
}

// TestRules makes sure that the rules can fail.
func TestRules(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"session", "errors", true},
		{"session", "wsconn", false},
		{"wsconn", "session", false},
		{"discovery", "session", false},
		{"", "session", true},
		{"", "mcpsession", false},
		{"internal/hub/api", "internal/hub", true},
		{"internal/hub", "internal/instance", false},
		{"internal/hub", "internal/logstore", true},
		{"internal/hub", "internal/faultproxy", false},
		{"internal/logstore", "session", false},
		{"cmd/brum-hub", "internal/instance", false},
		{"test", "internal/faultproxy", true},
	} {
		l, ok := layerOf(c.from)
		if !ok {
			t.Errorf("no layer for %q", c.from)
		} else if got := allowed(l, c.to); got != c.want {
			t.Errorf("%q importing %q: allowed %v, want %v", c.from, c.to, got, c.want)
		}
	}
	b := bar{imports: "example.com/x/...", but: []string{"wsconn"}}
	if !matches(b.imports, "example.com/x/y") || matches(b.imports, "example.com/xy") || !b.applies("session") || b.applies("wsconn") {
		t.Error("a bar does not do what it says")
	}
}

func layerOf(p string) (layer, bool) {
	i := slices.IndexFunc(layers, func(l layer) bool { return matches(l.pkg, p) })
	if i < 0 {
		return layer{}, false
	}
	return layers[i], true
}

func allowed(l layer, imported string) bool {
	return slices.ContainsFunc(l.may, func(m string) bool {
		if m == helpers {
			to, ok := layerOf(imported)
			return ok && to.pkg == "internal/..."
		}
		return matches(m, imported)
	})
}

func (b bar) applies(p string) bool {
	match := func(pattern string) bool { return matches(pattern, p) }
	if b.of != nil {
		return slices.ContainsFunc(b.of, match)
	}
	return !slices.ContainsFunc(b.but, match)
}

func matches(pattern, p string) bool {
	if root, ok := strings.CutSuffix(pattern, "/..."); ok {
		return p == root || strings.HasPrefix(p, root+"/")
	}
	return p == pattern
}

// within returns the path of a package below the module, if it is one of the module's.
func within(imported string) (string, bool) {
	if imported == module {
		return "", true
	}
	return strings.CutPrefix(imported, module+"/")
}

// packages parses the module's files, except tests, for all systems.
func packages(t *testing.T) []*pkg {
	t.Helper()
	root := moduleRoot(t)
	found := make(map[string]*pkg)
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return enter(root, name)
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		dir = path.Clean("/" + filepath.ToSlash(dir))[1:]
		if found[dir] == nil {
			found[dir] = &pkg{path: dir}
		}
		found[dir].add(t, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found["session"] == nil || found["wsconn"] == nil {
		t.Fatalf("found only %d packages below %s", len(found), root)
	}
	list := make([]*pkg, 0, len(found))
	for _, p := range found {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *pkg) int { return strings.Compare(a.path, b.path) })
	return list
}

// enter decides whether a directory belongs to the module.
func enter(root, dir string) error {
	if dir == root {
		return nil
	}
	base := filepath.Base(dir)
	if strings.HasPrefix(base, ".") || base == "testdata" || base == "bin" || base == "node_modules" {
		return filepath.SkipDir
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
		return filepath.SkipDir // a module of its own
	}
	return nil
}

func (p *pkg) add(t *testing.T, f *ast.File) {
	p.name = f.Name.Name
	if f.Doc != nil {
		p.doc = f.Doc.Text()
	}
	for _, spec := range f.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(p.imports, imported) {
			p.imports = append(p.imports, imported)
		}
	}
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.Contains(string(mod), "module "+module+"\n") {
			return dir
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod of this module above the test")
		}
		dir = filepath.Dir(dir)
	}
}
