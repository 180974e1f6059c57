package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/internal/hub"
	"github.com/standardbeagle/brum/internal/hub/ledger"
	"github.com/standardbeagle/brum/session/journal"
)

// LedgerPath is where a hub with that state directory keeps its ledger.
func LedgerPath(stateDir string) string { return filepath.Join(stateDir, "ledger") }

// formerHub is how long a hub waits for another one to end that still has the ledger: it may have
// been asked to end just now. formerPause is the time between two looks.
const (
	formerHub   = 3 * time.Second
	formerPause = 20 * time.Millisecond
)

// openLedger opens the hub's ledger. Whether an error matters is for the policy to say.
func openLedger(ctx context.Context, o Options) (*ledger.Ledger, error) {
	if o.Ledger == hub.LedgerOff {
		return nil, nil
	}
	book, err := ledger.Open(LedgerPath(o.StateDir), ledger.Options{Logger: o.Log.Logger})
	for began := time.Now(); ledgerInUse(err) && ctx.Err() == nil && time.Since(began) < formerHub; {
		time.Sleep(formerPause)
		book, err = ledger.Open(LedgerPath(o.StateDir), ledger.Options{Logger: o.Log.Logger})
	}
	if err != nil {
		err = fmt.Errorf("ledger of calls: %w", err)
		o.Log.Logger.Error("calls are not recorded", "policy", o.Ledger, "error", err)
		return nil, err
	}
	return book, nil
}

func ledgerInUse(err error) bool {
	_, inUse := errors.AsType[*journal.InUseError](err)
	return inUse
}

func closeLedger(book *ledger.Ledger, log *slog.Logger) {
	if err := book.Close(); err != nil {
		log.Warn("the ledger of calls was not closed in order", "error", err)
	}
}
