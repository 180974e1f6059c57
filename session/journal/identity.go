package journal

import (
	"bytes"
	"context"
)

// SetIdentity makes the session's identity durable. A journal belongs to one session: once
// set, Session and Owner stay, and another is an error of kind Invalid. Incarnations and the
// secret may change.
func (j *Journal) SetIdentity(ctx context.Context, id Identity) error {
	if len(id.Secret) > maxSecret {
		return invalid("secret of %d bytes, the limit is %d", len(id.Secret), maxSecret)
	}
	return j.durably(ctx, func() (bool, error) {
		old := &j.state.identity
		if old.Session != [16]byte{} && (old.Session != id.Session || old.Owner != id.Owner) {
			return false, invalid("%s belongs to session %s of %s, not to %s of %s", j.dir, sessionName(old.Session),
				sessionName(old.Owner), sessionName(id.Session), sessionName(id.Owner))
		}
		id.Secret = bytes.Clone(id.Secret)
		j.state.identity = id
		j.stage(&record{kind: kindIdentity, data: id.append(nil)})
		return true, nil
	})
}

// RaiseMade makes the fence of an attempt durable before it is made. One that is not above
// all before it is a *StaleError.
func (j *Journal) RaiseMade(ctx context.Context, f Fence) error {
	return j.raise(ctx, &j.state.made, kindMade, "made fence", f)
}

// RaiseAccepted makes the fence of the peer's attempt durable before it is answered. One that
// is not above all before it is a *StaleError, which tells the highest.
func (j *Journal) RaiseAccepted(ctx context.Context, f Fence) error {
	return j.raise(ctx, &j.state.accepted, kindAccepted, "accepted fence", f)
}

func (j *Journal) raise(ctx context.Context, mark *Fence, k kind, what string, f Fence) error {
	return j.durably(ctx, func() (bool, error) {
		if f.compare(*mark) <= 0 {
			return false, &StaleError{what, mark.String(), f.String()}
		}
		*mark = f
		j.stage(&record{kind: k, fence: f})
		return true, nil
	})
}

// End makes the session's tombstone durable. From then on nothing can be appended; what is
// in the logs stays, for verdicts. The first tombstone stays, too: a second changes nothing.
func (j *Journal) End(ctx context.Context, t Tombstone) error {
	if len(t.Text) > maxText {
		return invalid("text of %d bytes, the limit is %d", len(t.Text), maxText)
	}
	return j.durably(ctx, func() (bool, error) {
		if j.state.end != nil {
			return false, nil
		}
		j.state.end = &t
		j.stage(&record{kind: kindEnd, data: t.append(nil)})
		return true, nil
	})
}
