package daemon

import (
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/standardbeagle/brum/internal/hub"
	"github.com/standardbeagle/brum/internal/hub/ledger"
)

// LedgerPath is where a hub with that state directory keeps its ledger.
func LedgerPath(stateDir string) string { return filepath.Join(stateDir, "ledger") }

// openLedger opens the hub's ledger. Whether an error matters is for the policy to say.
func openLedger(o Options) (*ledger.Ledger, error) {
	if o.Ledger == hub.LedgerOff {
		return nil, nil
	}
	book, err := ledger.Open(LedgerPath(o.StateDir), ledger.Options{Logger: o.Log.Logger})
	if err != nil {
		err = fmt.Errorf("ledger of calls: %w", err)
		o.Log.Logger.Error("calls are not recorded", "policy", o.Ledger, "error", err)
		return nil, err
	}
	return book, nil
}

func closeLedger(book *ledger.Ledger, log *slog.Logger) {
	if err := book.Close(); err != nil {
		log.Warn("the ledger of calls was not closed in order", "error", err)
	}
}
