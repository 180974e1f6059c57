package daemon

import (
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/history"
	"github.com/standardbeagle/brum/power"
)

// HistoryPath is where a hub with that state directory keeps its history.
func HistoryPath(stateDir string) string { return filepath.Join(stateDir, "history.jsonl") }

func closeHistory(past *history.Book, log *slog.Logger) {
	if err := past.Close(); err != nil {
		log.Warn("the last of the history was not written", "error", err)
	}
}

// chronicle enters into the history when the hub began and what happens to the machine, until
// the function that it returns is called, which is the hub's end.
func chronicle(past *history.Book, monitor *power.Monitor) (end func()) {
	past.AddEvent(api.Event{At: time.Now(), Kind: api.EventHub})
	events := monitor.Subscribe(power.Suspend, power.Resume, power.NetworkDown, power.NetworkUp, power.NetworkChange)
	var writing sync.WaitGroup
	writing.Go(func() {
		for e := range events.C {
			past.AddEvent(eventOf(&e))
		}
	})
	return func() {
		events.Close()
		writing.Wait()
		past.AddEvent(api.Event{At: time.Now(), Kind: api.EventHubEnd})
	}
}

var eventKinds = map[power.Kind]api.EventKind{
	power.Suspend:       api.EventSleep,
	power.Resume:        api.EventWake,
	power.NetworkDown:   api.EventOffline,
	power.NetworkUp:     api.EventOnline,
	power.NetworkChange: api.EventNetwork,
}

func eventOf(e *power.Event) api.Event {
	out := api.Event{At: e.Time, Kind: eventKinds[e.Kind], ForMillis: api.Millis(e.Slept)}
	if e.Net != nil {
		var what []string
		for _, p := range e.Net.Added {
			what = append(what, "+"+p.String())
		}
		for _, p := range e.Net.Removed {
			what = append(what, "-"+p.String())
		}
		out.Detail = strings.Join(what, " ")
	}
	return out
}
