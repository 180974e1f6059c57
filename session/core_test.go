package session

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// coreTest drives two cores by hand: no goroutines, no clock, no transport.
type coreTest struct {
	t    *testing.T
	now  time.Time
	a, b *core // dialing, accepting
	seed uint64
}

func newCoreTest(t *testing.T) *coreTest {
	t.Helper()
	ct := &coreTest{t: t, now: time.Unix(1000, 0)}
	cfg, err := (&Config{Key: testKey, Budget: NewBudget(64 << 20)}).resolve()
	if err != nil {
		t.Fatal(err)
	}
	random := func() uint64 { ct.seed++; return ct.seed * 0x9e3779b97f4a7c15 }
	id := ID{1, 2, 3}
	ct.a = newCore(cfg, dialing, id, 100, random)
	ct.b = newCore(cfg, accepting, id, 200, random)
	ct.b.peer = 100
	ct.b.secret = sessionSecret(testKey, id, 200)
	ct.a.start(ct.now)
	return ct
}

// request makes an attempt of a's, as far as its request.
func (ct *coreTest) request() (attempt uint64, raw []byte, q *attachRequest) {
	ct.t.Helper()
	attempt, raw, _ = ct.a.beginAttempt(ct.now)
	q, err := parseRequest(raw)
	if err != nil {
		ct.t.Fatal(err)
	}
	return attempt, raw, q
}

// answer lets b answer a request.
func (ct *coreTest) answer(raw []byte, q *attachRequest) (refusal, []byte) {
	key := ct.b.secret
	if q.kind == attachCreate {
		key = testKey
	}
	reply := ct.b.accept(ct.now, q)
	return reply.status, reply.encode(key, raw)
}

// attach makes a link and returns its number.
func (ct *coreTest) attach() uint64 {
	ct.t.Helper()
	n, raw, q := ct.request()
	status, reply := ct.answer(raw, q)
	if status != accepted {
		ct.t.Fatalf("attempt %d refused: %v", n, status)
	}
	if !ct.b.bound(ct.now, n) {
		ct.t.Fatalf("attempt %d can't be bound", n)
	}
	if err := ct.a.adopt(ct.now, n, raw, reply); err != nil {
		ct.t.Fatalf("attempt %d not adopted: %v", n, err)
	}
	return n
}

// next builds the next packet of c's, or nil.
func (ct *coreTest) next(c *core) []byte {
	p, ok := c.nextPacket(ct.now, nil)
	if !ok {
		return nil
	}
	whole := append(append([]byte(nil), p.head...), p.frames...)
	c.wrote(p)
	return whole
}

// deliver hands a packet to c as coming from link.
func (ct *coreTest) deliver(c *core, link uint64, packet []byte) error {
	blk := getBlock(largeBlock)
	blk.buf = append(blk.buf, packet...)
	kept, err := c.receive(ct.now, link, blk)
	if !kept {
		putBlock(blk)
	}
	return err
}

// settle exchanges packets over the link until there is nothing to say.
func (ct *coreTest) settle(link uint64) {
	ct.t.Helper()
	for busy := true; busy; {
		busy = false
		for _, dir := range [][2]*core{{ct.a, ct.b}, {ct.b, ct.a}} {
			for p := ct.next(dir[0]); p != nil; p = ct.next(dir[0]) {
				busy = true
				if err := ct.deliver(dir[1], link, p); err != nil {
					ct.t.Fatal(err)
				}
			}
		}
	}
}

// pass lets time pass, with the ticks that fall into it on both sides.
func (ct *coreTest) pass(d time.Duration, link uint64) {
	end := ct.now.Add(d)
	for {
		next := end
		for _, c := range []*core{ct.a, ct.b} {
			if t := c.deadline(); !t.IsZero() && t.Before(next) && t.After(ct.now) {
				next = t
			}
		}
		ct.now = next
		for _, c := range []*core{ct.a, ct.b} {
			if lost, trigger := c.tick(ct.now); lost {
				c.linkLost(ct.now, link, trigger, errSilent)
			}
		}
		ct.settle(link)
		if ct.now.Equal(end) {
			return
		}
	}
}

func (ct *coreTest) wantMessages(c *core, want ...string) {
	ct.t.Helper()
	for _, w := range want {
		got := c.consume(&c.streams.main, nil)
		if !got.whole || string(got.msg) != w {
			ct.t.Fatalf("consumed %q, %v; want %q", got.msg, got.whole, w)
		}
	}
	if got := c.consume(&c.streams.main, nil); got.whole {
		ct.t.Fatalf("consumed %q, want nothing", got.msg)
	}
}

