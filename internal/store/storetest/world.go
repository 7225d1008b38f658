package storetest

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"datafast/internal/analytics"
	"datafast/internal/analytics/reference"
	"datafast/internal/event"
	"datafast/internal/id"
	"datafast/internal/revenue"
)

// world is a small website with everything that happened on it.
type world struct {
	ids       *id.Generator
	websiteID string
	visitors  []event.VisitorID
	events    []*event.Event
	payments  []revenue.Payment
	users     map[event.VisitorID][]reference.User
}

// epoch is a day before the clocks of Berlin go forward.
func epoch() time.Time { return time.Date(2026, 3, 28, 20, 0, 0, 0, time.UTC) }

func hosts() []string     { return []string{"shop.example", "app.shop.example"} }
func paths() []string     { return []string{"/", "/docs", "/docs/api", "/pricing", "/100%_sure"} }
func goals() []string     { return []string{"signup", "checkout:pro"} }
func links() []string     { return []string{"https://github.com/x", "https://partner.example/a"} }
func countries() []string { return []string{"DE", "US", ""} }
func regions() []string   { return []string{"DE-BE", "US-CA", ""} }

func origins() []event.Origin {
	return []event.Origin{
		{Channel: "Direct"},
		{Referrer: "Google", Source: "Google", Channel: "Organic search", ReferrerURL: "https://www.google.com/"},
		{Source: "weekly", Channel: "Email", UTMSource: "weekly", UTMMedium: "email", UTMCampaign: "spring"},
		{Source: "friend", Channel: "Affiliate", Via: "friend", Referrer: "X", ClickIDs: "fbclid=1"},
	}
}

// drawWorld makes a random website. Pauses lie around the border of a session.
func drawWorld(rt *rapid.T, ids *id.Generator) *world {
	w := &world{ids: ids, websiteID: ids.New(time.Now()), users: map[event.VisitorID][]reference.User{}}
	for i := range rapid.IntRange(1, 4).Draw(rt, "visitors") {
		v := event.VisitorID{byte(i + 1), 7}.ForceV4()
		w.visitors = append(w.visitors, v)
		w.drawUsers(rt, v)
		at := epoch().Add(time.Duration(rapid.IntRange(0, 36*3600).Draw(rt, "start")) * time.Second)
		for range rapid.IntRange(0, 8).Draw(rt, "events") {
			w.drawEvent(rt, v, at)
			at = at.Add(drawPause(rt))
		}
	}
	for i := range rapid.IntRange(0, 5).Draw(rt, "payments") {
		w.drawPayment(rt, i)
	}
	return w
}

// drawUsers makes a visitor nobody, one user, or one after the other.
func (w *world) drawUsers(rt *rapid.T, v event.VisitorID) {
	at := epoch().Add(time.Duration(rapid.IntRange(-3600, 40*3600).Draw(rt, "identified")) * time.Second)
	list := pickFrom(rt, "users", [][]string{nil, nil, {"shared"}, {"shared", "other"}, {"other", "shared", "other"}})
	for _, user := range list {
		w.users[v] = append(w.users[v], reference.User{ID: user, At: at})
		at = at.Add(time.Millisecond + drawPause(rt))
	}
}

func drawPause(rt *rapid.T) time.Duration {
	return rapid.SampledFrom([]time.Duration{
		0, time.Millisecond, 40 * time.Second, 29 * time.Minute, event.SessionGap, event.SessionGap + time.Millisecond,
		3 * time.Hour, 20 * time.Hour, 40 * 24 * time.Hour,
	}).Draw(rt, "pause")
}

func pickFrom[T any](rt *rapid.T, label string, list []T) T {
	return list[rapid.IntRange(0, len(list)-1).Draw(rt, label)]
}

func (w *world) drawEvent(rt *rapid.T, v event.VisitorID, at time.Time) {
	e := &event.Event{
		ID: w.ids.New(time.Now()), WebsiteID: w.websiteID, Time: at, Visitor: v, ClientSession: "s1", Language: "en",
		Hostname: pickFrom(rt, "host", hosts()), Path: pickFrom(rt, "path", paths()),
		System: event.System{Browser: pickFrom(rt, "browser", []string{"Chrome", "Mobile Safari", "Safari"}), OS: "Linux", Device: pickFrom(rt, "device", []string{"desktop", "mobile"})},
		Place:  event.Place{Country: pickFrom(rt, "country", countries()), Region: pickFrom(rt, "region", regions()), City: pickFrom(rt, "city", []string{"Berlin", ""})},
	}
	switch rapid.IntRange(0, 9).Draw(rt, "kind") {
	case 0, 1:
		e.Kind, e.Name, e.Data = event.Goal, pickFrom(rt, "goal", goals()), `{"plan":"pro"}`
	case 2:
		e.Kind, e.Name = event.ExternalLink, pickFrom(rt, "link", links())
	case 3:
		e.Kind, e.Data = event.PaymentClaim, `{"email":"a@example.com"}`
	default:
		e.Kind, e.Origin = event.Pageview, pickFrom(rt, "origin", origins())
		if rapid.IntRange(0, 5).Draw(rt, "hint") == 0 {
			e.ClientSessions = 3
		}
	}
	w.events = append(w.events, e)
}

func (w *world) drawPayment(rt *rapid.T, i int) {
	at := epoch().Add(time.Duration(rapid.IntRange(0, 50*24*3600).Draw(rt, "paid")) * time.Second)
	if len(w.events) > 0 && rapid.Bool().Draw(rt, "during") {
		at = pickFrom(rt, "at", w.events).Time.Add(drawPause(rt))
	}
	p := revenue.Payment{
		ID: w.ids.New(time.Now()), WebsiteID: w.websiteID, TransactionID: fmt.Sprintf("tx%d", i), Time: at, AttributedAt: at,
		Kind:        pickFrom(rt, "payment", []revenue.Kind{revenue.New, revenue.New, revenue.Renewal, revenue.Refund, revenue.Trial}),
		AmountMinor: int64(rapid.IntRange(0, 5000).Draw(rt, "amount")), Currency: "EUR", HasRate: true,
	}
	p.SiteMinor = p.AmountMinor
	if p.Kind == revenue.Refund && i > 0 {
		p.RefundOf = fmt.Sprintf("tx%d", i-1)
	}
	if rapid.IntRange(0, 4).Draw(rt, "known") > 0 {
		p.Visitor = pickFrom(rt, "payer", w.visitors)
	}
	w.payments = append(w.payments, p)
}

// reference is the same world for the reference.
func (w *world) reference() *reference.World {
	ref := reference.New(slices.Clone(w.events))
	for _, p := range w.payments {
		ref.Payments = append(ref.Payments, reference.Payment{
			ID: p.ID, TransactionID: p.TransactionID, RefundOf: p.RefundOf, Kind: p.Kind.String(), Time: p.Time, AttributedAt: p.AttributedAt,
			Visitor: p.Visitor, Minor: p.SiteMinor,
		})
	}
	ref.Users = w.users
	return ref
}

// fixedWorld is a world that every engine stores alike.
func fixedWorld(ids *id.Generator) *world {
	return rapid.Custom(func(rt *rapid.T) *world {
		w := drawWorld(rt, ids)
		for len(w.visitors) < 2 {
			w.visitors = append(w.visitors, event.VisitorID{99, byte(len(w.visitors))}.ForceV4())
		}
		for i, v := range w.visitors[:2] {
			at := epoch().Add(time.Duration(i) * time.Hour)
			w.events = append(w.events,
				&event.Event{ID: ids.New(time.Now()), WebsiteID: w.websiteID, Time: at, Visitor: v, Kind: event.Pageview, Hostname: "shop.example", Path: "/", Language: "en", Origin: event.Origin{Channel: "Direct"}},
				&event.Event{ID: ids.New(time.Now()), WebsiteID: w.websiteID, Time: at.Add(time.Minute), Visitor: v, Kind: event.Goal, Name: "signup", Hostname: "shop.example", Path: "/", Language: "en"})
		}
		for i := len(w.payments); i < 3; i++ {
			w.drawPayment(rt, i)
		}
		w.users = map[event.VisitorID][]reference.User{}
		return w
	}).Example(7)
}

// drawQuery makes a random question.
func (w *world) drawQuery(rt *rapid.T) analytics.Query {
	q := analytics.Query{
		WebsiteID: w.websiteID, Range: w.drawRange(rt), IncludeRenewals: rapid.Bool().Draw(rt, "renewals"),
		Attribution: pickFrom(rt, "model", []analytics.Attribution{analytics.LastNonDirect, analytics.FirstTouch, analytics.LastTouch}),
		Filters:     w.drawFilters(rt),
	}
	zone := pickFrom(rt, "zone", []string{"UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York"})
	q.Zone, _ = time.LoadLocation(zone) // names of the test itself
	switch rapid.IntRange(0, 2).Draw(rt, "report") {
	case 0:
		q.Interval = pickFrom(rt, "interval", []analytics.Interval{analytics.Hour, analytics.Day, analytics.Week, analytics.Month})
		if q.Range.IsAll() {
			q.Range = analytics.Range{From: epoch(), To: epoch().Add(50 * time.Hour)}
		}
		if q.Interval == analytics.Hour && q.Range.Duration() > 72*time.Hour {
			q.Interval = analytics.Day
		}
	case 1:
		q.Dimension = pickFrom(rt, "dimension", []analytics.Dimension{
			analytics.ByPage, analytics.ByEntryPage, analytics.ByHostname, analytics.ByReferrer, analytics.ByChannel,
			analytics.ByCountry, analytics.ByRegion, analytics.ByCity, analytics.ByDevice, analytics.ByBrowser, analytics.ByOS,
			analytics.ByCampaign, analytics.ByGoal, analytics.ByExitLink,
		})
		if q.Dimension == analytics.ByCampaign && rapid.Bool().Draw(rt, "keys") {
			q.CampaignKeys = []string{"utm_source", "via"}
		}
	}
	return q
}

func (w *world) drawRange(rt *rapid.T) analytics.Range {
	if rapid.IntRange(0, 3).Draw(rt, "all time") == 0 {
		return analytics.Range{}
	}
	from := epoch().Add(time.Duration(rapid.IntRange(-3600, 60*3600).Draw(rt, "from")) * time.Second)
	if len(w.events) > 0 && rapid.Bool().Draw(rt, "at an event") {
		from = pickFrom(rt, "event", w.events).Time
	}
	length := pickFrom(rt, "length", []time.Duration{time.Millisecond, time.Minute, time.Hour, 24 * time.Hour, 60 * 24 * time.Hour})
	return analytics.Range{From: from, To: from.Add(length)}
}

func (w *world) drawFilters(rt *rapid.T) []analytics.Filter {
	if rapid.Bool().Draw(rt, "no filter") {
		return nil
	}
	var out []analytics.Filter
	for range rapid.IntRange(1, 2).Draw(rt, "filters") {
		out = append(out, drawFilter(rt))
	}
	return out
}

func drawFilter(rt *rapid.T) analytics.Filter {
	op := pickFrom(rt, "op", []analytics.Operator{analytics.Is, analytics.IsNot})
	parts := pickFrom(rt, "text op", []analytics.Operator{analytics.Is, analytics.IsNot, analytics.Contains, analytics.DoesNotContain})
	return pickFrom(rt, "filter", []analytics.Filter{
		{Name: "country", Op: op, Values: []string{"de", ""}},
		{Name: "city", Op: op, Values: []string{"berlin"}},
		{Name: "region", Op: op, Values: []string{"us-ca"}},
		{Name: "browser", Op: op, Values: []string{"safari", "mobile safari"}},
		{Name: "device", Op: op, Values: []string{"mobile"}},
		{Name: "os", Op: op, Values: []string{"linux"}},
		{Name: "referrer", Op: op, Values: []string{"", "x"}},
		{Name: "channel", Op: op, Values: []string{"email", "direct"}},
		{Name: "hostname", Op: op, Values: []string{"app.shop.example"}},
		{Name: "page", Op: parts, Values: []string{"/docs", "%_"}},
		{Name: "entry_page", Op: parts, Values: []string{"/docs", "/"}},
		{Name: "exit_link", Op: parts, Values: []string{"https://github.com/x"}},
		{Name: "goal", Op: op, Values: []string{"signup", "payment"}},
		{Name: "utm_source", Op: op, Values: []string{"weekly"}},
		{Name: "via", Op: op, Values: []string{"friend"}},
		{Name: "visit_count", Op: op, Values: []string{"1", "3"}},
		{Name: "visit_count", Op: analytics.AtLeast, Values: []string{"2"}},
		{Name: "visit_count", Op: analytics.AtMost, Values: []string{"2"}},
		{Name: "visitor_type", Op: analytics.Is, Values: []string{"new"}},
		{Name: "visitor_type", Op: analytics.Is, Values: []string{"returning"}},
		{Name: "customer", Op: analytics.Is, Values: []string{"true"}},
		{Name: "customer", Op: analytics.Is, Values: []string{"false"}},
	})
}

func (w *world) drawFunnel(rt *rapid.T) analytics.FunnelQuery {
	q := analytics.FunnelQuery{WebsiteID: w.websiteID, Range: w.drawRange(rt), Filters: w.drawFilters(rt), IncludeRenewals: true}
	for range rapid.IntRange(2, 4).Draw(rt, "steps") {
		q.Steps = append(q.Steps, pickFrom(rt, "step", []analytics.FunnelStep{
			{Path: "/"},
			{Path: "/docs*"},
			{Path: "/docs"},
			{Hostname: "shop.example", Path: "/*"},
			{Path: "/100%_*"},
			{Goal: "signup"},
			{Goal: "checkout:pro"},
			{Goal: "payment"},
		}))
	}
	return q
}
