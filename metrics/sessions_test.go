package metrics

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/sessiontest"
)

// L1: an outage is counted on both sides, with what it cost.
func TestL1_Outage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		defer p.end()
		time.Sleep(20 * time.Second)
		g := gather(t, p.here)
		g.want(t, "brum_sessions{peer=web,state=active}", 1)
		g.want(t, "brum_session_state_seconds_total{peer=web,state=active}", 20)
		g.want(t, "brum_session_dials_total{peer=web}", 1)
		g.want(t, "brum_session_resumes_total{outcome=resumed,peer=web,trigger=error}", 0)

		p.net.Plan(sessiontest.Plan{Fate: sessiontest.Refused}, sessiontest.Plan{Fate: sessiontest.Refused})
		if err := p.dialer.Send(t.Context(), []byte("lost on the way")); err != nil {
			t.Fatal(err)
		}
		p.net.Last().Cut()
		time.Sleep(10 * time.Second)
		g = gather(t, p.here)
		g.want(t, "brum_sessions{peer=web,state=active}", 1)
		g.want(t, "brum_session_dials_total{peer=web}", 4)
		g.want(t, "brum_session_dial_failures_total{peer=web}", 2)
		g.want(t, "brum_session_errors_total{during=dial,kind=refused}", 2)
		g.want(t, "brum_session_resumes_total{outcome=resumed,peer=web,trigger=error}", 1)
		g.want(t, "brum_session_outage_seconds{trigger=error}_count", 1)
		g.want(t, "brum_session_detection_seconds{trigger=error}_count", 1)
		g.want(t, "brum_session_sent_messages_total{peer=web}", 1)
		retrying := g["brum_session_state_seconds_total{peer=web,state=retrying}"]
		if retrying <= 0 || retrying != g["brum_session_outage_seconds{trigger=error}_sum"] {
			t.Errorf("retrying for %v s, outage of %v s", retrying, g["brum_session_outage_seconds{trigger=error}_sum"])
		}
		if active := g["brum_session_state_seconds_total{peer=web,state=active}"]; active+retrying != 30 {
			t.Errorf("active for %v s, retrying for %v s, altogether not 30", active, retrying)
		}
		g = gather(t, p.there)
		g.want(t, "brum_sessions{peer=hub,state=active}", 1)
		g.want(t, "brum_session_received_messages_total{peer=hub}", 1)
		g.want(t, "brum_sessions_begun_total{peer=hub}", 1)
	})
}

// L1: counters go on over the end of one session and the beginning of the next, and never fall.
func TestL1_CountersOutliveSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		defer p.end()
		for i := range 5 {
			s := p.dial("web")
			if err := s.WaitActive(t.Context()); err != nil {
				t.Fatal(err)
			}
			for range 10 {
				if err := s.Send(t.Context(), []byte("x")); err != nil {
					t.Fatal(err)
				}
			}
			before := gather(t, p.here)
			before.want(t, "brum_sessions{peer=web,state=active}", 2)
			if err := s.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			g := gather(t, p.here)
			g.want(t, "brum_sessions{peer=web,state=active}", 1)
			g.want(t, "brum_session_sent_messages_total{peer=web}", float64(10*(i+1)))
			g.want(t, "brum_sessions_ended_total{reason=closed}", float64(i+1))
			g.want(t, "brum_sessions_begun_total{peer=web}", float64(i+2))
			for name, was := range before {
				if strings.Contains(name, "_total") && g[name] < was {
					t.Errorf("%s fell from %v to %v", name, was, g[name])
				}
			}
		}
	})
}

// L1: what becomes of an outage is counted, once, also when the session ends with it.
func TestL1_Outcomes(t *testing.T) {
	for _, c := range []struct {
		outcome, reason string
		end             func(*pair)
	}{
		{"closed", "closed", func(p *pair) { p.dialer.CloseNow() }},
		{"lost", "expired", func(p *pair) { time.Sleep(session.DefaultDetachedFor + time.Minute) }},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newPair(t)
			defer p.end()
			p.net.Usually(sessiontest.Refused)
			p.net.Last().Cut()
			time.Sleep(time.Minute)
			c.end(p)
			synctest.Wait()
			g := gather(t, p.here)
			g.want(t, "brum_session_resumes_total{outcome="+c.outcome+",peer=web,trigger=error}", 1)
			g.want(t, "brum_session_resumes_total{outcome=resumed,peer=web,trigger=error}", 0)
			g.want(t, "brum_sessions_ended_total{reason="+c.reason+"}", 1)
			g.want(t, "brum_sessions{peer=web,state=retrying}", 0)
		})
	}
}

