package health

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// suspicion says how long an answer may take, learning from those that came.
type suspicion interface {
	sample(took time.Duration)
	patience() time.Duration
}

// phi is the accrual detector of Hayashibara et al. over answers, as it is used with 1,000
// samples and a threshold of 8: normally distributed answers would be suspected once in 10^8.
type phi struct {
	samples  []float64
	at       int
	sum, sq  float64
	distance float64 // from the mean, in standard deviations
}

func newPhi(threshold float64) *phi {
	low, high := 0.0, 40.0
	for range 60 { // the distance at which that probability is left
		if mid := (low + high) / 2; math.Erfc(mid/math.Sqrt2)/2 > math.Pow(10, -threshold) {
			low = mid
		} else {
			high = mid
		}
	}
	return &phi{distance: low}
}

func (p *phi) sample(took time.Duration) {
	x := took.Seconds()
	if len(p.samples) < 1000 {
		p.samples = append(p.samples, x)
	} else {
		old := p.samples[p.at]
		p.sum, p.sq = p.sum-old, p.sq-old*old
		p.samples[p.at] = x
		p.at = (p.at + 1) % len(p.samples)
	}
	p.sum, p.sq = p.sum+x, p.sq+x*x
}

func (p *phi) patience() time.Duration {
	n := float64(len(p.samples))
	mean := p.sum / n
	deviation := math.Sqrt(max(0, p.sq/n-mean*mean))
	return time.Duration((mean + p.distance*deviation) * float64(time.Second))
}

// fourTrips is what a session's probes go by: four smoothed round trips.
type fourTrips struct{ mean time.Duration }

func (f *fourTrips) sample(took time.Duration) {
	if f.mean == 0 {
		f.mean = took
	}
	f.mean += (took - f.mean) / 8
}

func (f *fourTrips) patience() time.Duration { return 4 * f.mean }

// path draws how long the next answer takes.
type path struct {
	name string
	next func(r *rand.Rand) time.Duration
}

func paths() []path {
	ms := func(x float64) time.Duration { return time.Duration(x * float64(time.Millisecond)) }
	busy, queue, far := 0, 0.0, 20.0
	return []path{
		{"loopback", func(r *rand.Rand) time.Duration { return ms(0.2 * math.Exp(r.NormFloat64()/2)) }},
		{"busy machine", func(r *rand.Rand) time.Duration { // 1 of 50 has to wait for its turn
			if r.IntN(50) == 0 {
				return ms(1 + 800*r.Float64())
			}
			return ms(0.5 * math.Exp(r.NormFloat64()))
		}},
		{"wireless", func(r *rand.Rand) time.Duration { // in bursts packets are sent again
			if busy--; busy < 0 && r.IntN(40) == 0 {
				busy = r.IntN(8)
			}
			if busy > 0 {
				return ms(5 + 300*r.ExpFloat64())
			}
			return ms(3 + 2*r.ExpFloat64())
		}},
		{"lossy", func(r *rand.Rand) time.Duration { // a loss in 20 costs a retransmission time, and maybe two
			took := 60 + 10*r.ExpFloat64()
			for rto := 260.0; r.IntN(20) == 0; rto *= 2 {
				took += rto
			}
			return ms(took)
		}},
		{"queue", func(r *rand.Rand) time.Duration { // fills and drains
			queue = min(max(0, queue+60*r.NormFloat64()), 2000)
			return ms(30 + queue)
		}},
		{"moves", func(r *rand.Rand) time.Duration { // another distance now and then
			if r.IntN(200) == 0 {
				far = 10 * math.Exp(3*r.Float64())
			}
			return ms(far * (1 + r.ExpFloat64()/10))
		}},
	}
}

// judged is how a suspicion fared on a path.
type judged struct {
	wrong    int           // answers that came and were given up
	detected time.Duration // how long after a question it would have been noticed that none comes, on average
}

const judgedAnswers = 20_000

// judge lets s judge answers over links that see life answers each; the first of each teaches.
func judge(fresh func() suspicion, p path, floor time.Duration, life int) (j judged) {
	r := rand.New(rand.NewPCG(42, 4))
	s, seen := fresh(), 0
	for n := 0; n < judgedAnswers; seen++ {
		if seen == life {
			s, seen = fresh(), 0
		}
		took := p.next(r)
		if seen > 0 {
			patience := min(max(s.patience(), floor), DefaultInterval)
			if took > patience {
				j.wrong++
			}
			j.detected += patience / judgedAnswers
			n++
		}
		s.sample(took)
	}
	return j
}

// TestSuspicions compares ways to suspect an instance; docs/health.md tells what follows. What
// Checks and sessions use has to be as good as the others where they use it.
func TestSuspicions(t *testing.T) {
	kinds := []struct {
		name  string
		fresh func() suspicion
	}{
		{"mean + 4 deviations", func() suspicion { return new(roundTrip) }},
		{"4 round trips", func() suspicion { return new(fourTrips) }},
		{"phi accrual, 8", func() suspicion { return newPhi(8) }},
	}
	const ours, sessions, accrual = 0, 1, 2
	compare := func(what string, floor time.Duration, life int) (wrong [3]int, detected [3]time.Duration) {
		text := fmt.Sprintf("%s, at least %v\n%-13s", what, floor, "")
		for _, k := range kinds {
			text += fmt.Sprintf("  %-22s", k.name)
		}
		for n, p := range paths() {
			text += fmt.Sprintf("\n%-13s", p.name)
			for i, k := range kinds {
				j := judge(k.fresh, paths()[n], floor, life)
				text += fmt.Sprintf("  %5d wrong, in %5.0f ms", j.wrong, float64(j.detected)/1e6)
				wrong[i] += j.wrong
				detected[i] += j.detected / time.Duration(len(paths()))
			}
		}
		text += fmt.Sprintf("\n%-13s", "together")
		for i := range kinds {
			text += fmt.Sprintf("  %5d wrong, in %5.0f ms", wrong[i], float64(detected[i])/1e6)
		}
		t.Log(text)
		return wrong, detected
	}

	wrong, detected := compare("answers of applications", minPatience, math.MaxInt)
	for _, other := range []int{sessions, accrual} {
		if wrong[ours] > wrong[other] || wrong[ours] == wrong[other] && detected[ours] > detected[other] {
			t.Errorf("%s is wrong less often or notices sooner", kinds[other].name)
		}
	}
	// A link is asked four times a minute at most, and what was learned of a path goes with it.
	if wrong, _ := compare("links of eight answers", 250*time.Millisecond, 8); wrong[sessions] > wrong[accrual] {
		t.Errorf("four round trips are wrong more often than accrual: %v", wrong)
	}
	compare("links of 20,000 answers", 250*time.Millisecond, math.MaxInt)
}