// §4.4, S6: nothing of a former link has any effect once a later attempt was accepted.
func TestFencedLinkIsInert(t *testing.T) {
	ct := newCoreTest(t)
	first := ct.attach()
	ct.settle(first)
	ct.a.send(&ct.a.streams.main, []byte("one"))
	stale := ct.next(ct.a)
	ct.a.linkLost(ct.now, first, TriggerError, nil)
	second := ct.attach()

	if err := ct.deliver(ct.b, first, stale); err != nil {
		t.Fatal(err)
	}
	if ct.b.rx.next != 0 {
		t.Fatal("a frame of a fenced link was received")
	}
	ct.b.linkLost(ct.now, first, TriggerError, nil)
	if ct.b.link != linkUp {
		t.Fatal("the end of a fenced link ended the current one")
	}
	if ct.b.bound(ct.now, first) {
		t.Fatal("a fenced attempt was bound")
	}
	ct.settle(second)
	ct.wantMessages(ct.b, "one")
}

// §4.4: an attempt that is not above the highest seen is refused, and disturbs nothing.
func TestStaleAttemptRefused(t *testing.T) {
	ct := newCoreTest(t)
	_, raw1, q1 := ct.request()
	link := ct.attach() // attempt 2
	ct.settle(link)
	status, reply := ct.answer(raw1, q1)
	if status != refusedStale || ct.b.link != linkUp || ct.b.linkID != link {
		t.Fatalf("late attempt 1: %v, link %d in phase %d", status, ct.b.linkID, ct.b.link)
	}
	if err := ct.a.adopt(ct.now, 1, raw1, reply); err == nil || ct.a.linkID != link {
		t.Fatalf("the refused attempt was adopted: %v", err)
	}
	// The same request once more, as a thief would.
	if status, _ := ct.answer(raw1, q1); status != refusedStale {
		t.Fatalf("replayed request: %v", status)
	}
}

// §4.4: a reply that comes after a later attempt's link has come and gone says nothing any
// more: its cursors are old.
func TestReplyOvertakenByALinkThatIsGone(t *testing.T) {
	ct := newCoreTest(t)
	n1, raw1, q1 := ct.request()
	_, late := ct.answer(raw1, q1)
	link := ct.attach()
	ct.settle(link)
	ct.b.send(&ct.b.streams.main, []byte("1"))
	ct.settle(link)
	ct.a.linkLost(ct.now, link, TriggerError, nil)
	if err := ct.a.adopt(ct.now, n1, raw1, late); !errors.Is(err, errOvertaken) || ct.a.phase != phaseOpen {
		t.Fatalf("adopted %v, ended with %v", err, ct.a.end.err)
	}
	link = ct.attach()
	ct.settle(link)
	ct.wantMessages(ct.a, "1")
}

// §4.4: the reply to the create was lost; the next create of the same incarnation goes on.
func TestCreateReplyLost(t *testing.T) {
	ct := newCoreTest(t)
	n, raw, q := ct.request()
	if status, _ := ct.answer(raw, q); status != accepted {
		t.Fatal(status)
	}
	ct.b.bound(ct.now, n)
	ct.b.send(&ct.b.streams.main, []byte("early"))
	ct.next(ct.b) // into the void
	link := ct.attach()
	ct.settle(link)
	ct.wantMessages(ct.a, "early")
}

// §4.4: the request's cursor is a lower bound; what came over the old link afterwards is
// not delivered again, whoever knows of it.
func TestCursorIsLowerBound(t *testing.T) {
	ct := newCoreTest(t)
	first := ct.attach()
	ct.settle(first)
	n, raw, q := ct.request() // built while the link still lives
	for _, m := range []string{"1", "2", "3"} {
		ct.b.send(&ct.b.streams.main, []byte(m))
	}
	if err := ct.deliver(ct.a, first, ct.next(ct.b)); err != nil {
		t.Fatal(err)
	}
	ct.a.out.ackNow = true
	if err := ct.deliver(ct.b, first, ct.next(ct.a)); err != nil { // acknowledges 3
		t.Fatal(err)
	}
	ct.a.send(&ct.a.streams.main, []byte("x"))
	ct.deliver(ct.b, first, ct.next(ct.a))
	status, reply := ct.answer(raw, q)
	if status != accepted {
		t.Fatal(status)
	}
	ct.b.bound(ct.now, n)
	if err := ct.a.adopt(ct.now, n, raw, reply); err != nil {
		t.Fatal(err)
	}
	ct.settle(n)
	ct.wantMessages(ct.a, "1", "2", "3")
	ct.wantMessages(ct.b, "x")
}

// §5.2: duplicates are dropped by number, also when a replay overlaps what has arrived.
func TestReplayOverlap(t *testing.T) {
	ct := newCoreTest(t)
	first := ct.attach()
	ct.settle(first)
	for _, m := range []string{"1", "2", "3"} {
		ct.a.send(&ct.a.streams.main, []byte(m))
	}
	packet := ct.next(ct.a)
	ct.deliver(ct.b, first, packet) // received, the acknowledgement is lost
	ct.a.linkLost(ct.now, first, TriggerError, nil)
	ct.a.send(&ct.a.streams.main, []byte("4"))
	second := ct.attach()
	if err := ct.deliver(ct.b, second, packet); err != nil { // the same bytes again
		t.Fatal(err)
	}
	ct.settle(second)
	ct.wantMessages(ct.b, "1", "2", "3", "4")
	if ct.b.counts.duplicates != 3 {
		t.Errorf("%d duplicates counted, want 3", ct.b.counts.duplicates)
	}
}

// §4.6, §5.3: two sides that hold different streams find out at the attach.
func TestDigestMismatchAtAttach(t *testing.T) {
	ct := newCoreTest(t)
	first := ct.attach()
	ct.settle(first)
	ct.a.send(&ct.a.streams.main, []byte("true"))
	packet := ct.next(ct.a)
	packet[len(packet)-1] ^= 1 // a bit turns on the way, unnoticed
	ct.deliver(ct.b, first, packet)
	ct.a.linkLost(ct.now, first, TriggerError, nil)
	n, raw, q := ct.request()
	status, reply := ct.answer(raw, q)
	if status != accepted { // b can't know: it is a that holds the true stream
		t.Fatal(status)
	}
	err := ct.a.adopt(ct.now, n, raw, reply)
	var lost *LostError
	if err == nil || !errors.As(ct.a.end.err, &lost) || lost.Reason != ReasonDigest {
		t.Fatalf("adopted %v, ended with %v; want a digest mismatch", err, ct.a.end.err)
	}
}

// §4.6: a side that was rolled back is found out.
func TestRollbackAtAttach(t *testing.T) {
	ct := newCoreTest(t)
	first := ct.attach()
	ct.settle(first)
	ct.a.send(&ct.a.streams.main, []byte("1"))
	ct.settle(first)
	ct.b.out.ackNow = true
	ct.settle(first) // a knows that b has 1
	ct.a.linkLost(ct.now, first, TriggerError, nil)
	ct.b.rx.next = 0 // b's memory is that of an earlier moment
	ct.b.rx.digest.Reset()
	n, raw, q := ct.request()
	_, reply := ct.answer(raw, q)
	ct.a.adopt(ct.now, n, raw, reply)
	var lost *LostError
	if !errors.As(ct.a.end.err, &lost) || lost.Reason != ReasonPosition {
		t.Fatalf("ended with %v, want a position mismatch", ct.a.end.err)
	}
}

// §4.3: a reply without the proof changes nothing, whatever it says.
func TestUnprovenReplyChangesNothing(t *testing.T) {
	for status := accepted; status <= refusedAborted; status++ {
		ct := newCoreTest(t)
		link := ct.attach()
		ct.settle(link)
		ct.a.linkLost(ct.now, link, TriggerError, nil)
		n, raw, _ := ct.request()
		forged := ct.b.reply(status)
		forged.mark = n
		err := ct.a.adopt(ct.now, n, raw, forged.encode([]byte("not the key, 16+"), raw))
		if err == nil || ct.a.phase != phaseOpen || ct.a.link != linkNone || ct.a.attempt != n {
			t.Errorf("%v: %v, phase %d, link %d", status, err, ct.a.phase, ct.a.link)
		}
	}
}

// §7.1: superseded by oneself is ordinary loss, by another process final.
func TestSuperseded(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	own := appendControl(nil, frameSuperseded, uint64(ct.a.self), 7)
	ct.deliver(ct.a, link, own)
	if ct.a.link != linkNone || ct.a.phase != phaseOpen || !ct.a.dialDue(ct.now) {
		t.Fatal("superseded by an own attempt: want a new attempt")
	}
	link = ct.attach()
	ct.deliver(ct.a, link, appendControl(nil, frameSuperseded, uint64(ct.a.self)+1, 1))
	var lost *LostError
	if !errors.As(ct.a.end.err, &lost) || lost.Reason != ReasonSuperseded || ct.a.dialDue(ct.now.Add(time.Hour)) {
		t.Fatalf("superseded by another process: %v", ct.a.end.err)
	}
}

