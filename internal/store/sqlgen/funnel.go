package sqlgen

import (
	"fmt"
	"strings"

	"datafast/internal/analytics"
)

// Funnel compiles a funnel: one row a step, with its number, the visitors who
// reached it, the median milliseconds from the step before (NULL for the first)
// and the money of its visitors in minor units.
func Funnel(d Dialect, f Facts, q analytics.FunnelQuery) Statement {
	b := newBuilder(d, f, q.Range)
	b.funnel(q)
	b.funnelMoney(q)
	parts := make([]string, len(q.Steps))
	for i := range q.Steps {
		median := "NULL"
		from := fmt.Sprintf("FROM step%d s", i+1)
		if i > 0 {
			median = d.Median("s.time - p.time")
			from += fmt.Sprintf(" JOIN step%d p ON p.visitor = s.visitor", i)
		}
		parts[i] = fmt.Sprintf(`SELECT %d AS step, count(*) AS visitors, CAST(%s AS DOUBLE) AS median,
			CAST(coalesce(sum(r.minor), 0) AS BIGINT) AS revenue %s LEFT JOIN earned r ON r.visitor = s.visitor`, i+1, median, from)
	}
	return b.statement(strings.Join(parts, "\nUNION ALL ") + "\nORDER BY step")
}

// FunnelBreakdown compiles the shares of each step by a dimension of the session
// that holds step 1: step, value, visitors, money.
func FunnelBreakdown(d Dialect, f Facts, q analytics.FunnelQuery) Statement {
	b := newBuilder(d, f, q.Range)
	b.funnel(q)
	b.funnelMoney(q)
	column := "referrer"
	if q.Breakdown == analytics.ByCountry {
		column = "country"
	}
	parts := make([]string, len(q.Steps))
	for i := range q.Steps {
		parts[i] = fmt.Sprintf(`SELECT %d AS step, f.%s AS value, count(*) AS visitors, CAST(coalesce(sum(r.minor), 0) AS BIGINT) AS revenue
			FROM step%d s JOIN step1 f ON f.visitor = s.visitor LEFT JOIN earned r ON r.visitor = s.visitor GROUP BY 2`, i+1, column, i+1)
	}
	return b.statement(strings.Join(parts, "\nUNION ALL ") + "\nORDER BY step, visitors DESC, revenue DESC, value")
}

// funnel adds "matches", every event of the range that some step asks for, read
// in one pass, and "step1", "step2" …: each visitor who reached the step, with the
// time and order of the event that did it. A visitor enters at their first match
// of step 1; each later step needs an event after the one before.
func (b *builder) funnel(q analytics.FunnelQuery) {
	conditions := make([]string, len(q.Steps))
	columns := make([]string, len(q.Steps))
	for i, s := range q.Steps {
		conditions[i] = b.stepMatches(s)
		columns[i] = fmt.Sprintf("%s AS is%d", conditions[i], i+1)
	}
	sql := fmt.Sprintf("SELECT e.visitor, e.time, (e.time, e.id) AS place, %s FROM events e WHERE e.site = %s AND %s AND (%s)",
		strings.Join(columns, ", "), b.site, b.inRange("e.time"), strings.Join(conditions, " OR "))
	if b.facts.HasPayments {
		for i, s := range q.Steps {
			kinds := paymentKindsOf([]string{s.Goal})
			if kinds == "" {
				continue
			}
			flags := make([]string, len(q.Steps))
			for j := range q.Steps {
				flags[j] = fmt.Sprint(q.Steps[j].Goal == s.Goal)
			}
			if firstWithGoal(q.Steps, s.Goal) != i {
				continue // the flags of the first such step cover all of them
			}
			sql += fmt.Sprintf(" UNION ALL SELECT p.visitor, p.time, (p.time, p.id), %s FROM payments p WHERE p.site = %s AND %s AND p.kind IN (%s) AND p.visitor IN (SELECT k.visitor FROM sessions k WHERE k.site = %s)",
				strings.Join(flags, ", "), b.site, b.inRange("p.time"), kinds, b.site)
		}
	}
	b.with("matches", sql)
	entry := "SELECT visitor, min(time) AS time, min(place) AS place FROM matches WHERE is1 GROUP BY visitor"
	b.with("entered", entry)
	keep := "TRUE"
	if len(q.Filters) > 0 {
		keep = "s.visitor IS NOT NULL AND " + b.passes(q.Filters)
	}
	b.with("step1", fmt.Sprintf(`SELECT m.visitor, m.time, m.place, coalesce(s.referrer, '') AS referrer, coalesce(s.country, '') AS country
		FROM entered m LEFT JOIN sessions s ON s.site = %s AND s.visitor = m.visitor AND m.time BETWEEN s.started_at AND s.ended_at
		WHERE %s`, b.site, keep))
	for i := 1; i < len(q.Steps); i++ {
		b.with(fmt.Sprintf("step%d", i+1), fmt.Sprintf(`SELECT m.visitor, min(m.time) AS time, min(m.place) AS place
			FROM matches m JOIN step%d p ON p.visitor = m.visitor WHERE m.is%d AND m.place > p.place GROUP BY m.visitor`, i, i+1))
	}
}

func firstWithGoal(steps []analytics.FunnelStep, goal string) int {
	for i, s := range steps {
		if s.Goal == goal {
			return i
		}
	}
	return -1
}

// stepMatches is the condition that an event e fulfils a step.
func (b *builder) stepMatches(s analytics.FunnelStep) string {
	if s.Goal != "" {
		return fmt.Sprintf("(e.kind = %d AND e.name = %s)", kindGoal, b.arg(s.Goal))
	}
	condition := fmt.Sprintf("e.kind = %d", kindPageview)
	if s.Hostname != "" {
		condition += " AND e.hostname = " + b.arg(s.Hostname)
	}
	if !strings.Contains(s.Path, "*") {
		return fmt.Sprintf("(%s AND e.path = %s)", condition, b.arg(s.Path))
	}
	return fmt.Sprintf("(%s AND %s)", condition, b.d.Like("e.path", b.arg(likePattern(s.Path, b.d.EscapeSign))))
}

// likePattern turns * into LIKE's %, and takes its own signs literally.
func likePattern(path, sign string) string {
	return strings.NewReplacer(sign, sign+sign, "%", sign+"%", "_", sign+"_", "*", "%").Replace(path)
}

// funnelMoney adds "earned": each visitor's money of the range.
func (b *builder) funnelMoney(q analytics.FunnelQuery) {
	if !b.facts.HasPayments {
		b.with("earned", "SELECT visitor, 0 AS minor FROM step1 WHERE FALSE")
		return
	}
	kinds := fmt.Sprintf("%d, %d", payNew, payRefund)
	if q.IncludeRenewals {
		kinds += fmt.Sprintf(", %d", payRenewal)
	}
	b.with("earned", fmt.Sprintf(`SELECT p.visitor, sum(CASE WHEN p.kind = %d THEN -p.site_amount ELSE p.site_amount END) AS minor
		FROM payments p WHERE p.site = %s AND p.visitor IS NOT NULL AND p.site_amount IS NOT NULL AND %s AND p.kind IN (%s) GROUP BY p.visitor`,
		payRefund, b.site, b.inRange("p.time"), kinds))
}
