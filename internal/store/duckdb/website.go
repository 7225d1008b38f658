package duckdb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/event"
	"datafast/internal/fault"
	"datafast/internal/store/eventsql"
	"datafast/internal/store/sessionize"
)

// DeleteGoals deletes goal events and derives their visitors' sessions again.
// fault.CodeNotFound when nothing matches.
func (s *Store) DeleteGoals(ctx context.Context, websiteID string, d analytics.GoalDeletion) (int, error) {
	unlock, err := s.lockLayout(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
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
	err = s.inTx(ctx, func() error {
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
			s.tracker.MarkStale(v, time.Time{})
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
		var v eventsql.ID
		if err := rows.Scan(&v); err != nil {
			return nil, fmt.Errorf("scan visitor: %w", err)
		}
		out = append(out, sessionize.Key{WebsiteID: websiteID, Visitor: event.VisitorID(v)})
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

// DeleteWebsite removes every row of a website.
func (s *Store) DeleteWebsite(ctx context.Context, websiteID string) error {
	unlock, err := s.lockLayout(ctx)
	if err != nil {
		return err
	}
	defer unlock()
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
