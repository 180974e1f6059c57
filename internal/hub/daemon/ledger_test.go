package daemon

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/hub"
	"github.com/standardbeagle/brum/internal/programlog"
)

// A hub that starts while the former one ends gets its ledger; one that is told to stop does not
// wait for another that stays.
func TestLedgerOfAHubThatIsEnding(t *testing.T) {
	o := Options{StateDir: t.TempDir(), Ledger: hub.LedgerRequire, Log: &programlog.Log{Logger: slog.New(slog.DiscardHandler)}}
	first, err := openLedger(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	began := time.Now()
	if book, err := openLedger(stopped, o); !ledgerInUse(err) || book != nil || time.Since(began) > formerHub/2 {
		t.Fatalf("after %v: %v, %v", time.Since(began), book, err)
	}
	var ended sync.WaitGroup
	ended.Go(func() {
		time.Sleep(5 * formerPause) // another process's lock tells nobody when it goes
		if err := first.Close(); err != nil {
			t.Error(err)
		}
	})
	second, err := openLedger(t.Context(), o)
	ended.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}
