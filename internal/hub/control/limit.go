package control

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/wsconn"
)

// Limit returns next within limit. Beyond it clients get an overloaded error and a time to come
// back; only the status is always told, which shows why.
func Limit(limit *wsconn.RequestLimit, next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", limit.Handler(next, busy(limit)))
	mux.Handle("GET "+pathStatus, next)
	return mux
}

func busy(limit *wsconn.RequestLimit) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		seconds, _ := strconv.Atoi(w.Header().Get("Retry-After"))
		after := time.Duration(seconds) * time.Second
		answer(w, nil, &api.Error{
			Code: api.CodeOverloaded, RetryAfterMillis: api.Millis(after),
			Message: fmt.Sprintf("the hub serves %d requests at a time (serve --max-connections), and as many are under way; nothing was executed; try again in %v", limit.Max(), after),
		})
	})
}
