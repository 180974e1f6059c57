package instance

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/logstore"
	"go.uber.org/goleak"
)

// The test binary is also the programs that the tests run: BRUM_TEST_CHILD says so.
func TestMain(m *testing.M) {
	fuzzes := slices.Contains(os.Args, "-test.fuzzworker") // a child of another kind
	if os.Getenv("BRUM_TEST_CHILD") != "" && !fuzzes {
		play(os.Args[1:])
		return
	}
	os.Setenv("BRUM_TEST_CHILD", "1")
	os.Setenv("GORACE", "atexit_sleep_ms=0")         // else each child takes a second to exit
	os.Setenv("npm_config_update_notifier", "false") // no network
	goleak.VerifyTestMain(m)
}

var logQuery = logstore.Query{Limit: logstore.MaxLimit, Wait: 20 * time.Second}

// play is what runs in a started process.
func play(args []string) {
	switch args[0] {
	case "count": // numbered lines, then stay
		n, _ := strconv.Atoi(args[1])
		w := bufio.NewWriter(os.Stdout)
		for i := range n {
			fmt.Fprintf(w, "line %d\n", i+1)
		}
		fmt.Fprintln(w, "\x1b[31mERROR\x1b[0m that was all \xff")
		w.Flush()
		time.Sleep(time.Hour)
	case "environ": // what a script could learn
		fmt.Println(os.Environ(), os.Args)
		fmt.Println("that was all")
		time.Sleep(time.Hour)
	case "stubborn": // ignore requests to stop, and leave a child that does too
		signal.Ignore(syscall.SIGTERM)
		if len(args) > 1 {
			cmd := exec.Command(os.Args[0], "stubborn")
			cmd.Stdout = os.Stdout
			if err := cmd.Start(); err != nil {
				panic(err)
			}
		}
		fmt.Println("pid", os.Getpid())
		time.Sleep(time.Hour)
	default:
		panic(args[0])
	}
}
