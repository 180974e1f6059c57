package discovery

import (
	"os"
	"path/filepath"
	"testing"
)

func TestA5_directory_by_environment(t *testing.T) {
	temp := t.TempDir()
	for _, name := range []string{"TMPDIR", "TMP", "TEMP"} { // os.TempDir's, of every system
		t.Setenv(name, temp)
	}
	absolute := func(name string) string { return filepath.Join(t.TempDir(), name) }
	runtime, env, flag := absolute("run"), absolute("env"), absolute("flag")
	for _, c := range []struct{ name, runtime, env, override, want string }{
		{"nothing set", "", "", "", filepath.Join(temp, "brummer", "instances")},
		{"runtime directory", runtime, "", "", filepath.Join(runtime, "brummer", "instances")},
		{"a relative one does not count", "run", "", "", filepath.Join(temp, "brummer", "instances")},
		{"environment", runtime, env, "", env},
		{"override", runtime, env, flag, flag},
	} {
		t.Setenv("XDG_RUNTIME_DIR", c.runtime)
		t.Setenv(EnvDir, c.env)
		if got, err := Dir(c.override); err != nil || got != c.want {
			t.Errorf("%s: %s, %v; want %s", c.name, got, err, c.want)
		}
	}
	t.Chdir(temp)
	want, err := filepath.Abs("x")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Dir("x"); err != nil || got != want {
		t.Errorf("a relative override: %s, %v; want %s", got, err, want)
	}
}

// The file must not announce an endpoint that does not answer yet.
func TestA5_file_after_the_endpoint(t *testing.T) {
	r := open(t, Config{})
	late := newLateListener(t)
	registered := make(chan error, 1)
	go func() {
		reg, err := r.Register(t.Context(), sample("a", late.port()))
		if err == nil {
			_, err = load(r.Dir(), reg.Instance().ID)
		}
		registered <- err
	}()
	late.awaitDials(2)
	if left := names(t, r.Dir()); len(left) > 0 {
		t.Errorf("announced before the endpoint answers: %v", left)
	}
	late.listen()
	if err := <-registered; err != nil {
		t.Fatal(err)
	}
}

func TestA5_directory_is_no_directory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "instances")
	writeFile(t, dir, "x")
	expectDirError(t, dir, "can't be created")
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Dir: dir, Log: quiet()}); err != nil {
		t.Errorf("after the cause was removed: %v", err)
	}
}