// L1: any number of names, of any bytes, makes no more series than those of MaxPeers and one.
func TestL1_BoundedCardinality(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 5
		p := newPair(t)
		defer p.end()
		p.here = NewSessions(&SessionsOptions{MaxPeers: most})
		var live []*session.Session
		for i := range 3 * most {
			live = append(live, p.dial(fmt.Sprint("live ", i)))
		}
		synctest.Wait()
		full := gather(t, p.here)
		full.want(t, "brum_sessions{peer=live 0,state=active}", 1)
		full.want(t, "brum_sessions{peer=other,state=active}", 2*most)
		for _, s := range live {
			s.CloseNow()
		}
		for i := range 100 {
			s := p.dial(fmt.Sprintf("gone \xff\n%s %d", strings.Repeat("é", 10), i))
			synctest.Wait()
			s.CloseNow()
		}
		synctest.Wait()
		g := gather(t, p.here)
		if len(g) > len(full) {
			t.Errorf("%d series have become %d", len(full), len(g))
		}
		if _, ok := g["brum_sessions{peer=live 0,state=active}"]; ok {
			t.Error("a peer that is long gone takes the room of others")
		}
		// Those who had no room stay where they were counted; nothing is counted twice.
		g.want(t, "brum_sessions_begun_total{peer=other}", 2*most)
		g.want(t, "brum_sessions{peer=other,state=active}", 0)
	})
}

func TestL1_PeerLabels(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"web", "web"}, {"", "unnamed"}, {"a\nb\x00", "a�b�"}, {"\xff\xfe", "�"},
		{strings.Repeat("é", 40), strings.Repeat("é", 32)}, {"a" + strings.Repeat("é", 40), "a" + strings.Repeat("é", 31)},
		{strings.Repeat("\xff", 100), "�"},
	} {
		got := peerLabel(c.name)
		if got != c.want || !utf8.ValidString(got) || len(got) > maxName {
			t.Errorf("%q becomes %q, want %q", c.name, got, c.want)
		}
	}
}

// L2: a delay of 200 ms shows at the next scrape.
func TestL2_DelayShowsAtTheNextScrape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		defer p.end()
		scrape := func() gathered {
			ctx, cancel := context.WithTimeout(t.Context(), refreshPatience)
			defer cancel()
			p.here.Refresh(ctx)
			return gather(t, p.here)
		}
		for range 10 {
			time.Sleep(time.Second)
			scrape().between(t, "brum_session_rtt_seconds{peer=web}", 0, 10*time.Millisecond)
		}
		p.net.Last().Shape(sessiontest.ToDialer, sessiontest.Conditions{Delay: 200 * time.Millisecond})
		began := time.Now()
		scrape().between(t, "brum_session_rtt_seconds{peer=web}", 200*time.Millisecond, 210*time.Millisecond)
		if took := time.Since(began); took > 250*time.Millisecond {
			t.Errorf("the scrape took %v", took)
		}
		// Who does not answer holds nobody up for longer than his patience.
		p.net.Last().Stall(sessiontest.ToAcceptor)
		began = time.Now()
		scrape()
		if took := time.Since(began); took > refreshPatience {
			t.Errorf("the scrape took %v", took)
		}
		p.net.Last().Cut()
	})
}

// Many begin, end and are scraped at once.
func TestConcurrentScrapes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		defer p.end()
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for range 10 {
					s := p.dial(fmt.Sprint("peer ", i%3))
					s.WaitActive(t.Context())
					s.Send(t.Context(), []byte("x"))
					s.CloseNow()
				}
			})
		}
		for range 2 {
			wg.Go(func() {
				last := gathered{}
				for range 20 {
					p.here.Refresh(t.Context())
					g := gather(t, p.here)
					for name, v := range g {
						if strings.Contains(name, "_total") && v < last[name] {
							t.Errorf("%s fell from %v to %v", name, last[name], v)
						}
					}
					last = g
					time.Sleep(time.Millisecond)
				}
			})
		}
		wg.Wait()
		p.here.mu.Lock()
		defer p.here.mu.Unlock()
		if len(p.here.of) != 1 || len(p.here.waits) != 0 {
			t.Errorf("%d sessions and %d waits are left", len(p.here.of), len(p.here.waits))
		}
	})
}