// §9, S8: a process that did not run judges nobody before it has probed.
func TestPauseIsNotDeath(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	ct.pass(time.Second, link)
	ct.a.armed = ct.a.deadline() // the driver's timer
	ct.now = ct.now.Add(time.Minute)
	if lost, _ := ct.a.tick(ct.now); lost {
		t.Fatal("condemned the link right after a pause")
	}
	if ct.a.state(ct.now) != Suspect || ct.a.live.probe.trigger != TriggerPause {
		t.Fatalf("state %v by %v after a pause", ct.a.state(ct.now), ct.a.live.probe.trigger)
	}
	ct.a.armed = ct.a.deadline()
	ct.settle(link) // the probe is answered
	if ct.a.state(ct.now) != Active {
		t.Fatalf("state %v after the answer, want active", ct.a.state(ct.now))
	}
}

// §9, S8: a process that was stopped while a probe was pending has not waited for the answer,
// even if it was stopped for less than is noticed else.
func TestPauseDuringProbe(t *testing.T) {
	for _, pause := range []time.Duration{400 * time.Millisecond, 900 * time.Millisecond, 1400 * time.Millisecond} {
		for _, before := range []time.Duration{0, 100 * time.Millisecond, 240 * time.Millisecond} {
			ct := newCoreTest(t)
			link := ct.attach()
			ct.settle(link)
			ct.pass(time.Second, link)
			ct.a.nudge(ct.now, TriggerWake)
			ct.now = ct.now.Add(before + pause)
			if lost, _ := ct.a.tick(ct.now); lost {
				t.Errorf("condemned the link after a pause of %v, %v after it asked", pause, before)
			}
			ct.settle(link) // the probe is answered
			if s := ct.a.state(ct.now); s != Active {
				t.Errorf("state %v after the answer, want active", s)
			}
		}
	}
}

// §9: a machine on which every timer is late still finds out that its peer is gone.
func TestLateTimersDoNotKeepDeadLinks(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	ct.a.nudge(ct.now, TriggerWake)
	began := ct.now
	for {
		ct.now = ct.a.deadline().Add(2 * probeSlack)
		if lost, _ := ct.a.tick(ct.now); lost {
			break
		}
		if ct.now.Sub(began) > maxAsked*maxProbe {
			t.Fatalf("%v after it asked the link is still not condemned", ct.now.Sub(began))
		}
	}
}

// §9: a system that slept is told from a process that was stopped: the two clocks differ.
func TestSleepIsToldFromPause(t *testing.T) {
	ct := newCoreTest(t)
	armed := time.Now()
	ct.a.armed = armed
	if g := ct.a.gap(armed.Add(500 * time.Millisecond)); g != TriggerNone {
		t.Errorf("a punctual tick: %v", g)
	}
	if g := ct.a.gap(armed.Add(time.Minute)); g != TriggerPause {
		t.Errorf("both clocks went on: %v", g)
	}
	if g := gapOf(0, time.Hour); g != TriggerWake {
		t.Errorf("only the wall clock went on: %v", g)
	}
	if g := gapOf(time.Minute, -time.Hour); g != TriggerPause {
		t.Errorf("the wall clock was set back during a pause: %v", g)
	}
}

// §5.2: an acknowledgement that falls due is the writer's business; until it has run, the
// timer has nothing more to do.
func TestDueAckDoesNotKeepTheTimerFiring(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	ct.a.send(&ct.a.streams.main, []byte("1"))
	ct.deliver(ct.b, link, ct.next(ct.a))
	ct.now = ct.b.deadline()
	if lost, _ := ct.b.tick(ct.now); lost || !ct.b.wantsWrite() {
		t.Fatal("the acknowledgement is not due")
	}
	if d := ct.b.deadline(); !d.After(ct.now) {
		t.Fatalf("the timer would fire again at once: %v after its tick", d.Sub(ct.now))
	}
	ct.settle(link)
	if ct.a.log.acked != 1 {
		t.Errorf("acknowledged up to %d", ct.a.log.acked)
	}
}

