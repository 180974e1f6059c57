package discovery

import (
	"fmt"
	"strconv"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() { denyLocksAndNotification = deny }

// deny has the kernel answer this process's flock and inotify_init1 as a file
// system without locks and a kernel without notification do.
func deny() error {
	const (
		modeFilter  = 1
		allThreads  = 1
		errno       = 0x00050000 // SECCOMP_RET_ERRNO
		allow       = 0x7fff0000 // SECCOMP_RET_ALLOW
		loadNumber  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equals      = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		answer      = unix.BPF_RET | unix.BPF_K
		offsetOfNum = 0
	)
	filter := []unix.SockFilter{
		{Code: loadNumber, K: offsetOfNum},
		{Code: equals, K: unix.SYS_FLOCK, Jt: 2},
		{Code: equals, K: unix.SYS_INOTIFY_INIT1, Jt: 2},
		{Code: answer, K: allow},
		{Code: answer, K: errno | uint32(unix.ENOLCK)},
		{Code: answer, K: errno | uint32(unix.ENOSYS)},
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if _, _, e := unix.Syscall(unix.SYS_SECCOMP, modeFilter, allThreads, uintptr(unsafe.Pointer(&program))); e != 0 {
		return fmt.Errorf("seccomp: %w", e)
	}
	return nil
}

// Processes whose kernel has neither locks nor notification lose nothing, and see each other.
func TestM2_no_locks_and_no_notification(t *testing.T) {
	const processes = 5
	dir := testDir(t)
	denied := func(role string, args ...string) *child {
		c := prepareChild(t, role, args...)
		c.Env = append(c.Env, envDeny+"=1")
		c.start()
		return c
	}
	follower := denied("follow", dir)
	if got := follower.line(); got != "a lock file, polling" {
		t.Fatalf("the follower uses %q", got)
	}
	var children []*child
	for n := range processes {
		children = append(children, denied("churn", dir, strconv.Itoa(n)))
	}
	for _, c := range children {
		if got := c.line(); got != "done" {
			t.Errorf("the child said %q", got)
		}
	}
	list, err := open(t, Config{Dir: dir}).List(t.Context())
	fatal(t, err)
	if want := processes * rounds / 2; len(list) != want {
		t.Errorf("%d instances, want %d", len(list), want)
	}
	for _, i := range list {
		if i.Name != "updated" {
			t.Errorf("%s is %q", i.ID, i.Name)
		}
	}
	for follower.line() != fmt.Sprint(len(list)) { // or the test times out
	}
	for _, c := range children {
		c.finish()
	}
	for follower.line() != "0" {
	}
	follower.finish()
	if left := names(t, dir); len(left) > 1 || len(left) == 1 && left[0] != exclusiveName {
		t.Errorf("left over: %v", left)
	}
}
