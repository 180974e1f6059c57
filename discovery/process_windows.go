package discovery

import (
	"strconv"

	"github.com/standardbeagle/brum/errors"
	"golang.org/x/sys/windows"
)

func observe(pid int) observation {
	if pid <= 0 {
		return observation{}
	}
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION|windows.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		// Any other answer than "no such process" comes from a process that exists.
		return observation{exists: !errors.Is(err, windows.ERROR_INVALID_PARAMETER)}
	}
	defer windows.CloseHandle(h)
	// An ended process can be opened as long as somebody has a handle of it.
	if event, err := windows.WaitForSingleObject(h, 0); err == nil && event == windows.WAIT_OBJECT_0 {
		return observation{}
	}
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(h, &created, &exited, &kernel, &user); err != nil {
		return observation{exists: true}
	}
	return observation{exists: true, start: "ns:" + strconv.FormatInt(created.Nanoseconds(), 10)}
}
