package sqlgen

import (
	"fmt"
	"strings"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/event"
)

// Kinds of payments as they are stored; revenue.Kind has the same numbers.
const (
	payNew     = 1
	payRenewal = 2
	payRefund  = 3
	payTrial   = 4
)

const sessionGapMS = int64(event.SessionGap / time.Millisecond)

// paid adds the expression "paid": the payments of the range with the session
// that each is attributed to, as far as that session passes the filters.
//
//	id, kind, amount, time, payer   of the payment; payer is its visitor
//	attributed                      whether there is a session
//	and the given columns of the session
//
// Without filters, payments without a session are there too, not attributed.
func (b *builder) paid(q *analytics.Query, columns ...string) {
	further := ""
	for _, c := range columns {
		further += ", " + c
	}
	keep := "TRUE"
	if len(q.Filters) > 0 {
		keep = "s.visitor IS NOT NULL AND " + b.passes(q.Filters)
	}
	b.with("money", fmt.Sprintf(`SELECT p.id, p.kind, p.site_amount AS amount, p.time, p.visitor AS payer, p.attributed_at
		FROM payments p WHERE p.site = %s AND p.site_amount IS NOT NULL AND %s`, b.site, b.inRange("p.time")))
	b.with("credited", b.credited(q.Attribution))
	b.with("paid", fmt.Sprintf(`SELECT s.id, s.kind, s.amount, s.time, s.payer, s.attributed_at, s.visitor IS NOT NULL AS attributed%s
		FROM credited s WHERE %s`, further, keep))
}

// credited joins each payment with the columns of the one session that the model
// gives it. Only sessions with a page view that began before the payment (for a
// renewal or refund: before the customer's first payment) can be credited. First
// touch looks at all sessions of the payer's profile, and only when that has none
// (spare) at those of the payer from when they were somebody else.
func (b *builder) credited(model analytics.Attribution) string {
	visitors := fmt.Sprintf("SELECT m.id, m.payer AS visitor, FALSE AS spare, 0 AS since, %d AS until FROM money m WHERE m.payer IS NOT NULL", int64(analytics.Always))
	order := "s.started_at DESC"
	switch model {
	case analytics.FirstTouch:
		order = "v.spare, s.started_at, s.last_id"
		if b.facts.HasProfiles {
			visitors = strings.Replace(visitors, "FALSE", "TRUE", 1) + fmt.Sprintf(` UNION ALL SELECT m.id, o.visitor, FALSE, o.since, o.until FROM money m
				JOIN profile_visitors v ON v.visitor = m.payer AND v.since <= m.attributed_at AND m.attributed_at < v.until
				JOIN profile_visitors o ON o.site = v.site AND o.user_id = v.user_id
				WHERE v.site = %s`, b.site)
		}
	case analytics.LastNonDirect:
		order = fmt.Sprintf("(s.started_at >= m.attributed_at - %d AND s.channel <> 'Direct') DESC, s.started_at DESC",
			int64(analytics.AttributionWindow/time.Millisecond))
	case analytics.LastTouch:
	}
	b.with("payers", visitors)
	return fmt.Sprintf(`SELECT m.id, m.kind, m.amount, m.time, m.payer, m.attributed_at, c.* EXCLUDE (payment)
		FROM money m LEFT JOIN (
			SELECT m.id AS payment, s.*, row_number() OVER (PARTITION BY m.id ORDER BY %s) AS place
			FROM money m JOIN payers v ON v.id = m.id
			JOIN sessions s ON s.visitor = v.visitor AND s.started_at <= m.attributed_at AND s.started_at < v.until AND s.ended_at >= v.since
			WHERE s.site = %s AND s.pageviews > 0
			QUALIFY place = 1
		) c ON c.payment = m.id`, order, b.site)
}

// sums lists the aggregates over paid, in the order of moneyColumns.
func sums() string {
	parts := make([]string, 0, 5)
	for _, k := range []struct {
		name string
		kind int
	}{{"new", payNew}, {"renewal", payRenewal}} {
		parts = append(parts, fmt.Sprintf("count(*) FILTER (WHERE kind = %d) AS %s_payments", k.kind, k.name))
	}
	for _, k := range []struct {
		name string
		kind int
	}{{"new", payNew}, {"renewal", payRenewal}, {"refund", payRefund}} {
		parts = append(parts, fmt.Sprintf("CAST(coalesce(sum(amount) FILTER (WHERE kind = %d), 0) AS BIGINT) AS %s_minor", k.kind, k.name))
	}
	return strings.Join(parts, ",\n\t")
}

// noSums stands for sums where there is no money.
func noSums() string {
	return "0 AS new_payments, 0 AS renewal_payments, 0 AS new_minor, 0 AS renewal_minor, 0 AS refund_minor"
}

// revenue is the expression by which rows of equal visitors are ordered.
func revenue(includeRenewals bool) string {
	if includeRenewals {
		return "new_minor + renewal_minor - refund_minor"
	}
	return "new_minor - refund_minor"
}
