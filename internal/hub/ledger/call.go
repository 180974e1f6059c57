package ledger

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/standardbeagle/brum/internal/callid"
)

// Verdict is what became of a call.
type Verdict string

const (
	Pending   Verdict = "pending" // nothing is known yet
	Done      Verdict = "done"
	Failed    Verdict = "failed"    // the tool reported an error, or the instance refused
	Cancelled Verdict = "cancelled" // stopped while it ran
	Expired   Verdict = "expired"   // arrived after its deadline, did not run
	NotRun    Verdict = "not_run"   // did not run and never will
	Unknown   Verdict = "unknown"   // may have run; nobody can tell any more
)

// Call is one entry.
type Call struct {
	ID       callid.ID
	Instance string // its id
	Life     string // which process of that id
	Name     string // of the instance, for people; cut to MaxName bytes
	Tool     string // cut to MaxName bytes
	Digest   string // of the arguments
	Issued   time.Time
	Deadline time.Time // zero: none
	Verdict  Verdict
	Settled  time.Time     // zero while Verdict is Pending
	Took     time.Duration // from Issued to the outcome, as far as the hub saw it
}

// MaxName is how many bytes of a name are kept.
const MaxName = 256

// Cut is a name as far as it is kept.
func Cut(name string) string { return name[:min(len(name), MaxName)] }

// entry is a record of the journal: an issue, or with a verdict the outcome of one.
type entry struct {
	ID       callid.ID `json:"id"`
	Instance string    `json:"instance,omitempty"`
	Life     string    `json:"life,omitempty"`
	Name     string    `json:"name,omitempty"`
	Tool     string    `json:"tool,omitempty"`
	Digest   string    `json:"digest,omitempty"`
	Issued   time.Time `json:"issued,omitzero"`
	Deadline time.Time `json:"deadline,omitzero"`
	Verdict  Verdict   `json:"verdict,omitempty"`
	Settled  time.Time `json:"settled,omitzero"`
	TookMS   float64   `json:"tookMs,omitempty"`
}

func issueOf(c *Call) ([]byte, error) {
	return json.Marshal(entry{ID: c.ID, Instance: c.Instance, Life: c.Life, Name: c.Name, Tool: c.Tool,
		Digest: c.Digest, Issued: c.Issued, Deadline: c.Deadline})
}

func outcomeOf(c *Call) ([]byte, error) {
	return json.Marshal(entry{ID: c.ID, Verdict: c.Verdict, Settled: c.Settled, TookMS: float64(c.Took) / float64(time.Millisecond)})
}

func readEntry(data []byte) (entry, error) {
	var e entry
	if err := json.Unmarshal(data, &e); err != nil {
		return e, fmt.Errorf("ledger: a record is no entry: %w", err)
	}
	if _, err := callid.Parse(string(e.ID)); err != nil {
		return e, fmt.Errorf("ledger: a record is no entry: %w", err)
	}
	return e, nil
}

func (e *entry) call() Call {
	return Call{ID: e.ID, Instance: e.Instance, Life: e.Life, Name: e.Name, Tool: e.Tool, Digest: e.Digest,
		Issued: e.Issued, Deadline: e.Deadline, Verdict: Pending}
}
