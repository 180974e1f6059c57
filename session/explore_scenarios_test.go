package session

// scenarios are what TestExplore explores. Each has all interleavings within its bounds; what
// one leaves out to stay small, another one has.
func scenarios(deep bool) []scenario {
	a, b := []string{"a0", "a1", "a2"}, []string{"b0", "b1", "b2"}
	say := func(x, y int) [2][]frameStep { return [2][]frameStep{messages(a[:x]...), messages(b[:y]...)} }
	streams := [2][]frameStep{{
		{frameOpen, 1, "s", 0},
		{frameFirst, 1, "fir", 5},
		{frameMessage, mainStream, "a0", 0},
		{frameFragment, 1, "st", 5},
		{frameFin, 1, "", 0},
	}, {
		{frameOpen, 2, "s", 0},
	}}
	if deep {
		return []scenario{
			{name: "three each way with rivals and restarts", script: say(3, 3), rivals: 2,
				left: allowance{cuts: 2, dials: 3, restarts: [2]int{1, 1}}},
			{name: "three each way with all else", script: say(3, 3), rivals: 1, batches: true, acks: true,
				left: allowance{cuts: 1, dials: 2, losses: 1, closes: [2]int{1, 1}}},
			{name: "holds and renewals with rivals", script: say(1, 1), rivals: 2,
				left: allowance{cuts: 1, dials: 3, holds: 1, renewals: 1}},
		}
	}
	return []scenario{
		{name: "three each way", script: say(3, 3), rivals: 1, left: allowance{cuts: 1, dials: 2}},
		{name: "three one way with rivals", script: say(3, 0), rivals: 2, left: allowance{cuts: 2, dials: 3}},
		{name: "three the other way with rivals", script: say(0, 3), rivals: 2, left: allowance{cuts: 2, dials: 3}},
		{name: "one each way with rivals and losses", script: say(1, 1), rivals: 2, left: allowance{cuts: 1, dials: 3, losses: 1}},
		{name: "restarts of both sides", script: say(1, 1), rivals: 2, left: allowance{cuts: 1, dials: 3, restarts: [2]int{1, 1}}},
		{name: "closes of both sides", script: say(2, 2), rivals: 1, left: allowance{cuts: 1, dials: 2, closes: [2]int{1, 1}}},
		{name: "closes and restarts", script: say(1, 1), rivals: 1, left: allowance{cuts: 1, dials: 2, restarts: [2]int{1, 1}, closes: [2]int{1, 1}}},
		{name: "probes, pauses and heartbeats", script: say(1, 1), rivals: 1, chatter: true, acks: true,
			left: allowance{cuts: 1, dials: 2, probes: 1, lates: 1}},
		{name: "packets, acknowledgements and receivers at their own pace", script: say(2, 1), rivals: 1, batches: true, acks: true, lazy: true,
			left: allowance{cuts: 1, dials: 2, losses: 1}},
		{name: "streams and fragments", script: streams, rivals: 1, left: allowance{cuts: 1, dials: 2}},
		{name: "holds and renewals", script: say(1, 0), rivals: 1, left: allowance{cuts: 1, dials: 2, holds: 1, renewals: 1}},
		{name: "rivals and connections not set up", script: say(1, 1), rivals: 2, left: allowance{cuts: 1, dials: 2, aborts: [2]int{0, 1}}},
	}
}
