package analytics

import (
	"cmp"
	"math"
	"slices"
	"time"

	"datafast/internal/event"
)

// Identity ties a visitor to the profile of a user id. Traits is a JSON object
// that is merged into the profile's; ProfileID is used when the profile is new.
type Identity struct {
	WebsiteID string
	Visitor   event.VisitorID
	UserID    string
	Traits    string
	ProfileID string
	At        time.Time
}

// Always is the end of a link that still holds, in Unix milliseconds.
const Always = math.MaxInt64

// Link says that a visitor was a user from Since until before Until, in Unix
// milliseconds. A visitor's first link holds from 0: identifying joins the past
// too. A later one with another user takes over from its own moment on
// (tracker.md §11).
type Link struct {
	Visitor event.VisitorID
	UserID  string
	At      int64 // when the visitor was identified
	Since   int64
	Until   int64
}

// Holds reports whether the visitor was this user at a moment.
func (l *Link) Holds(at time.Time) bool {
	ms := at.UnixMilli()
	return l.Since <= ms && ms < l.Until
}

// Meets reports whether the link holds at some moment from start to end.
func (l *Link) Meets(start, end time.Time) bool {
	return start.UnixMilli() < l.Until && end.UnixMilli() >= l.Since
}

// Relink adds an identification to a visitor's links, which may come late, and
// returns the links that hold then, oldest first.
func Relink(links []Link, in *Identity) []Link {
	links = append(slices.Clone(links), Link{Visitor: in.Visitor, UserID: in.UserID, At: in.At.UnixMilli()})
	slices.SortStableFunc(links, func(a, b Link) int { return cmp.Compare(a.At, b.At) })
	links = slices.CompactFunc(links, func(a, b Link) bool { return a.UserID == b.UserID })
	for i := range links {
		links[i].Since, links[i].Until = links[i].At, Always
		if i == 0 {
			links[i].Since = 0
		} else {
			links[i-1].Until = links[i].At
		}
	}
	return links
}
