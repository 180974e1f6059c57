package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// NewHandler serves the API of b and books. It neither authenticates nor looks where requests come
// from: that is the duty of what stands before it.
func NewHandler(b api.Backend, books api.Books) http.Handler {
	mux := http.NewServeMux()
	for pattern, serve := range routes(b, books) {
		mux.HandleFunc(pattern, serve)
	}
	return mux
}

// Routes are the patterns of all that NewHandler serves, in order.
func Routes() []string { return slices.Sorted(maps.Keys(routes(nil, nil))) }

func routes(b api.Backend, books api.Books) map[string]http.HandlerFunc {
	h, k := &handler{b}, &bookHandler{books}
	return map[string]http.HandlerFunc{
		"GET " + pathStatus:      h.status,
		"GET " + pathHistory:     h.history,
		"GET " + pathTools:       h.tools,
		"GET " + pathEvents:      h.events,
		"GET " + pathLive:        h.live,
		"POST " + pathConnect:    h.connect,
		"POST " + pathDisconnect: h.disconnect,
		"POST " + pathCall:       h.call,
		"GET " + pathCalls:       k.calls,
		"GET " + pathTimeline:    k.timeline,
		"GET " + pathReaders:     k.readers,
		"POST " + pathCommit:     k.commit,
		"POST " + pathForget:     k.forget,
	}
}

type handler struct{ backend api.Backend }

func (h *handler) status(w http.ResponseWriter, r *http.Request) {
	s, err := h.backend.Status(r.Context())
	answer(w, s, err)
}

func (h *handler) history(w http.ResponseWriter, r *http.Request) {
	s, err := h.backend.History(r.Context(), r.URL.Query().Get("instance"))
	answer(w, s, err)
}

func (h *handler) tools(w http.ResponseWriter, r *http.Request) {
	c, err := h.backend.Tools(r.Context())
	answer(w, c, err)
}

func (h *handler) connect(w http.ResponseWriter, r *http.Request) {
	var t target
	if err := decode(w, r, &t); err != nil {
		answer(w, nil, err)
		return
	}
	s, err := h.backend.Connect(r.Context(), t.Instance)
	answer(w, s, err)
}

func (h *handler) disconnect(w http.ResponseWriter, r *http.Request) {
	var t target
	if err := decode(w, r, &t); err != nil {
		answer(w, nil, err)
		return
	}
	s, err := h.backend.Disconnect(r.Context(), t.Instance)
	answer(w, s, err)
}

func (h *handler) call(w http.ResponseWriter, r *http.Request) {
	var req api.CallRequest
	if err := decode(w, r, &req); err != nil {
		answer(w, nil, err)
		return
	}
	out := newStream(w)
	if req.ID != "" { // whoever names a call wants to know whether it has left
		req.OnIssued = func(i api.Issued) { out.write(record{Issued: &i}) }
	}
	res, err := h.backend.Call(r.Context(), req, func(p api.Progress) {
		out.write(record{Progress: &p})
	})
	if err != nil {
		out.fail(err)
		return
	}
	out.write(record{Result: res})
}

func (h *handler) events(w http.ResponseWriter, r *http.Request) {
	out := newStream(w)
	for revs, err := range h.backend.Events(r.Context()) {
		if err != nil {
			out.fail(err)
			return
		}
		if !out.write(record{Revisions: &revs}) {
			return
		}
	}
}

// decode reads a request's body. Demanding the content type keeps out what a web page can send
// without asking.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != jsonType {
		return &api.Error{Code: api.CodeInvalid, Message: "the content type of requests is " + jsonType}
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, api.MaxRequest+envelope)).Decode(into)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &api.Error{Code: api.CodeTooLarge, Message: fmt.Sprintf("the request is above %d bytes", api.MaxRequest)}
	}
	if err != nil {
		return &api.Error{Code: api.CodeInvalid, Message: "the request is no valid JSON: " + err.Error()}
	}
	return nil
}

// answer writes v, or err instead.
func answer(w http.ResponseWriter, v any, err error) {
	status := http.StatusOK
	if err != nil {
		e := asError(err)
		v, status = record{Error: e}, statusFor(e.Code)
		if after := e.ErrorRetryAfter(); after > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(after.Seconds()))))
		}
	}
	w.Header().Set("Content-Type", jsonType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// An error here means that the client has gone.
	_ = json.NewEncoder(w).Encode(v)
}

func statusFor(c api.Code) int {
	if s, ok := statusOf[c]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// stream writes records, each at once.
type stream struct {
	w       http.ResponseWriter
	rc      *http.ResponseController
	started bool
}

// writeTimeout is how long a client may take to accept one record.
const writeTimeout = 30 * time.Second

func newStream(w http.ResponseWriter) *stream {
	return &stream{w: w, rc: http.NewResponseController(w)}
}

// write sends a record; false means that the client has gone.
func (s *stream) write(rec record) bool {
	if !s.started {
		s.started = true
		s.w.Header().Set("Content-Type", streamType)
		s.w.Header().Set("Cache-Control", "no-store")
	}
	// Not every ResponseWriter knows deadlines; those of servers do.
	_ = s.rc.SetWriteDeadline(time.Now().Add(writeTimeout))
	return json.NewEncoder(s.w).Encode(rec) == nil && s.rc.Flush() == nil
}

// fail ends the stream with an error, as a plain error answer if nothing went before.
func (s *stream) fail(err error) {
	if !s.started {
		answer(s.w, nil, err)
		return
	}
	s.write(record{Error: asError(err)})
}
