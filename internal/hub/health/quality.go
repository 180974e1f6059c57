package health

import "time"

const (
	// minQuality is the least that anything is divided by.
	minQuality = 0.25
	// evenEnough: answers that vary no more than this are as good as can be.
	evenEnough = 50 * time.Millisecond
	// uneven is the further variation at which the quality has halved.
	uneven = 450 * time.Millisecond
)

// quality says how well an instance has answered lately. The zero value is perfect.
type quality struct {
	trip roundTrip
	loss float64 // share of the last dozen or so questions and links that were lost
}

// answered notes how long an answer took.
func (q *quality) answered(took time.Duration) { q.trip.sample(took) }

// came notes a sign of life.
func (q *quality) came() { q.loss -= q.loss / 8 }

// lost notes an answer that has not come, or a link that broke.
func (q *quality) lost() { q.loss += (1 - q.loss) / 8 }

// value is between 0, nothing comes back, and 1, everything does and evenly.
func (q *quality) value() float64 {
	v := 1 - q.loss
	if more := q.trip.deviation - evenEnough; more > 0 {
		v /= 1 + float64(more)/float64(uneven)
	}
	return min(max(v, 0), 1)
}

// stretch is d, longer where the quality is poor. Whatever that is, nothing is divided by zero.
func (q *quality) stretch(d time.Duration) time.Duration {
	return time.Duration(float64(d) / max(q.value(), minQuality))
}
