//go:build unix

package programlog

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

func TestOutliveReaders(t *testing.T) {
	for role, want := range map[string]string{"outlive": "alive", "plain": ""} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "PROGRAMLOG_TEST="+role)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, w
		err = cmd.Run()
		w.Close()
		if out.String() != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", role, out.String(), err)
		}
	}
}
