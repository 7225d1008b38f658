package sqlgen

import (
	"fmt"
	"strings"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/event"
)

// Facts are what the engine knows of a website and what spares a query work.
type Facts struct {
	Site        any // how rows name the website
	HasPayments bool
	HasProfiles bool
}

// Statement is compiled SQL with its bound values.
type Statement struct {
	SQL  string
	Args []any
}

// builder collects common table expressions and bound values of one statement.
type builder struct {
	d     Dialect
	facts Facts
	rng   analytics.Range
	site  string // placeholder of the website's number
	from  string // placeholders of the range; empty for all time
	to    string
	args  []any
	ctes  []string
}

func newBuilder(d Dialect, f Facts, r analytics.Range) *builder {
	b := &builder{d: d, facts: f, rng: r}
	b.site = b.arg(f.Site)
	if !r.IsAll() {
		b.from, b.to = b.arg(r.From.UnixMilli()), b.arg(r.To.UnixMilli())
	}
	return b
}

// arg binds a value and returns its placeholder.
func (b *builder) arg(v any) string {
	b.args = append(b.args, v)
	return b.d.Arg(len(b.args))
}

// list binds values for IN.
func (b *builder) list(values []string) string {
	holders := make([]string, len(values))
	for i, v := range values {
		holders[i] = b.arg(v)
	}
	return "(" + strings.Join(holders, ", ") + ")"
}

// with adds a common table expression.
func (b *builder) with(name, sql string) { b.ctes = append(b.ctes, name+" AS ("+sql+")") }

// statement puts the expressions in front of the final query.
func (b *builder) statement(query string) Statement {
	if len(b.ctes) > 0 {
		query = "WITH " + strings.Join(b.ctes, ",\n") + "\n" + query
	}
	return Statement{SQL: query, Args: b.args}
}

// inRange is the condition that a time column lies in the range; "TRUE" for all time.
func (b *builder) inRange(column string) string {
	if b.from == "" {
		return "TRUE"
	}
	return fmt.Sprintf("%s >= %s AND %s < %s", column, b.from, column, b.to)
}

// before is the condition that a time column lies before the end of the range.
func (b *builder) before(column string) string {
	if b.to == "" {
		return "TRUE"
	}
	return column + " < " + b.to
}

// kinds of events as they are stored.
const (
	kindPageview = int(event.Pageview)
	kindGoal     = int(event.Goal)
	kindLink     = int(event.ExternalLink)
)

// bucket is the expression of the bucket's start, in milliseconds, for a time
// column: the natural start in the zone. The zone's offsets in the range are
// bound as a CASE, so that no engine's own zone data matters.
func (b *builder) bucket(i analytics.Interval, column string, zone *time.Location) string {
	offset := b.offset(column, zone)
	local := "(" + column + " + " + offset + ")"
	const day = "86400000"
	switch i {
	case analytics.Hour:
		return fmt.Sprintf("(%s - %s %% 3600000 - %s)", local, local, offset)
	case analytics.Week: // 1970-01-01 was a Thursday
		return fmt.Sprintf("(%s - (%s + 3 * %s) %% (7 * %s))", local, local, day, day)
	case analytics.Month:
		return b.d.MonthStart(local)
	case analytics.NoInterval, analytics.Day:
	}
	return fmt.Sprintf("(%s - %s %% %s)", local, local, day)
}

// offset is the zone's offset in milliseconds at a time column.
func (b *builder) offset(column string, zone *time.Location) string {
	// A session that began before the range has its start bucketed too.
	spans := offsets(b.rng.From.Add(-48*time.Hour), b.rng.To, zone)
	if len(spans) == 1 {
		return fmt.Sprint(spans[0].ms)
	}
	var sql strings.Builder
	sql.WriteString("CASE")
	for _, s := range spans[:len(spans)-1] {
		fmt.Fprintf(&sql, " WHEN %s < %d THEN %d", column, s.until.UnixMilli(), s.ms)
	}
	fmt.Fprintf(&sql, " ELSE %d END", spans[len(spans)-1].ms)
	return sql.String()
}

// span is a time during which a zone keeps its offset.
type span struct {
	until time.Time
	ms    int64
}

func offsets(from, to time.Time, zone *time.Location) []span {
	var out []span
	for t := from.In(zone); ; {
		_, seconds := t.Zone()
		_, end := t.ZoneBounds()
		out = append(out, span{until: end, ms: int64(seconds) * 1000})
		if end.IsZero() || !end.Before(to) {
			return out
		}
		t = end
	}
}

// BucketTime turns a bucket as the statement returns it into its first instant.
func BucketTime(i analytics.Interval, value int64, zone *time.Location) time.Time {
	if i == analytics.Hour {
		return time.UnixMilli(value).UTC()
	}
	local := time.UnixMilli(value).UTC()
	return analytics.StartOfDay(local.Year(), local.Month(), local.Day(), zone)
}
