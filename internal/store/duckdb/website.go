package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"datafast/internal/analytics"
	"datafast/internal/event"
	"datafast/internal/fault"
	"datafast/internal/ingest"
	"datafast/internal/store/sessionize"
)

// Tracking tells what became of a website's events.
func (s *Store) Tracking(ctx context.Context, websiteID string) (analytics.Tracking, error) {
	t := analytics.Tracking{Dropped: map[string]int64{}}
	site := s.numOf(websiteID)
	var first, last sql.NullInt64
	if err := s.db.QueryRowContext(ctx, `SELECT min(time), max(time) FROM events WHERE site = ?`, site).Scan(&first, &last); err != nil {
		return t, fmt.Errorf("read first and last event: %w", err)
	}
	t.FirstEvent, t.LastEvent = fromMillis(first.Int64), fromMillis(last.Int64)
	since := s.now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -29)
	rows, err := s.db.QueryContext(ctx, `SELECT reason, sum(count)::BIGINT FROM drops WHERE site = ? AND day >= ? GROUP BY reason`, site, since.UnixMilli())
	if err != nil {
		return t, fmt.Errorf("read drop counts: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var reason string
		var n int64
		if err := rows.Scan(&reason, &n); err != nil {
			return t, fmt.Errorf("scan drop count: %w", err)
		}
		t.Dropped[reason] = n
	}
	if err := rows.Err(); err != nil {
		return t, fmt.Errorf("read drop counts: %w", err)
	}
	t.RefusedHosts, err = s.texts(ctx, `SELECT host FROM refused_hosts WHERE site = ? AND seen_at >= ? GROUP BY host ORDER BY max(seen_at) DESC, host LIMIT 20`,
		site, since.UnixMilli())
	return t, err
}

// HasBrowser implements ingest.AppStore.
func (s *Store) HasBrowser(ctx context.Context, websiteID, browser string) (bool, error) {
	var has bool
	err := s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sessions WHERE site = ? AND browser = ?)`, s.numOf(websiteID), browser).Scan(&has)
	if err != nil {
		return false, fmt.Errorf("look for browser: %w", err)
	}
	return has, nil
}

// IsBot reports whether a bot used the visitor id within ingest.BotMemory.
func (s *Store) IsBot(ctx context.Context, websiteID string, v event.VisitorID) (bool, error) {
	var n int
	err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM bot_visitors WHERE site = ? AND visitor = ? AND seen_at >= ?`,
		s.numOf(websiteID), v.String(), s.now().Add(-ingest.BotMemory).UnixMilli()).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look up bot visitor: %w", err)
	}
	return n > 0, nil
}

// LastSession returns the visitor's last session; nil when the website has no
// page view of it.
func (s *Store) LastSession(ctx context.Context, websiteID string, v event.VisitorID) (*event.Session, error) {
	if err := s.settle(ctx, websiteID); err != nil {
		return nil, err
	}
	list, err := s.readSessions(ctx, `SELECT site, `+sessionColumns+` FROM sessions WHERE site = ? AND visitor = ? ORDER BY started_at`,
		s.numOf(websiteID), v.String())
	if err != nil || len(list) == 0 {
		return nil, err
	}
	for _, session := range list {
		if session.Pageviews > 0 {
			return list[len(list)-1], nil
		}
	}
	return nil, nil
}

// HasPageview reports whether the website has a page view of the visitor.
func (s *Store) HasPageview(ctx context.Context, websiteID string, v event.VisitorID) (bool, error) {
	session, err := s.LastSession(ctx, websiteID, v)
	return session != nil, err
}