// §7.1: a side that gives a link up says so; the other need not find out by itself.
func TestDetachIsTold(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	ct.a.linkLost(ct.now, link, TriggerTimeout, errSilent)
	if err := ct.deliver(ct.b, link, ct.a.out.farewell); err != nil {
		t.Fatal(err)
	}
	if ct.b.link != linkNone || ct.b.phase != phaseOpen || ct.b.lostBy != TriggerPeer {
		t.Errorf("the peer's link %d, phase %d, by %v", ct.b.link, ct.b.phase, ct.b.lostBy)
	}
}

// §9: bytes that were waiting in a buffer do not answer a probe, they only buy time.
func TestBufferedBytesDoNotAnswerProbe(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	ct.b.send(&ct.b.streams.main, []byte("sent before the peer died"))
	old := ct.next(ct.b)
	ct.a.nudge(ct.now, TriggerWake)
	ct.deliver(ct.a, link, old)
	if ct.a.live.probe.phase != probePending {
		t.Fatal("a buffered message answered the probe")
	}
	for end := ct.now.Add(maxProbe); ; {
		ct.now = ct.a.deadline()
		lost, trigger := ct.a.tick(ct.now)
		if lost && trigger == TriggerWake {
			break
		}
		if lost || !ct.now.Before(end) {
			t.Fatalf("unanswered probe: lost %v, trigger %v", lost, trigger)
		}
	}
}

// §9: while bytes keep coming, an answer may be late: it queues behind them.
func TestBulkDelaysJudgement(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	ct.a.nudge(ct.now, TriggerNetwork)
	for range 20 {
		ct.now = ct.now.Add(200 * time.Millisecond)
		ct.b.send(&ct.b.streams.main, bytes.Repeat([]byte("x"), 1000))
		p, _ := ct.b.nextPacket(ct.now, nil)
		ct.deliver(ct.a, link, append(append([]byte(nil), p.head...), p.frames...))
		ct.b.wrote(p)
		if lost, _ := ct.a.tick(ct.now); lost {
			t.Fatal("a link on which bytes arrive was given up")
		}
	}
}

// §6: a peer that answers pings but consumes nothing is stalled, and recovers.
func TestStalledPeer(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	ct.a.send(&ct.a.streams.main, []byte("nobody takes this"))
	ct.settle(link)
	ct.pass(stallPatience*DefaultHeartbeat+time.Second, link)
	if s := ct.a.state(ct.now); s != Stalled {
		t.Fatalf("state %v, want stalled", s)
	}
	ct.wantMessages(ct.b, "nobody takes this")
	ct.pass(DefaultHeartbeat+time.Second, link)
	if s := ct.a.state(ct.now); s != Active {
		t.Fatalf("state %v after consumption, want active", s)
	}
}

// §6: a peer that consumes is not stalled, even if all it says for a long time is messages.
func TestTalkativePeerIsNotStalled(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	ct.a.send(&ct.a.streams.main, []byte("question"))
	ct.settle(link)
	ct.wantMessages(ct.b, "question")
	for range 10 * stallPatience {
		ct.b.send(&ct.b.streams.main, []byte("answer"))
		ct.settle(link)
		ct.wantMessages(ct.a, "answer")
		ct.pass(DefaultHeartbeat/2, link)
		if s := ct.a.state(ct.now); s != Active {
			t.Fatalf("state %v while the peer talks", s)
		}
	}
}

// §6: that a peer stalls is noticed once; whatever else is going on then, the timer has
// nothing to do about it.
func TestStalledPeerDoesNotKeepTheTimerFiring(t *testing.T) {
	for name, disturb := range map[string]func(*coreTest){
		"probed":  func(ct *coreTest) { ct.a.nudge(ct.now, TriggerWake) },
		"closing": func(ct *coreTest) { ct.a.close(ct.now) },
	} {
		t.Run(name, func(t *testing.T) {
			ct := newCoreTest(t)
			link := ct.attach()
			ct.settle(link)
			ct.a.send(&ct.a.streams.main, []byte("nobody takes this"))
			ct.settle(link)
			ct.pass(stallPatience*DefaultHeartbeat+time.Second, link)
			if s := ct.a.state(ct.now); s != Stalled {
				t.Fatalf("state %v, want stalled", s)
			}
			disturb(ct)
			if d := ct.a.deadline(); !d.After(ct.now) {
				t.Errorf("the timer would fire at once: its time was %v ago", ct.now.Sub(d))
			}
		})
	}
}

