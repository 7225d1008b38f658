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

// TestView_Add_many: of very many events the newest are kept, and every visitor counts.
func TestView_Add_many(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 21, 9, 0, 0, 0, time.UTC)
	v := live.New(func() time.Time { return now })
	const total = 48_000
	for i := range total {
		v.Add([]*event.Event{visit(i, now)})
	}
	if got := v.Count("a", live.Keep); got != total {
		t.Errorf("%d visitors, want %d", got, total)
	}
	_, events := v.Recent("a", live.Keep)
	if len(events) < 10_000 || len(events) > 20_000 || events[0].Visitor != visit(total-1, now).Visitor {
		t.Errorf("%d events are kept, the newest of %s; want the last 10,000 to 20,000", len(events), events[0].Visitor)
	}
}

func visit(i int, at time.Time) *event.Event {
	return &event.Event{WebsiteID: "a", Visitor: event.VisitorID{byte(i >> 16), byte(i >> 8), byte(i)}, Time: at, Kind: event.Pageview}
}

// BenchmarkView_Add is what an event costs a website that has few, and one that has
// more than are kept.
func BenchmarkView_Add(b *testing.B) {
	now := time.Now()
	const few = 5_000
	var took [2]time.Duration
	for b.Loop() {
		v := live.New(func() time.Time { return now })
		for i := range 20 * few {
			e := []*event.Event{visit(i, now)}
			started := time.Now()
			v.Add(e)
			switch spent := time.Since(started); {
			case i < few:
				took[0] += spent
			case i >= 10*few:
				took[1] += spent / 10
			}
		}
	}
	b.ReportMetric(float64(took[1])/float64(took[0]), "ratio")
	b.ReportMetric(float64(took[0].Nanoseconds())/float64(b.N*few), "ns/event")
	b.ReportMetric(0, "ns/op")
}
