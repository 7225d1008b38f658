package sqlgen

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"datafast/internal/analytics"
)

// visits adds the expression "visits": one row for each passing session and each
// bucket (or the whole range) in which it has an event.
//
//	visitor, started_at, bucket   bucket is 0 without an interval
//	pageviews, goals              in the bucket and the range
//	starts                        the session begins here and has a page view
//	bounce, duration              of the session
//	and the given further columns of the session
//
// A session that lies within the range and one bucket is read from its row alone.
// The few that cross a border are counted from their events: a visitor counts in
// every bucket in which they had a page view or goal, a session where it starts.
func (b *builder) visits(q *analytics.Query, columns ...string) {
	further := ""
	for _, c := range columns {
		further += ", " + c
	}
	bucket := func(column string) string {
		if q.Interval == analytics.NoInterval {
			return "0"
		}
		return b.bucket(q.Interval, column, q.Zone)
	}
	groupBucket := ""
	if q.Interval != analytics.NoInterval {
		groupBucket = ", " + bucket("e.time")
	}
	passes, bounce := b.passes(q.Filters), b.bounce()
	within := []string{"s.site = " + b.site, passes}
	edge := slices.Clone(within)
	var crosses []string
	near := "TRUE"
	if b.from != "" {
		before, after := "s.started_at < "+b.from, "s.ended_at >= "+b.to
		within = append(within, "s.started_at >= "+b.from, "s.ended_at < "+b.to)
		edge = append(edge, "s.started_at < "+b.to, "s.ended_at >= "+b.from)
		crosses = append(crosses, before, after)
		if q.Interval == analytics.NoInterval {
			near = b.near("e.time", before+" AND s.ended_at >= "+b.from, "s.started_at < "+b.to+" AND "+after)
		}
	}
	if q.Interval != analytics.NoInterval {
		within = append(within, bucket("s.started_at")+" = "+bucket("s.ended_at"))
		crosses = append(crosses, bucket("s.started_at")+" <> "+bucket("s.ended_at"))
	}
	sql := fmt.Sprintf(`SELECT s.visitor, s.started_at, %s AS bucket, s.pageviews, s.goals,
		s.pageviews > 0 AS starts, %s AS bounce, s.ended_at - s.started_at AS duration%s
		FROM sessions s WHERE %s`, bucket("s.started_at"), bounce, further, strings.Join(within, " AND "))
	if len(crosses) > 0 {
		b.with("crossing", fmt.Sprintf(`SELECT s.visitor, s.started_at, s.ended_at, s.pageviews AS all_pageviews,
			%s AS bounce%s FROM sessions s WHERE %s AND (%s)`, bounce, further, strings.Join(edge, " AND "), strings.Join(crosses, " OR ")))
		sql += fmt.Sprintf(`
		UNION ALL
		SELECT any_value(s.visitor), any_value(s.started_at), %s AS bucket,
			count(*) FILTER (WHERE e.kind = %d), count(*) FILTER (WHERE e.kind = %d),
			min(e.time) = any_value(s.started_at) AND any_value(s.all_pageviews) > 0, any_value(s.bounce), any_value(s.ended_at - s.started_at)%s
		FROM crossing s JOIN events e ON e.visitor = s.visitor AND e.time BETWEEN s.started_at AND s.ended_at
		WHERE e.site = %s AND %s AND %s
		GROUP BY s.visitor, s.started_at%s`,
			bucket("e.time"), kindPageview, kindGoal, anyValues(columns), b.site, b.inRange("e.time"), near, groupBucket)
	}
	b.with("visits", sql)
}

// near bounds a time of the range to where sessions lie that were running at its
// begin or at its end, for engines that can read less then.
func (b *builder) near(column, before, after string) string {
	if !b.d.ScalarsFirst {
		return "TRUE"
	}
	return fmt.Sprintf(`(%s <= (SELECT coalesce(max(s.ended_at), 0) FROM sessions s WHERE s.site = %s AND %s)
		OR %s >= (SELECT coalesce(min(s.started_at), %d) FROM sessions s WHERE s.site = %s AND %s))`,
		column, b.site, before, column, int64(math.MaxInt64), b.site, after)
}

// anyValues repeats columns "expr AS name" of a grouped session.
func anyValues(columns []string) string {
	out := ""
	for _, c := range columns {
		_, name, _ := strings.Cut(c, " AS ")
		out += ", any_value(s." + name + ")"
	}
	return out
}

// bounce is the condition that a session s is one: exactly one page view, no goal
// and no payment in it (product.md §2). It holds for sessions that begin in the
// range; for others nobody asks.
func (b *builder) bounce() string {
	const one = "s.pageviews = 1 AND s.goals = 0"
	if !b.facts.HasPayments {
		return "(" + one + ")"
	}
	paidFrom := "TRUE"
	if b.from != "" {
		paidFrom = "p.time >= " + b.from
	}
	return fmt.Sprintf(`(%s AND (s.visitor, s.started_at) NOT IN (
		SELECT x.visitor, x.started_at FROM payments p JOIN sessions x ON x.visitor = p.visitor AND x.started_at <= p.time AND p.time <= x.ended_at + %d
		WHERE p.site = %s AND %s AND p.kind = %d AND x.site = %s AND %s AND x.pageviews = 1 AND x.goals = 0))`,
		one, sessionGapMS, b.site, paidFrom, payNew, b.site, b.inRange("x.started_at"))
}

// traffic lists the aggregates over visits, in the order of trafficColumns.
func (b *builder) traffic() string {
	return b.d.Visitors("visitor") + ` FILTER (WHERE pageviews + goals > 0) AS visitors,
	count(*) FILTER (WHERE starts) AS sessions,
	CAST(coalesce(sum(pageviews), 0) AS BIGINT) AS pageviews,
	count(*) FILTER (WHERE starts AND bounce) AS bounces,
	CAST(coalesce(sum(duration) FILTER (WHERE starts), 0) AS BIGINT) AS duration`
}
