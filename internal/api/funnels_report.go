package api

import (
	"context"
	"strings"

	"datafast/internal/analytics"
	"datafast/internal/fault"
	"datafast/internal/funnel"
	"datafast/internal/revenue"
)

type funnelReport struct {
	Funnel           funnelHead   `json:"funnel"`
	TotalVisitors    int64        `json:"totalVisitors"`
	CompletedVisitor int64        `json:"completedVisitors"`
	ConversionRate   float64      `json:"conversionRate" doc:"Percent of the first step's visitors who reached the last"`
	Revenue          float64      `json:"revenue"`
	Currency         string       `json:"currency" doc:"Symbol"`
	Steps            []funnelStep `json:"steps"`
}

type funnelHead struct {
	ID   string `json:"_id"`
	Name string `json:"name"`
	Slug string `json:"slug"`
}

type funnelStep struct {
	ID                 string            `json:"id"`
	Name               string            `json:"name"`
	Type               string            `json:"type" enum:"pageview,goal"`
	URL                string            `json:"url,omitempty"`
	GoalName           string            `json:"goalName,omitempty"`
	Order              int               `json:"order"`
	Visitors           int64             `json:"visitors"`
	ConversionRate     float64           `json:"conversionRate" doc:"Percent of step 1"`
	StepConversionRate float64           `json:"stepConversionRate" doc:"Percent of the step before"`
	DropOff            int64             `json:"dropOff"`
	DropOffRate        float64           `json:"dropOffRate"`
	MedianTime         *float64          `json:"medianTimeFromPrevious" doc:"Milliseconds; null on step 1"`
	Revenue            float64           `json:"revenue" doc:"Of the visitors who reached the step"`
	Breakdown          []funnelBreakdown `json:"breakdown,omitempty"`
}

type funnelBreakdown struct {
	Value    string  `json:"value"`
	Visitors int64   `json:"visitors"`
	Revenue  float64 `json:"revenue"`
}

func (a *Reporting) funnelReportRoutes() []Route {
	return []Route{{Method: "GET", Path: "/api/v1/analytics/funnels/{funnelId}", Rule: reads(), Handle: a.funnelReport, Doc: Doc{
		ID: "getFunnelReport", Tag: "Analytics", Summary: "How many visitors reach each step of a funnel",
		Description: "Steps in order, anything may lie between; without dates: all time. Filters ask about the session that holds step 1.",
		Query:       append(rangeParams(Param{Name: "breakdown", Enum: []string{"referrer", "country"}}), filterParams()...),
		Data:        funnelReport{},
		Example:     `{"status":"success","data":{"funnel":{"_id":"665f0b3c4d2e1a0012345678","name":"Signup funnel","slug":"signup-funnel"},"totalVisitors":1000,"completedVisitors":80,"conversionRate":8,"revenue":640,"currency":"$","steps":[{"id":"landing","name":"Landing","type":"pageview","url":"/","order":1,"visitors":1000,"conversionRate":100,"stepConversionRate":100,"dropOff":0,"dropOffRate":0,"medianTimeFromPrevious":null,"revenue":640}]}}`,
	}}}
}

// funnelSteps turns a definition into what the engine matches.
func funnelSteps(f funnel.Funnel) []analytics.FunnelStep {
	out := make([]analytics.FunnelStep, len(f.Steps))
	for i, s := range f.Steps {
		if s.Type == funnel.Goal {
			out[i].Goal = s.GoalName
			continue
		}
		out[i].Hostname, out[i].Path = stepPage(s.URL)
	}
	return out
}

// stepPage splits a step's URL into host and path as pages are stored: no query,
// no trailing slash, decoded. A path alone has no host.
func stepPage(url string) (host, path string) {
	path = url
	if rest, ok := cutScheme(url); ok {
		host, path, _ = strings.Cut(rest, "/")
		path = "/" + path
		host, _, _ = strings.Cut(strings.ToLower(host), ":")
	}
	return host, analytics.StoredPath(path)
}

func cutScheme(url string) (string, bool) {
	for _, scheme := range []string{"https://", "http://"} {
		if rest, ok := strings.CutPrefix(url, scheme); ok {
			return rest, true
		}
	}
	return url, false
}

func (a *Reporting) funnelReport(ctx context.Context, r *Request) (*Response, error) {
	funnelID, err := r.objectID("funnelId")
	if err != nil {
		return nil, err
	}
	var errs fault.List
	q := a.question(r, &errs)
	fq := analytics.FunnelQuery{WebsiteID: q.WebsiteID, Range: q.Range, Filters: q.Filters, IncludeRenewals: q.IncludeRenewals}
	switch by := r.Query.Get("breakdown"); by {
	case "":
	case "referrer":
		fq.Breakdown = analytics.ByReferrer
	case "country":
		fq.Breakdown = analytics.ByCountry
	default:
		errs.Add(fault.Invalid("breakdown", "%.20q is not a breakdown; use referrer or country", by))
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	f, err := a.Funnels.Active(ctx, r.Website.ID, funnelID)
	if err != nil {
		return nil, err
	}
	fq.Steps = funnelSteps(f)
	res, err := within(ctx, func(ctx context.Context) (analytics.FunnelResult, error) { return a.Engine.Funnel(ctx, fq) })
	if err != nil {
		return nil, err
	}
	return OK(funnelReportOf(r, f, res)), nil
}

func funnelReportOf(r *Request, f funnel.Funnel, res analytics.FunnelResult) funnelReport {
	first, last := res.Steps[0], res.Steps[len(res.Steps)-1]
	out := funnelReport{
		Funnel:        funnelHead{ID: f.ID, Name: f.Name, Slug: f.Slug},
		TotalVisitors: first.Visitors, CompletedVisitor: last.Visitors,
		ConversionRate: analytics.Percent(last.Visitors, first.Visitors),
		Revenue:        r.money(last.RevenueMinor), Currency: revenue.Symbol(r.Website.Currency),
	}
	before := first.Visitors
	for i, s := range res.Steps {
		def := f.Steps[i]
		step := funnelStep{
			ID: def.ID, Name: def.Name, Type: string(def.Type), URL: def.URL, GoalName: def.GoalName, Order: i + 1,
			Visitors: s.Visitors, ConversionRate: analytics.Percent(s.Visitors, first.Visitors),
			StepConversionRate: analytics.Percent(s.Visitors, before),
			DropOff:            before - s.Visitors, DropOffRate: analytics.Percent(before-s.Visitors, before),
			Revenue: r.money(s.RevenueMinor),
		}
		if i > 0 && s.MedianMS >= 0 {
			step.MedianTime = &s.MedianMS
		}
		for _, b := range s.Breakdown {
			step.Breakdown = append(step.Breakdown, funnelBreakdown{Value: b.Value, Visitors: b.Visitors, Revenue: r.money(b.RevenueMinor)})
		}
		out.Steps = append(out.Steps, step)
		before = s.Visitors
	}
	return out
}
