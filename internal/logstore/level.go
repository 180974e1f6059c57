package logstore

import (
	"bytes"
	"strings"
)

// detect finds the severity that a line states about itself: in the level field
// of a JSON or logfmt record, or in a word near its start ("ERROR", "[warn]",
// "error:", "npm ERR!", "panic:", "TypeError:"). stated is false for a line that
// says nothing; it counts as Info.
func detect(text []byte) (level Level, stated bool) {
	if t := bytes.TrimLeft(text, " \t"); len(t) > 0 && t[0] == '{' {
		if l, ok := jsonLevel(t); ok {
			return l, true
		}
	}
	const head = 200 // bytes; a level comes early in a line or is prose
	line := Plain(string(text[:min(len(text), head)]))
	if l, ok := logfmtLevel(line); ok {
		return l, true
	}
	return wordLevel(line)
}

// jsonLevel looks for the usual fields: bunyan and pino (numbers), zap, logrus,
// slog, winston (names), Google and ECS.
func jsonLevel(t []byte) (Level, bool) {
	for _, key := range []string{`"level"`, `"severity"`, `"lvl"`, `"log.level"`, `"loglevel"`} {
		i := bytes.Index(t, []byte(key))
		if i < 0 {
			continue
		}
		v := bytes.TrimLeft(t[i+len(key):], " \t")
		if len(v) == 0 || v[0] != ':' {
			continue
		}
		v = bytes.TrimLeft(v[1:], " \t")
		v = v[:min(len(v), 16)]
		if len(v) > 0 && v[0] == '"' {
			name, _, _ := bytes.Cut(v[1:], []byte{'"'})
			if l, ok := named[strings.ToLower(string(name))]; ok {
				return l, true
			}
			continue
		}
		if l, ok := numbered(v); ok {
			return l, true
		}
	}
	return Info, false
}

// numbered reads pino's and bunyan's numbers, 10 (trace) to 60 (fatal).
func numbered(v []byte) (Level, bool) {
	if len(v) < 2 || v[0] < '1' || v[0] > '6' || v[1] < '0' || v[1] > '9' || len(v) > 2 && v[2] >= '0' && v[2] <= '9' {
		return Info, false
	}
	switch {
	case v[0] >= '5':
		return Error, true
	case v[0] == '4':
		return Warn, true
	case v[0] == '3':
		return Info, true
	}
	return Debug, true
}

func logfmtLevel(line string) (Level, bool) {
	for _, key := range []string{"level=", "lvl=", "severity="} {
		i := strings.Index(line, key)
		if i < 0 || i > 0 && line[i-1] != ' ' {
			continue
		}
		v := strings.TrimPrefix(line[i+len(key):], `"`)
		end := strings.IndexAny(v, "\" \t")
		if end < 0 {
			end = len(v)
		}
		if l, ok := named[strings.ToLower(v[:end])]; ok {
			return l, true
		}
	}
	return Info, false
}

// wordLevel looks at the first words of a line, past time stamps and names.
func wordLevel(line string) (Level, bool) {
	const words = 6
	before := ""
	for i := 0; i < words; i++ {
		for line != "" && (line[0] == ' ' || line[0] == '\t') {
			line = line[1:]
		}
		if line == "" {
			break
		}
		end := 0
		for end < len(line) && line[end] != ' ' && line[end] != '\t' {
			end++
		}
		word := line[:end]
		line = line[end:]
		if l, ok := judge(word, before, i == 0); ok {
			return l, true
		}
		before = word
	}
	return Info, false
}

// judge judges one word. In capitals or brackets, with a colon, or right after
// something that ended with a colon ("a.ts(1,2): error TS1005") it states a level;
// in running text ("no error found") it does not.
func judge(word, before string, first bool) (Level, bool) {
	bare := strings.TrimFunc(word, isMark)
	if bare == "" {
		return Info, false
	}
	l, known := Info, false
	if len(bare) <= longestName {
		l, known = named[strings.ToLower(bare)]
	}
	if !known {
		switch {
		case first && klog(word):
			return klogLevels[word[0]], true
		case strings.HasSuffix(word, "Error:"), strings.HasSuffix(word, "Exception:"),
			first && bare == "Traceback":
			return Error, true
		}
		return Info, false
	}
	shouted := bare == strings.ToUpper(bare) && len(bare) > 1
	marked := strings.ContainsAny(word[:1], "[(<|") || strings.HasSuffix(word, ":") || strings.HasSuffix(word, "!")
	placed := strings.HasSuffix(before, ":") || before == "npm"
	return l, shouted || marked || placed
}

var named = map[string]Level{
	"trace": Debug, "debug": Debug, "dbg": Debug, "dbug": Debug, "verbose": Debug, "silly": Debug,
	"info": Info, "inf": Info, "information": Info, "notice": Info,
	"warn": Warn, "warning": Warn, "wrn": Warn,
	"error": Error, "err": Error, "eror": Error, "fatal": Error, "panic": Error, "critical": Error,
	"crit": Error, "alert": Error, "emerg": Error, "emergency": Error, "severe": Error,
}

const longestName = len("information")

// isMark reports whether r may stand around a level.
func isMark(r rune) bool {
	switch r {
	case '[', ']', '(', ')', '{', '}', '<', '>', '|', ':', '!', '*', '-', ',', ';', '=', '"', '\'':
		return true
	}
	return false
}

var klogLevels = map[byte]Level{'I': Info, 'W': Warn, 'E': Error, 'F': Error}

// klog recognises the header of Kubernetes' logger: a letter, month and day.
func klog(word string) bool {
	if len(word) != 5 {
		return false
	}
	if _, ok := klogLevels[word[0]]; !ok {
		return false
	}
	return strings.Trim(word[1:], "0123456789") == ""
}
