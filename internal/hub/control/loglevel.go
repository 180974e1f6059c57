package control

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/programlog"
)

// leveler is a log whose level can be changed.
type leveler interface {
	Level() slog.Level
	SetLevel(slog.Level)
}

// PathLogLevel is where the handler of NewLogLevelHandler belongs.
const PathLogLevel = "/api/v1/log-level"

// NewLogLevelHandler tells (GET) and changes (POST) the level of a log. Like NewHandler's, it
// leaves it to others to ask who may do so.
func NewLogLevelHandler(log leveler) http.Handler {
	mux := http.NewServeMux()
	now := func() api.LogLevel { return api.LogLevel{Level: strings.ToLower(log.Level().String())} }
	mux.HandleFunc("GET "+PathLogLevel, func(w http.ResponseWriter, _ *http.Request) { answer(w, now(), nil) })
	mux.HandleFunc("POST "+PathLogLevel, func(w http.ResponseWriter, r *http.Request) {
		var want api.LogLevel
		if err := decode(w, r, &want); err != nil {
			answer(w, nil, err)
			return
		}
		level, err := programlog.ParseLevel(want.Level)
		if err != nil {
			answer(w, nil, &api.Error{Code: api.CodeInvalid, Message: err.Error()})
			return
		}
		log.SetLevel(level)
		answer(w, now(), nil)
	})
	return mux
}

// LogLevel tells the level of the hub's log.
func (c *Client) LogLevel(ctx context.Context) (*api.LogLevel, error) {
	l := new(api.LogLevel)
	return l, c.ask(ctx, http.MethodGet, PathLogLevel, nil, l)
}

// SetLogLevel changes it, for the life of the hub.
func (c *Client) SetLogLevel(ctx context.Context, level string) (*api.LogLevel, error) {
	l := new(api.LogLevel)
	return l, c.ask(ctx, http.MethodPost, PathLogLevel, api.LogLevel{Level: level}, l)
}
