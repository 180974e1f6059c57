package logstore

import "strings"

// Plain returns s without terminal escape sequences.
func Plain(s string) string {
	i := strings.IndexByte(s, esc)
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i >= 0 {
		b.WriteString(s[:i])
		s = s[i+EscapeLen(s[i:]):]
		i = strings.IndexByte(s, esc)
	}
	b.WriteString(s)
	return b.String()
}

const esc = 0x1b

// EscapeLen is the length of the escape sequence that s, which begins with ESC, begins with.
// A sequence that the line cuts off extends to its end; one that is broken off by something
// that can't be part of it, up to there.
func EscapeLen(s string) int {
	if len(s) < 2 {
		return len(s)
	}
	switch s[1] {
	case '[': // CSI: parameters, then a byte in @ … ~
		i := 2
		for i < len(s) && s[i] >= ' ' && s[i] <= '?' {
			i++
		}
		if i < len(s) && s[i] >= '@' && s[i] <= '~' {
			i++
		}
		return i
	case ']', 'P', '_', '^', 'X': // OSC, DCS and such: up to BEL or ESC \
		for i := 2; i < len(s); i++ {
			if s[i] == 0x07 {
				return i + 1
			}
			if s[i] == esc && i+1 < len(s) && s[i+1] == '\\' {
				return i + 2
			}
		}
		return len(s)
	case '(', ')', '*', '+', '-', '.', '/', '#', '%': // character sets and such: one byte more
		return min(3, len(s))
	}
	if s[1] < ' ' || s[1] > '~' { // no byte of a sequence
		return 1
	}
	return 2
}
