package clickhouse

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"

	"datafast/internal/store/eventsql"
)

// unbounded lets a statement take its time: a month of a large website does.
func unbounded(ctx context.Context) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_execution_time": 0}))
}

// ReadRows gives a website's rows within bounds to emit.
func (s *Store) ReadRows(ctx context.Context, t eventsql.Table, websiteID string, b eventsql.Bounds, emit func(eventsql.Row) error) error {
	return s.Reader.ReadRows(unbounded(ctx), t, websiteID, b, emit)
}

// WriteRows adds rows that another store had, as one block. Sessions are not derived
// from them: they are rows too.
func (s *Store) WriteRows(ctx context.Context, t eventsql.Table, websiteID string, rows []eventsql.Row) error {
	s.mu.Lock()
	number := s.nextVersion()
	s.mu.Unlock()
	at := map[string]int{}
	for i, c := range t.Columns {
		at[c.Name] = i
	}
	// A name of its own: rows that were removed may come again as the same block.
	_, err := s.insertOnce(ctx, t.Name, rand.Text(), func(add func(...any) error) error {
		values := make([]any, len(s.columns[t.Name]))
		for _, row := range rows {
			for i, c := range s.columns[t.Name] {
				switch c.Name {
				case "site":
					values[i] = websiteID
				case "version":
					values[i] = number
				case "is_deleted":
					values[i] = uint8(0)
				case "stored_at":
					values[i] = row[at[t.Time]] // long ago: a start must not derive their sessions again
				default:
					values[i] = row[at[c.Name]]
					if id, ok := values[i].(eventsql.ID); ok {
						values[i] = string(id[:])
					}
				}
			}
			if err := add(values...); err != nil {
				return fmt.Errorf("append row of %s: %w", t.Name, err)
			}
		}
		return nil
	})
	return err
}

// RemoveRows deletes a website's rows within bounds.
func (s *Store) RemoveRows(ctx context.Context, t eventsql.Table, websiteID string, b eventsql.Bounds) error {
	where, args := `site = ?`, []any{websiteID}
	if t.Time != "" {
		where, args = where+` AND `+t.Time+` >= ? AND `+t.Time+` < ?`, append(args, b.From, b.To)
	}
	return s.remove(unbounded(ctx), t.Name, where, args...)
}
