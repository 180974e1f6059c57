package limitcheck

import "fmt"

// Verdict is what became of a check.
type Verdict uint8

const (
	Pass Verdict = iota
	Fail
	None // it can't be tried on this system
)

var verdicts = [...]string{"pass", "fail", "none"}

// String returns "pass", "fail" or "none".
func (v Verdict) String() string { return verdicts[v] }

// MarshalText is String, for JSON.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText is the reverse of MarshalText.
func (v *Verdict) UnmarshalText(text []byte) error {
	for i, name := range verdicts {
		if name == string(text) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("limitcheck: no verdict %q", text)
}

// Row is the result of one check.
type Row struct {
	Row     string  `json:"row"`  // of the acceptance rows, such as "K1"
	What    string  `json:"what"` // was tried
	Found   string  `json:"found"`
	Limit   string  `json:"limit"` // what it had to be
	Verdict Verdict `json:"verdict"`
}

// Report is all of them.
type Report struct {
	OK   bool  `json:"ok"` // nothing has failed
	Rows []Row `json:"rows"`
}

func (r *Row) fail(format string, args ...any) Row {
	r.Verdict, r.Found = Fail, fmt.Sprintf(format, args...)
	return *r
}

func (r *Row) pass(format string, args ...any) Row {
	r.Verdict, r.Found = Pass, fmt.Sprintf(format, args...)
	return *r
}
