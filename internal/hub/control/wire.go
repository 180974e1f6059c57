package control

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/hub/api"
)

const (
	pathStatus     = "/api/v1/status"
	pathHistory    = "/api/v1/history"
	pathTools      = "/api/v1/tools"
	pathConnect    = "/api/v1/connect"
	pathDisconnect = "/api/v1/disconnect"
	pathCall       = "/api/v1/call"
	pathEvents     = "/api/v1/events"
	pathCalls      = "/api/v1/calls"
	pathReaders    = "/api/v1/readers"
	pathCommit     = "/api/v1/readers/commit"
	pathLive       = "/api/v1/live"
	pathLogin      = "/api/v1/login"
	pathTimeline   = "/api/v1/timeline"
	pathForget     = "/api/v1/readers/forget"
)

const (
	jsonType   = "application/json"
	streamType = "application/x-ndjson"

	envelope = 64 << 10 // what a request may have around its arguments
)

// record is one line of a streamed answer; one field is set.
type record struct {
	Issued    *api.Issued         `json:"issued,omitempty"`
	Progress  *api.Progress       `json:"progress,omitempty"`
	Result    *mcp.CallToolResult `json:"result,omitempty"`
	Revisions *api.Revisions      `json:"revisions,omitempty"`
	Error     *api.Error          `json:"error,omitempty"`
}

// target is the body of requests that name nothing but an instance.
type target struct {
	Instance string `json:"instance"`
}

// name is the body of requests that name nothing but a reader.
type name struct {
	Name string `json:"name"`
}

var statusOf = map[api.Code]int{
	api.CodeInvalid:         http.StatusBadRequest,
	api.CodeUnauthorized:    http.StatusUnauthorized,
	api.CodeUnknownInstance: http.StatusNotFound,
	api.CodeAmbiguous:       http.StatusConflict,
	api.CodeStopped:         http.StatusConflict,
	api.CodeNoSession:       http.StatusConflict,
	api.CodeUnreachable:     http.StatusGatewayTimeout,
	api.CodeTimeout:         http.StatusGatewayTimeout,
	api.CodeOutcomeUnknown:  http.StatusBadGateway,
	api.CodeRefused:         http.StatusBadGateway,
	api.CodeShuttingDown:    http.StatusServiceUnavailable,
	api.CodeTooLarge:        http.StatusRequestEntityTooLarge,
	api.CodeNotRun:          http.StatusConflict,
	api.CodeCallCanceled:    http.StatusConflict,
	api.CodeResultLost:      http.StatusGone,
	api.CodeNotRecorded:     http.StatusServiceUnavailable,
	api.CodeUnknownReader:   http.StatusNotFound,
	api.CodeReaderConflict:  http.StatusConflict,
	api.CodeLimit:           http.StatusInsufficientStorage,
	api.CodeOverloaded:      http.StatusServiceUnavailable,
	api.CodeCanceled:        499, // as other servers have it; nobody is there to read it
}

// asError makes an Error of any error.
func asError(err error) *api.Error {
	if e, ok := errors.AsType[*api.Error](err); ok {
		return e
	}
	return &api.Error{Code: api.CodeInternal, Message: err.Error(), Err: err}
}

// records reads lines of at most api.MaxResult bytes.
type records struct {
	r    *bufio.Reader
	line bytes.Buffer
}

func newRecords(r io.Reader) *records { return &records{r: bufio.NewReaderSize(r, 32<<10)} }

var errRecordTooLarge = &api.Error{Code: api.CodeTooLarge, Message: "the hub's answer is too large"}

// next returns the next record; io.EOF only at the end of a line.
func (s *records) next() (*record, error) {
	s.line.Reset()
	for {
		part, err := s.r.ReadSlice('\n')
		if s.line.Len()+len(part) > api.MaxResult+envelope {
			return nil, errRecordTooLarge
		}
		s.line.Write(part)
		switch {
		case err == nil:
			rec := new(record)
			return rec, json.Unmarshal(s.line.Bytes(), rec)
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && s.line.Len() > 0:
			return nil, io.ErrUnexpectedEOF
		default:
			return nil, err
		}
	}
}
