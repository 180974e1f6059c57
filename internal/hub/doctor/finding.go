package doctor

import "fmt"

// Severity says how bad a finding is.
type Severity uint8

const (
	OK       Severity = iota
	Note              // worth knowing; nothing is wrong
	Degraded          // brum works, but slower or with less than it could have
	Broken            // something does not work
)

var severities = [...]string{"ok", "note", "degraded", "broken"}

// String returns a name such as "degraded".
func (s Severity) String() string { return severities[s] }

// MarshalText is String, for JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is the reverse of MarshalText.
func (s *Severity) UnmarshalText(text []byte) error {
	for i, name := range severities {
		if name == string(text) {
			*s = Severity(i)
			return nil
		}
	}
	return fmt.Errorf("doctor: no severity %q", text)
}

// Area is what a finding is about.
type Area string

const (
	Versions  Area = "versions"
	Power     Area = "power"
	Clocks    Area = "clocks"
	Network   Area = "network"
	Discovery Area = "discovery"
	Instances Area = "instances" // the files in the discovery directory
	Hub       Area = "hub"
	Sessions  Area = "sessions" // of the hub that is running
	Limits    Area = "limits"
)

// Finding is the result of one check.
type Finding struct {
	Area     Area     `json:"area"`
	Subject  string   `json:"subject"` // within the area, such as "logind"
	Severity Severity `json:"severity"`
	What     string   `json:"what"` // one line
	Mend     string   `json:"mend"` // one line; "" if there is nothing to do
}

// Report is all findings.
type Report struct {
	Severity Severity  `json:"severity"` // the worst of all
	Findings []Finding `json:"findings"`
}

func (r *Report) add(findings ...Finding) {
	for _, f := range findings {
		r.Severity = max(r.Severity, f.Severity)
		r.Findings = append(r.Findings, f)
	}
}

// on makes findings of one area.
type on Area

func (a on) ok(subject, format string, args ...any) Finding {
	return Finding{Area(a), subject, OK, fmt.Sprintf(format, args...), ""}
}

func (a on) finding(s Severity, subject, what, mend string) Finding {
	return Finding{Area(a), subject, s, what, mend}
}
