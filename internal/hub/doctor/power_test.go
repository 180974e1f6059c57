package doctor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/power"
	"github.com/standardbeagle/brum/power/powertest"
)

// G5: the active backends are named, and of those that failed it is said why and how to mend it.
func TestG5_DoctorNamesBackends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := powertest.New(t)
		release := m.OnSuspend(func(context.Context) {})
		defer release()
		findings := powerFindings(settled(t.Context(), m.Monitor))
		if f := want(t, findings, "sleep", OK); !strings.Contains(f.What, string(powertest.Source)) {
			t.Errorf("%+v", f)
		}
		want(t, findings, "network", OK)
		want(t, findings, string(powertest.Source), OK)
		want(t, findings, "before sleep", OK)

		m.Refuse(errors.New("polkit says no"))
		synctest.Wait()
		findings = powerFindings(settled(t.Context(), m.Monitor))
		if f := want(t, findings, "before sleep", Degraded); !strings.Contains(f.What, "polkit says no") {
			t.Errorf("%+v", f)
		}
		m.Refuse(nil)
		synctest.Wait()
		want(t, powerFindings(settled(t.Context(), m.Monitor)), "before sleep", OK)

		m.Break(errors.New("the bus is gone"))
		synctest.Wait()
		findings = powerFindings(settled(t.Context(), m.Monitor))
		if f := want(t, findings, string(powertest.Source), Degraded); !strings.Contains(f.What, "the bus is gone") {
			t.Errorf("%+v", f)
		}
		if f := want(t, findings, "sleep", Broken); !strings.Contains(f.What, string(powertest.Source)) {
			t.Errorf("%+v", f)
		}
		want(t, findings, "network", OK)
		want(t, findings, "before sleep", Note)

		m.Mend()
		time.Sleep(time.Minute)
		if f := want(t, powerFindings(settled(t.Context(), m.Monitor)), string(powertest.Source), Note); !strings.Contains(f.What, "again") {
			t.Errorf("%+v", f)
		}
	})
}

func TestBackendFindings(t *testing.T) {
	for name, c := range map[string]struct {
		status power.BackendStatus
		want   Severity
	}{
		"standby":     {power.BackendStatus{Source: power.Clock, State: power.Standby}, OK},
		"unsupported": {power.BackendStatus{Source: power.IOKit, State: power.Failed, Err: errors.ErrUnsupported}, Note},
		"failed":      {power.BackendStatus{Source: power.Logind, State: power.Failed, Err: errors.New("no\nbus")}, Degraded},
		"starting":    {power.BackendStatus{Source: power.Timerfd, State: power.Starting}, Degraded},
	} {
		f := want(t, []Finding{backendFinding(c.status)}, string(c.status.Source), c.want)
		if strings.Contains(f.What, "\n") {
			t.Errorf("%s: more than one line: %q", name, f.What)
		}
	}
	for _, source := range []power.Source{power.Logind, power.Timerfd, power.Rtnetlink, power.IOKit, power.Clock} {
		if mendBackend(source) == "" {
			t.Errorf("no way to mend %s", source)
		}
	}
}

// A backend that never begins is not waited for for ever.
func TestSettledHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := powertest.New(t)
		began := time.Now()
		settled(t.Context(), m.Monitor) // nobody holds, as there is no hook
		if took := time.Since(began); took > settleTime {
			t.Errorf("%v", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		began = time.Now()
		settled(ctx, m.Monitor)
		if took := time.Since(began); took > 0 {
			t.Errorf("%v after the end", took)
		}
	})
}
