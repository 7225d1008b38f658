package duckdb

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"datafast/internal/event"
	"datafast/internal/id"
	"datafast/internal/store/sessionize"
)

// TestAppend_refused: nothing of a batch that was refused is stored later, neither
// by the appender's end nor with the next batch.
func TestAppend_refused(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC().Truncate(time.Millisecond)
	s := openTest(t, time.Now)
	ids := id.NewGenerator()
	page := func(path string) *event.Event {
		return &event.Event{
			ID: ids.New(now), WebsiteID: ids.New(now), Time: now, Visitor: event.VisitorID{1}.ForceV4(), Kind: event.Pageview,
			Hostname: "shop.example", Path: path, Language: "en",
		}
	}
	broken := page("/broken")
	broken.ID = "no id"
	if err := s.Append(t.Context(), []*event.Event{page("/refused"), broken}); err == nil {
		t.Fatal("a batch with an event without an id was stored")
	}
	if err := s.Append(t.Context(), []*event.Event{page("/kept")}); err != nil {
		t.Fatal(err)
	}
	stored, err := s.EventsSince(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if len(stored) != 1 || stored[0].Path != "/kept" {
		t.Errorf("%d events stored, want /kept alone", len(stored))
	}
}

// TestOpen_newerSchema: a file of a newer program is refused and left as it is.
func TestOpen_newerSchema(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "events.duckdb")
	s, err := Open(t.Context(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.ExecContext(t.Context(), `UPDATE meta SET value = '999' WHERE key = 'schema'`); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Path: path}); err == nil || !strings.Contains(err.Error(), "has schema 999") || !strings.Contains(err.Error(), "newer datafast") {
		t.Errorf("Open of a newer schema: %v", err)
	}
}

// TestOpen_recovers: events that were stored and not merged when the process ended
// are in sessions after the next start, also one that was accepted before others
// that were stored and merged first.
func TestOpen_recovers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func() *Store {
		t.Helper()
		s, err := Open(t.Context(), Options{Path: filepath.Join(dir, "events.duckdb")})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	ids := id.NewGenerator()
	website := ids.New(now.Add(-time.Minute))
	page := func(visitor byte, accepted time.Time) *event.Event {
		return &event.Event{
			ID: ids.New(accepted), WebsiteID: website, Time: now, Visitor: event.VisitorID{visitor}.ForceV4(), Kind: event.Pageview,
			Hostname: "shop.example", Path: "/", Language: "en",
		}
	}
	early, merged, late := page(1, now.Add(-time.Second)), page(2, now), page(3, now)
	s := open()
	s.stop() // no merge but those asked for
	s.tending.Wait()
	if err := s.Append(t.Context(), []*event.Event{merged}); err != nil {
		t.Fatal(err)
	}
	if err := s.settle(t.Context(), website); err != nil {
		t.Fatal(err)
	}
	if err := s.Append(t.Context(), []*event.Event{early, late}); err != nil {
		t.Fatal(err)
	}
	s.tracker = sessionize.New(now, nil) // what waits is lost, as when the process is killed
	s.newest = ""
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	t.Cleanup(func() { _ = s.Close() })
	for name, e := range map[string]*event.Event{"early": early, "merged": merged, "late": late} {
		if session, err := s.LastSession(t.Context(), website, e.Visitor); err != nil || session == nil {
			t.Errorf("%s: session %v, %v", name, session, err)
		}
	}
}
