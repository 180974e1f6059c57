package programlog

// ToggleOnSignal does nothing: there are no such signals here.
func (l *Log) ToggleOnSignal() (stop func()) { return func() {} }
