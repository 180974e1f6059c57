//go:build sleep && linux

package sleep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/standardbeagle/brum/test/sleep/side"
)

// lab is a guest and the world outside of it. All tests share one, since booting takes longest.
type lab struct {
	dir     string
	qemu    *qemu
	outside *outside
	booted  time.Duration
	state   side.State // the guest's, as of its last word
	ahead   time.Duration
	results []*result
	broken  error // why it is of no use any more
	told    bool  // what there was to say about that
}

var (
	theLab   *lab
	boot     sync.Once
	bootFail error
)

// getLab returns the lab, all of which works.
func getLab(t *testing.T) *lab {
	t.Helper()
	need(t)
	boot.Do(func() {
		theLab = &lab{dir: os.Getenv(insideVariable)}
		bootFail = theLab.start()
	})
	t.Cleanup(func() {
		if t.Failed() {
			theLab.tell(t)
		}
	})
	if err := errors.Join(bootFail, theLab.broken); err != nil {
		t.Fatal(err)
	}
	return theLab
}

func (l *lab) start() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := makeNetwork(); err != nil {
		return err
	}
	var err error
	if l.outside, err = startOutside(ctx, l.dir); err != nil {
		return fmt.Errorf("outside: %w", err)
	}
	began := time.Now()
	if l.qemu, err = startQemu(l.dir); err != nil {
		return err
	}
	if hello, err := l.answer(); err != nil || !hello.Hello {
		return fmt.Errorf("the guest does not come up: %w", err)
	}
	l.booted = time.Since(began)
	a, err := l.order(side.Order{Do: side.DoStart, File: l.outside.instance.File})
	if err != nil {
		return err
	}
	l.state = *a.State
	return l.outside.find(ctx, a.File)
}

// order has the guest do something and waits for its answer.
func (l *lab) order(o side.Order) (side.Answer, error) {
	if err := l.send(o); err != nil {
		return side.Answer{}, err
	}
	return l.answer()
}

func (l *lab) send(o side.Order) error { return json.NewEncoder(l.qemu.guest).Encode(o) }

func (l *lab) answer() (side.Answer, error) { return l.answerWithin(90 * time.Second) }

func (l *lab) answerWithin(d time.Duration) (side.Answer, error) {
	var a side.Answer
	l.qemu.guest.SetReadDeadline(time.Now().Add(d))
	err := l.qemu.answers.Decode(&a)
	if err != nil {
		err = fmt.Errorf("no answer from the guest: %w", err)
	}
	if a.Error != "" {
		err = fmt.Errorf("guest: %s", a.Error)
	}
	return a, err
}

// tell logs what the programs and the guest have to say, once if the lab is broken.
func (l *lab) tell(t *testing.T) {
	broken := errors.Join(bootFail, l.broken) != nil
	if broken && l.told {
		return
	}
	l.told = broken
	if l.outside != nil {
		t.Logf("outside: %v", l.outside)
	}
	if l.qemu == nil {
		return
	}
	t.Logf("in the guest: %s", l.guestLogs())
	for _, name := range []string{console, "qemu.log"} {
		data, err := os.ReadFile(filepath.Join(l.dir, name))
		t.Logf("%s: %v\n%s", name, err, data[max(0, len(data)-16<<10):])
	}
}

// guestLogs asks the guest for its programs' logs; answers to earlier orders may come first.
func (l *lab) guestLogs() string {
	if err := l.send(side.Order{Do: side.DoLogs}); err != nil {
		return err.Error()
	}
	for {
		a, err := l.answerWithin(10 * time.Second)
		switch {
		case a.Logs != "":
			return a.Logs
		case err != nil && a.Error == "":
			return err.Error()
		}
	}
}

func (l *lab) close() {
	printTable(l)
	if l.outside != nil {
		l.outside.stop()
	}
	if l.qemu != nil {
		l.qemu.stop()
	}
}
