package sqlgen

import (
	"fmt"
	"strings"

	"datafast/internal/analytics"
)

// passes is the condition that a session s passes all filters, "TRUE" without
// any. Page, goal, exit link, visit count, visitor type and customer ask about
// the session's visitor, everything else about the session (api.md §4.2).
func (b *builder) passes(filters []analytics.Filter) string {
	conditions := make([]string, 0, len(filters))
	for _, f := range filters {
		conditions = append(conditions, b.condition(f))
	}
	if len(conditions) == 0 {
		return "TRUE"
	}
	return strings.Join(conditions, " AND ")
}

func (b *builder) condition(f analytics.Filter) string {
	switch f.Name {
	case "page":
		return b.did(f, kindPageview, "e.path")
	case "exit_link":
		return b.did(f, kindLink, "e.name")
	case "goal":
		return not(f.Op, fmt.Sprintf("s.visitor IN (%s)", b.reachedGoal(f.Values)))
	case "hostname":
		return b.sawHost(f)
	case "visit_count":
		return b.visitCount(f)
	case "visitor_type":
		return b.visitorType(f)
	case "customer":
		return b.customer(f)
	case "entry_page":
		return b.matches(f, "s.entry_path")
	case "os":
		return b.folded(f, "s.os")
	case "source":
		return b.matches(f, "s.source_param")
	case "country", "region", "city", "device", "browser", "referrer", "channel":
		return b.folded(f, "s."+f.Name)
	}
	// The eight URL parameters have columns of their names.
	return b.matches(f, "s."+f.Name)
}

func not(op analytics.Operator, condition string) string {
	if op.Negative() {
		return "NOT (" + condition + ")"
	}
	return condition
}

// folded compares without regard to case; values are lower case already.
func (b *builder) folded(f analytics.Filter, column string) string {
	return not(f.Op, b.d.Lower+"("+column+") IN "+b.list(f.Values))
}

// matches compares with regard to case, by equality or by parts.
func (b *builder) matches(f analytics.Filter, column string) string {
	if f.Op == analytics.Is || f.Op == analytics.IsNot {
		return not(f.Op, column+" IN "+b.list(f.Values))
	}
	parts := make([]string, len(f.Values))
	for i, v := range f.Values {
		parts[i] = b.d.Contains(column, b.arg(v))
	}
	return not(f.Op, "("+strings.Join(parts, " OR ")+")")
}

// did keeps visitors who did (or never did) a thing in the range.
func (b *builder) did(f analytics.Filter, kind int, column string) string {
	positive := f
	switch f.Op {
	case analytics.IsNot:
		positive.Op = analytics.Is
	case analytics.DoesNotContain:
		positive.Op = analytics.Contains
	case analytics.Is, analytics.Contains, analytics.AtLeast, analytics.AtMost:
	}
	return not(f.Op, fmt.Sprintf(
		"s.visitor IN (SELECT e.visitor FROM events e WHERE e.site = %s AND e.kind = %d AND %s AND %s)",
		b.site, kind, b.inRange("e.time"), b.matches(positive, column)))
}

// reachedGoal selects the visitors who reached one of the goals in the range,
// those that payments raise included.
func (b *builder) reachedGoal(names []string) string {
	sql := fmt.Sprintf("SELECT e.visitor FROM events e WHERE e.site = %s AND e.kind = %d AND %s AND e.name IN %s",
		b.site, kindGoal, b.inRange("e.time"), b.list(names))
	if kinds := paymentKindsOf(names); kinds != "" && b.facts.HasPayments {
		sql += fmt.Sprintf(" UNION ALL SELECT p.visitor FROM payments p WHERE p.site = %s AND p.visitor IS NOT NULL AND %s AND p.kind IN (%s)",
			b.site, b.inRange("p.time"), kinds)
	}
	return sql
}

// paymentKindsOf lists the kinds of payments that raise one of the goals
// (product.md §6.5), as SQL numbers; "" for none.
func paymentKindsOf(goals []string) string {
	var kinds []string
	for _, g := range goals {
		switch g {
		case "payment":
			kinds = append(kinds, fmt.Sprint(payNew))
		case "subscription_renewed":
			kinds = append(kinds, fmt.Sprint(payRenewal))
		case "free_trial":
			kinds = append(kinds, fmt.Sprint(payTrial))
		}
	}
	return strings.Join(kinds, ", ")
}

