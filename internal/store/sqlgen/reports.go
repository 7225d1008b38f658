package sqlgen

import (
	"fmt"
	"strings"

	"datafast/internal/analytics"
)

// Compiled is a question as statements. Rows yields, in this order: the keys
// (Keys of them), the bucket when HasBucket, then the numbers of Columns. Totals
// and Unattributed have Columns alone; their SQL is empty when there is nothing
// to ask.
type Compiled struct {
	Rows         Statement
	Keys         int
	HasBucket    bool
	HasTotal     bool // a last column holds the number of rows before paging
	Totals       Statement
	Unattributed Statement
}

// Columns are the numbers that every row holds, all integers.
func Columns() []string {
	return []string{
		"visitors", "sessions", "pageviews", "bounces", "duration", "converted",
		"new_payments", "renewal_payments", "new_minor", "renewal_minor", "refund_minor", "completions",
	}
}

func columnList() string { return strings.Join(Columns(), ", ") }

// Compile turns a question into statements.
func Compile(d Dialect, f Facts, q analytics.Query) Compiled {
	if q.SkipMoney {
		f.HasPayments = f.HasPayments && needsPayments(&q)
	}
	switch {
	case q.Dimension != analytics.ByNothing:
		return breakdown(d, f, &q)
	case q.Interval != analytics.NoInterval:
		return Compiled{Rows: series(d, f, &q), HasBucket: true, Totals: overview(d, f, withoutInterval(q))}
	}
	return Compiled{Rows: overview(d, f, &q)}
}

// needsPayments reports whether a question without money still asks about
// payments: bounces and some filters do.
func needsPayments(q *analytics.Query) bool {
	for _, f := range q.Filters {
		if f.Name == "customer" || f.Name == "goal" {
			return true
		}
	}
	return q.Dimension == analytics.ByNothing
}

func withoutInterval(q analytics.Query) *analytics.Query {
	q.Interval = analytics.NoInterval
	return &q
}

// overview gives one row of all numbers.
func overview(d Dialect, f Facts, q *analytics.Query) Statement {
	b := newBuilder(d, f, q.Range)
	b.visits(q)
	if !f.HasPayments || q.SkipMoney {
		return b.statement(fmt.Sprintf("SELECT %s FROM (SELECT %s, 0 AS converted, %s, 0 AS completions FROM visits)", columnList(), b.traffic(), noSums()))
	}
	b.paid(q)
	return b.statement(fmt.Sprintf(`SELECT %s FROM (SELECT %s FROM visits) t CROSS JOIN (SELECT %s, 0 AS completions FROM paid) m
		CROSS JOIN (SELECT %s AS converted FROM visits
			WHERE pageviews + goals > 0 AND visitor IN (SELECT payer FROM paid WHERE kind = %d)) c`, columnList(), b.traffic(), sums(), b.d.Visitors("visitor"), payNew))
}

// series gives a row for each bucket that has anything.
func series(d Dialect, f Facts, q *analytics.Query) Statement {
	b := newBuilder(d, f, q.Range)
	b.visits(q)
	if !f.HasPayments || q.SkipMoney {
		return b.statement(fmt.Sprintf("SELECT bucket, %s FROM (SELECT bucket, %s, 0 AS converted, %s, 0 AS completions FROM visits GROUP BY bucket)",
			columnList(), b.traffic(), noSums()))
	}
	b.paid(q)
	bucket := b.bucket(q.Interval, "time", q.Zone)
	columns := make([]string, 0, len(Columns()))
	for _, c := range Columns() {
		columns = append(columns, "coalesce("+c+", 0)")
	}
	return b.statement(fmt.Sprintf(`SELECT coalesce(t.bucket, m.bucket), %s
		FROM (SELECT bucket, %s FROM visits GROUP BY bucket) t
		FULL JOIN (SELECT %s AS bucket, %s, 0 AS converted, 0 AS completions FROM paid GROUP BY 1) m ON m.bucket = t.bucket`,
		strings.Join(columns, ", "), b.traffic(), bucket, sums()))
}

// unattributed sums the money without a session; empty when filters leave none.
func unattributed(d Dialect, f Facts, q *analytics.Query) Statement {
	if !f.HasPayments || q.SkipMoney || len(q.Filters) > 0 {
		return Statement{}
	}
	b := newBuilder(d, f, q.Range)
	b.paid(q)
	return b.statement(fmt.Sprintf(`SELECT %s FROM (SELECT 0 AS visitors, 0 AS sessions, 0 AS pageviews, 0 AS bounces, 0 AS duration,
		0 AS converted, %s, 0 AS completions FROM paid WHERE NOT attributed)`, columnList(), sums()))
}
