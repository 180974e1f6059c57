package errors

import (
	"runtime"
	"strings"
	"syscall"
)

// code gives one of the operating systems' error codes its Kind. A system has
// either a number or 0: it lacks the code or the code means something else.
type code struct {
	name          string // as unix systems call it; Windows has WSA + name
	kind          Kind
	linux, darwin syscall.Errno
	windows       syscall.Errno
	here          syscall.Errno // what this was compiled with
}

// codes has numbers rather than names so that each system's can be checked on
// any other. The numbers of linux are those of all its ports except mips.
var codes = []code{
	{"ECONNREFUSED", Refused, 111, 61, 10061, syscall.ECONNREFUSED},
	{"ECONNRESET", Reset, 104, 54, 10054, syscall.ECONNRESET},
	{"ECONNABORTED", Reset, 103, 53, 10053, syscall.ECONNABORTED},
	{"ENETRESET", Reset, 102, 52, 10052, syscall.ENETRESET},
	{"ETIMEDOUT", Timeout, 110, 60, 10060, syscall.ETIMEDOUT},
	{"EHOSTUNREACH", Unreachable, 113, 65, 10065, syscall.EHOSTUNREACH},
	{"ENETUNREACH", Unreachable, 101, 51, 10051, syscall.ENETUNREACH},
	{"EHOSTDOWN", Unreachable, 112, 64, 10064, syscall.EHOSTDOWN},
	{"ENETDOWN", Unreachable, 100, 50, 10050, syscall.ENETDOWN},
	{"EADDRNOTAVAIL", Unreachable, 99, 49, 10049, syscall.EADDRNOTAVAIL},
	{"EPIPE", Closed, 32, 32, 0, syscall.EPIPE},
	{"ENOTCONN", Closed, 107, 57, 10057, syscall.ENOTCONN},
	{"ESHUTDOWN", Closed, 108, 58, 10058, syscall.ESHUTDOWN},
	{"EADDRINUSE", InUse, 98, 48, 10048, syscall.EADDRINUSE},
	{"EPROTO", Protocol, 71, 100, 0, syscall.EPROTO},
	{"ECANCELED", Canceled, 125, 89, 0, syscall.ECANCELED},
	{"EPERM", Permission, 1, 1, 0, syscall.EPERM},
	{"EACCES", Permission, 13, 13, 10013, syscall.EACCES},
	{"EROFS", Permission, 30, 30, 0, syscall.EROFS},
	{"ENOENT", NotFound, 2, 2, 0, syscall.ENOENT},
	{"EEXIST", InUse, 17, 17, 0, syscall.EEXIST},
	{"ESRCH", ProcessNotFound, 3, 3, 0, syscall.ESRCH},
	{"EMFILE", Limit, 24, 24, 10024, syscall.EMFILE},
	{"ENFILE", Limit, 23, 23, 0, syscall.ENFILE},
	{"ENOBUFS", Limit, 105, 55, 10055, syscall.ENOBUFS},
	{"ENOMEM", Limit, 12, 12, 0, syscall.ENOMEM},
	{"ENOSPC", DiskFull, 28, 28, 0, syscall.ENOSPC},
	{"EDQUOT", DiskFull, 122, 69, 10069, syscall.EDQUOT},
	{"EAFNOSUPPORT", Unsupported, 97, 47, 10047, syscall.EAFNOSUPPORT},
	{"EOPNOTSUPP", Unsupported, 95, 102, 10045, syscall.EOPNOTSUPP},
	{"ENOSYS", Unsupported, 38, 78, 0, syscall.ENOSYS},
}

// windowsCodes are those which no unix code corresponds to.
var windowsCodes = []struct {
	name   string
	kind   Kind
	number syscall.Errno
}{
	{"ERROR_FILE_NOT_FOUND", NotFound, 2},
	{"ERROR_PATH_NOT_FOUND", NotFound, 3},
	{"ERROR_TOO_MANY_OPEN_FILES", Limit, 4},
	{"ERROR_ACCESS_DENIED", Permission, 5},
	{"ERROR_NOT_ENOUGH_MEMORY", Limit, 8},
	{"ERROR_OUTOFMEMORY", Limit, 14},
	{"ERROR_WRITE_PROTECT", Permission, 19},
	{"ERROR_SHARING_VIOLATION", InUse, 32},
	{"ERROR_LOCK_VIOLATION", InUse, 33},
	{"ERROR_HANDLE_DISK_FULL", DiskFull, 39},
	{"ERROR_NOT_SUPPORTED", Unsupported, 50},
	{"ERROR_NETNAME_DELETED", Reset, 64},
	{"ERROR_FILE_EXISTS", InUse, 80},
	{"ERROR_BROKEN_PIPE", Closed, 109},
	{"ERROR_DISK_FULL", DiskFull, 112},
	{"ERROR_SEM_TIMEOUT", Timeout, 121},
	{"ERROR_ALREADY_EXISTS", InUse, 183},
	{"ERROR_NO_DATA", Closed, 232},
	{"ERROR_PIPE_NOT_CONNECTED", Closed, 233},
	{"WAIT_TIMEOUT", Timeout, 258},
	{"ERROR_OPERATION_ABORTED", Canceled, 995},
	{"ERROR_CONNECTION_REFUSED", Refused, 1225},
	{"ERROR_NETWORK_UNREACHABLE", Unreachable, 1231},
	{"ERROR_HOST_UNREACHABLE", Unreachable, 1232},
	{"ERROR_PORT_UNREACHABLE", Refused, 1234},
	{"ERROR_CONNECTION_ABORTED", Reset, 1236},
	{"ERROR_DISK_QUOTA_EXCEEDED", DiskFull, 1295},
	{"ERROR_PRIVILEGE_NOT_HELD", Permission, 1314},
	{"ERROR_NO_SYSTEM_RESOURCES", Limit, 1450},
	{"ERROR_TIMEOUT", Timeout, 1460},
	{"WSAEDISCON", Closed, 10101},
	{"WSAECANCELLED", Canceled, 10103},
	{"WSA_E_CANCELLED", Canceled, 10111},
	{"WSAHOST_NOT_FOUND", DNS, 11001},
	{"WSATRY_AGAIN", DNS, 11002},
	{"WSANO_RECOVERY", DNS, 11003},
	{"WSANO_DATA", DNS, 11004},
}

// native is the table of the system this was built for.
var native = tableOf(runtime.GOOS, runtime.GOARCH)

func nativeKind(e syscall.Errno) Kind { return native[e] }

// tableOf returns the codes of a system. One whose numbers are not listed above
// (freebsd, linux on mips) has those that it was compiled with; so has Windows
// besides its own, because package os returns a few that Go invented there.
func tableOf(goos, goarch string) map[syscall.Errno]Kind {
	table := make(map[syscall.Errno]Kind, 2*len(codes))
	for _, c := range codes {
		if n := c.number(goos, goarch); n != 0 {
			table[n] = c.kind
		}
		if goos == runtime.GOOS {
			table[c.here] = c.kind
		}
	}
	if goos == "windows" {
		for _, c := range windowsCodes {
			table[c.number] = c.kind
		}
	}
	return table
}

func (c code) number(goos, goarch string) syscall.Errno {
	switch {
	case goos == "linux" && !strings.HasPrefix(goarch, "mips"):
		return c.linux
	case goos == "darwin":
		return c.darwin
	case goos == "windows":
		return c.windows
	default:
		return 0
	}
}
