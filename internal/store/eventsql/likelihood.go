package eventsql

import (
	"context"
	"fmt"

	"datafast/internal/analytics"
	"datafast/internal/store/sqlgen"
)

// Likelihood counts what the likelihood model is made of; nil without payments.
func (rd *Reader) Likelihood(ctx context.Context, websiteID string, r analytics.Range) (*analytics.LikelihoodModel, error) {
	if err := rd.Settle(ctx, websiteID); err != nil {
		return nil, err
	}
	var m *analytics.LikelihoodModel
	err := rd.Snapshot(ctx, func(tx DB) error {
		facts, err := rd.facts(ctx, tx, websiteID)
		if err != nil || !facts.HasPayments {
			return err
		}
		st := sqlgen.Likelihood(rd.Dialect, facts, r)
		rows, err := tx.QueryContext(ctx, st.SQL, st.Args...)
		if err != nil {
			return fmt.Errorf("ask for likelihood counts: %w", err)
		}
		defer rows.Close()
		m = &analytics.LikelihoodModel{ByValue: map[analytics.Dimension]map[string]analytics.LikelihoodCount{}}
		for rows.Next() {
			var dimension, value string
			var c analytics.LikelihoodCount
			if err := rows.Scan(&dimension, &value, &c.Visitors, &c.Customers, &c.MeanMinor); err != nil {
				return fmt.Errorf("scan likelihood count: %w", err)
			}
			if dimension == "" {
				m.All = c
				continue
			}
			d := analytics.Dimension(dimension)
			if m.ByValue[d] == nil {
				m.ByValue[d] = map[string]analytics.LikelihoodCount{}
			}
			m.ByValue[d][value] = c
		}
		return rows.Err()
	})
	return m, err
}
