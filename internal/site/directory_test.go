package site_test

import (
	"context"
	"testing"
	"time"

	"datafast/internal/fault"
	"datafast/internal/site"
)

// shelf is a Source that a test can change and that counts its reads.
type shelf struct {
	websites map[string]*site.Website
	reads    int
	during   func() // runs inside a read
}

func (s *shelf) read(ref string) (*site.Website, error) {
	s.reads++
	w := s.websites[ref]
	if s.during != nil {
		s.during()
	}
	if w == nil {
		return nil, fault.NotFound("Website not found")
	}
	return w, nil
}

func (s *shelf) Website(_ context.Context, ref string) (*site.Website, error) { return s.read(ref) }
func (s *shelf) WebsiteByTrackingID(_ context.Context, ref string) (*site.Website, error) {
	return s.read(ref)
}

func TestDirectory_Find(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1779321600000)
	s := &shelf{websites: map[string]*site.Website{"a": {ID: "a", Timezone: "UTC"}}}
	d := site.NewDirectory(s, func() time.Time { return now })
	timezone := func() string {
		t.Helper()
		w, err := d.Find(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		return w.Timezone
	}

	timezone()
	timezone()
	if s.reads != 1 {
		t.Fatalf("two questions made %d reads, want 1", s.reads)
	}
	s.websites["a"] = &site.Website{ID: "a", Timezone: "Europe/Paris"}
	now = now.Add(site.Freshness)
	if got := timezone(); got != "Europe/Paris" {
		t.Errorf("after Freshness: %q, want the change of another process", got)
	}
	s.websites["a"] = &site.Website{ID: "a", Timezone: "Asia/Tokyo"}
	d.Invalidate()
	if got := timezone(); got != "Asia/Tokyo" {
		t.Errorf("after Invalidate: %q, want the change at once", got)
	}
}

func TestDirectory_Find_unknownIsRemembered(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	d := site.NewDirectory(s, time.Now)
	for range 3 {
		if _, err := d.Find(t.Context(), "dfid_nobody"); fault.CodeOf(err) != fault.CodeNotFound {
			t.Fatalf("unknown website: %v, want not_found", err)
		}
	}
	if s.reads != 1 {
		t.Errorf("three questions made %d reads, want 1", s.reads)
	}
}

func TestDirectory_Find_changeWhileReading(t *testing.T) {
	t.Parallel()
	s := &shelf{websites: map[string]*site.Website{"a": {ID: "a", Timezone: "UTC"}}}
	d := site.NewDirectory(s, time.Now)
	s.during = func() {
		s.websites["a"] = &site.Website{ID: "a", Timezone: "Asia/Tokyo"}
		d.Invalidate()
	}
	_, _ = d.Find(t.Context(), "a")
	s.during = nil
	w, err := d.Find(t.Context(), "a")
	if err != nil || w.Timezone != "Asia/Tokyo" {
		t.Errorf("Find = %+v, %v; a read that began before the change was kept", w, err)
	}
}
