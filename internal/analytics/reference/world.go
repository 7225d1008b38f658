// Package reference says what every number means, as a short and obvious program
// over a visitor's ordered events. It is slow on purpose: other engines are held
// against it, and a newcomer reads it to learn what a number means.
//
// Read World and Run, then totals (what is counted), passes (what is filtered) and
// credited (which session a payment belongs to).
//
// It may import analytics, event and place. It must share nothing with
// store/sqlgen and contain no SQL.
package reference

import (
	"slices"
	"strings"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/event"
)

// Payment is a row of money as package revenue settled it. Kind is "new",
// "renewal", "refund" or "trial".
type Payment struct {
	ID            string // orders payments of equal time
	TransactionID string
	RefundOf      string
	Kind          string
	Time          time.Time
	AttributedAt  time.Time
	Visitor       event.VisitorID // zero: nobody known
	Minor         int64           // in the website's currency
}

// World is everything that is known of one website.
type World struct {
	Payments []Payment
	// Users says who each visitor was, oldest first. The first is also who they were
	// before; a later one is who they are from that moment on.
	Users map[event.VisitorID][]User

	visitors []*visitor
	byID     map[event.VisitorID]*visitor
}

type visitor struct {
	id       event.VisitorID
	events   []*event.Event // in order
	sessions []*session
}

type session struct {
	*event.Session
	events []*event.Event
}

// New cuts events, in any order, into visitors and their sessions.
func New(events []*event.Event) *World {
	w := &World{byID: map[event.VisitorID]*visitor{}, Users: map[event.VisitorID][]User{}}
	for _, e := range events {
		v := w.byID[e.Visitor]
		if v == nil {
			v = &visitor{id: e.Visitor}
			w.byID[e.Visitor] = v
			w.visitors = append(w.visitors, v)
		}
		v.events = append(v.events, e)
	}
	for _, v := range w.visitors {
		for _, s := range event.Sessions(v.events) {
			in := &session{Session: s}
			for _, e := range v.events {
				if !e.Time.Before(s.Start) && !e.Time.After(s.End) {
					in.events = append(in.events, e)
				}
			}
			v.sessions = append(v.sessions, in)
		}
	}
	return w
}

// within reports whether a moment lies in the half-open range.
func within(r analytics.Range, t time.Time) bool {
	return r.IsAll() || !t.Before(r.From) && t.Before(r.To)
}

// User is a user id that a visitor was identified with.
type User struct {
	ID string
	At time.Time
}

// userAt is who a visitor was at a moment; empty when never identified.
func (w *World) userAt(v event.VisitorID, at time.Time) string {
	user := ""
	for i, u := range w.Users[v] {
		if i == 0 || !u.At.After(at) {
			user = u.ID
		}
	}
	return user
}

// wasUser reports whether a visitor was ever a user.
func (w *World) wasUser(v event.VisitorID, user string) bool {
	return user != "" && slices.ContainsFunc(w.Users[v], func(u User) bool { return u.ID == user })
}

// wasUserDuring reports whether the visitor of a session was a user at some moment
// of it.
func (w *World) wasUserDuring(s *session, user string) bool {
	if user == "" {
		return false
	}
	if w.userAt(s.Visitor, s.Start) == user {
		return true
	}
	return slices.ContainsFunc(w.Users[s.Visitor], func(u User) bool {
		return u.ID == user && !u.At.Before(s.Start) && !u.At.After(s.End)
	})
}

// isCustomer: a visitor has a payment above zero that was not refunded whole, or
// was once the user who made one.
func (w *World) isCustomer(id event.VisitorID) bool {
	for _, p := range w.Payments {
		if p.Kind != "new" && p.Kind != "renewal" || p.Minor <= 0 || p.Visitor.IsZero() {
			continue
		}
		if p.Visitor != id && !w.wasUser(id, w.userAt(p.Visitor, p.Time)) {
			continue
		}
		refunded := int64(0)
		for _, r := range w.Payments {
			if r.Kind == "refund" && r.RefundOf == p.TransactionID {
				refunded += r.Minor
			}
		}
		if refunded < p.Minor {
			return true
		}
	}
	return false
}

// bounced: exactly one page view, no goal, and no new payment while it ran (to 30
// minutes after its last event).
func (w *World) bounced(s *session) bool {
	if s.Pageviews != 1 || s.Goals != 0 {
		return false
	}
	for _, p := range w.Payments {
		if p.Kind == "new" && p.Visitor == s.Visitor && w.during(s, p.Time) {
			return false
		}
	}
	return true
}

// during: the session runs at a moment, from its start to 30 minutes after its
// last event.
func (w *World) during(s *session, t time.Time) bool {
	return !t.Before(s.Start) && t.Sub(s.End) <= event.SessionGap
}

// sessionsUpTo lists the sessions with a page view that began by a moment, of those
// who match.
func (w *World) sessionsUpTo(at time.Time, match func(*session) bool) []*session {
	var out []*session
	for _, v := range w.visitors {
		for _, s := range v.sessions {
			if s.Pageviews > 0 && !s.Start.After(at) && match(s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// credited is the session that gets the credit for a payment; nil for none. Only
// sessions with a page view that began by then can have it.
func (w *World) credited(p Payment, model analytics.Attribution) *session {
	if p.Visitor.IsZero() {
		return nil
	}
	before := w.sessionsUpTo(p.AttributedAt, func(s *session) bool { return s.Visitor == p.Visitor })
	if model == analytics.FirstTouch {
		// The first of all sessions of the same user, on whatever device.
		user := w.userAt(p.Visitor, p.AttributedAt)
		if of := w.sessionsUpTo(p.AttributedAt, func(s *session) bool { return w.wasUserDuring(s, user) }); len(of) > 0 {
			before = of
		}
	}
	if len(before) == 0 {
		return nil
	}
	slices.SortFunc(before, func(a, b *session) int {
		if c := a.Start.Compare(b.Start); c != 0 {
			return c
		}
		return strings.Compare(a.LastID, b.LastID)
	})
	last := before[len(before)-1]
	switch model {
	case analytics.FirstTouch:
		return before[0]
	case analytics.LastNonDirect:
		for i := len(before) - 1; i >= 0; i-- {
			s := before[i]
			if p.AttributedAt.Sub(s.Start) <= analytics.AttributionWindow && s.Origin.Channel != "Direct" {
				return s
			}
		}
	case analytics.LastTouch:
	}
	return last
}
