package api

import (
	"context"
	"slices"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/fault"
	"datafast/internal/revenue"
)

// timeseriesRow documents a bucket; fields choose its keys.
type timeseriesRow struct {
	Visitors       int64            `json:"visitors"`
	Name           string           `json:"name" doc:"Label: 02 Jan, 14:00, Jan 2026"`
	Revenue        float64          `json:"revenue" doc:"New and renewal money, refunds not subtracted"`
	Breakdown      revenueBreakdown `json:"revenueBreakdown"`
	Payments       int64            `json:"payments"`
	ConversionRate float64          `json:"conversion_rate" doc:"Revenue per visitor"`
	Timestamp      string           `json:"timestamp" doc:"Start of the bucket with the zone's offset"`
}

type revenueBreakdown struct {
	New     float64 `json:"new"`
	Renewal float64 `json:"renewal"`
	Refund  float64 `json:"refund"`
}

type timeseriesExtra struct {
	Fields   []string       `json:"fields"`
	Interval string         `json:"interval"`
	Timezone string         `json:"timezone"`
	Currency *string        `json:"currency"`
	Totals   map[string]any `json:"totals"`
}

func timeseriesFields() []string {
	return []string{
		"name", "visitors", "sessions", "revenue", "payments", "conversion_rate",
		"bounce_rate", "avg_session_duration", "pageviews",
	}
}

func (a *Reporting) timeseriesRoutes() []Route {
	return []Route{{Method: "GET", Path: "/api/v1/analytics/timeseries", Rule: reads(), Handle: a.timeseries, Doc: Doc{
		ID: "getTimeseries", Tag: "Analytics", Summary: "Numbers by hour, day, week or month",
		Description: "Every bucket of the window is there, oldest first. Without dates: hour the last 24 hours, day and week the last 30 days, month the last 12 months. A range within one day is given by hour.",
		Query: append(append(rangeParams(
			Param{Name: "fields", Required: true, Description: "Comma-separated: name, visitors, sessions, revenue, payments, conversion_rate, bounce_rate, avg_session_duration, pageviews."},
			Param{Name: "interval", Enum: []string{"hour", "day", "week", "month"}, Description: "Default day."},
		), pageParams("1000")...), filterParams()...),
		Data: []timeseriesRow{}, Extra: timeseriesExtra{}, Paged: true,
		Example: `{"status":"success","fields":["visitors","revenue","payments","name"],"interval":"day","timezone":"Europe/Bucharest","currency":"€","totals":{"visitors":402,"revenue":310,"revenueBreakdown":{"new":310,"renewal":0,"refund":0},"payments":5},"data":[{"visitors":402,"name":"18 May","revenue":310,"revenueBreakdown":{"new":310,"renewal":0,"refund":0},"payments":5,"timestamp":"2026-05-18T00:00:00+03:00"}],"pagination":{"limit":100,"offset":0,"total":1,"hasMore":false}}`,
	}}}
}

func (a *Reporting) timeseries(ctx context.Context, r *Request) (*Response, error) {
	q, fields, limit, offset, err := a.timeseriesQuery(r)
	if err != nil {
		return nil, err
	}
	money := anyOf(fields, "revenue", "payments", "conversion_rate")
	q.SkipMoney = !money
	res, err := a.run(ctx, q)
	if err != nil {
		return nil, err
	}
	page := res.Rows[min(offset, len(res.Rows)):]
	page = page[:min(limit, len(page))]
	severalDays := !q.Range.SameDay(q.Zone)
	rows := make([]ordered, len(page))
	for i, b := range page {
		row := seriesValues(r, b.Totals, fields)
		local := b.Bucket.In(q.Zone)
		if at := slices.IndexFunc(row, func(f Field) bool { return f.Name == "name" }); at >= 0 {
			row[at].Value = bucketName(q.Interval, local, severalDays)
		}
		rows[i] = append(row, Field{"timestamp", local.Format("2006-01-02T15:04:05Z07:00")})
	}
	if wantsCSV(r) {
		return csvResponse(rows), nil
	}
	var symbol *string
	if money {
		s := revenue.Symbol(r.Website.Currency)
		symbol = &s
	}
	totals := slices.DeleteFunc(seriesValues(r, res.Totals, fields), func(f Field) bool { return f.Name == "name" })
	return &Response{
		Data: rows, Pagination: Page(limit, offset, res.Total, len(rows)),
		Extra: []Field{
			{"fields", fields},
			{"interval", string(q.Interval)},
			{"timezone", q.Zone.String()},
			{"currency", symbol},
			{"totals", totals},
		},
	}, nil
}

