package sqlgen

import (
	"fmt"
	"strings"

	"datafast/internal/analytics"
)

// breakdown groups by a dimension. Dimensions of the session are read from
// visits, those of a page view, goal or link from its events.
func breakdown(d Dialect, f Facts, q *analytics.Query) Compiled {
	var rows Statement
	var keys int
	switch q.Dimension {
	case analytics.ByPage:
		rows, keys = byViewed(d, f, q, "hostname", "path"), 2
	case analytics.ByHostname:
		rows, keys = byViewed(d, f, q, "hostname"), 1
	case analytics.ByGoal:
		return Compiled{Rows: byEvent(d, f, q, kindGoal, "completions DESC, k1"), Keys: 1, HasTotal: true}
	case analytics.ByExitLink:
		return Compiled{Rows: byEvent(d, f, q, kindLink, "visitors DESC, completions DESC, k1"), Keys: 1, HasTotal: true}
	default:
		rows, keys = bySession(d, f, q)
	}
	return Compiled{Rows: rows, Keys: keys, HasTotal: true, Unattributed: unattributed(d, f, q)}
}

// sessionKeys are the expressions of a session dimension's keys.
func sessionKeys(q *analytics.Query) (keys []string, condition string) {
	named := func(column, unknown string) string {
		return fmt.Sprintf("CASE WHEN %s = '' THEN '%s' ELSE %s END", column, unknown, column)
	}
	switch q.Dimension {
	case analytics.ByEntryPage:
		return []string{"s.entry_hostname", "s.entry_path"}, "k2 <> ''"
	case analytics.ByCampaign:
		return campaignKeys(q)
	case analytics.ByReferrer:
		return []string{named("s.referrer", analytics.Direct)}, ""
	case analytics.ByChannel:
		return []string{named("s.channel", "Direct")}, ""
	case analytics.ByCountry:
		return []string{"s.country"}, ""
	case analytics.ByRegion:
		return []string{"s.region"}, ""
	case analytics.ByOS:
		return []string{named("s.os", "Unknown")}, ""
	}
	return []string{named("s."+string(q.Dimension), "Unknown")}, ""
}

// campaignKeys groups by the asked ones of the eight parameters; sessions with
// none of the eight are left out.
func campaignKeys(q *analytics.Query) (keys []string, condition string) {
	asked := q.CampaignKeys
	if len(asked) == 0 {
		asked = analytics.CampaignKeys()
	}
	for _, name := range asked {
		if name == "source" {
			name = "source_param"
		}
		keys = append(keys, "s."+name)
	}
	return keys, "tagged"
}

// tagged is the further column by which untagged sessions are left out.
func tagged() string {
	return "(s.utm_source || s.utm_medium || s.utm_campaign || s.utm_term || s.utm_content || s.ref || s.source_param || s.via) <> '' AS tagged"
}

func bySession(d Dialect, f Facts, q *analytics.Query) (Statement, int) {
	b := newBuilder(d, f, q.Range)
	keys, condition := sessionKeys(q)
	columns := make([]string, len(keys))
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = fmt.Sprintf("k%d", i+1)
		columns[i] = k + " AS " + names[i]
	}
	if condition == "tagged" {
		columns = append(columns, tagged())
	}
	where, paidWhere := "", " WHERE attributed"
	if condition != "" {
		where, paidWhere = " WHERE "+condition, paidWhere+" AND "+condition
	}
	group := strings.Join(names, ", ")
	b.visits(q, columns...)
	b.with("t", fmt.Sprintf("SELECT %s, %s FILTER (WHERE pageviews + goals > 0) AS visitors FROM visits%s GROUP BY %s", group, d.Visitors("visitor"), where, group))
	if f.HasPayments && !q.SkipMoney {
		b.paid(q, columns...)
		b.with("m", fmt.Sprintf("SELECT %s, %s FROM paid%s GROUP BY %s", group, sums(), paidWhere, group))
	}
	return b.ranked(f, q, names), len(names)
}

// ranked joins visitors (t) with money (m) by their keys, in the order of rule
// 6.7, one page of it.
func (b *builder) ranked(f Facts, q *analytics.Query, names []string) Statement {
	order := "visitors DESC, " + revenue(q.IncludeRenewals) + " DESC, " + strings.Join(names, ", ")
	zeros := "0 AS sessions, 0 AS pageviews, 0 AS bounces, 0 AS duration, 0 AS converted, 0 AS completions"
	if !f.HasPayments || q.SkipMoney {
		return b.statement(fmt.Sprintf("SELECT %s, %s, count(*) OVER () FROM (SELECT *, %s, %s FROM t) WHERE visitors > 0 ORDER BY %s%s",
			strings.Join(names, ", "), columnList(), zeros, noSums(), order, b.page(q)))
	}
	joined, on := make([]string, len(names)), make([]string, len(names))
	for i, n := range names {
		joined[i] = fmt.Sprintf("coalesce(t.%s, m.%s) AS %s", n, n, n)
		on[i] = fmt.Sprintf("t.%s = m.%s", n, n)
	}
	money := []string{"new_payments", "renewal_payments", "new_minor", "renewal_minor", "refund_minor"}
	for i, c := range money {
		money[i] = fmt.Sprintf("coalesce(m.%s, 0) AS %s", c, c)
	}
	counted := "new_payments"
	if q.IncludeRenewals {
		counted += " + renewal_payments"
	}
	return b.statement(fmt.Sprintf(`SELECT %s, %s, count(*) OVER () FROM (
		SELECT %s, coalesce(t.visitors, 0) AS visitors, %s, %s FROM t FULL JOIN m ON %s)
		WHERE visitors > 0 OR %s > 0 OR %s <> 0 ORDER BY %s%s`,
		strings.Join(names, ", "), columnList(), strings.Join(joined, ", "), strings.Join(money, ", "), zeros,
		strings.Join(on, " AND "), counted, revenue(q.IncludeRenewals), order, b.page(q)))
}

