package session

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// H3: a session is never active for longer than the window without a word from its peer, whether
// it has something to send or not, and its story says for how long there was none.
func TestH3_NeverActivePastTheWindow(t *testing.T) {
	for name, talk := range map[string]bool{"idle": false, "sending": true} {
		synctest.Test(t, func(t *testing.T) {
			p := newPair(t, Config{})
			defer p.end()
			send(t, p.a, "hello")
			want(t, p.b, "hello")
			time.Sleep(time.Minute)
			if st := p.a.Stats(); st.State != Active || time.Since(st.LastHeard) > DefaultWindow {
				t.Fatalf("%s, before: %v, heard %v ago", name, st.State, time.Since(st.LastHeard))
			}
			p.net.last().blackhole()
			p.net.set(func(n *network) { n.down = errors.New("no route") })
			for range 1000 {
				time.Sleep(100 * time.Millisecond)
				if talk {
					p.a.TrySend([]byte("x"))
				}
				st := p.a.Stats()
				if silent := time.Since(st.LastHeard); st.State == Active && silent > DefaultWindow {
					t.Fatalf("%s: active, and nothing was heard for %v", name, silent)
				}
			}
			if st := p.a.State(); st != Retrying {
				t.Fatalf("%s, after 100 s of silence: %v", name, st)
			}
			p.net.set(func(n *network) { n.down = nil })
			if err := p.a.WaitActive(t.Context()); err != nil {
				t.Fatal(err)
			}
			back := p.a.Stats().LastResume
			if back.Trigger != TriggerTimeout || back.Silence <= 0 || back.Silence > DefaultWindow+maxProbe || back.Dials < 2 {
				t.Errorf("%s: %+v", name, back)
			}
		})
	}
}
