package sqlgen

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/place"
)

// DB runs statements; *sql.DB, *sql.Conn and *sql.Tx do.
type DB interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Batch answers questions at one state of the store. What several of them share,
// such as the money without a session beside every panel, is asked once. It is safe
// for concurrent use if its DB is.
type Batch struct {
	db DB
	d  Dialect

	mu     sync.Mutex
	totals map[string]func() (analytics.Totals, error) // by statement
}

// NewBatch begins a batch.
func NewBatch(db DB, d Dialect) *Batch {
	return &Batch{db: db, d: d, totals: map[string]func() (analytics.Totals, error){}}
}

// Run answers a question.
func (b *Batch) Run(ctx context.Context, f Facts, q analytics.Query) (res analytics.Result, err error) {
	asked := q
	if named(q.Dimension) {
		q.Limit, q.Offset = 0, 0 // ordered by names that SQL does not know
	}
	c := Compile(b.d, f, q)
	if c.Keys == 0 && !c.HasBucket {
		row := analytics.Row{}
		row.Totals, err = b.ask(ctx, c.Rows)
		res.Rows = []analytics.Row{row}
	} else {
		res, err = readRows(ctx, b.db, c, q)
	}
	if err != nil {
		return res, fmt.Errorf("%s: %w", describe(q), err)
	}
	if res.Totals, err = b.ask(ctx, c.Totals); err != nil {
		return res, fmt.Errorf("totals of %s: %w", describe(q), err)
	}
	if res.Unattributed, err = b.ask(ctx, c.Unattributed); err != nil {
		return res, fmt.Errorf("money without a session beside %s: %w", describe(q), err)
	}
	switch {
	case named(q.Dimension):
		sortByName(&res, asked)
	case q.Interval != analytics.NoInterval:
		fillBuckets(&res, q)
	}
	return res, nil
}

// ask runs a statement that yields totals, once in the batch; zeros for none.
func (b *Batch) ask(ctx context.Context, s Statement) (analytics.Totals, error) {
	if s.SQL == "" {
		return analytics.Totals{}, nil
	}
	key := fmt.Sprintf("%s\n%q", s.SQL, s.Args)
	b.mu.Lock()
	answer := b.totals[key]
	if answer == nil {
		answer = sync.OnceValues(func() (analytics.Totals, error) { return readTotals(ctx, b.db, s) })
		b.totals[key] = answer
	}
	b.mu.Unlock()
	return answer()
}

// named reports whether a dimension's rows are ordered by a name outside the store.
func named(d analytics.Dimension) bool { return d == analytics.ByCountry || d == analytics.ByRegion }

func readRows(ctx context.Context, db DB, c Compiled, q analytics.Query) (analytics.Result, error) {
	var res analytics.Result
	rows, err := db.QueryContext(ctx, c.Rows.SQL, c.Rows.Args...)
	if err != nil {
		return res, fmt.Errorf("ask: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		row := analytics.Row{Keys: make([]string, c.Keys)}
		dest := make([]any, 0, c.Keys+2+len(Columns()))
		for i := range row.Keys {
			dest = append(dest, &row.Keys[i])
		}
		var bucket int64
		if c.HasBucket {
			dest = append(dest, &bucket)
		}
		dest = append(dest, targets(&row.Totals)...)
		if c.HasTotal {
			dest = append(dest, &res.Total)
		}
		if err := rows.Scan(dest...); err != nil {
			return res, fmt.Errorf("read rows: %w", err)
		}
		if c.HasBucket {
			row.Bucket = BucketTime(q.Interval, bucket, q.Zone)
		}
		res.Rows = append(res.Rows, row)
	}
	if err := rows.Err(); err != nil {
		return res, fmt.Errorf("read rows: %w", err)
	}
	return res, rows.Close()
}

func describe(q analytics.Query) string {
	switch {
	case q.Dimension != analytics.ByNothing:
		return "breakdown by " + string(q.Dimension)
	case q.Interval != analytics.NoInterval:
		return "time series by " + string(q.Interval)
	}
	return "overview"
}

// targets are the scan targets of Columns.
func targets(t *analytics.Totals) []any {
	return []any{
		&t.Visitors, &t.Sessions, &t.Pageviews, &t.Bounces, &t.DurationMS, &t.Converted,
		&t.NewPayments, &t.RenewalPayments, &t.NewMinor, &t.RenewalMinor, &t.RefundMinor, &t.Completions,
	}
}

func readTotals(ctx context.Context, db DB, s Statement) (analytics.Totals, error) {
	var t analytics.Totals
	rows, err := db.QueryContext(ctx, s.SQL, s.Args...)
	if err != nil {
		return t, fmt.Errorf("ask: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(targets(&t)...); err != nil {
			return t, fmt.Errorf("read row: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return t, fmt.Errorf("read row: %w", err)
	}
	return t, rows.Close()
}

// sortByName applies rule 6.7 to rows whose keys are codes, and pages.
func sortByName(res *analytics.Result, q analytics.Query) {
	name := place.CountryName
	if q.Dimension == analytics.ByRegion {
		name = place.RegionName
	}
	slices.SortStableFunc(res.Rows, func(a, b analytics.Row) int {
		return cmp.Or(
			cmp.Compare(b.Visitors, a.Visitors),
			cmp.Compare(b.RevenueMinor(q.IncludeRenewals), a.RevenueMinor(q.IncludeRenewals)),
			cmp.Compare(name(a.Keys[0]), name(b.Keys[0])),
		)
	})
	res.Total = len(res.Rows)
	res.Rows = res.Rows[min(q.Offset, len(res.Rows)):]
	if q.Limit > 0 && len(res.Rows) > q.Limit {
		res.Rows = res.Rows[:q.Limit]
	}
}

// fillBuckets puts a row for every bucket of the window, oldest first.
func fillBuckets(res *analytics.Result, q analytics.Query) {
	byStart := make(map[time.Time]analytics.Row, len(res.Rows))
	for _, r := range res.Rows {
		byStart[r.Bucket] = r
	}
	starts := analytics.Buckets(q.Interval, q.Range, q.Zone)
	rows := make([]analytics.Row, len(starts))
	for i, at := range starts {
		rows[i] = byStart[at]
		rows[i].Bucket = at
	}
	res.Rows, res.Total = rows, len(rows)
}
