package session

import "testing"

// However much a session wants, the next one finds room.
func TestK2_NoSessionUsesTheBudgetUp(t *testing.T) {
	const limit = 64 << 20
	for name, account := range map[string]struct {
		take func(b *Budget, n, held int) bool
		step int
	}{
		"replay and windows": {(*Budget).take, largeBlock},
		"messages":           {(*Budget).takeMessage, smallMessage},
	} {
		b := NewBudget(limit)
		for guest := 1; guest <= 7; guest++ {
			held := 0
			for account.take(b, account.step, held) {
				held += account.step
			}
			// Half of what the ones before have left, in whole steps.
			if fair := (limit >> guest) - account.step; held < fair || held > fair+2*account.step {
				t.Errorf("%s: session %d got %d of %d", name, guest, held, limit)
			}
		}
		if b.Used() > limit {
			t.Errorf("%s: %d used of %d", name, b.Used(), limit)
		}
	}
}

// What a session holds already counts for its next message, and the first may take what is free.
func TestK2_LargeMessagesLeaveRoom(t *testing.T) {
	const MiB = 1 << 20
	b := NewBudget(256 * MiB)
	for i, want := range []bool{true, true, false} {
		if got := b.takeMessage(64*MiB, i*64*MiB); got != want {
			t.Errorf("message %d of the first session: %v", i+1, got)
		}
	}
	for range 2 {
		if !b.takeMessage(64*MiB, 0) {
			t.Error("a session that holds nothing does not get what is free")
		}
	}
	if b.takeMessage(64*MiB, 0) || !b.takeMessage(smallMessage, 0) || b.takeMessage(smallMessage, smallMessage) {
		t.Error("when all is taken each session has room for one small message")
	}
	if !NewBudget(8*MiB).takeMessage(8*MiB, 0) {
		t.Error("the largest message that is allowed can't be received")
	}
}

// What is stretched for long paths is an eighth of a budget at most in each direction, is counted
// like all else, and is shared.
func TestK2_StretchingLeavesRoom(t *testing.T) {
	const limit = 64 << 20
	for of := range stretchCount {
		b := NewBudget(limit)
		var got [4]int
		for i := range got {
			for b.takeStretch(of, largeBlock, largeBlock, got[i]) > 0 {
				got[i] += largeBlock
			}
		}
		if got[0] > limit/16 || got[0] < limit/16-largeBlock || got[1] < limit/32-largeBlock || got[3] == 0 {
			t.Errorf("sessions got %v of %d", got, limit)
		}
		if sum := got[0] + got[1] + got[2] + got[3]; b.Used() != sum || sum > limit/8 || b.stretchLeft(of) != limit/8-sum || b.stretchLeft(1-of) != limit/8 {
			t.Errorf("%v taken, %d used", got, b.Used())
		}
		if more := b.takeStretch(of, 1, limit, 0); more == 0 || b.takeStretch(of, largeBlock, limit, limit/16) != 0 {
			t.Errorf("who holds nothing got %d", more)
		}
		b.releaseStretch(of, got[0])
		if b.stretchLeft(of) < got[0] {
			t.Error("what was given back is not left")
		}
	}
	b := NewBudget(limit)
	for range limit / fairShare { // sessions, each with its share
		b.take(fairShare, 0)
	}
	if got := b.takeStretch(stretchSent, largeBlock, largeBlock, 0); got > 0 {
		t.Errorf("%d stretched in a full budget", got)
	}
}