// timeseriesQuery reads the parameters; fields are the effective ones in order.
func (a *Reporting) timeseriesQuery(r *Request) (q analytics.Query, fields []string, limit, offset int, err error) {
	var errs fault.List
	q = a.question(r, &errs)
	q.Interval = analytics.Day
	if s := r.Query.Get("interval"); s != "" {
		q.Interval, err = analytics.ParseInterval(s)
		errs.Add(err)
	}
	fields, err = fieldList(r, timeseriesFields()...)
	errs.Add(err)
	if err == nil && fields == nil {
		errs.Add(fault.Invalid("fields", "is required; name some of %s", joinComma(timeseriesFields())))
	}
	limit, offset, err = r.Paging(100, 1000)
	errs.Add(err)
	if err := errs.Err(); err != nil {
		return q, nil, 0, 0, err
	}
	if q.Range.IsAll() {
		q.Range = analytics.DefaultRange(q.Interval, a.Now(), q.Zone)
	} else if q.Range.SameDay(q.Zone) {
		q.Interval = analytics.Hour
	}
	if slices.Contains(fields, "revenue") && !slices.Contains(fields, "payments") {
		fields = append(fields, "payments") // 8.2.5
	}
	if !slices.Contains(fields, "name") {
		fields = append(fields, "name") // 8.2.2
	}
	return q, fields, limit, offset, nil
}

// seriesValues are the values of a bucket or of the totals; revenue brings its
// breakdown, and name is left for the caller.
func seriesValues(r *Request, t analytics.Totals, fields []string) ordered {
	gross := r.money(t.NewMinor + t.RenewalMinor)
	row := make(ordered, 0, len(fields)+2)
	for _, f := range fields {
		var v any
		switch f {
		case "visitors":
			v = t.Visitors
		case "sessions":
			v = t.Sessions
		case "pageviews":
			v = t.Pageviews
		case "bounce_rate":
			v = t.BounceRate()
		case "avg_session_duration":
			v = t.AvgSessionDuration()
		case "payments":
			v = t.CountedPayments(r.Website.IncludeRenewalRevenue)
		case "conversion_rate":
			v = monetaryConversion(r, t)
		case "revenue":
			row = append(row, Field{f, gross}, Field{"revenueBreakdown", revenueBreakdown{
				New: r.money(t.NewMinor), Renewal: r.money(t.RenewalMinor), Refund: r.money(t.RefundMinor),
			}})
			continue
		}
		row = append(row, Field{f, v})
	}
	return row
}

// monetaryConversion is the time series' conversion_rate: money per visitor, with
// renewals under the website's setting (8.2.9), unlike overview's percentage.
func monetaryConversion(r *Request, t analytics.Totals) float64 {
	minor := t.NewMinor
	if r.Website.IncludeRenewalRevenue {
		minor += t.RenewalMinor
	}
	return perVisitor(r.money(minor), t.Visitors)
}

// bucketName is the label of a bucket (8.2.3).
func bucketName(i analytics.Interval, local time.Time, severalDays bool) string {
	switch {
	case i == analytics.Month:
		return local.Format("Jan 2006")
	case i == analytics.Hour && severalDays:
		return local.Format("02 Jan 15:04")
	case i == analytics.Hour:
		return local.Format("15:04")
	}
	return local.Format("02 Jan")
}
