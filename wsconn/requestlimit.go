package wsconn

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// RequestLimit bounds how many requests are served at a time, by any number of handlers. As a
// connection carries one request at a time, it bounds the connections that do something; those
// that wait are bounded by [NewServer]. Its methods may be called concurrently.
type RequestLimit struct {
	max             int64
	active, refused atomic.Int64
}

// busyAfter is when those who were refused may come back. Most requests take a moment.
const busyAfter = time.Second

// NewRequestLimit returns a limit of max requests.
func NewRequestLimit(max int) *RequestLimit { return &RequestLimit{max: int64(max)} }

// Max is the limit.
func (l *RequestLimit) Max() int { return int(l.max) }

// Active is how many requests are being served.
func (l *RequestLimit) Active() int { return int(l.active.Load()) }

// Refused is how many were refused so far.
func (l *RequestLimit) Refused() int { return int(l.refused.Load()) }

// Handler returns next within the limit. Requests beyond it are answered by busy, which gets
// the time to come back as a Retry-After header of its answer, or else by a plain 503 with it;
// [Dial] makes a *[StatusError] of that.
func (l *RequestLimit) Handler(next, busy http.Handler) http.Handler {
	if busy == nil {
		busy = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "there are as many requests as this server takes", http.StatusServiceUnavailable)
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer l.active.Add(-1)
		if l.active.Add(1) > l.max {
			l.refused.Add(1)
			w.Header().Set("Retry-After", strconv.Itoa(int(busyAfter/time.Second)))
			w.Header().Set("Connection", "close")
			busy.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
