package sqlgen

import (
	"fmt"
	"strings"

	"datafast/internal/analytics"
)

// Visitors compiles a list of visitors: one row each, last seen first, with the
// columns visitor, last_seen, started_at of the latest session in the range, and
// the number of rows before paging.
func Visitors(d Dialect, f Facts, q analytics.VisitorsQuery) Statement {
	b := newBuilder(d, f, q.Range)
	where := []string{"s.site = " + b.site, "s.pageviews + s.goals > 0", b.passes(q.Filters)}
	if b.from != "" {
		where = append(where, "s.started_at < "+b.to, "s.ended_at >= "+b.from)
	}
	if len(q.Only) > 0 {
		ids := make([]string, len(q.Only))
		for i, v := range q.Only {
			ids[i] = b.d.ID(b.arg(v.String()))
		}
		where = append(where, "s.visitor IN ("+strings.Join(ids, ", ")+")")
	}
	if q.Funnel != nil {
		where = append(where, b.inFunnel(q))
	}
	seen := "max(s.ended_at)"
	join := ""
	if q.Goal != "" {
		join = fmt.Sprintf(" JOIN (%s) g ON g.visitor = s.visitor", b.goalTimes(q.Goal))
		seen = "max(g.last)"
	}
	b.with("listed", fmt.Sprintf(`SELECT s.visitor, %s AS last_seen, max(s.started_at) AS started_at
		FROM sessions s%s WHERE %s GROUP BY s.visitor`, seen, join, strings.Join(where, " AND ")))
	from, order := "listed", "last_seen DESC, visitor"
	if q.OldestFirst {
		b.with("firsts", fmt.Sprintf("SELECT f.visitor, min(f.started_at) AS first_seen FROM sessions f WHERE f.site = %s GROUP BY f.visitor", b.site))
		from, order = "listed JOIN firsts USING (visitor)", "first_seen, visitor"
		if q.After.Key != "" {
			at := b.arg(q.After.Time.UnixMilli())
			from += fmt.Sprintf(" WHERE first_seen > %s OR first_seen = %s AND visitor > %s", at, at, b.d.ID(b.arg(q.After.Key)))
		}
	}
	page := ""
	if q.Limit > 0 {
		page = fmt.Sprintf(" LIMIT %s OFFSET %s", b.arg(q.Limit), b.arg(q.Offset))
	}
	return b.statement("SELECT visitor, last_seen, started_at, count(*) OVER () FROM " + from + " ORDER BY " + order + page)
}

// goalTimes gives each visitor's last completion of a goal in the range.
func (b *builder) goalTimes(goal string) string {
	sql := fmt.Sprintf("SELECT e.visitor, e.time FROM events e WHERE e.site = %s AND e.kind = %d AND %s AND e.name = %s",
		b.site, kindGoal, b.inRange("e.time"), b.arg(goal))
	if kinds := paymentKindsOf([]string{goal}); kinds != "" && b.facts.HasPayments {
		sql += fmt.Sprintf(" UNION ALL SELECT p.visitor, p.time FROM payments p WHERE p.site = %s AND p.visitor IS NOT NULL AND %s AND p.kind IN (%s)",
			b.site, b.inRange("p.time"), kinds)
	}
	return "SELECT visitor, max(time) AS last FROM (" + sql + ") GROUP BY visitor"
}

// inFunnel keeps the visitors of a funnel's step.
func (b *builder) inFunnel(q analytics.VisitorsQuery) string {
	b.funnel(*q.Funnel)
	in := fmt.Sprintf("s.visitor IN (SELECT visitor FROM step%d)", q.Step)
	if q.Dropped && q.Step < len(q.Funnel.Steps) {
		in += fmt.Sprintf(" AND s.visitor NOT IN (SELECT visitor FROM step%d)", q.Step+1)
	}
	return in
}

// Customers compiles the list of visitors who are customers now.
func Customers(d Dialect, f Facts) Statement {
	b := newBuilder(d, f, analytics.Range{})
	return b.statement(b.customers())
}

// GoalProperties compiles the recorded parameters of a goal, or the values of one.
func GoalProperties(d Dialect, f Facts, q analytics.GoalPropertiesQuery) Statement {
	b := newBuilder(d, f, q.Range)
	goal := b.arg(q.Goal)
	from := fmt.Sprintf("FROM events e WHERE e.site = %s AND e.kind = %d AND e.data <> '' AND e.name = %s AND %s", b.site, kindGoal, goal, b.inRange("e.time"))
	inner := "SELECT e.visitor, " + d.Unnest(d.JSONKeys("e.data")) + " AS name " + from
	if q.Property != "" {
		inner = "SELECT e.visitor, " + d.JSONText("e.data", b.arg(q.Property)) + " AS name " + from
	}
	page := ""
	if q.Limit > 0 {
		page = fmt.Sprintf(" LIMIT %s OFFSET %s", b.arg(q.Limit), b.arg(q.Offset))
	}
	return b.statement(fmt.Sprintf(`SELECT name, completions, visitors, count(*) OVER () FROM (
		SELECT name, count(*) AS completions, %s AS visitors FROM (%s) WHERE name IS NOT NULL GROUP BY name)
		ORDER BY completions DESC, visitors DESC, name%s`, d.Visitors("visitor"), inner, page))
}
