package sessionize_test

import (
	"testing"
	"time"

	"datafast/internal/event"
	"datafast/internal/store/sessionize"
)

func at(minute int, kind event.Kind) *event.Event {
	start := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
	return &event.Event{ID: string(rune('a' + minute)), WebsiteID: "w", Visitor: event.VisitorID{1}, Time: start.Add(time.Duration(minute) * time.Minute), Kind: kind}
}

// TestTracker observes one visitor's events and looks at what is to be merged.
func TestTracker(t *testing.T) {
	t.Parallel()
	view, goal := event.Pageview, event.Goal
	for _, tt := range []struct {
		name   string
		shared bool
		before []*event.Event // merged already
		events []*event.Event
		fresh  int
		longer int
		from   int // minute from which the visitor is stale; -1: not
	}{
		{name: "a first page view begins a session", events: []*event.Event{at(0, view)}, fresh: 1, from: -1},
		{name: "further ones extend it", events: []*event.Event{at(0, view), at(5, view), at(35, goal)}, fresh: 1, from: -1},
		{name: "after a pause there is another", events: []*event.Event{at(0, view), at(31, view)}, fresh: 2, from: -1},
		{name: "one that was merged is changed", before: []*event.Event{at(0, view)}, events: []*event.Event{at(3, view)}, longer: 1, from: -1},
		{name: "a goal first may belong to an older session", events: []*event.Event{at(4, goal)}, from: 4},
		{name: "a late one takes what is not merged with it", events: []*event.Event{at(2, view), at(9, view), at(8, view)}, from: 2},
		{name: "a late one goes back to itself", before: []*event.Event{at(9, view)}, events: []*event.Event{at(8, view), at(3, view)}, from: 3},
		{name: "the same one again", before: []*event.Event{at(9, view)}, events: []*event.Event{at(9, view)}, from: 9},
		{name: "shared, another may hold a session", shared: true, events: []*event.Event{at(6, view), at(7, view)}, from: 6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tr := sessionize.New(time.Time{}, nil)
			tr.Observe(tt.before)
			tr.Merged(nil)
			if tt.shared {
				tr.Share()
			}
			tr.Observe(tt.events)
			if !tr.Waits("w") || tr.Waits("other") {
				t.Error("the website waits, no other")
			}
			fresh, changed, stale := tr.Pending()
			if len(fresh) != tt.fresh || len(changed) != tt.longer {
				t.Errorf("%d fresh, %d changed, want %d and %d", len(fresh), len(changed), tt.fresh, tt.longer)
			}
			switch {
			case tt.from < 0 && len(stale) > 0:
				t.Errorf("stale from %s", stale[0].From)
			case tt.from >= 0 && (len(stale) != 1 || !stale[0].From.Equal(at(tt.from, view).Time)):
				t.Errorf("stale %v, want from minute %d", stale, tt.from)
			}
		})
	}
}
