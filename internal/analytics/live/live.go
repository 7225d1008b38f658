// Package live keeps the last half hour of every website in memory: who is there
// now, what just happened. It is filled from the store at start and by each
// committed batch after that, so that polling costs the store nothing.
//
// It may import event and revenue. It must not be the only copy of anything.
package live

import (
	"sync"
	"time"

	"datafast/internal/event"
	"datafast/internal/revenue"
)

// The windows of api.md §8.5 and product.md §2.
const (
	Window = 10 * time.Minute // counter, map and badge
	Keep   = 30 * time.Minute // the dashboard's "Now"
)

// maxKept is how many events are kept of one website when there are twice as many;
// older ones are dropped first, while their visitors still count.
const maxKept = 10_000

// View is the live state of all websites. It is safe for concurrent use.
type View struct {
	now func() time.Time

	mu    sync.Mutex
	sites map[string]*website
}

type website struct {
	events   []*event.Event // in order of arrival
	visitors map[event.VisitorID]time.Time
	watchers map[chan Change]bool
}

// Change is what a watcher is told: an event or a payment, one of them set.
type Change struct {
	Event   *event.Event
	Payment *revenue.Payment
}

// New returns an empty view.
func New(now func() time.Time) *View { return &View{now: now, sites: map[string]*website{}} }

// Add takes in committed events; old ones of a backfill are left out.
func (v *View) Add(batch []*event.Event) {
	oldest := v.now().Add(-Keep)
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, e := range batch {
		if e.Time.Before(oldest) {
			continue
		}
		s := v.site(e.WebsiteID)
		s.events = append(s.events, e)
		if e.Time.After(s.visitors[e.Visitor]) {
			s.visitors[e.Visitor] = e.Time
		}
		s.tell(Change{Event: e})
		if len(s.events) >= 2*maxKept { // not for each event from maxKept on: all of them are looked at
			s.trim(oldest)
		}
	}
}

// Paid tells watchers of a payment that was recorded. Payments are not kept here.
func (v *View) Paid(p *revenue.Payment) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if s := v.sites[p.WebsiteID]; s != nil {
		s.tell(Change{Payment: p})
	}
}

func (s *website) tell(c Change) {
	for w := range s.watchers {
		select {
		case w <- c:
		default: // a slow reader misses changes rather than holding up the rest
		}
	}
}

func (v *View) site(id string) *website {
	s := v.sites[id]
	if s == nil {
		s = &website{visitors: map[event.VisitorID]time.Time{}, watchers: map[chan Change]bool{}}
		v.sites[id] = s
	}
	return s
}

// trim drops what is too old or too much.
func (s *website) trim(oldest time.Time) {
	drop := 0
	for drop < len(s.events) && (s.events[drop].Time.Before(oldest) || len(s.events)-drop > maxKept) {
		drop++
	}
	clear(s.events[:drop])
	s.events = s.events[drop:]
	for id, at := range s.visitors {
		if at.Before(oldest) {
			delete(s.visitors, id)
		}
	}
}

// Count is the number of distinct visitors with any event within the window.
func (v *View) Count(websiteID string, window time.Duration) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.sites[websiteID]
	if s == nil {
		return 0
	}
	now := v.now()
	s.trim(now.Add(-Keep))
	n := 0
	for _, at := range s.visitors {
		if now.Sub(at) <= window {
			n++
		}
	}
	return n
}

// Recent returns the visitors and events within the window, newest first.
func (v *View) Recent(websiteID string, window time.Duration) (visitors []event.VisitorID, events []*event.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.sites[websiteID]
	if s == nil {
		return nil, nil
	}
	since := v.now().Add(-window)
	seen := map[event.VisitorID]bool{}
	for i := len(s.events) - 1; i >= 0; i-- {
		e := s.events[i]
		if e.Time.Before(since) {
			continue
		}
		events = append(events, e)
		if !seen[e.Visitor] {
			seen[e.Visitor] = true
			visitors = append(visitors, e.Visitor)
		}
	}
	return visitors, events
}

// Watch returns a channel of a website's events as they are committed and of its
// payments as they are recorded, and a function that ends it.
func (v *View) Watch(websiteID string) (<-chan Change, func()) {
	c := make(chan Change, 256)
	v.mu.Lock()
	v.site(websiteID).watchers[c] = true
	v.mu.Unlock()
	return c, func() {
		v.mu.Lock()
		delete(v.sites[websiteID].watchers, c)
		v.mu.Unlock()
	}
}
