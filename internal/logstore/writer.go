package logstore

import (
	"bytes"
	"unicode/utf8"
)

// MaxLine is the longest line in bytes; a longer one is cut into pieces, all but
// the last marked Continued.
const MaxLine = 64 << 10

// Writer cuts one stream of a process's output into lines. It is for one goroutine.
type Writer struct {
	run     *Run
	stream  Stream
	pending []byte // the beginning of a line, at most MaxLine+1 bytes
	level   Level  // of the line before: indented lines (stack traces) share it
	within  bool   // the line goes on: its level is that of its beginning
	pieces  []piece
}

// Writer returns the splitter for one stream of the run.
func (r *Run) Writer(stream Stream) *Writer {
	return &Writer{run: r, stream: stream, level: Info}
}

// Write files the complete lines in p and keeps the rest for later. It never fails.
func (w *Writer) Write(p []byte) (int, error) {
	n := len(p)
	if len(w.pending) > 0 {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			w.hold(p)
			return n, nil
		}
		w.hold(p[:end])
		w.endPending()
		p = p[end+1:]
	}
	for end := bytes.IndexByte(p, '\n'); end >= 0; end = bytes.IndexByte(p, '\n') {
		w.line(p[:end])
		p = p[end+1:]
	}
	w.commit()
	w.hold(p)
	return n, nil
}

// Flush files what is left of a last line without an end.
func (w *Writer) Flush() {
	if len(w.pending) > 0 {
		w.endPending()
	}
}

func (w *Writer) endPending() {
	w.line(w.pending)
	w.commit()
	w.pending = w.pending[:0]
}

// hold keeps p, the middle of a line. What exceeds a line's length goes out; one
// byte more is kept, because it may be the CR of a line end.
func (w *Writer) hold(p []byte) {
	for len(w.pending)+len(p) > MaxLine+1 {
		room := MaxLine + 1 - len(w.pending)
		w.pending = append(w.pending, p[:room]...)
		p = p[room:]
		n := splitPoint(w.pending)
		w.piece(w.pending[:n], true)
		w.commit()
		w.pending = append(w.pending[:0], w.pending[n:]...)
	}
	w.pending = append(w.pending, p...)
}

// line queues a complete line.
func (w *Writer) line(text []byte) {
	text = bytes.TrimSuffix(text, []byte{'\r'})
	for len(text) > MaxLine {
		n := splitPoint(text)
		w.piece(text[:n], true)
		text = text[n:]
	}
	w.piece(text, false)
}

func (w *Writer) piece(text []byte, continued bool) {
	if !w.within {
		indented := len(text) > 0 && (text[0] == ' ' || text[0] == '\t')
		if level, stated := detect(text); stated || !indented {
			w.level = level
		}
	}
	w.within = continued
	w.pieces = append(w.pieces, piece{text: text, level: w.level, continued: continued})
}

// commit hands the queued lines to the store, which copies them.
func (w *Writer) commit() {
	w.run.append(w.stream, w.pieces)
	clear(w.pieces)
	w.pieces = w.pieces[:0]
}

// splitPoint is where to cut text, which is longer than MaxLine: there, or a
// little before, lest a character be torn.
func splitPoint(text []byte) int {
	for n := MaxLine; n > MaxLine-utf8.UTFMax; n-- {
		if utf8.RuneStart(text[n]) {
			return n
		}
	}
	return MaxLine
}
