package duckdb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/event"
	"datafast/internal/id"
	"datafast/internal/store/eventsql"
)

func openTest(t *testing.T, now func() time.Time) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "events.duckdb"), Threads: 1, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestCluster rewrites the past while events of today, and late ones for visitors
// of the past, keep coming: nothing is lost, twice or left out of a session, and
// each website's rows lie together.
func TestCluster(t *testing.T) {
	t.Parallel()
	s := openTest(t, nil)
	s.clusterRows = 100_000
	ids := id.NewGenerator()
	websites := []string{ids.New(time.Now()), ids.New(time.Now()), ids.New(time.Now())}
	const days, perDay = 4, 60_000
	start := time.Now().UTC().Truncate(day).AddDate(0, 0, -10)
	view := func(website, visitor int, at time.Time) *event.Event {
		return &event.Event{
			ID: ids.New(time.Now()), WebsiteID: websites[website], Time: at, Kind: event.Pageview, Hostname: "shop.example", Path: "/",
			Visitor: event.VisitorID{byte(visitor), byte(visitor >> 8), byte(website)}.ForceV4(),
		}
	}
	for d := range days {
		batch := make([]*event.Event, perDay)
		for i := range batch {
			batch[i] = view(i%3, i/100, start.Add(time.Duration(d)*day).Add(time.Duration(i)*day/perDay))
		}
		if err := s.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	numbers := func() (n [4]int64) {
		t.Helper()
		for _, w := range websites {
			if err := s.settle(t.Context(), w); err != nil {
				t.Fatal(err)
			}
		}
		err := s.db.QueryRowContext(t.Context(), `SELECT count(*), count(DISTINCT id), (SELECT count(*) FROM sessions), (SELECT sum(events) FROM sessions)::BIGINT FROM events`).
			Scan(&n[0], &n[1], &n[2], &n[3])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := numbers()
	const late = 20
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := range late {
			batch := []*event.Event{view(i%3, i, start.Add(time.Hour*time.Duration(i))), view(i%3, 5_000+i, time.Now())}
			if err := s.Append(t.Context(), batch); err != nil {
				t.Error(err)
			}
			if _, err := s.Run(t.Context(), []analytics.Query{{WebsiteID: websites[i%3], Range: analytics.LastDays(30, time.Now(), time.UTC), Zone: time.UTC}}); err != nil {
				t.Error(err)
			}
		}
	})
	if err := s.Cluster(t.Context()); err != nil {
		t.Error(err)
	}
	writing.Wait()
	after := numbers()
	if after[0] != before[0]+2*late || after[1] != after[0] || after[3] != after[0] {
		t.Errorf("events, ids, sessions, their events: %v, then %v", before, after)
	}
	var runs int
	err := s.db.QueryRowContext(t.Context(), fmt.Sprintf(`SELECT count(*) FROM (SELECT site, lag(site) OVER (ORDER BY rowid) AS other
		FROM events WHERE time < %d) WHERE site <> other`, start.Add(days*day).UnixMilli())).Scan(&runs)
	if err != nil || runs > 2*late+10 {
		t.Errorf("websites alternate %d times in the rewritten days, %v", runs, err)
	}
}

// TestRun_cancelled: a query whose time is up ends in the engine, at once, and the
// next one finds the engine free.
func TestRun_cancelled(t *testing.T) {
	t.Parallel()
	s := openTest(t, nil)
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	started := time.Now()
	err := s.snapshot(short, func(tx eventsql.DB) error {
		var n int64
		return tx.QueryRowContext(short, `SELECT sum(hash(a.range + b.range) % 7) FROM range(10_000_000) a, range(10_000_000) b`).Scan(&n)
	})
	if !errors.Is(err, context.DeadlineExceeded) && short.Err() == nil {
		t.Fatalf("a query of hours ended with %v after %s", err, time.Since(started))
	}
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("cancelled after %s", took)
	}
	var busy int
	if err := s.db.QueryRowContext(t.Context(), `SELECT count(*) FROM range(1000)`).Scan(&busy); err != nil || busy != 1000 {
		t.Errorf("the next query: %d, %v", busy, err)
	}
}
