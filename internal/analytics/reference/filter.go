package reference

import (
	"slices"
	"strconv"
	"strings"

	"datafast/internal/analytics"
	"datafast/internal/event"
)

// passes: a session passes when it, or for some filters its visitor in the range,
// matches all filters.
func (w *World) passes(q *analytics.Query, s *session) bool {
	for _, f := range q.Filters {
		if w.matches(q, s, f) == f.Op.Negative() {
			return false
		}
	}
	return true
}

// matches answers a filter as if its operator were not negated.
func (w *World) matches(q *analytics.Query, s *session, f analytics.Filter) bool {
	v := w.byID[s.Visitor]
	lower := func(value string) bool { return slices.Contains(f.Values, strings.ToLower(value)) }
	switch f.Name {
	case "country":
		return lower(s.Place.Country)
	case "region":
		return lower(s.Place.Region)
	case "city":
		return lower(s.Place.City)
	case "device":
		return lower(s.System.Device)
	case "browser":
		return lower(s.System.Browser)
	case "os":
		return lower(s.System.OS)
	case "referrer":
		return lower(s.Origin.Referrer)
	case "channel":
		return lower(s.Origin.Channel)
	case "entry_page":
		return text(f, s.EntryPath)
	case "hostname":
		return slices.ContainsFunc(s.events, func(e *event.Event) bool {
			return e.Kind == event.Pageview && slices.Contains(f.Values, e.Hostname)
		})
	case "page":
		return did(q, v, event.Pageview, func(e *event.Event) bool { return text(f, e.Path) })
	case "exit_link":
		return did(q, v, event.ExternalLink, func(e *event.Event) bool { return text(f, e.Name) })
	case "goal":
		return did(q, v, event.Goal, func(e *event.Event) bool { return slices.Contains(f.Values, e.Name) }) || w.raised(q, v, f.Values)
	case "visit_count":
		return w.visitCount(q, v, f)
	case "visitor_type":
		return slices.Contains(f.Values, w.visitorType(q, v))
	case "customer":
		return slices.Contains(f.Values, strconv.FormatBool(w.isCustomer(v.id)))
	}
	return slices.Contains(f.Values, param(&s.Origin, f.Name))
}

// text compares a path or link, by equality or by parts.
func text(f analytics.Filter, value string) bool {
	if f.Op == analytics.Is || f.Op == analytics.IsNot {
		return slices.Contains(f.Values, value)
	}
	return slices.ContainsFunc(f.Values, func(part string) bool { return strings.Contains(value, part) })
}

// did: the visitor did such a thing in the range, in whatever session.
func did(q *analytics.Query, v *visitor, kind event.Kind, match func(*event.Event) bool) bool {
	return slices.ContainsFunc(v.events, func(e *event.Event) bool {
		return e.Kind == kind && within(q.Range, e.Time) && match(e)
	})
}

// raised: a payment of the visitor in the range raised one of the goals.
func (w *World) raised(q *analytics.Query, v *visitor, goals []string) bool {
	raises := map[string]string{"new": "payment", "renewal": "subscription_renewed", "trial": "free_trial"}
	return slices.ContainsFunc(w.Payments, func(p Payment) bool {
		return p.Visitor == v.id && within(q.Range, p.Time) && slices.Contains(goals, raises[p.Kind])
	})
}

// visitCount compares the number of the visitor's sessions up to the range's end.
func (w *World) visitCount(q *analytics.Query, v *visitor, f analytics.Filter) bool {
	n := 0
	for _, s := range v.sessions {
		if s.Pageviews > 0 && (q.Range.IsAll() || s.Start.Before(q.Range.To)) {
			n++
		}
	}
	return n > 0 && slices.ContainsFunc(f.Values, func(value string) bool {
		want, _ := strconv.Atoi(value)
		switch f.Op {
		case analytics.AtLeast:
			return n >= want
		case analytics.AtMost:
			return n <= want
		}
		return n == want
	})
}

// visitorType: new when the first session starts in the range and no hint of the
// client says that there was an earlier one.
func (w *World) visitorType(q *analytics.Query, v *visitor) string {
	first := v.sessions[0]
	if first.ClientSessions > 1 {
		return "returning"
	}
	if q.Range.IsAll() {
		return "new"
	}
	if first.Start.Before(q.Range.From) {
		return "returning"
	}
	for _, s := range v.sessions {
		if s.Start.Before(q.Range.To) && !s.ClientFirstSeen.IsZero() && s.ClientFirstSeen.Before(q.Range.From) {
			return "returning"
		}
	}
	return "new"
}

// param is one of the eight URL parameters of a session.
func param(o *event.Origin, name string) string {
	return map[string]string{
		"utm_source": o.UTMSource, "utm_medium": o.UTMMedium, "utm_campaign": o.UTMCampaign, "utm_term": o.UTMTerm,
		"utm_content": o.UTMContent, "ref": o.Ref, "source": o.SourceParam, "via": o.Via,
	}[name]
}
