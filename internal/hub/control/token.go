package control

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// LoadToken returns the token kept at path, which is made at the first time. It lasts over
// restarts, so that clients have to be told only once.
func LoadToken(path string) (string, error) {
	for range 2 {
		token, err := ReadToken(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return token, err
		}
		if err := makeToken(path); err != nil {
			return "", fmt.Errorf("token: %w", err)
		}
	}
	return "", fmt.Errorf("token: %s vanishes as soon as it is made", path)
}

// ReadToken returns the token kept at path, if others can't read it.
func ReadToken(path string) (string, error) {
	fi, err := os.Lstat(path)
	if err == nil {
		err = checkPrivate(path, fi)
	}
	if err == nil && !fi.Mode().IsRegular() { // a pipe would never end
		err = fmt.Errorf("%s is no regular file: remove it to get a new token", path)
	}
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if len(token) < 32 || len(token) > 1024 || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("token: %s holds no token: remove it to get a new one", path)
	}
	return token, nil
}

func makeToken(path string) error {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return writePrivate(path, []byte(hex.EncodeToString(b)+"\n"))
}

// RequireToken lets only those requests through that bear the token.
func RequireToken(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(strings.TrimSpace(given)))
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.Header().Set("Connection", "close")
			answer(w, nil, &api.Error{Code: api.CodeUnauthorized, Message: "this needs the hub's token, in the header Authorization: Bearer …"})
			return
		}
		next.ServeHTTP(w, r)
	})
}
