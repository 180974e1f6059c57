package programlog

// OutliveReaders does nothing: writes without a reader fail here anyway.
func OutliveReaders() (stop func()) { return func() {} }
