package bridge

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
)

// maxLog is the size beyond which the log of background hubs is set aside at the next start.
const maxLog = 8 << 20

// Background starts a hub that runs by itself: in a session of its own, in dir, with its
// output appended to logPath.
func Background(args []string, dir, logPath string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if fi, err := os.Stat(logPath); err == nil && fi.Size() > maxLog {
		if err := os.Rename(logPath, logPath+".1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	out, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("log of the hub: %w", err)
	}
	defer out.Close() // the child has its own
	cmd := exec.Command(self, args...)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = detached()
	return cmd, cmd.Start()
}
