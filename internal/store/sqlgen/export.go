package sqlgen

import (
	"fmt"
	"strings"

	"datafast/internal/analytics"
)

// ExportEvents compiles one chunk of a website's events, oldest first, behind the
// cursor, with the given columns of events e. With filters, only those of passing
// sessions.
func ExportEvents(d Dialect, f Facts, q analytics.ExportQuery, columns string, chunk int) Statement {
	b := newBuilder(d, f, q.Range)
	join := b.ofPassing(&analytics.Query{Range: q.Range, Filters: q.Filters})
	where := []string{"e.site = " + b.site, b.inRange("e.time")}
	if q.After.Key != "" {
		at, key := b.arg(q.After.Time.UnixMilli()), b.arg(q.After.Key)
		where = append(where, fmt.Sprintf("e.time >= %s AND (e.time > %s OR e.id > %s)", at, at, d.ID(key)))
	}
	return b.statement(fmt.Sprintf("SELECT %s FROM events e%s WHERE %s ORDER BY e.time, e.id LIMIT %d",
		prefixed("e.", columns), join, strings.Join(where, " AND "), chunk))
}

// ExportSessions compiles one chunk of a website's sessions with a page view that
// start in the range, oldest first, with the given columns and bounce.
func ExportSessions(d Dialect, f Facts, q analytics.ExportQuery, columns string, chunk int) Statement {
	b := newBuilder(d, f, q.Range)
	where := []string{"s.site = " + b.site, "s.pageviews > 0", b.inRange("s.started_at"), b.passes(q.Filters)}
	if q.After.Key != "" {
		at, key := b.arg(q.After.Time.UnixMilli()), b.arg(q.After.Key)
		where = append(where, fmt.Sprintf("s.started_at >= %s AND (s.started_at > %s OR s.visitor > %s)", at, at, d.ID(key)))
	}
	return b.statement(fmt.Sprintf("SELECT %s, %s FROM sessions s WHERE %s ORDER BY s.started_at, s.visitor LIMIT %d",
		b.bounce(), prefixed("s.", columns), strings.Join(where, " AND "), chunk))
}

// prefixed puts an alias in front of every column of a list.
func prefixed(alias, columns string) string {
	list := strings.Split(columns, ",")
	for i, c := range list {
		list[i] = alias + strings.TrimSpace(c)
	}
	return strings.Join(list, ", ")
}
