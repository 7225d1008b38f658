package api

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"datafast/internal/analytics"
	"datafast/internal/event"
	"datafast/internal/fault"
)

type visitorRow struct {
	VisitorID   string             `json:"visitorId"`
	LastSeenAt  string             `json:"lastSeenAt"`
	CurrentURL  string             `json:"currentUrl" doc:"Host and path"`
	Identity    visitorIdentity    `json:"identity"`
	Acquisition visitorAcquisition `json:"acquisition"`
	IsCustomer  bool               `json:"isCustomer"`
}

type visitorIdentity struct {
	Country *string `json:"country"`
	Region  *string `json:"region"`
	City    *string `json:"city"`
	Browser *string `json:"browser"`
	OS      *string `json:"os"`
	Device  *string `json:"device"`
}

type visitorAcquisition struct {
	Referrer *string `json:"referrer"`
	Hostname *string `json:"hostname"`
	urlParams
}

// urlParams are the eight URL parameters; null when absent.
type urlParams struct {
	UTMSource   *string `json:"utm_source"`
	UTMMedium   *string `json:"utm_medium"`
	UTMCampaign *string `json:"utm_campaign"`
	UTMTerm     *string `json:"utm_term"`
	UTMContent  *string `json:"utm_content"`
	Ref         *string `json:"ref"`
	Source      *string `json:"source"`
	Via         *string `json:"via"`
}

func paramsOf(o *event.Origin) urlParams {
	return urlParams{
		UTMSource: orNull(o.UTMSource), UTMMedium: orNull(o.UTMMedium), UTMCampaign: orNull(o.UTMCampaign),
		UTMTerm: orNull(o.UTMTerm), UTMContent: orNull(o.UTMContent),
		Ref: orNull(o.Ref), Source: orNull(o.SourceParam), Via: orNull(o.Via),
	}
}

func (a *Reporting) visitorRoutes() []Route {
	params := append(rangeParams(), Param{Name: "limit", Type: "integer", Description: "Default 100, at most 250."}, Param{Name: "offset", Type: "integer"})
	for _, p := range visitorFilters() {
		params = append(params, Param{Name: p.name, Description: "Comma-separated, at most 50."})
	}
	params = append(params,
		Param{Name: "completedGoal", Description: "Completed this goal; not together with isCustomer."},
		Param{Name: "isCustomer", Type: "boolean"},
		Param{Name: "funnelId"}, Param{Name: "funnelStep", Type: "integer"}, Param{Name: "funnelDropped", Type: "boolean"},
	)
	return []Route{
		{Method: "GET", Path: "/api/v1/visitors", Rule: reads(), Handle: a.listVisitors, Doc: Doc{
			ID: "listVisitors", Tag: "Visitors", Summary: "Visitors, last seen first", Query: params, Data: []visitorRow{}, Paged: true,
			Example: `{"status":"success","data":[{"visitorId":"5b0c8a52-0f3e-4d0a-9a51-2f3f4f2f7b11","lastSeenAt":"2026-05-21T09:14:31.000Z","currentUrl":"shop.example/pricing","identity":{"country":"RO","region":"RO-CJ","city":"Cluj-Napoca","browser":"Firefox","os":"Linux","device":"desktop"},"acquisition":{"referrer":"Google","hostname":"shop.example","utm_source":null,"utm_medium":null,"utm_campaign":null,"utm_term":null,"utm_content":null,"ref":null,"source":null,"via":null},"isCustomer":false}],"pagination":{"limit":100,"offset":0,"total":1,"hasMore":false}}`,
		}},
		{Method: "GET", Path: "/api/v1/visitors/{visitorId}", Rule: reads(), Handle: a.getVisitor, Doc: Doc{
			ID: "getVisitor", Tag: "Visitors", Summary: "Everything known about a visitor", Data: visitorDetail{},
			Example: visitorExample,
		}},
	}
}

// visitorFilter is a parameter of the list that becomes a filter.
type visitorFilter struct {
	name   string
	filter string
	op     analytics.Operator
}

