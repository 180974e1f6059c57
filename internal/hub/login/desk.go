package login

import (
	"encoding/json"
	"mime"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// Header is where the page sends its half of the pass.
const Header = "Brum-Page"

// maxBody bounds what somebody who is not logged in may send.
const maxBody = 4 << 10

// Desk gives out codes and passes. Its methods may be called concurrently.
type Desk struct {
	base   string
	cookie string // its name
	codes  codes
	signer signer
}

// New returns the desk of the hub with that token, whose page is at base, a URL without a path.
func New(token, base string) *Desk {
	d := &Desk{base: base, signer: newSigner(token), cookie: "brum"}
	// Cookies do not belong to a port: hubs of one host would take each other's.
	if u, err := url.Parse(base); err == nil {
		if _, port, err := net.SplitHostPort(u.Host); err == nil {
			d.cookie += "-" + port
		}
	}
	return d
}

// Issue answers those who have shown the token with a link for a browser, which works once.
func (d *Desk) Issue(w http.ResponseWriter, r *http.Request) {
	if e := jsonBody(r); e != nil {
		write(w, http.StatusBadRequest, failure{e})
		return
	}
	if d.base == "" {
		write(w, http.StatusConflict, failure{&api.Error{Code: api.CodeInvalid, Message: "the hub serves no HTTP, so there is no page: start it with --http"}})
		return
	}
	code, until := d.codes.issue(time.Now())
	// In the fragment, which browsers keep to themselves: no server and no log gets to see it.
	write(w, http.StatusOK, api.Login{URL: d.base + "/#login=" + code, ExpiresAt: until})
}

// Enter exchanges a code for a pass.
func (d *Desk) Enter(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Code string `json:"code"`
	}
	e := jsonBody(r)
	if e == nil && json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in) != nil {
		e = &api.Error{Code: api.CodeInvalid, Message: "the request is no valid JSON"}
	}
	if e != nil {
		write(w, http.StatusBadRequest, failure{e})
		return
	}
	now := time.Now()
	if !d.codes.use(in.Code, now) {
		write(w, http.StatusUnauthorized, failure{&api.Error{Code: api.CodeUnauthorized, Message: "this link was used already, or is too old: get a new one with brum-hub open"}})
		return
	}
	cookie, page := d.signer.issue(now)
	http.SetCookie(w, d.baked(cookie, int(passLife/time.Second)))
	write(w, http.StatusOK, api.Pass{Page: page, ExpiresAt: now.Add(passLife)})
}

// Leave makes the browser forget its half.
func (d *Desk) Leave(w http.ResponseWriter, r *http.Request) {
	if e := jsonBody(r); e != nil {
		write(w, http.StatusBadRequest, failure{e})
		return
	}
	http.SetCookie(w, d.baked("", -1))
	write(w, http.StatusOK, struct{}{})
}

func (d *Desk) baked(value string, age int) *http.Cookie {
	// Not Secure: the hub listens on loopback, and without TLS.
	return &http.Cookie{Name: d.cookie, Value: value, Path: "/api/v1/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteStrictMode}
}

// Admit lets requests of a page that is logged in through to next, and all others to otherwise.
func (d *Desk) Admit(next, otherwise http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie(d.cookie); err == nil && d.signer.good(c.Value, r.Header.Get(Header), time.Now()) {
			next.ServeHTTP(w, r)
			return
		}
		otherwise.ServeHTTP(w, r)
	})
}

// jsonBody demands the content type that web pages can't send elsewhere without asking.
func jsonBody(r *http.Request) *api.Error {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return &api.Error{Code: api.CodeInvalid, Message: "the content type of requests is application/json"}
	}
	return nil
}

type failure struct {
	Error *api.Error `json:"error"`
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // an error means that the client has gone
}
