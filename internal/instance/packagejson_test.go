package instance

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// files writes files into a new directory; a name that ends in a slash is a directory.
func files(t *testing.T, content map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range content {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPackageManager(t *testing.T) {
	for want, trees := range map[string][]map[string]string{
		"npm":  {{".git/": ""}, {"package-lock.json": ""}, {"package.json": `{"packageManager":"evil@1; rm"}`, ".git/": ""}},
		"pnpm": {{"pnpm-lock.yaml": ""}, {"package.json": `{"packageManager":"pnpm@9.1.0"}`, "yarn.lock": ""}},
		"yarn": {{"yarn.lock": ""}, {"package.json": `{"packageManager":"yarn"}`}},
		"bun":  {{"bun.lock": ""}, {"bun.lockb": "", "package.json": `{}`}, {"package.json": "\ufeff" + `{"packageManager":"bun@1.2.0"}`}},
	} {
		for _, tree := range trees {
			if got := packageManager(files(t, tree)); got != want {
				t.Errorf("%v: %s, want %s", tree, got, want)
			}
		}
	}
	dir := files(t, map[string]string{"pnpm-lock.yaml": "", ".git/": "", "packages/web/package.json": `{}`, "other/.git/": ""})
	if got := packageManager(filepath.Join(dir, "packages", "web")); got != "pnpm" {
		t.Errorf("workspace: %s", got)
	}
	if got := packageManager(filepath.Join(dir, "other")); got != "npm" {
		t.Errorf("another repository inside: %s", got)
	}
}

func TestScripts(t *testing.T) {
	p := &Project{
		Dir:     files(t, map[string]string{"package.json": `{"scripts":{"dev":"vite","build:css":"x","-evil":"x","go":"hidden"}}`, "yarn.lock": ""}),
		Command: []string{"/usr/local/go/bin/go", "test", "./..."},
	}
	list, err := p.Scripts()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range list {
		got = append(got, s.Name+"="+strings.Join(s.Args, " "))
	}
	if s := strings.Join(got, "|"); s != "go=/usr/local/go/bin/go test ./...|build:css=yarn run build:css|dev=yarn run dev" {
		t.Fatal(s)
	}
	if _, err := p.Spec("nope"); !errors.Is(err, ErrNoScript) || !strings.Contains(err.Error(), "build:css, dev") {
		t.Fatal(err)
	}
	if _, err := (&Project{Dir: t.TempDir()}).Spec("dev"); !errors.Is(err, ErrNoScript) {
		t.Fatal(err)
	}
	for _, bad := range []string{"{", `{"scripts":[]}`, `[]`, `{"scripts":{"a":1}}`} {
		broken := &Project{Dir: files(t, map[string]string{"package.json": bad})}
		if _, err := broken.Spec("a"); err == nil || errors.Is(err, ErrNoScript) || !strings.Contains(err.Error(), "package.json") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
