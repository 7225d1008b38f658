package live_test

import (
	"testing"
	"time"

	"datafast/internal/analytics/live"
	"datafast/internal/event"
)

func TestView_Count(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 21, 9, 0, 0, 0, time.UTC)
	v := live.New(func() time.Time { return now })
	at := func(visitor byte, ago time.Duration) *event.Event {
		return &event.Event{WebsiteID: "a", Visitor: event.VisitorID{visitor}, Time: now.Add(-ago), Kind: event.Pageview}
	}
	v.Add([]*event.Event{at(1, 40*time.Minute), at(2, 20*time.Minute), at(3, 9*time.Minute), at(3, time.Minute), at(4, 10*time.Minute)})
	if got := v.Count("a", live.Window); got != 2 {
		t.Errorf("10 minutes: %d visitors, want 2 (the border counts)", got)
	}
	if got := v.Count("a", live.Keep); got != 3 {
		t.Errorf("30 minutes: %d visitors, want 3", got)
	}
	if got := v.Count("b", live.Window); got != 0 {
		t.Errorf("unknown website: %d visitors", got)
	}
	visitors, events := v.Recent("a", live.Window)
	if len(visitors) != 2 || len(events) != 3 {
		t.Errorf("Recent = %d visitors %d events, want 2 and 3", len(visitors), len(events))
	}
	now = now.Add(time.Hour)
	if got := v.Count("a", live.Keep); got != 0 {
		t.Errorf("an hour later: %d visitors", got)
	}
}

func TestView_Watch(t *testing.T) {
	t.Parallel()
	v := live.New(time.Now)
	events, stop := v.Watch("a")
	e := &event.Event{WebsiteID: "a", Time: time.Now()}
	v.Add([]*event.Event{e, {WebsiteID: "b", Time: time.Now()}})
	if got := <-events; got.Event != e {
		t.Errorf("watched %v, want %v", got, e)
	}
	stop()
	v.Add([]*event.Event{e})
	select {
	case got := <-events:
		t.Errorf("after stop: %v", got)
	default:
	}
}
