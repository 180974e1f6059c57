package instance

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzPackageJSON: whatever is in a project's package.json, the package manager that is found
// is one of those that are known: its name becomes a command.
func FuzzPackageJSON(f *testing.F) {
	f.Add([]byte(`{"packageManager":"pnpm@9.1.0","scripts":{"dev":"vite"}}`))
	f.Add([]byte(`{"packageManager":"../evil@1"}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := t.TempDir()
		for name, text := range map[string]string{"package.json": string(content), ".git": ""} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		switch m := packageManager(dir); m {
		case "npm", "pnpm", "yarn", "bun":
		default:
			t.Errorf("package manager %q", m)
		}
	})
}