func visitorFilters() []visitorFilter {
	out := []visitorFilter{
		{"visitedPage", "page", analytics.Is},
		{"page", "page", analytics.Is},
		{"visitedPageContains", "page", analytics.Contains},
		{"pageContains", "page", analytics.Contains},
	}
	for _, name := range []string{
		"country", "region", "city", "browser", "os", "device", "referrer", "hostname",
		"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "ref", "source", "via",
	} {
		out = append(out, visitorFilter{name, name, analytics.Is})
	}
	return out
}

// visitorsQuery reads the parameters of api.md §8.6.
func (a *Reporting) visitorsQuery(ctx context.Context, r *Request) (analytics.VisitorsQuery, error) {
	var errs fault.List
	q := analytics.VisitorsQuery{WebsiteID: r.Website.ID}
	q.Range, _ = timeRange(r, &errs)
	var err error
	q.Limit, q.Offset, err = r.Paging(100, 250)
	errs.Add(err)
	for _, p := range visitorFilters() {
		for _, raw := range r.Query[p.name] {
			// In this list a value has no operator in front.
			fs, err := analytics.ParseFilters(url.Values{"filter_" + p.filter: {string(p.op) + ":" + raw}})
			errs.Add(renamed(err, p.name))
			q.Filters = append(q.Filters, fs...)
		}
	}
	q.Goal = event.FormatGoalName(pickVisitor(r.Query.Get("completedGoal"), r.Query.Get("goal")))
	customer := pickVisitor(r.Query.Get("isCustomer"), r.Query.Get("hasRevenue"))
	if customer != "" {
		if customer != "true" && customer != "false" {
			errs.Add(fault.Invalid("isCustomer", "%.20q is neither true nor false", customer))
		}
		if q.Goal != "" {
			errs.Add(fault.Invalid("completedGoal", "cannot be combined with isCustomer; leave one out"))
		}
		q.Filters = append(q.Filters, analytics.Filter{Name: "customer", Op: analytics.Is, Values: []string{customer}})
	}
	errs.Add(a.funnelOfList(ctx, r, &q))
	return q, errs.Err()
}

// renamed puts the parameter's own name on an error of its filter.
func renamed(err error, field string) error {
	var list fault.List
	list.Add(err)
	for i, e := range list {
		c := *e
		c.Field = field
		list[i] = &c
	}
	return list.Err()
}

// funnelOfList reads funnelId, funnelStep and funnelDropped.
func (a *Reporting) funnelOfList(ctx context.Context, r *Request, q *analytics.VisitorsQuery) error {
	funnelID := r.Query.Get("funnelId")
	if funnelID == "" {
		return nil
	}
	if _, err := checkID("funnelId", funnelID); err != nil {
		return err
	}
	f, err := a.Funnels.Active(ctx, r.Website.ID, funnelID)
	if err != nil {
		return err
	}
	step, err := strconv.Atoi(r.Query.Get("funnelStep"))
	if err != nil || step < 1 || step > len(f.Steps) {
		return fault.Invalid("funnelStep", "%.20q is not a step of this funnel; give 1 to %d", r.Query.Get("funnelStep"), len(f.Steps))
	}
	q.Dropped, err = r.boolean("funnelDropped")
	q.Step = step
	q.Funnel = &analytics.FunnelQuery{WebsiteID: r.Website.ID, Range: q.Range, Steps: funnelSteps(f)}
	return err
}

func (a *Reporting) listVisitors(ctx context.Context, r *Request) (*Response, error) {
	q, err := a.visitorsQuery(ctx, r)
	if err != nil {
		return nil, err
	}
	res, err := within(ctx, func(ctx context.Context) (analytics.VisitorsResult, error) { return a.Engine.Visitors(ctx, q) })
	if err != nil {
		return nil, err
	}
	if wantsCSV(r) {
		rows := make([]ordered, len(res.Rows))
		for i := range res.Rows {
			rows[i] = visitorColumns(&res.Rows[i])
		}
		return csvResponse(rows), nil
	}
	rows := make([]visitorRow, len(res.Rows))
	for i := range res.Rows {
		rows[i] = visitorRowOf(&res.Rows[i])
	}
	return &Response{Data: rows, Pagination: Page(q.Limit, q.Offset, res.Total, len(rows))}, nil
}

