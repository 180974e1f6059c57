//go:build unix

package doctor

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// owner tells whose a file is.
func owner(info fs.FileInfo) string {
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok:
		return "owner unknown"
	case int(st.Uid) == os.Geteuid():
		return "yours"
	default:
		return fmt.Sprintf("of user %d", st.Uid)
	}
}
