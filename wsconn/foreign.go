package wsconn

import "net/http"

// RefuseForeign returns a handler that lets only those requests through to next that are
// addressed to this server by a name of its own (see [Access]) and do not come from a web
// page of another origin. Pages that the server delivered itself are welcome, and so is
// what is no browser. It does not authenticate anybody: that stays next's duty.
//
// Refused requests get 421 (wrong host) or 403 (wrong origin) and lose their connection.
// Each answer forbids pages of other origins to embed it, and browsers to guess its type.
func RefuseForeign(next http.Handler, access Access) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if e := access.checkHost(r); e != nil {
			refuse(w, e)
			return
		}
		if e := access.checkOrigin(r, orSameOrigin); e != nil {
			refuse(w, e)
			return
		}
		next.ServeHTTP(w, r)
	})
}
