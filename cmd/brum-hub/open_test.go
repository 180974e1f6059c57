package main

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// With this variable set, this program is a browser: it notes what it is to open.
const browserVariable = "BRUM_TEST_BROWSER"

func beBrowser(path string) int {
	if os.WriteFile(path, []byte(os.Args[1]), 0o600) != nil {
		return 1
	}
	return 0
}

// N3: the code is in no process's arguments, which other users of the machine can see. The
// browser gets a file that only this user can read.
func TestN3_OpenHidesTheLink(t *testing.T) {
	w := newWorld(t)
	hub := w.startHub(t)
	base, token := w.base(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	noted := filepath.Join(w.dir, "noted")
	cmd := exec.Command(hubProgram, "open", "--socket", w.socket())
	cmd.Env = append(os.Environ(), "BROWSER="+self, browserVariable+"="+noted, "XDG_RUNTIME_DIR="+w.dir, "XDG_STATE_HOME="+w.dir)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	link := strings.TrimSpace(string(out))
	code, ok := strings.CutPrefix(link, base+"/#login=")
	if !ok || len(code) < 40 || strings.Contains(link, token) {
		t.Fatalf("the link is %s", link)
	}
	opened, err := os.ReadFile(noted)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(opened), code) {
		t.Errorf("the code is in the browser's arguments: %s", opened)
	}
	u, err := url.Parse(string(opened))
	if err != nil || u.Scheme != "file" {
		t.Fatalf("%s, %v", opened, err)
	}
	path := u.Path
	if runtime.GOOS == "windows" {
		path = strings.TrimPrefix(path, "/")
	}
	fi, err := os.Stat(path)
	if err != nil || runtime.GOOS != "windows" && fi.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", fi, err)
	}
	page, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(page), link) {
		t.Errorf("%s, %v", page, err)
	}

	stdout, stderr, exit := w.run(t, "", "open", "--print")
	if exit != 0 || !strings.HasPrefix(stdout, base+"/#login=") || strings.Contains(stdout, code) || stderr != "" {
		t.Errorf("open --print: %d, %s, %s", exit, stdout, stderr)
	}
	logs := hub.logs.String()
	for _, secret := range []string{code, token} {
		if strings.Contains(logs, secret) {
			t.Error("a secret is in the hub's log")
		}
	}
}