func (b *builder) sawHost(f analytics.Filter) string {
	return not(f.Op, fmt.Sprintf(`(s.visitor, s.started_at) IN (
		SELECT x.visitor, x.started_at FROM events e JOIN sessions x
			ON x.site = e.site AND x.visitor = e.visitor AND e.time BETWEEN x.started_at AND x.ended_at
		WHERE e.site = %s AND x.site = %s AND e.kind = %d AND e.hostname IN %s)`,
		b.site, b.site, kindPageview, b.list(f.Values)))
}

func (b *builder) visitCount(f analytics.Filter) string {
	having := make([]string, len(f.Values))
	sign := map[analytics.Operator]string{analytics.AtLeast: ">=", analytics.AtMost: "<="}[f.Op]
	if sign == "" {
		sign = "="
	}
	for i, v := range f.Values {
		having[i] = fmt.Sprintf("count(*) %s CAST(%s AS BIGINT)", sign, b.arg(v))
	}
	return not(f.Op, fmt.Sprintf(
		"s.visitor IN (SELECT c.visitor FROM sessions c WHERE c.site = %s AND c.pageviews > 0 AND %s GROUP BY c.visitor HAVING %s)",
		b.site, b.before("c.started_at"), strings.Join(having, " OR ")))
}

// visitorType keeps new visitors, whose first session starts in the range and
// whose client knows of no earlier one, or returning ones, all others.
func (b *builder) visitorType(f analytics.Filter) string {
	returning := "min(CASE WHEN c.client_sessions > 1 THEN c.started_at END) = min(c.started_at)"
	if b.from != "" {
		returning += fmt.Sprintf(" OR min(c.started_at) < %s OR min(CASE WHEN c.client_first_seen > 0 THEN c.client_first_seen END) < %s", b.from, b.from)
	}
	in := fmt.Sprintf("s.visitor IN (SELECT c.visitor FROM sessions c WHERE c.site = %s AND %s GROUP BY c.visitor HAVING %s)",
		b.site, b.before("c.started_at"), returning)
	conditions := make([]string, len(f.Values))
	for i, v := range f.Values {
		conditions[i] = in
		if v == "new" {
			conditions[i] = "NOT (" + in + ")"
		}
	}
	return "(" + strings.Join(conditions, " OR ") + ")"
}

func (b *builder) customer(f analytics.Filter) string {
	conditions := make([]string, len(f.Values))
	for i, v := range f.Values {
		conditions[i] = b.isCustomer("s.visitor", v == "true")
	}
	return "(" + strings.Join(conditions, " OR ") + ")"
}

// isCustomer is the condition that a visitor has a payment above zero that was not
// refunded whole, or was once the user who made one.
func (b *builder) isCustomer(visitor string, want bool) string {
	if !b.facts.HasPayments {
		if want {
			return "FALSE"
		}
		return "TRUE"
	}
	in := visitor + " IN (" + b.customers() + ")"
	if !want {
		return "NOT (" + in + ")"
	}
	return in
}

// customers selects the visitors who are customers now.
func (b *builder) customers() string {
	paying := fmt.Sprintf(`SELECT p.visitor, p.time FROM payments p WHERE p.site = %s AND p.visitor IS NOT NULL
		AND p.kind IN (%d, %d) AND p.amount_minor > 0
		AND p.amount_minor > coalesce((SELECT sum(r.amount_minor) FROM payments r
			WHERE r.site = p.site AND r.kind = %d AND r.refund_of = p.transaction_id AND r.currency = p.currency), 0)`,
		b.site, payNew, payRenewal, payRefund)
	if !b.facts.HasProfiles {
		return "SELECT visitor FROM (" + paying + ") paying"
	}
	return fmt.Sprintf(`SELECT visitor FROM (%[2]s) paying UNION SELECT o.visitor FROM (%[2]s) paying
		JOIN profile_visitors v ON v.visitor = paying.visitor AND v.since <= paying.time AND paying.time < v.until
		JOIN profile_visitors o ON o.site = v.site AND o.user_id = v.user_id
		WHERE v.site = %[1]s`, b.site, paying)
}
