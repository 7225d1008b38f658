package sqlgen

import (
	"fmt"
	"strings"

	"datafast/internal/analytics"
)

// Likelihood compiles the counts of the likelihood model: dimension ("" for all),
// value, visitors, customers and the mean of their first payments. A visitor has
// the attributes of their latest session in the range.
func Likelihood(d Dialect, f Facts, r analytics.Range) Statement {
	b := newBuilder(d, f, r)
	b.with("seen", fmt.Sprintf(`SELECT s.visitor, s.device, s.os AS operating_system, s.browser, s.country, s.referrer,
		row_number() OVER (PARTITION BY s.visitor ORDER BY s.started_at DESC) AS place
		FROM sessions s WHERE s.site = %s AND %s AND s.pageviews > 0`, b.site, b.inRange("s.started_at")))
	b.with("payers", b.customers())
	b.with("firsts", fmt.Sprintf(`SELECT p.visitor, p.site_amount AS amount, row_number() OVER (PARTITION BY p.visitor ORDER BY p.time) AS place
		FROM payments p WHERE p.site = %s AND p.kind = %d AND p.site_amount > 0 AND p.visitor IS NOT NULL`, b.site, payNew))
	b.with("people", `SELECT s.*, p.visitor IS NOT NULL AS customer, f.amount FROM seen s
		LEFT JOIN (SELECT DISTINCT visitor FROM payers) p ON p.visitor = s.visitor
		LEFT JOIN firsts f ON f.visitor = s.visitor AND f.place = 1 WHERE s.place = 1`)
	parts := []string{row("''", "''", "")}
	for _, dim := range analytics.LikelihoodDimensions() {
		parts = append(parts, row("'"+string(dim)+"'", string(dim), " GROUP BY 2"))
	}
	return b.statement(strings.Join(parts, "\nUNION ALL "))
}

func row(dimension, value, group string) string {
	return fmt.Sprintf(`SELECT %s AS dimension, %s AS value, count(*) AS visitors, count(*) FILTER (WHERE customer) AS customers,
		coalesce(avg(amount) FILTER (WHERE customer), 0) AS mean FROM people%s`, dimension, value, group)
}
