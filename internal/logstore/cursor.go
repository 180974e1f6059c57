package logstore

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

var (
	// ErrCursor: the text is no cursor of this store, or one of another stream
	// than the one asked for.
	ErrCursor = errors.New("invalid log cursor")

	// ErrUnknownProcess: no process of that id or name has a log here.
	ErrUnknownProcess = errors.New("no such process")
)

// cursor is a position in a stream: everything up to and including pos was seen.
// To its users it is an opaque text.
type cursor struct {
	incarnation uint64
	run         uint64 // 0: the merged stream
	pos         uint64 // a Seq, or a global number in the merged stream
}

const cursorVersion = "c1"

func (c cursor) String() string {
	return fmt.Sprintf("%s-%016x-%x-%x", cursorVersion, c.incarnation, c.run, c.pos)
}

func parseCursor(s string) (cursor, error) {
	const maxCursor = 64
	parts := strings.Split(s[:min(len(s), maxCursor+1)], "-")
	if len(s) > maxCursor || len(parts) != 4 || parts[0] != cursorVersion {
		return cursor{}, ErrCursor
	}
	var n [3]uint64
	for i, p := range parts[1:] {
		v, err := strconv.ParseUint(p, 16, 64)
		if err != nil {
			return cursor{}, ErrCursor
		}
		n[i] = v
	}
	return cursor{incarnation: n[0], run: n[1], pos: n[2]}, nil
}
