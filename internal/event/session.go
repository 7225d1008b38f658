package event

import (
	"slices"
	"time"
)

// SessionGap is the longest pause inside a session: a later event begins a new
// one (tracker.md §5).
const SessionGap = 30 * time.Minute

// Session is a run of one visitor's events with no gap over SessionGap.
//
// Origin, System, Place and Language are those of its first page view. A session
// without one takes them from the visitor's session before it, and where there
// is none from its own first event (product.md §3).
type Session struct {
	WebsiteID  string
	Visitor    VisitorID
	Start, End time.Time // of its first and last event
	LastID     string    // id of its last event, to order events of equal time

	Events    int
	Pageviews int
	Goals     int

	EntryHostname, EntryPath string // of the first page view
	ExitHostname, ExitPath   string // of the last page view

	Origin   Origin
	System   System
	Place    Place
	Viewport Size
	Language string

	ClientFirstSeen time.Time // earliest hint in it; zero: none
	ClientSessions  int       // the hint of its first event that has one

	LastHash uint64 // DuplicateHash of the last event
}

// NewSession begins a session with its first event. prev is the visitor's
// session before it, or nil.
func NewSession(e *Event, prev *Session) *Session {
	s := &Session{WebsiteID: e.WebsiteID, Visitor: e.Visitor, Start: e.Time}
	s.System, s.Place, s.Viewport, s.Language = e.System, e.Place, e.Viewport, e.Language
	s.Origin.Channel = e.Origin.Channel
	if prev != nil {
		s.Origin, s.System, s.Place = prev.Origin, prev.System, prev.Place
		s.Viewport, s.Language = prev.Viewport, prev.Language
		s.EntryHostname, s.EntryPath = "", ""
	}
	s.extend(e)
	return s
}

// Holds reports whether an event at t continues the session.
func (s *Session) Holds(t time.Time) bool { return t.Sub(s.End) <= SessionGap }

// Add extends the session by its next event in order. It reports false, and
// changes nothing, when e lies more than SessionGap after the last one.
func (s *Session) Add(e *Event) bool {
	if !s.Holds(e.Time) {
		return false
	}
	s.extend(e)
	return true
}

func (s *Session) extend(e *Event) {
	s.End, s.LastID, s.LastHash = e.Time, e.ID, e.DuplicateHash
	s.Events++
	if !e.ClientFirstSeen.IsZero() && (s.ClientFirstSeen.IsZero() || e.ClientFirstSeen.Before(s.ClientFirstSeen)) {
		s.ClientFirstSeen = e.ClientFirstSeen
	}
	if s.ClientSessions == 0 {
		s.ClientSessions = e.ClientSessions
	}
	switch e.Kind {
	case Pageview:
		if s.Pageviews == 0 {
			s.EntryHostname, s.EntryPath = e.Hostname, e.Path
			s.Origin, s.System, s.Place = e.Origin, e.System, e.Place
			s.Viewport, s.Language = e.Viewport, e.Language
		}
		s.ExitHostname, s.ExitPath = e.Hostname, e.Path
		s.Pageviews++
	case Goal:
		s.Goals++
	case Identify, PaymentClaim, ExternalLink:
	}
}

// Sessions cuts one visitor's events, in any order, into sessions, oldest first.
// The slice is sorted in place.
func Sessions(events []*Event) []*Session { return SessionsAfter(nil, events) }

// SessionsAfter is Sessions for the later part of a visitor's events, which begins
// more than SessionGap after prev, the visitor's session before it; nil for none.
func SessionsAfter(prev *Session, events []*Event) []*Session {
	slices.SortFunc(events, func(a, b *Event) int {
		switch {
		case a.Before(b):
			return -1
		case b.Before(a):
			return 1
		}
		return 0
	})
	var out []*Session
	for _, e := range events {
		if n := len(out); n > 0 {
			if out[n-1].Add(e) {
				continue
			}
			prev = out[n-1]
		}
		out = append(out, NewSession(e, prev))
	}
	return out
}