// §7.2: who has closed and then missed something of the peer's does not take it for all.
func TestEndBehindFrozenCursor(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	ct.a.send(&ct.a.streams.main, []byte("a"))
	ct.b.send(&ct.b.streams.main, []byte("b"))
	ct.a.close(ct.now)
	ct.b.close(ct.now)
	for p := ct.next(ct.b); p != nil; p = ct.next(ct.b) { // into the void, but the cursor is frozen
	}
	for p := ct.next(ct.a); p != nil; p = ct.next(ct.a) {
		if err := ct.deliver(ct.b, link, p); err != nil {
			t.Fatal(err)
		}
	}
	if err := ct.b.receiveError(); ct.b.phase != phaseEnded || err == io.EOF || !errors.Is(err, ErrLost) {
		t.Errorf("phase %d, the receiver gets %v", ct.b.phase, err)
	}
}

// §7.4: each unsettled message gets the verdict that the peer's last word supports.
func TestVerdicts(t *testing.T) {
	big := bytes.Repeat([]byte("b"), 3*maxFragment)
	build := func(t *testing.T) (*coreTest, uint64) {
		ct := newCoreTest(t)
		link := ct.attach()
		ct.settle(link)
		ct.a.send(&ct.a.streams.main, []byte("received, unacknowledged"))
		for off := 0; off < len(big); off += maxFragment {
			ct.a.sendFragment(&ct.a.streams.main, big[off:off+maxFragment], off, len(big))
		}
		for range 2 { // the first message and one fragment arrive
			ct.deliver(ct.b, link, ct.next(ct.a))
		}
		ct.a.send(&ct.a.streams.main, []byte("not sent"))
		ct.a.linkLost(ct.now, link, TriggerError, nil)
		return ct, link
	}
	verdicts := func(t *testing.T, ct *coreTest) []Verdict {
		var lost *LostError
		if !errors.As(ct.a.end.err, &lost) {
			t.Fatalf("ended with %v", ct.a.end.err)
		}
		if len(lost.Unsettled) != 3 || !bytes.Equal(lost.Unsettled[1].Payload, big) ||
			string(lost.Unsettled[2].Payload) != "not sent" {
			t.Fatalf("%d unsettled messages", len(lost.Unsettled))
		}
		return []Verdict{lost.Unsettled[0].Verdict, lost.Unsettled[1].Verdict, lost.Unsettled[2].Verdict}
	}
	t.Run("peer left word", func(t *testing.T) {
		ct, _ := build(t)
		ct.b.lose(ct.now, ReasonEvicted, nil)
		n, raw, q := ct.request()
		_, reply := ct.answer(raw, q)
		ct.a.adopt(ct.now, n, raw, reply)
		got := verdicts(t, ct)
		if got[0] != Committed || got[1] != NotReceived || got[2] != NotReceived {
			t.Errorf("verdicts %v", got)
		}
	})
	t.Run("peer knows nothing", func(t *testing.T) {
		ct, _ := build(t)
		n, raw, q := ct.request()
		reply := attachReply{status: refusedUnknown, version: 1, session: q.session, acceptor: 999, mark: n}
		ct.a.adopt(ct.now, n, raw, reply.encode(testKey, raw))
		got := verdicts(t, ct)
		if got[0] != Unknown || got[1] != Unknown || got[2] != Unknown {
			t.Errorf("verdicts %v", got)
		}
	})
}

