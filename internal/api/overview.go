package api

import (
	"context"

	"datafast/internal/analytics"
	"datafast/internal/fault"
	"datafast/internal/revenue"
)

// overviewRow documents the answer; fields choose its keys.
type overviewRow struct {
	Visitors           int64   `json:"visitors" doc:"Distinct visitors with a page view or goal"`
	Sessions           int64   `json:"sessions" doc:"Sessions with a page view that start in the period"`
	BounceRate         float64 `json:"bounce_rate" doc:"Percent of sessions with one page view, no goal and no payment"`
	AvgSessionDuration float64 `json:"avg_session_duration" doc:"Milliseconds, bounces counting 0"`
	Currency           string  `json:"currency" doc:"Symbol"`
	Revenue            float64 `json:"revenue" doc:"Payments less refunds, major units"`
	Payments           int64   `json:"payments"`
	RevenuePerVisitor  float64 `json:"revenue_per_visitor"`
	ConversionRate     float64 `json:"conversion_rate" doc:"Percent of visitors with a new payment"`
}

func overviewFields() []string {
	return []string{
		"visitors", "sessions", "bounce_rate", "avg_session_duration", "currency", "revenue", "payments",
		"revenue_per_visitor", "conversion_rate", "pageviews",
	}
}

func (a *Reporting) overviewRoutes() []Route {
	return []Route{{Method: "GET", Path: "/api/v1/analytics/overview", Rule: reads(), Handle: a.overview, Doc: Doc{
		ID: "getOverview", Tag: "Analytics", Summary: "Totals of a period",
		Description: "Without dates: all time. `pageviews` comes when asked for in `fields`.",
		Query:       append(rangeParams(fieldsParam(overviewFields()...)), filterParams()...),
		Data:        []overviewRow{},
		Example:     `{"status":"success","data":[{"visitors":8421,"sessions":11290,"bounce_rate":61.4,"avg_session_duration":184250.5,"currency":"$","revenue":19240.5,"payments":131,"revenue_per_visitor":2.28,"conversion_rate":1.56}]}`,
	}}}
}

func (a *Reporting) overview(ctx context.Context, r *Request) (*Response, error) {
	var errs fault.List
	q := a.question(r, &errs)
	fields, err := fieldList(r, overviewFields()...)
	errs.Add(err)
	if err := errs.Err(); err != nil {
		return nil, err
	}
	if fields == nil {
		fields = overviewFields()
		fields = fields[:len(fields)-1] // pageviews only when asked for
	}
	q.SkipMoney = !anyOf(fields, "revenue", "payments", "revenue_per_visitor", "conversion_rate")
	res, err := a.run(ctx, q)
	if err != nil {
		return nil, err
	}
	return One(a.overviewData(r, res.Rows[0].Totals, fields)), nil
}

func (a *Reporting) overviewData(r *Request, t analytics.Totals, fields []string) ordered {
	money := r.money(t.RevenueMinor(r.Website.IncludeRenewalRevenue))
	row := make(ordered, 0, len(fields))
	for _, f := range fields {
		var v any
		switch f {
		case "visitors":
			v = t.Visitors
		case "sessions":
			v = t.Sessions
		case "bounce_rate":
			v = t.BounceRate()
		case "avg_session_duration":
			v = t.AvgSessionDuration()
		case "currency":
			v = revenue.Symbol(r.Website.Currency)
		case "revenue":
			v = money
		case "payments":
			v = t.CountedPayments(r.Website.IncludeRenewalRevenue)
		case "revenue_per_visitor":
			v = perVisitor(money, t.Visitors)
		case "conversion_rate":
			v = t.ConversionRate()
		case "pageviews":
			v = t.Pageviews
		}
		row = append(row, Field{f, v})
	}
	return row
}

// perVisitor divides money by visitors, two decimals; 0 without visitors.
func perVisitor(money float64, visitors int64) float64 {
	if visitors == 0 {
		return 0
	}
	return analytics.Round2(money / float64(visitors))
}

func anyOf(list []string, names ...string) bool {
	for _, have := range list {
		for _, n := range names {
			if have == n {
				return true
			}
		}
	}
	return false
}
