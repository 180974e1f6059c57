package discovery

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/standardbeagle/brum/errors"
)

func TestC4_large_files(t *testing.T) {
	var log syncBuffer
	r := open(t, Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	large := strings.Replace(legacy("large", os.Getpid()), `{`, `{"x":"`+strings.Repeat("x", 2<<20)+`",`, 1)
	writeFile(t, pathOf(r.Dir(), "large"), large)
	huge := strings.Replace(legacy("huge", os.Getpid()), `{`, `{"x":"`+strings.Repeat("x", maxFile)+`",`, 1)
	writeFile(t, pathOf(r.Dir(), "huge"), huge)
	writeFile(t, pathOf(r.Dir(), "small"), legacy("small", os.Getpid()))
	list, err := r.List(t.Context())
	if err != nil || len(list) != 2 || list[0].ID != "large" || list[1].ID != "small" {
		t.Errorf("%v, %v", list, err)
	}
	if !strings.Contains(log.String(), "huge.json") || !strings.Contains(log.String(), fmt.Sprint(maxFile)) {
		t.Errorf("the log: %s", log.String())
	}
	_, err = load(r.Dir(), "huge")
	if e, ok := errors.AsType[*FileError](err); !ok || e.Path != pathOf(r.Dir(), "huge") || errors.Of(err) != errors.Limit || errors.IsTemporary(err) {
		t.Errorf("%v", err)
	}
	i := sample("a", endpoint(t))
	i.Name = strings.Repeat("x", maxFile)
	if _, err := r.Register(t.Context(), i); errors.Of(err) != errors.Limit {
		t.Errorf("writing too much: %v", err)
	}
}

// Any number of files above the limit leaves the others their share, in a watcher too.
func TestC4_huge_files_take_nothing_from_others(t *testing.T) {
	var log syncBuffer
	r := open(t, Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	const huge = maxTotal/maxFile + 4
	for n := range huge {
		path := pathOf(r.Dir(), fmt.Sprintf("a%02d", n))
		writeFile(t, path, "")
		fatal(t, os.Truncate(path, 2*maxFile)) // a hole: it takes no room
	}
	writeFile(t, pathOf(r.Dir(), "z"), legacy("z", os.Getpid()))
	w := watch(t, r)
	expect(t, w, Added, "z")
	if list, err := r.List(t.Context()); err != nil || len(list) != 1 || r.Stats().FilesSkipped != huge {
		t.Errorf("%v, %v, %+v", list, err, r.Stats())
	}
	if n := strings.Count(log.String(), fmt.Sprintf("above the limit of %d", maxFile)); n != huge {
		t.Errorf("said %d times", n)
	}
}

func TestC4_too_many_files(t *testing.T) {
	r := open(t, Config{})
	for n := range maxFiles + 100 {
		id := fmt.Sprintf("i%d", n)
		writeFile(t, pathOf(r.Dir(), id), legacy(id, os.Getpid()))
	}
	list, err := r.List(t.Context())
	if err != nil || len(list) != maxFiles || r.Stats().FilesSkipped != 1 {
		t.Errorf("%d, %v, %+v", len(list), err, r.Stats())
	}
}
