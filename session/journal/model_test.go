package journal

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/standardbeagle/brum/errors"
)

// model is what the application was told: what is acknowledged must be there after anything,
// what was asked for may be.
type model struct {
	sent     map[string][]uint64 // the ids of acknowledged messages of a stream, from 0
	asked    map[string][]uint64 // ids asked for since, in order
	base     map[string]uint64   // peer's commits, acknowledged
	receive  map[string]uint64
	asking   map[string]uint64 // a receive cursor asked for
	made     uint64
	nextID   uint64
	lastOpen uint64
}

var modelStreams = []string{"calls", "logs", "laggard"}

func newModel() *model {
	return &model{sent: map[string][]uint64{}, asked: map[string][]uint64{}, base: map[string]uint64{},
		receive: map[string]uint64{}, asking: map[string]uint64{}}
}

func message(id uint64) []byte {
	b := make([]byte, 8+id*97%700)
	binary.BigEndian.PutUint64(b, id)
	for i := 8; i < len(b); i++ {
		b[i] = byte(id) + byte(i)
	}
	return b
}

// appState is the application's state at a cursor; it must change together with it.
func appState(next uint64) []byte { return fmt.Appendf(nil, "state at %d", next) }

func cursorAt(next uint64) Cursor { return Cursor{next, next * 0x9e3779b97f4a7c15} }

// check compares a journal that was just opened, and makes the model what is there.
func (m *model) check(t *testing.T, j *Journal) {
	t.Helper()
	s := j.State()
	if s.Generation <= m.lastOpen {
		t.Fatalf("generation %d after %d", s.Generation, m.lastOpen)
	}
	m.lastOpen = s.Generation
	if s.Made.Attempt < m.made {
		t.Fatalf("fence %v after %d", s.Made, m.made)
	}
	m.made = s.Made.Attempt
	for _, name := range modelStreams {
		m.checkStream(t, j, name)
	}
}

func (m *model) checkStream(t *testing.T, j *Journal, name string) {
	t.Helper()
	st, _ := j.Stream(name)
	if st.Receive.Next != m.receive[name] && st.Receive.Next != m.asking[name] || st.Receive.Next < m.receive[name] {
		t.Fatalf("%s: receive cursor %d, committed %d, asked for %d", name, st.Receive.Next, m.receive[name], m.asking[name])
	}
	m.receive[name] = st.Receive.Next
	if st.Receive.Next > 0 && (string(st.App) != string(appState(st.Receive.Next)) || st.Receive != cursorAt(st.Receive.Next)) {
		t.Fatalf("%s: state %q at cursor %v", name, st.App, st.Receive)
	}
	if st.Committed.Next > m.base[name] {
		t.Fatalf("%s: trimmed to %d, the peer committed %d", name, st.Committed.Next, m.base[name])
	}
	expected := append(append([]uint64(nil), m.sent[name]...), m.asked[name]...)
	if st.Sent.Next < uint64(len(m.sent[name])) || st.Sent.Next > uint64(len(expected)) {
		t.Fatalf("%s: %d records, %d acknowledged, %d asked for", name, st.Sent.Next, len(m.sent[name]), len(expected))
	}
	m.checkReplay(t, j, name, st, expected)
	m.sent[name], m.asked[name] = expected[:st.Sent.Next], nil
}

func (m *model) checkReplay(t *testing.T, j *Journal, name string, st StreamState, expected []uint64) {
	t.Helper()
	i, digest := st.Committed.Next, uint64(0)
	for _, id := range expected[:i] {
		digest = Extend(digest, message(id))
	}
	if digest != st.Committed.Digest {
		t.Fatalf("%s: digest at %d", name, i)
	}
	for r, err := range j.Replay(name, i) {
		if err != nil {
			t.Fatal(err)
		}
		digest = Extend(digest, r.Payload)
		if r.Index != i || string(r.Payload) != string(message(expected[i])) || r.Digest != digest {
			t.Fatalf("%s: record %d is not message %d", name, r.Index, expected[i])
		}
		i++
	}
	if i != st.Sent.Next || digest != st.Sent.Digest {
		t.Fatalf("%s: replay ended at %d of %d", name, i, st.Sent.Next)
	}
}

// report is what a program says of each step, so that the model can live in another process.
type report func(op, stream string, value uint64)

func (m *model) note(op, stream string, value uint64) {
	switch op {
	case "ask":
		m.asked[stream] = append(m.asked[stream], value)
		m.nextID = max(m.nextID, value+1)
	case "ack": // of all asked for up to the id
		for i, id := range m.asked[stream] {
			if id == value {
				m.sent[stream] = append(m.sent[stream], m.asked[stream][:i+1]...)
				m.asked[stream] = m.asked[stream][i+1:]
				break
			}
		}
	case "trim":
		m.base[stream] = value
	case "receiving":
		m.asking[stream] = value
	case "received":
		m.receive[stream] = value
	case "made":
		m.made = value
	}
}

// exercise does n rounds of everything, until the journal fails.
func exercise(j *Journal, from uint64, n int, say report) error {
	ctx := context.Background()
	id := from
	for i := range n {
		var tickets []Ticket
		var ids []uint64
		for k := range 1 + i%4 {
			name := modelStreams[k%2]
			if i%9 == 0 {
				name = "laggard"
			}
			say("ask", name, id)
			tk, err := j.Stage(ctx, name, message(id))
			if err != nil {
				return err
			}
			tickets, ids = append(tickets, tk), append(ids, id)
			id++
			if i%9 == 0 {
				break
			}
		}
		for k, tk := range tickets {
			if err := tk.Wait(ctx); err != nil {
				return err
			}
			name := modelStreams[k%2]
			if i%9 == 0 {
				name = "laggard"
			}
			say("ack", name, ids[k])
			if name != "laggard" && tk.Index%3 == 2 {
				say("trim", name, tk.Index)
				if err := j.Trim(name, tk.Index); err != nil {
					return err
				}
			}
		}
		st, _ := j.Stream("logs")
		next := st.Receive.Next + uint64(i%3)
		if next > 0 {
			say("receiving", "logs", next)
			if err := j.CommitReceive(ctx, "logs", cursorAt(next), appState(next)); err != nil {
				return err
			}
			say("received", "logs", next)
		}
		if i%5 == 0 {
			f := j.State().Made
			f.Attempt++
			if err := j.RaiseMade(ctx, f); err != nil {
				return err
			}
			say("made", "", f.Attempt)
		}
	}
	return nil
}

func mustOpen(t testing.TB, dir string, o *Options) *Journal {
	t.Helper()
	j, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func closing(t testing.TB, j *Journal) {
	t.Helper()
	if err := j.Close(); err != nil && !errors.Is(err, ErrFailed) {
		t.Fatal(err)
	}
}
