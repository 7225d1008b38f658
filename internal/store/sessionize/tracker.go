// Package sessionize keeps the row per session of an event store up to date.
//
// Merging the touched sessions in every commit would cost two thirds of the
// ingest rate (design.md §2), so a store observes each committed batch here and
// merges what waits every two seconds, and before a query of a website that has
// something waiting. An event in order extends or begins a session in memory; one
// that comes late makes its visitor stale: all sessions of a stale visitor are
// derived again from the stored events.
//
// It may import event. It must not know an engine.
package sessionize

import (
	"time"

	"datafast/internal/event"
)

// Key names a visitor on a website.
type Key struct {
	WebsiteID string
	Visitor   event.VisitorID
}

// sessionKey names one session of a visitor by its start, in milliseconds.
type sessionKey struct {
	Key
	start int64
}

// Tracker follows open sessions. It is not safe for concurrent use: its store
// guards it with the lock of its writer.
type Tracker struct {
	// known is the time from which on every session that ended later is in open.
	known   time.Time
	open    map[Key]*event.Session
	fresh   map[sessionKey]*event.Session // begun since the last merge
	changed map[sessionKey]*event.Session // merged before, and longer now
	stale   map[Key]time.Time             // from when on
	waiting map[string]int                // changes and stale visitors by website
	shared  bool
}

// Stale is a visitor whose sessions have to be derived again, all that contain or
// follow From.
type Stale struct {
	Key

	From time.Time
}

// New returns a tracker that knows all sessions which ended after known.
func New(known time.Time, open []*event.Session) *Tracker {
	t := &Tracker{
		known: known, open: map[Key]*event.Session{}, fresh: map[sessionKey]*event.Session{},
		changed: map[sessionKey]*event.Session{}, stale: map[Key]time.Time{}, waiting: map[string]int{},
	}
	for _, s := range open {
		t.open[Key{s.WebsiteID, s.Visitor}] = s
	}
	return t
}

// Share says that other processes store events too: a visitor of whom nothing is
// held here may have a session that another holds, so their first event here makes
// them stale.
func (t *Tracker) Share() { t.shared = true }

// Observe takes in a committed batch.
func (t *Tracker) Observe(batch []*event.Event) {
	for _, e := range batch {
		t.observe(e)
	}
}

func (t *Tracker) observe(e *event.Event) {
	key := Key{e.WebsiteID, e.Visitor}
	t.waiting[e.WebsiteID]++
	if from, stale := t.stale[key]; stale {
		if e.Time.Before(from) {
			t.stale[key] = e.Time
		}
		return
	}
	s := t.open[key]
	switch {
	case s == nil && (t.shared || e.Kind != event.Pageview || e.Time.Add(-event.SessionGap).Before(t.known)):
		// It may belong to, or take its attributes from, a session we do not hold.
		t.MarkStale(key, e.Time)
	case s == nil:
		t.begin(key, event.NewSession(e, nil))
	case e.Time.Before(s.End) || e.Time.Equal(s.End) && e.ID <= s.LastID:
		t.MarkStale(key, e.Time)
	case s.Add(e):
		if id := (sessionKey{key, s.Start.UnixMilli()}); t.fresh[id] == nil {
			t.changed[id] = s
		}
	default:
		t.begin(key, event.NewSession(e, s))
	}
}

func (t *Tracker) begin(key Key, s *event.Session) {
	t.open[key] = s
	t.fresh[sessionKey{key, s.Start.UnixMilli()}] = s
}

// MarkStale asks for the visitor's sessions to be derived again, all that contain
// or follow a moment.
func (t *Tracker) MarkStale(key Key, from time.Time) {
	if known, stale := t.stale[key]; !stale || from.Before(known) {
		t.stale[key] = from
	}
	t.waiting[key.WebsiteID]++
	if s := t.open[key]; s != nil {
		delete(t.open, key)
	}
}

// Waits reports whether the website has sessions that are not merged yet.
func (t *Tracker) Waits(websiteID string) bool { return t.waiting[websiteID] > 0 }

// Pending returns what has to be merged: sessions to add, sessions to write over
// by visitor and start, and stale visitors to derive again. All stay pending until
// Merged.
func (t *Tracker) Pending() (fresh, changed []*event.Session, stale []Stale) {
	for _, s := range t.fresh {
		if !t.leave(s) {
			fresh = append(fresh, s)
		}
	}
	for _, s := range t.changed {
		if !t.leave(s) {
			changed = append(changed, s)
		}
	}
	for key, from := range t.stale {
		stale = append(stale, Stale{key, from})
	}
	return fresh, changed, stale
}

// leave reports whether a session is left to what is derived, which has to reach
// back to its start then.
func (t *Tracker) leave(s *event.Session) bool {
	key := Key{s.WebsiteID, s.Visitor}
	from, stale := t.stale[key]
	if stale && s.Start.Before(from) {
		t.stale[key] = s.Start
	}
	return stale
}

// Merged says that everything pending is stored. latest are the last sessions of
// the visitors that were derived again.
func (t *Tracker) Merged(latest []*event.Session) {
	clear(t.fresh)
	clear(t.changed)
	clear(t.stale)
	clear(t.waiting)
	for _, s := range latest {
		if s.End.After(t.known) {
			t.open[Key{s.WebsiteID, s.Visitor}] = s
		}
	}
}

// checkEvery is how often ended sessions are looked over when others store too.
const checkEvery = time.Minute

// Forget drops sessions that no event from now on can continue. Shared, they are
// derived once more then: what another process stored of them is not known here.
// It may be called only when nothing is pending.
func (t *Tracker) Forget(now time.Time) {
	// A minute more than the gap: events carry the time of their arrival and may
	// wait that long for their commit.
	horizon := now.Add(-event.SessionGap - time.Minute)
	if t.shared && horizon.Sub(t.known) < checkEvery {
		return
	}
	for key, s := range t.open {
		if !s.End.Before(horizon) {
			continue
		}
		delete(t.open, key)
		if t.shared {
			t.MarkStale(key, s.Start)
		}
	}
	if horizon.After(t.known) {
		t.known = horizon
	}
}

// DropWebsite forgets a website's open sessions: its events were deleted. It may
// be called only when nothing is pending.
func (t *Tracker) DropWebsite(websiteID string) {
	for key := range t.open {
		if key.WebsiteID == websiteID {
			delete(t.open, key)
		}
	}
}
