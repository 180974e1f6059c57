// Package report is what the lab's peers tell about themselves: lines of JSON.
package report

import (
	"bufio"
	"encoding/json"
	"io"
	"sync"
	"time"
)

// Line is one thing that happened; one of the pointers is set.
type Line struct {
	At      time.Time `json:"at"`
	Session int       `json:"session"` // whose; -1 is none's
	Ready   *Ready    `json:"ready,omitempty"`
	Change  *Change   `json:"change,omitempty"`
	Ledger  *Ledger   `json:"ledger,omitempty"`
}

// Ready says that a peer listens.
type Ready struct {
	Address string `json:"address"`
}

// Change is a change of a session's state.
type Change struct {
	ID      string `json:"id"`
	From    string `json:"from"`
	To      string `json:"to"`
	Trigger string `json:"trigger"`
	Attempt uint64 `json:"attempt"`
	Error   string `json:"error,omitempty"`
}

// Writer writes lines, whole ones even when several goroutines write.
type Writer struct {
	mu  sync.Mutex
	enc *json.Encoder
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{enc: json.NewEncoder(w)} }

// Write writes a line. Nobody can be told of an error: who reads has gone.
func (w *Writer) Write(l Line) {
	if l.At.IsZero() {
		l.At = time.Now()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.enc.Encode(l)
}

// Read hands over all lines that come from r, until it ends. What is no such line is passed over.
func Read(r io.Reader, take func(Line)) {
	for s := bufio.NewScanner(r); s.Scan(); {
		var l Line
		if json.Unmarshal(s.Bytes(), &l) == nil {
			take(l)
		}
	}
}
