package process

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/logstore"
	"go.uber.org/goleak"
)

// The test binary is also the programs that the tests run: BRUM_TEST_CHILD says which.
func TestMain(m *testing.M) {
	if os.Getenv("BRUM_TEST_CHILD") != "" {
		play(os.Args[1:])
		return
	}
	os.Setenv("BRUM_TEST_CHILD", "1")
	os.Setenv("GORACE", "atexit_sleep_ms=0") // else each child takes a second to exit
	goleak.VerifyTestMain(m)
}

// play is what runs in a started process.
func play(args []string) {
	switch args[0] {
	case "print": // N lines, then exit with CODE
		n, _ := strconv.Atoi(args[1])
		for i := range n {
			fmt.Printf("line %d\n", i+1)
		}
		fmt.Fprintln(os.Stderr, "WARN done")
		fmt.Print("no line end")
		code, _ := strconv.Atoi(args[2])
		os.Exit(code)
	case "serve": // stay until told
		stay(args[1])
	case "polite": // stay, and say goodbye
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGTERM)
		conn := hold(args[1])
		fmt.Println("up")
		<-c
		fmt.Println("bye")
		conn.Close()
		os.Exit(3)
	case "stubborn": // stay, whatever one asks
		signal.Ignore(syscall.SIGTERM)
		stay(args[1])
	case "parent": // start another of us, wait until it is up, leave it behind
		cmd := exec.Command(os.Args[0], args[1:]...)
		cmd.Stderr = os.Stderr
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			panic(err)
		}
		detach(cmd, args[1] == "escaped")
		if err := cmd.Start(); err != nil {
			panic(err)
		}
		bufio.NewReader(stdout).ReadString('\n')
	case "escaped":
		stay(args[1])
	case "manager": // a process that runs another and is killed
		m := New(Config{Logs: logstore.New(0)})
		if _, err := m.Start(Spec{Name: "x", Args: append([]string{os.Args[0]}, args[1:]...)}); err != nil {
			panic(err)
		}
		select {}
	default:
		panic(args[0])
	}
}

func stay(addr string) {
	hold(addr)
	fmt.Println("up")
	time.Sleep(time.Hour)
}

// hold opens a connection to the test, which sees it closed when we are gone.
func hold(addr string) net.Conn {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(conn, "%d\n", os.Getpid())
	return conn
}

// witness sees processes come and go.
type witness struct {
	t  *testing.T
	ln net.Listener
}

type seen struct {
	t    *testing.T
	conn net.Conn
	rest *bufio.Reader
	pid  int
}

func newWitness(t *testing.T) *witness {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return &witness{t, ln}
}

func (w *witness) addr() string { return w.ln.Addr().String() }

// up waits for a process to be up.
func (w *witness) up() *seen {
	w.t.Helper()
	w.ln.(*net.TCPListener).SetDeadline(time.Now().Add(20 * time.Second))
	conn, err := w.ln.Accept()
	if err != nil {
		w.t.Fatal("no process came up: ", err)
	}
	w.t.Cleanup(func() { conn.Close() })
	r := bufio.NewReader(conn)
	line, err := r.ReadString('\n')
	if err != nil {
		w.t.Fatal(err)
	}
	pid, _ := strconv.Atoi(line[:len(line)-1])
	return &seen{w.t, conn, r, pid}
}

// gone waits for the process to be gone.
func (s *seen) gone(within time.Duration) {
	s.t.Helper()
	s.conn.SetReadDeadline(time.Now().Add(within))
	if _, err := io.Copy(io.Discard, s.rest); err != nil && os.IsTimeout(err) {
		s.t.Fatalf("process %d is still there", s.pid)
	}
}

func (s *seen) alive() bool {
	s.conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	_, err := s.rest.ReadByte()
	return err != nil && os.IsTimeout(err)
}
