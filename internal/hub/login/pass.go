package login

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// passLife is how long a browser stays logged in.
const passLife = 7 * 24 * time.Hour

// signer makes and checks passes.
type signer struct{ key []byte }

func newSigner(token string) signer {
	m := hmac.New(sha256.New, []byte(token))
	m.Write([]byte("brum hub page"))
	return signer{m.Sum(nil)}
}

func (s signer) sign(what, text string) string {
	m := hmac.New(sha256.New, s.key)
	m.Write([]byte(what + "\x00" + text))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// issue makes a pass: the cookie's half and the page's.
func (s signer) issue(now time.Time) (cookie, page string) {
	body := strconv.FormatInt(now.Add(passLife).Unix(), 10) + "." + randomText(16)
	return body + "." + s.sign("cookie", body), s.sign("page", body)
}

// good reports whether the halves belong together and are not too old.
func (s signer) good(cookie, page string, now time.Time) bool {
	i := strings.LastIndexByte(cookie, '.')
	if i < 0 {
		return false
	}
	body, mac := cookie[:i], cookie[i+1:]
	if !same(mac, s.sign("cookie", body)) || !same(page, s.sign("page", body)) {
		return false
	}
	until, _, _ := strings.Cut(body, ".")
	unix, err := strconv.ParseInt(until, 10, 64)
	return err == nil && now.Before(time.Unix(unix, 0))
}

func same(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }
