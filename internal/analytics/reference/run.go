package reference

import (
	"cmp"
	"slices"
	"strings"

	"datafast/internal/analytics"
	"datafast/internal/event"
	"datafast/internal/place"
)

// Run answers a question.
func (w *World) Run(q analytics.Query) analytics.Result {
	var res analytics.Result
	switch {
	case q.Dimension != analytics.ByNothing:
		return w.breakdown(&q)
	case q.Interval != analytics.NoInterval:
		res.Totals = w.totals(&q, q.Range)
		starts := analytics.Buckets(q.Interval, q.Range, q.Zone)
		for i, start := range starts {
			bucket := analytics.Range{From: start, To: q.Range.To}
			if start.Before(q.Range.From) {
				bucket.From = q.Range.From
			}
			if i+1 < len(starts) {
				bucket.To = starts[i+1]
			}
			row := analytics.Row{Bucket: start, Totals: w.totals(&q, bucket)}
			row.Converted = 0 // a bucket's conversion is money per visitor
			res.Rows = append(res.Rows, row)
		}
		res.Total = len(res.Rows)
	default:
		res.Rows = []analytics.Row{{Totals: w.totals(&q, q.Range)}}
	}
	return res
}

// totals counts what lies in part of the question's range. Filters ask about the
// whole range.
func (w *World) totals(q *analytics.Query, part analytics.Range) analytics.Totals {
	var t analytics.Totals
	seen := map[event.VisitorID]bool{}
	for _, v := range w.visitors {
		for _, s := range v.sessions {
			if !w.passes(q, s) {
				continue
			}
			for _, e := range s.events {
				if !within(part, e.Time) {
					continue
				}
				if e.Counts() {
					seen[v.id] = true
				}
				if e.Kind == event.Pageview {
					t.Pageviews++
				}
			}
			if s.Pageviews > 0 && within(part, s.Start) {
				t.Sessions++
				t.DurationMS += s.End.Sub(s.Start).Milliseconds()
				if w.bounced(s) {
					t.Bounces++
				}
			}
		}
	}
	t.Visitors = int64(len(seen))
	converted := map[event.VisitorID]bool{}
	for _, p := range w.Payments {
		if !within(part, p.Time) {
			continue
		}
		s := w.credited(p, q.Attribution)
		if len(q.Filters) > 0 && (s == nil || !w.passes(q, s)) {
			continue
		}
		addMoney(&t, p)
		if p.Kind == "new" && seen[p.Visitor] {
			converted[p.Visitor] = true
		}
	}
	t.Converted = int64(len(converted))
	return t
}

func addMoney(t *analytics.Totals, p Payment) {
	switch p.Kind {
	case "new":
		t.NewPayments++
		t.NewMinor += p.Minor
	case "renewal":
		t.RenewalPayments++
		t.RenewalMinor += p.Minor
	case "refund":
		t.RefundMinor += p.Minor
	}
}

// group collects one row of a breakdown.
type group struct {
	row  analytics.Row
	seen map[event.VisitorID]bool
}

func (w *World) breakdown(q *analytics.Query) analytics.Result {
	groups := map[string]*group{}
	at := func(keys []string) *group {
		id := strings.Join(keys, "\x00")
		if groups[id] == nil {
			groups[id] = &group{row: analytics.Row{Keys: keys}, seen: map[event.VisitorID]bool{}}
		}
		return groups[id]
	}
	for _, v := range w.visitors {
		for _, s := range v.sessions {
			if !w.passes(q, s) {
				continue
			}
			for _, e := range s.events {
				if within(q.Range, e.Time) {
					w.count(q, s, e, at)
				}
			}
		}
	}
	var res analytics.Result
	if q.Dimension != analytics.ByGoal && q.Dimension != analytics.ByExitLink {
		w.creditRows(q, at, &res.Unattributed)
	}
	for _, g := range groups {
		g.row.Visitors = int64(len(g.seen))
		if g.row.Visitors > 0 || g.row.CountedPayments(q.IncludeRenewals) > 0 || g.row.RevenueMinor(q.IncludeRenewals) != 0 {
			res.Rows = append(res.Rows, g.row)
		}
	}
	slices.SortFunc(res.Rows, func(a, b analytics.Row) int { return order(q, a, b) })
	res.Total = len(res.Rows)
	res.Rows = res.Rows[min(q.Offset, len(res.Rows)):]
	if q.Limit > 0 {
		res.Rows = res.Rows[:min(q.Limit, len(res.Rows))]
	}
	return res
}

// count puts an event into its row: a page view into what was viewed, a goal or
// link into its own, and what makes a visitor count into the session's value.
func (w *World) count(q *analytics.Query, s *session, e *event.Event, at func([]string) *group) {
	switch q.Dimension {
	case analytics.ByPage, analytics.ByHostname:
		if e.Kind == event.Pageview {
			at(viewedKeys(q, e)).seen[e.Visitor] = true
		}
	case analytics.ByGoal, analytics.ByExitLink:
		if e.Kind == event.Goal && q.Dimension == analytics.ByGoal || e.Kind == event.ExternalLink && q.Dimension == analytics.ByExitLink {
			g := at([]string{e.Name})
			g.seen[e.Visitor] = true
			g.row.Completions++
		}
	default:
		if keys := sessionKeys(q, s); keys != nil && e.Counts() {
			at(keys).seen[e.Visitor] = true
		}
	}
}

// creditRows puts each payment into the rows of its session.
func (w *World) creditRows(q *analytics.Query, at func([]string) *group, unattributed *analytics.Totals) {
	for _, p := range w.Payments {
		if !within(q.Range, p.Time) {
			continue
		}
		s := w.credited(p, q.Attribution)
		if s == nil {
			if len(q.Filters) == 0 {
				addMoney(unattributed, p)
			}
			continue
		}
		if !w.passes(q, s) {
			continue
		}
		if q.Dimension != analytics.ByPage && q.Dimension != analytics.ByHostname {
			if keys := sessionKeys(q, s); keys != nil {
				addMoney(&at(keys).row.Totals, p)
			}
			continue
		}
		viewed := map[string]bool{}
		for _, e := range w.happenedIn(p, s).events {
			keys := viewedKeys(q, e)
			if id := strings.Join(keys, "\x00"); e.Kind == event.Pageview && !viewed[id] {
				viewed[id] = true
				addMoney(&at(keys).row.Totals, p)
			}
		}
	}
}

// happenedIn is the session in which a payment happened, else the credited one.
func (w *World) happenedIn(p Payment, credited *session) *session {
	if v := w.byID[p.Visitor]; v != nil {
		for _, s := range v.sessions {
			if s.Pageviews > 0 && w.during(s, p.Time) {
				return s
			}
		}
	}
	return credited
}

func viewedKeys(q *analytics.Query, e *event.Event) []string {
	if q.Dimension == analytics.ByHostname {
		return []string{e.Hostname}
	}
	return []string{e.Hostname, e.Path}
}

// sessionKeys are a session's keys of a dimension; nil when it is left out.
func sessionKeys(q *analytics.Query, s *session) []string {
	named := func(value, unknown string) []string {
		if value == "" {
			return []string{unknown}
		}
		return []string{value}
	}
	switch q.Dimension {
	case analytics.ByEntryPage:
		if s.Pageviews == 0 {
			return nil
		}
		return []string{s.EntryHostname, s.EntryPath}
	case analytics.ByCampaign:
		return campaign(q, s)
	case analytics.ByReferrer:
		return named(s.Origin.Referrer, analytics.Direct)
	case analytics.ByChannel:
		return named(s.Origin.Channel, "Direct")
	case analytics.ByCountry:
		return []string{s.Place.Country}
	case analytics.ByRegion:
		return []string{s.Place.Region}
	case analytics.ByCity:
		return named(s.Place.City, place.Unknown)
	case analytics.ByDevice:
		return named(s.System.Device, place.Unknown)
	case analytics.ByBrowser:
		return named(s.System.Browser, place.Unknown)
	}
	return named(s.System.OS, place.Unknown)
}

func campaign(q *analytics.Query, s *session) []string {
	tagged := false
	for _, name := range analytics.CampaignKeys() {
		tagged = tagged || param(&s.Origin, name) != ""
	}
	if !tagged {
		return nil
	}
	asked := q.CampaignKeys
	if len(asked) == 0 {
		asked = analytics.CampaignKeys()
	}
	keys := make([]string, len(asked))
	for i, name := range asked {
		keys[i] = param(&s.Origin, name)
	}
	return keys
}

// order is rule 6.7 of the API contract; goals and links have their own.
func order(q *analytics.Query, a, b analytics.Row) int {
	shown := func(keys []string) []string {
		switch q.Dimension {
		case analytics.ByCountry:
			return []string{place.CountryName(keys[0])}
		case analytics.ByRegion:
			return []string{place.RegionName(keys[0])}
		}
		return keys
	}
	byKeys := slices.Compare(shown(a.Keys), shown(b.Keys))
	switch q.Dimension {
	case analytics.ByGoal:
		return cmp.Or(cmp.Compare(b.Completions, a.Completions), byKeys)
	case analytics.ByExitLink:
		return cmp.Or(cmp.Compare(b.Visitors, a.Visitors), cmp.Compare(b.Completions, a.Completions), byKeys)
	}
	return cmp.Or(
		cmp.Compare(b.Visitors, a.Visitors),
		cmp.Compare(b.RevenueMinor(q.IncludeRenewals), a.RevenueMinor(q.IncludeRenewals)),
		byKeys,
	)
}
