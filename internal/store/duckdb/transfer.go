package duckdb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/duckdb/duckdb-go/v2"

	"datafast/internal/store/eventsql"
)

// WriteRows adds rows that another store had; all of them or none. Sessions are not
// derived from them: they are rows too.
func (s *Store) WriteRows(ctx context.Context, t eventsql.Table, websiteID string, rows []eventsql.Row) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	site, err := s.number(ctx, websiteID)
	if err != nil {
		return err
	}
	return s.inTx(ctx, func() error { return s.appendRows(t, site, rows) })
}

func (s *Store) appendRows(t eventsql.Table, site uint32, rows []eventsql.Row) error {
	names := []string{"site"}
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	return s.writer.Raw(func(conn any) (err error) {
		a, err := duckdb.NewAppenderWithColumns(conn.(driver.Conn), "", "", t.Name, names)
		if err != nil {
			return fmt.Errorf("open appender of %s: %w", t.Name, err)
		}
		defer func() { err = errors.Join(err, a.Close()) }()
		values := make([]driver.Value, len(names))
		for _, row := range rows {
			values[0] = site
			for i, v := range row {
				if id, ok := v.(eventsql.ID); ok {
					v = duckdb.UUID(id)
				}
				values[i+1] = v
			}
			if err := a.AppendRow(values...); err != nil {
				return fmt.Errorf("append row of %s: %w", t.Name, err)
			}
		}
		return nil
	})
}

// RemoveRows deletes a website's rows within bounds.
func (s *Store) RemoveRows(ctx context.Context, t eventsql.Table, websiteID string, b eventsql.Bounds) error {
	unlock, err := s.lockLayout(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	query, args := `DELETE FROM `+t.Name+` WHERE site = ?`, []any{s.numOf(websiteID)}
	if t.Time != "" {
		query, args = query+` AND `+t.Time+` >= ? AND `+t.Time+` < ?`, append(args, b.From, b.To)
	}
	return s.inTx(ctx, func() error { return s.exec(ctx, query, args...) })
}
