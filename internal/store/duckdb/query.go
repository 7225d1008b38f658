package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"datafast/internal/analytics"
	"datafast/internal/store/sqlgen"
)

// Run answers a batch of questions, all at one state of the store.
func (s *Store) Run(ctx context.Context, queries []analytics.Query) ([]analytics.Result, error) {
	for _, q := range queries {
		if err := s.settle(ctx, q.WebsiteID); err != nil {
			return nil, err
		}
	}
	out := make([]analytics.Result, len(queries))
	err := s.read(ctx, func(tx *sql.Tx) error {
		for i, q := range queries {
			facts, err := s.facts(ctx, tx, q.WebsiteID)
			if err != nil {
				return err
			}
			if out[i], err = sqlgen.Run(ctx, tx, sqlgen.DuckDB(), facts, q); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// read runs f in a transaction that sees the store at one time.
func (s *Store) read(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin read: %w", err)
	}
	return errors.Join(f(tx), tx.Rollback())
}

// facts tells what a query of the website can leave out.
func (s *Store) facts(ctx context.Context, tx *sql.Tx, websiteID string) (sqlgen.Facts, error) {
	f := sqlgen.Facts{Site: s.numOf(websiteID)}
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM payments WHERE site = $1), EXISTS (SELECT 1 FROM profile_visitors WHERE site = $1)`,
		f.Site).Scan(&f.HasPayments, &f.HasProfiles)
	if err != nil {
		return f, fmt.Errorf("read facts of website %s: %w", websiteID, err)
	}
	return f, nil
}
