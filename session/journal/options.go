package journal

import (
	"fmt"
	"log/slog"

	"github.com/standardbeagle/brum/errors"
)

// Limits that are part of the format or protect the process from a damaged file.
const (
	// MaxPayload is the largest record in bytes.
	MaxPayload = 64 << 20
	// MaxName is the longest stream name in bytes.
	MaxName = 256
	// MaxAppState is the most application state a stream can have, in bytes.
	MaxAppState = 64 << 10

	maxStreams = 4096
	maxRecords = 1 << 20
	maxSecret  = 64
	maxText    = 256
	// maxStaged is how much may wait for the next fsync; one record may exceed it.
	maxStaged = 1 << 20
	// maxAppStates bounds the state of all streams: every segment begins with it.
	maxAppStates = 4 << 20
	// maxCheckpoint is above what all streams' names, cursors and states can take.
	maxCheckpoint = 16 << 20
	// recordOverhead is what a record counts in addition to its payload.
	recordOverhead = 32
)

// Options configure Open; nil is the same as the zero value. Zero fields mean the default.
type Options struct {
	// MaxBytes bounds the payloads that are kept (not yet trimmed), counting 32 bytes more
	// for each record. Default 64 MiB. On disk there can be twice as much, and eight segments.
	MaxBytes int64
	// MaxRecords bounds their number. Default 65,536, at most 1,048,576.
	MaxRecords int
	// MaxStreamBytes is one stream's share of MaxBytes, so that a stream nobody reads cannot
	// stop the others. Default a quarter of MaxBytes.
	MaxStreamBytes int64
	// MaxStreams bounds the number of streams. Default 256, at most 4,096.
	MaxStreams int
	// SegmentBytes is the size at which a new file is begun. Default 4 MiB, at least 4 KiB.
	SegmentBytes int64
	// Receive hands in cursors that the application keeps in a store of its own, by the name
	// of the stream. A cursor may be ahead of the journal's, never behind (*StaleError).
	Receive map[string]Cursor
	// Logger gets what an operator should know: cut tails, files that can't be removed.
	// Default: nothing is logged.
	Logger *slog.Logger

	fs fileSystem // tests put faults here
}

func (o *Options) withDefaults() (Options, error) {
	var c Options
	if o != nil {
		c = *o
	}
	if c.MaxBytes < 0 || c.MaxRecords < 0 || c.MaxStreamBytes < 0 || c.MaxStreams < 0 || c.SegmentBytes < 0 {
		return c, fmt.Errorf("journal: an option is negative: %w", errors.Invalid)
	}
	setDefault(&c.MaxBytes, 64<<20)
	setDefault(&c.MaxRecords, 65_536)
	setDefault(&c.MaxStreamBytes, max(c.MaxBytes/4, 1))
	setDefault(&c.MaxStreams, 256)
	setDefault(&c.SegmentBytes, 4<<20)
	c.MaxRecords = min(c.MaxRecords, maxRecords)
	c.MaxStreams = min(c.MaxStreams, maxStreams)
	c.SegmentBytes = max(c.SegmentBytes, 4<<10)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.fs == nil {
		c.fs = osFS{}
	}
	return c, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