func visitorRowOf(v *analytics.VisitorRow) visitorRow {
	s := &v.Session
	referrer := s.Origin.Referrer
	if referrer == "" {
		referrer = analytics.Direct
	}
	return visitorRow{
		VisitorID: v.Visitor.String(), LastSeenAt: Stamp(v.LastSeen), CurrentURL: s.ExitHostname + s.ExitPath,
		Identity: visitorIdentity{
			Country: orNull(s.Place.Country), Region: orNull(s.Place.Region), City: orNull(s.Place.City),
			Browser: orNull(s.System.Browser), OS: orNull(s.System.OS), Device: orNull(s.System.Device),
		},
		Acquisition: visitorAcquisition{Referrer: &referrer, Hostname: orNull(s.EntryHostname), urlParams: paramsOf(&s.Origin)},
		IsCustomer:  v.IsCustomer,
	}
}

// visitorColumns is a visitor as a row of CSV and of the visitors export.
func visitorColumns(v *analytics.VisitorRow) ordered {
	row := visitorRowOf(v)
	id, acq := row.Identity, row.Acquisition
	return ordered{
		{"visitorId", row.VisitorID},
		{"firstSeenAt", Stamp(v.FirstSeen)},
		{"lastSeenAt", row.LastSeenAt},
		{"currentUrl", row.CurrentURL},
		{"identity", ordered{
			{"country", id.Country},
			{"region", id.Region},
			{"city", id.City},
			{"browser", id.Browser},
			{"os", id.OS},
			{"device", id.Device},
		}},
		{"acquisition", ordered{
			{"referrer", acq.Referrer},
			{"hostname", acq.Hostname},
			{"utm_source", acq.UTMSource},
			{"utm_medium", acq.UTMMedium},
			{"utm_campaign", acq.UTMCampaign},
			{"utm_term", acq.UTMTerm},
			{"utm_content", acq.UTMContent},
			{"ref", acq.Ref},
			{"source", acq.Source},
			{"via", acq.Via},
		}},
		{"isCustomer", row.IsCustomer},
	}
}

func (a *Reporting) getVisitor(ctx context.Context, r *Request) (*Response, error) {
	v, err := event.ParseVisitorID("visitorId", r.Path("visitorId"))
	if err != nil {
		return nil, err
	}
	if err := a.refuseBot(ctx, r, v); err != nil {
		return nil, err
	}
	d, err := within(ctx, func(ctx context.Context) (*analytics.VisitorDetail, error) {
		return a.Engine.Visitor(ctx, r.Website.ID, v)
	})
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, visitorNotFound()
	}
	prediction, err := a.predict(ctx, r, d)
	if err != nil {
		return nil, err
	}
	return OK(detailOf(d, prediction, a.Now())), nil
}

// clickIDs are an origin's ad click ids as an object.
func clickIDs(o *event.Origin) map[string]string {
	out := map[string]string{}
	values, err := url.ParseQuery(o.ClickIDs)
	if err != nil {
		return out
	}
	for k := range values {
		out[k] = values.Get(k)
	}
	return out
}

// keptQuery is the kept part of a page view's query.
func keptQuery(o *event.Origin) string {
	q := url.Values{}
	for _, p := range []struct{ key, value string }{
		{"utm_source", o.UTMSource},
		{"utm_medium", o.UTMMedium},
		{"utm_campaign", o.UTMCampaign},
		{"utm_term", o.UTMTerm},
		{"utm_content", o.UTMContent},
		{"ref", o.Ref},
		{"source", o.SourceParam},
		{"via", o.Via},
	} {
		if p.value != "" {
			q.Set(p.key, p.value)
		}
	}
	parts := slices.DeleteFunc([]string{q.Encode(), o.ClickIDs}, func(s string) bool { return s == "" })
	return strings.Join(parts, "&")
}

// pageURL is host, path and the kept query of a page view.
func pageURL(e *event.Event) string {
	if q := keptQuery(&e.Origin); q != "" {
		return e.Hostname + e.Path + "?" + q
	}
	return e.Hostname + e.Path
}