func (b *builder) page(q *analytics.Query) string {
	if q.Limit == 0 {
		return ""
	}
	return fmt.Sprintf(" LIMIT %s OFFSET %s", b.arg(q.Limit), b.arg(q.Offset))
}

// byViewed groups by what was viewed: a visitor counts in every row viewed in the
// range, a payment in every row viewed in the session in which it happened, or,
// for one outside any session, in the session it is attributed to (8.4.5).
func byViewed(d Dialect, f Facts, q *analytics.Query, columns ...string) Statement {
	b := newBuilder(d, f, q.Range)
	keys, names := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		names[i] = fmt.Sprintf("k%d", i+1)
		keys[i] = fmt.Sprintf("e.%s AS %s", c, names[i])
	}
	group := strings.Join(names, ", ")
	b.with("viewed", fmt.Sprintf("SELECT e.visitor, %s FROM events e%s WHERE e.site = %s AND e.kind = %d AND %s",
		strings.Join(keys, ", "), b.ofPassing(q), b.site, kindPageview, b.inRange("e.time")))
	b.with("t", fmt.Sprintf("SELECT %s, %s AS visitors FROM viewed GROUP BY %s", group, d.Visitors("visitor"), group))
	if f.HasPayments && !q.SkipMoney {
		b.paid(q, "s.visitor AS credited_visitor", "s.started_at AS credited_start", "s.ended_at AS credited_end")
		b.with("during", fmt.Sprintf(`SELECT p.id, x.visitor, x.started_at, x.ended_at FROM paid p JOIN sessions x
			ON x.visitor = p.payer AND x.started_at <= p.time AND p.time <= x.ended_at + %d
			WHERE x.site = %s AND p.attributed AND x.pageviews > 0`, sessionGapMS, b.site))
		b.with("seen", fmt.Sprintf(`SELECT DISTINCT p.id AS id, p.kind AS kind, p.amount AS amount, %s FROM paid p LEFT JOIN during x ON x.id = p.id
			JOIN events e ON e.visitor = coalesce(x.visitor, p.credited_visitor)
				AND e.time BETWEEN coalesce(x.started_at, p.credited_start) AND coalesce(x.ended_at, p.credited_end)
			WHERE e.site = %s AND e.kind = %d AND p.attributed`, strings.Join(keys, ", "), b.site, kindPageview))
		b.with("m", fmt.Sprintf("SELECT %s, %s FROM seen GROUP BY %s", group, sums(), group))
	}
	return b.ranked(f, q, names)
}

// ofPassing joins events e with the passing sessions they lie in; nothing without
// filters, for then every session passes.
func (b *builder) ofPassing(q *analytics.Query) string {
	if len(q.Filters) == 0 {
		return ""
	}
	overlap := "TRUE"
	if b.from != "" {
		overlap = fmt.Sprintf("s.started_at < %s AND s.ended_at >= %s", b.to, b.from)
	}
	b.with("passing", fmt.Sprintf("SELECT s.visitor, s.started_at, s.ended_at FROM sessions s WHERE s.site = %s AND %s AND %s",
		b.site, overlap, b.passes(q.Filters)))
	return " JOIN passing s ON s.visitor = e.visitor AND e.time BETWEEN s.started_at AND s.ended_at"
}

// byEvent groups events of a kind by their name.
func byEvent(d Dialect, f Facts, q *analytics.Query, kind int, order string) Statement {
	b := newBuilder(d, f, q.Range)
	join := b.ofPassing(q)
	return b.statement(fmt.Sprintf(`SELECT k1, %s, count(*) OVER () FROM (
		SELECT e.name AS k1, %s AS visitors, count(*) AS completions,
			0 AS sessions, 0 AS pageviews, 0 AS bounces, 0 AS duration, 0 AS converted, %s
		FROM events e%s WHERE e.site = %s AND e.kind = %d AND %s GROUP BY e.name)
		ORDER BY %s%s`, columnList(), d.Visitors("e.visitor"), noSums(), join, b.site, kind, b.inRange("e.time"), order, b.page(q)))
}
