package eventsql

import (
	"context"
	"fmt"

	"datafast/internal/analytics"
	"datafast/internal/store/sqlgen"
)

// Run answers a batch of questions, all at one state of the store.
func (rd *Reader) Run(ctx context.Context, queries []analytics.Query) ([]analytics.Result, error) {
	for _, q := range queries {
		if err := rd.Settle(ctx, q.WebsiteID); err != nil {
			return nil, err
		}
	}
	out := make([]analytics.Result, len(queries))
	err := rd.Snapshot(ctx, func(tx DB) error {
		for i, q := range queries {
			facts, err := rd.facts(ctx, tx, q.WebsiteID)
			if err != nil {
				return err
			}
			if out[i], err = sqlgen.Run(ctx, tx, rd.Dialect, facts, q); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// facts tells what a query of the website can leave out.
func (rd *Reader) facts(ctx context.Context, tx DB, websiteID string) (sqlgen.Facts, error) {
	f := sqlgen.Facts{Site: rd.Sites.Key(websiteID)}
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM payments WHERE site = $1), EXISTS (SELECT 1 FROM profile_visitors WHERE site = $1)`,
		f.Site).Scan(&f.HasPayments, &f.HasProfiles)
	if err != nil {
		return f, fmt.Errorf("read facts of website %s: %w", websiteID, err)
	}
	return f, nil
}
