package duckdb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"datafast/internal/event"
	"datafast/internal/id"
	"datafast/internal/store/eventsql"
	"datafast/internal/store/sessionize"
)

// TestAppend_refused: nothing of a batch that was refused is stored later, and what
// the engine could not store is refused at once, not when it is to become a row.
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
	for name, spoil := range map[string]func(*event.Event){
		"id":     func(e *event.Event) { e.ID = "no id" },
		"text":   func(e *event.Event) { e.Origin.UTMTerm = "\xff" },
		"traits": func(e *event.Event) { e.Kind, e.Data = event.Identify, `{"email":` },
	} {
		broken := page("/broken")
		spoil(broken)
		if err := s.Append(t.Context(), []*event.Event{page("/refused"), broken}); err == nil {
			t.Errorf("%s: a batch with an event that cannot be stored was accepted", name)
		}
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
	t.Run("of this version", func(t *testing.T) {
		t.Parallel()
		testRecovers(t, func(*Store, *event.Event) error { return nil })
	})
	t.Run("of schema 3", func(t *testing.T) {
		t.Parallel()
		testRecovers(t, func(s *Store, merged *event.Event) error {
			id, err := eventsql.PackID(merged.ID)
			_, execErr := s.db.ExecContext(t.Context(), `DELETE FROM meta WHERE key = 'unmerged';
				INSERT OR REPLACE INTO meta VALUES ('merged', '`+id.String()+`'), ('schema', '3')`)
			return errors.Join(err, execErr)
		})
	})
}

// testRecovers leaves a store with events that are not merged, as leave makes it.
func testRecovers(t *testing.T, leave func(s *Store, merged *event.Event) error) {
	t.Helper()
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
	if err := s.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.tracker = sessionize.New(now, nil) // what waits is lost, as when the process is killed
	if err := errors.Join(leave(s, merged), s.Close()); err != nil {
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

// TestOpen_logged: events that were acknowledged and in no table when the process
// ended are there once after the next start, wherever on their way it ended.
func TestOpen_logged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "events.duckdb")
	now := time.Now().UTC().Truncate(time.Millisecond)
	ids := id.NewGenerator()
	website := ids.New(now)
	var want []string
	for life, before := range []func(*Store) error{
		func(*Store) error { return nil },
		func(s *Store) error { return s.flush(t.Context()) },
		func(s *Store) error { return s.settle(t.Context(), website) },
		func(s *Store) error { // rows are stored, and the log did not learn it
			s.mu.Lock()
			defer s.mu.Unlock()
			events, number := s.arriving.Take()
			return s.inTx(t.Context(), func() error { return s.storeEvents(t.Context(), events, number, events[0].ID) })
		},
	} {
		s, err := Open(t.Context(), Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		s.stop() // nothing is merged in the background
		s.tending.Wait()
		page := &event.Event{
			ID: ids.New(now), WebsiteID: website, Time: now, Visitor: event.VisitorID{byte(life)}.ForceV4(), Kind: event.Pageview,
			Hostname: "shop.example", Path: fmt.Sprint("/", life), Language: "en",
		}
		want = append(want, page.Path)
		if err := errors.Join(s.Append(t.Context(), []*event.Event{page}), before(s)); err != nil {
			t.Fatal(err)
		}
		// Killed: nothing is flushed, merged or released.
		if err := errors.Join(s.writer.Close(), s.db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(t.Context(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	stored, err := s.EventsSince(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range stored {
		got = append(got, e.Path)
		if session, err := s.LastSession(t.Context(), website, e.Visitor); err != nil || session == nil {
			t.Errorf("%s: session %v, %v", e.Path, session, err)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("stored %v, want %v", got, want)
	}
}

// TestSettle_cancelled: a reader that goes away while its read makes rows and
// sessions leaves every event stored once, and a writer that goes on.
func TestSettle_cancelled(t *testing.T) {
	t.Parallel()
	s := openTest(t, time.Now)
	ids := id.NewGenerator()
	now := time.Now().UTC().Truncate(time.Millisecond)
	website := ids.New(now)
	const rounds, each = 60, 50
	for round := range rounds {
		batch := make([]*event.Event, each)
		for i := range batch {
			batch[i] = &event.Event{
				ID: ids.New(now), WebsiteID: website, Time: now, Visitor: event.VisitorID{byte(round), byte(i)}.ForceV4(), Kind: event.Pageview,
				Hostname: "shop.example", Path: fmt.Sprint("/", round, "/", i), Language: "en",
			}
		}
		if err := s.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(round)*200*time.Microsecond)
		err := s.settle(ctx, website)
		cancel()
		if err != nil && ctx.Err() == nil {
			t.Fatal(err)
		}
	}
	if err := s.settle(t.Context(), website); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"events", "sessions"} {
		var rows, visitors int
		if err := s.db.QueryRowContext(t.Context(), `SELECT count(*), count(DISTINCT visitor) FROM `+table).Scan(&rows, &visitors); err != nil {
			t.Fatal(err)
		}
		if rows != rounds*each || visitors != rounds*each {
			t.Errorf("%d %s of %d visitors, want %d", rows, table, visitors, rounds*each)
		}
	}
}
