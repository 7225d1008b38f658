package eventsql

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"datafast/internal/analytics"
	"datafast/internal/store/sqlgen"
)

// Run answers a batch of questions, all at one state of the store where the engine
// has one.
func (rd *Reader) Run(ctx context.Context, queries []analytics.Query) ([]analytics.Result, error) {
	for _, q := range queries {
		if err := rd.Settle(ctx, q.WebsiteID); err != nil {
			return nil, err
		}
	}
	out := make([]analytics.Result, len(queries))
	err := rd.Snapshot(ctx, func(tx DB) error {
		known := map[string]sqlgen.Facts{}
		for _, q := range queries {
			if _, ok := known[q.WebsiteID]; ok {
				continue
			}
			facts, err := rd.facts(ctx, tx, q.WebsiteID)
			if err != nil {
				return err
			}
			known[q.WebsiteID] = facts
		}
		batch := sqlgen.NewBatch(tx, rd.Dialect)
		at, ctx := errgroup.WithContext(ctx)
		at.SetLimit(rd.AtOnce)
		for i, q := range queries {
			at.Go(func() (err error) {
				out[i], err = batch.Run(ctx, known[q.WebsiteID], q)
				return err
			})
		}
		return at.Wait()
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
