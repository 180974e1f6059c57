//go:build unix

package discovery

import (
	"context"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/standardbeagle/brum/errors"
)

func init() { roles["exhausted"] = exhausted }

// A process that has no file descriptors left is told so, forgets nobody, and sees what it has
// missed as soon as there are some.
func TestK3_NoFilesLeft(t *testing.T) {
	dir, aside := testDir(t), testDir(t)
	c := start(t, "exhausted", dir, aside)
	for c.lines.Scan() {
		if c.lines.Text() == "done" {
			return
		}
		t.Error(c.lines.Text())
	}
	t.Fatal("the child has not come to its end")
}

// exhausted is that process.
func exhausted(args []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	watched, err := Open(Config{Dir: args[0], Log: quiet()})
	if err != nil {
		return err
	}
	aside, err := Open(Config{Dir: args[1], Log: quiet()})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := l.Addr().(*net.TCPAddr).Port
	w, err := watched.Watch(ctx)
	if err != nil {
		return err
	}
	defer w.Close()
	if _, err := watched.Register(ctx, sample("known", port)); err != nil {
		return err
	}
	if _, err := aside.Register(ctx, sample("new", port)); err != nil {
		return err
	}
	if e, err := w.Next(ctx); err != nil || e.Instance.ID != "known" {
		return fmt.Errorf("%+v, %w", e, err)
	}
	free, err := takeAllFiles()
	if err != nil {
		return err
	}
	defer free()
	check := func(what string, err error) {
		if errors.Of(err) != errors.Limit || !errors.IsTemporary(err) {
			fmt.Printf("%s: %v\n", what, err)
		}
	}
	_, err = watched.List(ctx)
	check("list", err)
	short, stop := context.WithTimeout(ctx, time.Second)
	defer stop()
	_, err = watched.Register(short, sample("other", port))
	check("register", err)
	if err := os.Rename(pathOf(args[1], "new"), pathOf(args[0], "new")); err != nil {
		return err
	}
	w.Rescan()
	time.Sleep(1500 * time.Millisecond) // a check falls into it
	if list := w.Instances(); len(list) != 1 || list[0].ID != "known" {
		fmt.Printf("while there are no files: %v\n", list)
	}
	began := time.Now()
	free()
	if e, err := w.Next(ctx); err != nil || e.Instance.ID != "new" || e.Change != Added {
		return fmt.Errorf("%+v, %w", e, err)
	}
	if took := time.Since(began); took > 10*time.Second {
		fmt.Printf("seen after %v\n", took)
	}
	fmt.Println("done")
	return nil
}

// takeAllFiles opens files until there are no more.
func takeAllFiles() (free func(), err error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil, err
	}
	limit.Cur = 64
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil, err
	}
	var files []*os.File
	free = func() {
		for _, f := range files {
			f.Close()
		}
		files = nil
	}
	for {
		f, err := os.Open(os.DevNull)
		if errors.Of(err) == errors.Limit {
			return free, nil
		}
		if err != nil {
			return free, err
		}
		files = append(files, f)
	}
}