// §7.2: both sides close at the same time, with messages of each still under way.
func TestSimultaneousEnd(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	ct.a.send(&ct.a.streams.main, []byte("a"))
	ct.b.send(&ct.b.streams.main, []byte("b"))
	ct.a.close(ct.now)
	ct.b.close(ct.now)
	var fromA, fromB [][]byte
	for p := ct.next(ct.a); p != nil; p = ct.next(ct.a) {
		fromA = append(fromA, p)
	}
	for p := ct.next(ct.b); p != nil; p = ct.next(ct.b) {
		fromB = append(fromB, p)
	}
	for _, p := range fromA {
		if err := ct.deliver(ct.b, link, p); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range fromB {
		if err := ct.deliver(ct.a, link, p); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]*core{"a": ct.a, "b": ct.b} {
		if c.phase != phaseEnded {
			t.Fatalf("%s has not ended", name)
		}
		// Each had frozen its cursor before the other's message came.
		lost, ok := errors.AsType[*LostError](c.end.err)
		if !ok || len(lost.Unsettled) != 1 || lost.Unsettled[0].Verdict != NotReceived {
			t.Errorf("%s ended with %v", name, c.end.err)
		}
	}
}

// §7.4: what a session left behind says nothing of what another life of the peer has sent.
func TestEpitaphOfAnotherLife(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	ct.a.send(&ct.a.streams.main, []byte("sent by the former life"))
	ct.settle(link)
	ct.b.lose(ct.now, ReasonEvicted, nil)

	former := ct.a
	ct.a = newCore(former.cfg, dialing, former.id, former.self+1, former.random)
	ct.a.start(ct.now)
	ct.a.send(&ct.a.streams.main, []byte("sent by this one"))
	n, raw, q := ct.request()
	status, reply := ct.answer(raw, q)
	if status != refusedIncarnation {
		t.Errorf("refused with %v", status)
	}
	ct.a.adopt(ct.now, n, raw, reply)
	lost, ok := errors.AsType[*LostError](ct.a.end.err)
	if !ok || len(lost.Unsettled) != 1 || lost.Unsettled[0].Verdict != Unknown {
		t.Errorf("ended with %v", ct.a.end.err)
	}
}

// §5.2: acknowledging what was never sent ends the session typed, and does no other harm.
func TestImpossibleAck(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	err := ct.deliver(ct.a, link, appendControl(nil, frameAck, 1<<40))
	if errors.Of(err) != errors.Protocol || ct.a.phase != phaseEnded {
		t.Fatalf("%v, phase %d", err, ct.a.phase)
	}
}

// §3: whatever arrives, it is either understood or ends the session; nothing panics.
func TestProtocolViolations(t *testing.T) {
	seq := appendControl(nil, frameSeq, 0)
	frame := func(t frameType, stream uint64, body ...byte) []byte {
		return append(appendSequencedHead(nil, t, stream, len(body)), body...)
	}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, packet := range map[string][]byte{
		"message without a number":  frame(frameMessage, 0, 'x'),
		"gap":                       join(appendControl(nil, frameSeq, 5), frame(frameMessage, 0, 'x')),
		"unknown sequenced type":    join(seq, frame(0x3f, 0, 'x')),
		"type zero":                 join(seq, frame(0, 0, 'x')),
		"unknown control type":      appendControl(nil, 0x5f, 1),
		"type above control":        appendControl(nil, 0x90, 1),
		"truncated message":         join(seq, frame(frameMessage, 0, 'x')[:2]),
		"length beyond the packet":  join(seq, appendSequencedHead(nil, frameMessage, 0, 100)),
		"length not minimal":        join(seq, []byte{byte(frameMessage), 0, 0x81, 0x00, 'x'}),
		"huge length":               join(seq, appendSequencedHead(nil, frameMessage, 0, 1<<62)),
		"fragment without a first":  join(seq, frame(frameFragment, 0, 'x')),
		"abandon without a message": join(seq, frame(frameAbandon, 0)),
		"first above the limit":     join(seq, frame(frameFirst, 0, append(appendUvarint(1<<40), 'x')...)),
		"first that is all":         join(seq, frame(frameFirst, 0, append(appendUvarint(1), 'x')...)),
		"first without bytes":       join(seq, frame(frameFirst, 0, appendUvarint(9)...)),
		"message in a message":      join(seq, frame(frameFirst, 0, append(appendUvarint(9), 'x')...), frame(frameMessage, 0)),
		"too long a fragment":       join(seq, frame(frameFirst, 0, append(appendUvarint(3), 'x')...), frame(frameFragment, 0, 1, 2, 3)),
		"short nonce":               {byte(framePing), 3, 1, 2, 3},
		"credit for nothing":        appendControl(nil, frameCredit, 0, 1<<30, 1<<31),
		"credit for no stream":      appendControl(nil, frameCredit, 8, 0, 1),
		"message on no stream":      join(seq, frame(frameMessage, 1, 'x')),
		"end of no stream":          join(seq, frame(frameFin, 1)),
		"reset of no stream":        join(seq, frame(frameReset, 1)),
		"end of the main stream":    join(seq, frame(frameFin, 0)),
		"open of the main stream":   join(seq, frame(frameOpen, 0)),
		"open of the other side's":  join(seq, frame(frameOpen, 2)),
		"open twice":                join(seq, frame(frameOpen, 1), frame(frameOpen, 1)),
		"message behind the end":    join(seq, frame(frameOpen, 1), frame(frameFin, 1), frame(frameMessage, 1)),
		"end inside a message":      join(seq, frame(frameOpen, 1), frame(frameFirst, 1, append(appendUvarint(9), 'x')...), frame(frameFin, 1)),
		"credit below consumption":  appendControl(nil, frameCredit, 0, 0, 0)[:3],
		"END with a gap":            appendReason(nil, frameEnd, "", 7, 0, 0),
		"END-ACK of nothing":        appendControl(nil, frameEndAck, 0, 0),
		"odd digest":                {byte(frameAck), 3, 0, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			ct := newCoreTest(t)
			link := ct.attach()
			ct.settle(link)
			err := ct.deliver(ct.b, link, packet)
			if err == nil || ct.b.phase != phaseEnded {
				t.Fatalf("%x: %v, phase %d", packet, err, ct.b.phase)
			}
			// The other side learns of it.
			if f, perr := parseControl(ct.b.out.farewell); perr != nil || f.typ != frameAbort {
				t.Errorf("farewell %x", ct.b.out.farewell)
			}
		})
	}
}

