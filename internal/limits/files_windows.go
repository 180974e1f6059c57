package limits

// MaxFiles is how many files a process may have open: Windows sets no limit that matters.
func MaxFiles() uint64 { return 0 }

// OpenFiles is not told by Windows.
func OpenFiles() int { return -1 }
