package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"datafast/internal/analytics"
	"datafast/internal/event"
	"datafast/internal/fault"
	"datafast/internal/store/eventsql"
	"datafast/internal/store/sessionize"
)

// DeleteGoals deletes goal events and derives their visitors' sessions again.
// fault.CodeNotFound when nothing matches.
func (s *Store) DeleteGoals(ctx context.Context, websiteID string, d analytics.GoalDeletion) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	conditions, args := []string{"site = ?", "kind = ?"}, []any{websiteID, uint8(event.Goal)}
	if !d.Visitor.IsZero() {
		conditions, args = append(conditions, "visitor = "+s.Dialect.ID("?")), append(args, d.Visitor.String())
	}
	if d.Name != "" {
		conditions, args = append(conditions, "name = ?"), append(args, d.Name)
	}
	if !d.Range.IsAll() {
		conditions, args = append(conditions, "time >= ?", "time < ?"), append(args, d.Range.From.UnixMilli(), d.Range.To.UnixMilli())
	}
	where := strings.Join(conditions, " AND ")
	rows, err := s.db.QueryContext(ctx, `SELECT visitor, count(*), min(time) FROM events WHERE `+where+` GROUP BY visitor`, args...)
	if err != nil {
		return 0, fmt.Errorf("find goal events: %w", err)
	}
	defer rows.Close()
	deleted := 0
	var stale []sessionize.Stale
	for rows.Next() {
		var v eventsql.ID
		var n int
		var first int64
		if err := rows.Scan(&v, &n, &first); err != nil {
			return 0, fmt.Errorf("scan goal events: %w", err)
		}
		deleted += n
		stale = append(stale, sessionize.Stale{Key: sessionize.Key{WebsiteID: websiteID, Visitor: event.VisitorID(v)}, From: eventsql.FromMillis(first)})
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, fmt.Errorf("find goal events: %w", err)
	}
	if deleted == 0 {
		return 0, fault.NotFound("No goal events found")
	}
	if err := s.remove(ctx, "events", where, args...); err != nil {
		return 0, err
	}
	for _, v := range stale {
		s.tracker.MarkStale(v.Key, v.From)
	}
	return deleted, s.merge(ctx)
}

// remove deletes rows for good, on every server, and returns when they are gone.
func (s *Store) remove(ctx context.Context, table, where string, args ...any) error {
	if s.cluster != "" {
		table += "_local ON CLUSTER " + s.cluster
	}
	if _, err := s.db.ExecContext(ctx, "ALTER TABLE "+table+" DELETE WHERE "+where+" SETTINGS mutations_sync = 2", args...); err != nil {
		return fmt.Errorf("delete from %s: %w", table, err)
	}
	return nil
}

// DeleteWebsite removes every row of a website.
func (s *Store) DeleteWebsite(ctx context.Context, websiteID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.merge(ctx); err != nil {
		return err
	}
	s.tracker.DropWebsite(websiteID)
	for _, t := range tables() {
		if err := s.remove(ctx, t.name, "site = ?", websiteID); err != nil {
			return err
		}
	}
	return nil
}