// TrackedGoals lists the goals a website has seen, most completed first.
func (s *Store) TrackedGoals(ctx context.Context, websiteID string) ([]analytics.TrackedGoal, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT name, count(*), count(DISTINCT visitor), min(time), max(time) FROM events
		WHERE site = ? AND kind = ? GROUP BY name ORDER BY 2 DESC, name`, s.numOf(websiteID), uint8(event.Goal))
	if err != nil {
		return nil, fmt.Errorf("read tracked goals: %w", err)
	}
	defer rows.Close()
	var out []analytics.TrackedGoal
	for rows.Next() {
		var g analytics.TrackedGoal
		var first, last int64
		if err := rows.Scan(&g.Name, &g.Completions, &g.Visitors, &first, &last); err != nil {
			return nil, fmt.Errorf("scan tracked goal: %w", err)
		}
		g.FirstSeen, g.LastSeen = fromMillis(first), fromMillis(last)
		out = append(out, g)
	}
	return out, rows.Err()
}

// GoalSeen reports whether the website has an event of the goal.
func (s *Store) GoalSeen(ctx context.Context, websiteID, name string) (bool, error) {
	var seen bool
	err := s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM events WHERE site = ? AND kind = ? AND name = ?)`,
		s.numOf(websiteID), uint8(event.Goal), name).Scan(&seen)
	if err != nil {
		return false, fmt.Errorf("look up goal %s: %w", name, err)
	}
	return seen, nil
}

// DeleteGoals deletes goal events and derives their visitors' sessions again.
// fault.CodeNotFound when nothing matches.
func (s *Store) DeleteGoals(ctx context.Context, websiteID string, d analytics.GoalDeletion) (int, error) {
	s.layout.Lock()
	defer s.layout.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	conditions, args := []string{"site = ?", "kind = ?"}, []any{s.numOf(websiteID), uint8(event.Goal)}
	if !d.Visitor.IsZero() {
		conditions, args = append(conditions, "visitor = ?"), append(args, d.Visitor.String())
	}
	if d.Name != "" {
		conditions, args = append(conditions, "name = ?"), append(args, d.Name)
	}
	if !d.Range.IsAll() {
		conditions, args = append(conditions, "time >= ?", "time < ?"), append(args, d.Range.From.UnixMilli(), d.Range.To.UnixMilli())
	}
	where := strings.Join(conditions, " AND ")
	deleted := 0
	err := s.inTx(ctx, func() error {
		visitors, err := s.visitorsOf(ctx, websiteID, where, args)
		if err != nil {
			return err
		}
		res, err := s.writer.ExecContext(ctx, `DELETE FROM events WHERE `+where, args...)
		if err != nil {
			return fmt.Errorf("delete goal events: %w", err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			return fmt.Errorf("count deleted goal events: %w", err)
		}
		deleted = int(n)
		for _, v := range visitors {
			s.tracker.MarkStale(v)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if deleted == 0 {
		return 0, fault.NotFound("No goal events found")
	}
	return deleted, s.merge(ctx)
}

func (s *Store) visitorsOf(ctx context.Context, websiteID, where string, args []any) ([]sessionize.Key, error) {
	rows, err := s.writer.QueryContext(ctx, `SELECT DISTINCT visitor FROM events WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("find visitors: %w", err)
	}
	defer rows.Close()
	var out []sessionize.Key
	for rows.Next() {
		var v duckdb.UUID
		if err := rows.Scan(&v); err != nil {
			return nil, fmt.Errorf("scan visitor: %w", err)
		}
		out = append(out, sessionize.Key{WebsiteID: websiteID, Visitor: event.VisitorID(v)})
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

// DeleteWebsite removes every row of a website.
func (s *Store) DeleteWebsite(ctx context.Context, websiteID string) error {
	s.layout.Lock()
	defer s.layout.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	site := s.numOf(websiteID)
	if site == 0 {
		return nil
	}
	if err := s.merge(ctx); err != nil {
		return err
	}
	s.tracker.DropWebsite(websiteID)
	return s.inTx(ctx, func() error {
		for _, table := range []string{"events", "sessions", "payments", "profiles", "profile_visitors", "drops", "refused_hosts", "bot_visitors"} {
			if err := s.exec(ctx, `DELETE FROM `+table+` WHERE site = ?`, site); err != nil {
				return err
			}
		}
		return nil
	})
}
