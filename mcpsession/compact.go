package mcpsession

// maxNesting is how deep a value may be nested to be looked at here.
const maxNesting = 64

// compactValue reports whether b is one JSON value (RFC 8259) without space between its parts. It
// may be false of one that is nested deeply.
func compactValue(b []byte) bool {
	end, ok := skipValue(b, 0, maxNesting)
	return ok && end == len(b)
}

// skipValue returns where the value that begins at b[i] ends.
func skipValue(b []byte, i, nesting int) (end int, ok bool) {
	if i >= len(b) {
		return i, false
	}
	switch c := b[i]; c {
	case '"':
		return skipString(b, i)
	case '{', '[':
		return skipContainer(b, i, nesting)
	case 't':
		return skipWord(b, i, "true")
	case 'f':
		return skipWord(b, i, "false")
	case 'n':
		return skipWord(b, i, "null")
	default:
		return skipNumber(b, i)
	}
}

// skipContainer skips an object or an array.
func skipContainer(b []byte, i, nesting int) (end int, ok bool) {
	if nesting == 0 {
		return i, false
	}
	object, closing := b[i] == '{', byte(']')
	if object {
		closing = '}'
	}
	if i++; i < len(b) && b[i] == closing {
		return i + 1, true
	}
	for {
		if object {
			if i, ok = skipString(b, i); !ok || i >= len(b) || b[i] != ':' {
				return i, false
			}
			i++
		}
		if i, ok = skipValue(b, i, nesting-1); !ok || i >= len(b) {
			return i, false
		}
		switch b[i] {
		case ',':
			i++
		case closing:
			return i + 1, true
		default:
			return i, false
		}
	}
}

func skipWord(b []byte, i int, word string) (end int, ok bool) {
	end = i + len(word)
	return end, end <= len(b) && string(b[i:end]) == word
}

func skipString(b []byte, i int) (end int, ok bool) {
	if i >= len(b) || b[i] != '"' {
		return i, false
	}
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1, true
		case c < ' ':
			return i, false
		case c == '\\':
			if i++; i >= len(b) {
				return i, false
			}
			switch b[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				for range 4 {
					if i++; i >= len(b) || !isHex(b[i]) {
						return i, false
					}
				}
			default:
				return i, false
			}
		}
	}
	return i, false
}

func skipNumber(b []byte, i int) (end int, ok bool) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if i, ok = skipDigits(b, i); !ok {
		return i, false
	}
	if i < len(b) && b[i] == '.' {
		if i, ok = skipDigits(b, i+1); !ok {
			return i, false
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		return skipDigits(b, i)
	}
	return i, true
}

func skipDigits(b []byte, i int) (end int, ok bool) {
	for end = i; end < len(b) && isDigit(b[end]); end++ {
	}
	return end, end > i
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || ('a' <= c && c <= 'f') || ('A' <= c && c <= 'F') }

// plainString reports whether JSON writes s between quotes as it is.
func plainString[T ~string | ~[]byte](s T) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
