package errors

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The systems' own lists of codes come with the Go toolchain and x/sys, in
// source, whichever system the test runs on.
var lists = []struct{ goos, pkg, file string }{
	{"linux", "syscall", "zerrors_linux_amd64.go"},
	{"linux", "syscall", "zerrors_linux_arm64.go"},
	{"darwin", "syscall", "zerrors_darwin_amd64.go"},
	{"darwin", "syscall", "zerrors_darwin_arm64.go"},
	{"windows", "golang.org/x/sys/windows", "zerrors_windows.go"},
}

// numbers reads the constants NAME = Errno(n) and NAME syscall.Errno = n.
func numbers(t *testing.T, goos, pkg, file string) map[string]syscall.Errno {
	t.Helper()
	list := exec.Command("go", "list", "-f", "{{.Dir}}", pkg)
	list.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
	dir, err := list.Output()
	if err != nil {
		t.Fatalf("go list %s: %v", pkg, err)
	}
	path := filepath.Join(strings.TrimSpace(string(dir)), file)
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]syscall.Errno{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 {
			return true
		}
		value := spec.Values[0]
		if call, ok := value.(*ast.CallExpr); ok && len(call.Args) == 1 {
			value = call.Args[0]
		}
		if lit, ok := value.(*ast.BasicLit); ok && lit.Kind == token.INT {
			if v, err := strconv.ParseUint(lit.Value, 0, 32); err == nil {
				found[spec.Names[0].Name] = syscall.Errno(v)
			}
		}
		return true
	})
	return found
}

func TestI1_codes_of_every_system(t *testing.T) {
	for _, l := range lists {
		t.Run(strings.TrimSuffix(l.file, ".go"), func(t *testing.T) {
			theirs := numbers(t, l.goos, l.pkg, l.file)
			table := tableOf(l.goos, "amd64")
			for _, c := range codes {
				name, ours := c.name, c.number(l.goos, "amd64")
				if l.goos == "windows" {
					name = "WSA" + name
				}
				want := theirs[name]
				if ours != want && !(l.goos == "windows" && ours == 0) {
					t.Errorf("%s is %d there, %d here", name, want, ours)
				}
				if ours != 0 && table[ours] != c.kind {
					t.Errorf("%s (%d) is %v, want %v", name, ours, table[ours], c.kind)
				}
			}
			if l.goos == "windows" {
				for _, c := range windowsCodes {
					if theirs[c.name] != c.number || table[c.number] != c.kind {
						t.Errorf("%s is %d there, %d here, %v", c.name, theirs[c.name], c.number, table[c.number])
					}
				}
			}
		})
	}
}

// What each system must tell apart, by the numbers it uses.
func TestI1_errnos_by_system(t *testing.T) {
	want := map[Kind][3][]syscall.Errno{ // linux, darwin, windows
		Refused:         {{111}, {61}, {10061, 1225}},
		Reset:           {{104, 103}, {54, 53}, {10054, 10053, 64, 1236}},
		Timeout:         {{110}, {60}, {10060, 121, 1460}},
		DNS:             {nil, nil, {11001, 11002, 11003, 11004}},
		Unreachable:     {{113, 101, 100}, {65, 51, 50}, {10065, 10051, 10050, 1231, 1232}},
		Permission:      {{1, 13}, {1, 13}, {5, 10013}},
		Canceled:        {{125}, {89}, {995, 10103}},
		Closed:          {{32, 107}, {32, 57}, {109, 232, 10057, 10058}},
		ProcessNotFound: {{3}, {3}, nil},
		DiskFull:        {{28, 122}, {28, 69}, {112, 39}},
		Limit:           {{24, 23}, {24, 23}, {4, 10024}},
	}
	for i, goos := range []string{"linux", "darwin", "windows"} {
		table := tableOf(goos, "arm64")
		for kind, numbers := range want {
			for _, n := range numbers[i] {
				if table[n] != kind {
					t.Errorf("%s %d is %v, want %v", goos, n, table[n], kind)
				}
			}
		}
	}
}

func TestI1_errnos_wrapped(t *testing.T) {
	for n, want := range native {
		for _, err := range []error{n, os.NewSyscallError("connect", n), onWire("read", n), deep(onWire("write", n))} {
			if got := Of(err); got != want {
				t.Errorf("Of(%v) = %v, want %v", err, got, want)
			}
		}
	}
	if len(native) < len(codes)-1 { // a system may use one number for two names
		t.Errorf("%s knows %d codes of %d", runtime.GOOS, len(native), len(codes))
	}
}

// A port whose numbers nobody has listed still has those it was compiled with.
func TestI1_other_systems(t *testing.T) {
	if got := tableOf("linux", "mips64le"); runtime.GOOS == "linux" && got[syscall.ECONNREFUSED] != Refused {
		t.Errorf("refused is %v", got[syscall.ECONNREFUSED])
	}
	if got := tableOf("plan9", "amd64"); len(got) != 0 {
		t.Errorf("an unknown system has codes: %v", got)
	}
}
