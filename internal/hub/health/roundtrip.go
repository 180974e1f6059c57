package health

import "time"

// roundTrip is how long answers take, and how much that varies (RFC 6298). Nothing has been
// learned while mean is 0.
type roundTrip struct {
	mean, deviation time.Duration
}

func (r *roundTrip) sample(took time.Duration) {
	took = max(took, 1)
	if r.mean == 0 {
		r.mean, r.deviation = took, took/2
		return
	}
	r.deviation += (max(took-r.mean, r.mean-took) - r.deviation) / 4
	r.mean = max(r.mean+(took-r.mean)/8, 1)
}

// patience is how long an answer may take before there is something wrong.
func (r *roundTrip) patience() time.Duration { return r.mean + 4*r.deviation }