// §3.3: unknown frames of the ignorable range are skipped, and what follows is read.
func TestIgnorableFrames(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	p := appendControl(nil, 0x61, 1, 2, 3)
	p = appendControl(p, frameSeq, 0)
	p = append(appendSequencedHead(p, frameMessage, 0, 2), "hi"...)
	if err := ct.deliver(ct.b, link, p); err != nil {
		t.Fatal(err)
	}
	ct.wantMessages(ct.b, "hi")
}

// §6: a peer that sends beyond its credit is stopped; memory stays what was promised.
func TestCreditIsEnforced(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	ct.a.streams.main.sendLimit = 1 << 40 // a liar
	body := bytes.Repeat([]byte("x"), maxFragment)
	var err error
	for i := 0; err == nil && i < 100; i++ {
		if s := ct.a.send(&ct.a.streams.main, body); s != spaceYes {
			t.Fatal(s)
		}
		err = ct.deliver(ct.b, link, ct.next(ct.a))
	}
	if errors.Of(err) != errors.Protocol || ct.b.streams.main.in.bytes > DefaultCredit {
		t.Fatalf("%v with %d bytes in the inbox", err, ct.b.streams.main.in.bytes)
	}
}

func appendUvarint(v uint64) []byte {
	f := appendControl(nil, frameSeq, v)
	return f[2:]
}

// §6: what a stream has left unconsumed ends with it, and the next message is not blamed for it.
func TestStallEndsWithItsStream(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	st, _ := ct.a.openStream("dropped")
	ct.a.send(st, []byte("nobody takes this"))
	ct.settle(link)
	ct.b.resetStream(ct.b.streams.find(st.id))
	ct.settle(link)
	ct.pass(stallPatience*DefaultHeartbeat-time.Second, link)
	ct.a.send(&ct.a.streams.main, []byte("a question"))
	ct.settle(link)
	ct.now = ct.now.Add(2 * time.Second)
	if s := ct.a.state(ct.now); s != Active {
		t.Errorf("state %v two seconds after a message was sent", s)
	}
}

// Who answers several requests writes the first answer for itself and leaves the others to share a
// packet; with the next word of the peer that begins anew.
func TestLaterAnswersWaitForCompany(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	ct.b.send(&ct.b.streams.main, []byte("requests"))
	ct.settle(link)
	if !ct.a.quiet() {
		t.Error("nothing was said since, and the link is not quiet")
	}
	ct.a.send(&ct.a.streams.main, []byte("an answer"))
	p := ct.next(ct.a)
	if ct.a.quiet() {
		t.Error("an answer has left, and the link is quiet")
	}
	if err := ct.deliver(ct.b, link, p); err != nil {
		t.Fatal(err)
	}
	ct.settle(link)
	ct.b.send(&ct.b.streams.main, []byte("more"))
	ct.settle(link)
	if !ct.a.quiet() {
		t.Error("the peer has spoken, and the link is not quiet")
	}
}

// What is counted of a session that loses its link is taken back when it has one again, whatever
// it holds by then.
func TestRoomCountsEachSessionOnce(t *testing.T) {
	ct := newCoreTest(t)
	ct.settle(ct.attach())
	ct.b.send(&ct.b.streams.main, []byte("held"))
	s, r := &Session{core: ct.b}, &room{}
	r.note(s, &Change{From: Active, To: Detached})
	if n, bytes := r.detached.Load(), r.bytes.Load(); n != 1 || bytes < int64(len("held")) {
		t.Errorf("%d sessions hold %d bytes", n, bytes)
	}
	ct.b.send(&ct.b.streams.main, []byte("more"))
	r.note(s, &Change{From: Detached, To: Closed})
	if n, bytes := r.detached.Load(), r.bytes.Load(); n != 0 || bytes != 0 {
		t.Errorf("%d sessions hold %d bytes, want none", n, bytes)
	}
}
