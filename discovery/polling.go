package discovery

import (
	"os"
	"time"
)

// hearing finds out whether a notification delivers, by a file that is written
// for it. Until it does, and where other machines write too, an observer polls.
type hearing struct {
	shared   bool      // others' changes are not notified
	works    bool      // something was notified
	probe    string    // the file; empty if none is there
	written  time.Time // when the probe was
	reported bool      // that nothing was heard of one was logged
}

// hearWithin is how long a busy machine may take to notify.
const hearWithin = 2 * time.Second

func (h *hearing) begin(dir string, shared bool) {
	h.shared, h.works = shared, false
	h.again(dir)
}

// again tries again unless it works. Where nothing can be written there is
// nothing to hear, and so it stays unknown.
func (h *hearing) again(dir string) {
	if h.works {
		return
	}
	h.end()
	h.probe, _ = writeProbe(dir)
	h.written = time.Now()
}

// end removes the probe.
func (h *hearing) end() {
	if h.probe != "" {
		_ = os.Remove(h.probe)
		h.probe = ""
	}
}

// heard is called for each notification.
func (o *observer) heard() {
	h := &o.hearing
	if h.works {
		return
	}
	h.works = true
	h.end()
	if h.reported {
		h.reported = false
		o.registry.config.Log.Info("the discovery directory notifies of changes again", "dir", o.registry.dir)
	}
}

// listen is called at each check, and gives up a probe whose time is over.
func (o *observer) listen() {
	h := &o.hearing
	if h.works || h.probe == "" || time.Since(h.written) < hearWithin {
		return
	}
	h.end()
	if !h.reported {
		h.reported = true
		o.registry.config.Log.Warn("changes in the discovery directory are not notified; looking at it regularly instead",
			"dir", o.registry.dir, "err", unheard(o.registry.dir, nil).Error())
	}
}

// reliable reports whether the notification tells of every change.
func (o *observer) reliable() bool {
	return o.notifier.armed() && o.hearing.works && !o.hearing.shared
}

// poll tells by a directory's modification time whether to read it. Changes
// within one tick of that clock look alike; so a directory that was found
// changed is read once more at the next check.
type poll struct {
	time    time.Time // the directory's when it was read last
	settled bool      // it was the same the time before
}

func (p *poll) scanned(t time.Time) {
	p.settled = t.Equal(p.time)
	p.time = t
}

func (p *poll) changed(t time.Time) bool { return !p.settled || !t.Equal(p.time) }

func (o *observer) changed() bool {
	info, err := os.Lstat(o.registry.dir)
	return err != nil || o.poll.changed(info.ModTime())
}
