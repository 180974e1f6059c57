package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/standardbeagle/brum/internal/logstore"
)

const maxSize = 1 << 40

// parseSize reads a number of bytes with an optional unit: K, M, G with or
// without iB or B, all powers of 1024.
func parseSize(s string) (int64, error) {
	digits := strings.TrimRight(s, "KMGTiBkmgtb ")
	shift, ok := map[string]uint{
		"": 0, "B": 0, "K": 10, "KB": 10, "KIB": 10, "M": 20, "MB": 20, "MIB": 20, "G": 30, "GB": 30, "GIB": 30,
	}[strings.ToUpper(strings.TrimSpace(s[len(digits):]))]
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || n < 0 || n > maxSize>>shift {
		return 0, fmt.Errorf("%q is no size such as 512KiB, 64MiB or 1GiB", s)
	}
	n <<= shift
	if n < logstore.MinLimit {
		return 0, fmt.Errorf("%s is too little: at least %d KiB", s, logstore.MinLimit>>10)
	}
	return n, nil
}
