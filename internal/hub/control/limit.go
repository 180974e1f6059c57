package control

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/wsconn"
)

// ClientLimits bound what the clients of one server do at a time. Streams of news, which stand
// for as long as a client is there, are apart from requests, so that they can't use those up.
type ClientLimits struct {
	Requests, Streams *wsconn.RequestLimit
}

// NewClientLimits returns limits of max requests and max streams.
func NewClientLimits(max int) *ClientLimits {
	return &ClientLimits{wsconn.NewRequestLimit(max), wsconn.NewRequestLimit(max)}
}

// Handler returns next within the limits. Beyond them clients get an overloaded error and a time
// to come back; only the status is always told, which shows why.
func (l *ClientLimits) Handler(next http.Handler) http.Handler {
	streams := l.Streams.Handler(next, busy(l.Streams, "streams"))
	mux := http.NewServeMux()
	mux.Handle("GET "+pathStatus, next)
	mux.Handle("GET "+pathEvents, streams)
	mux.Handle("GET "+pathLive, streams)
	mux.Handle("GET /mcp", streams)
	mux.Handle("/", l.Requests.Handler(next, busy(l.Requests, "requests")))
	return mux
}

// Usage tells how much of the limits is used. nil has none.
func (l *ClientLimits) Usage() api.Clients {
	if l == nil {
		return api.Clients{}
	}
	return api.Clients{Requests: usage(l.Requests), Streams: usage(l.Streams)}
}

func usage(l *wsconn.RequestLimit) api.Usage {
	return api.Usage{Used: int64(l.Active()), Limit: int64(l.Max()), Refused: int64(l.Refused())}
}

func busy(limit *wsconn.RequestLimit, what string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		seconds, _ := strconv.Atoi(w.Header().Get("Retry-After"))
		after := time.Duration(seconds) * time.Second
		answer(w, nil, &api.Error{
			Code: api.CodeOverloaded, RetryAfterMillis: api.Millis(after),
			Message: fmt.Sprintf("no room: %d %s at a time are limited by serve --max-connections, and as many are under way; nothing was executed; try again in %v",
				limit.Max(), what, after),
		})
	})
}
