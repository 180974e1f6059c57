package bridge

import (
	"os"
	"os/exec"

	"github.com/standardbeagle/brum/internal/programlog"
)

// Background starts a hub that runs by itself: in a session of its own, in dir, with its
// output appended to logPath.
func Background(args []string, dir, logPath string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	out, err := programlog.Open(logPath)
	if err != nil {
		return nil, err
	}
	defer out.Close() // the child has its own
	cmd := exec.Command(self, args...)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = detached()
	return cmd, cmd.Start()
}
