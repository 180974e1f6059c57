package instance

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// requireBearer lets requests through to next that carry the token. Those that
// carry none go to anonymous, if that is not nil.
func requireBearer(token string, next, anonymous http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token)) // equal lengths for the comparison
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := r.Header.Get("Authorization")
		if header == "" && anonymous != nil {
			anonymous.ServeHTTP(w, r)
			return
		}
		scheme, given, _ := strings.Cut(header, " ")
		got := sha256.Sum256([]byte(given))
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="brum-instance"`)
			w.Header().Set("Connection", "close")
			http.Error(w, "the token of this instance is needed", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}
