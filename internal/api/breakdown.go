package api

import (
	"context"
	"slices"
	"strings"

	"datafast/internal/analytics"
	"datafast/internal/fault"
	"datafast/internal/place"
)

// breakdown is one report of api.md §8.4.
type breakdown struct {
	path      string
	id        string
	summary   string
	dimension analytics.Dimension
	keys      []string // names of the keys in a row
	aliases   []string // further names of the key in fields
	example   string   // a row
}

func breakdowns() []breakdown {
	return []breakdown{
		{path: "pages", id: "getPages", summary: "Pages", dimension: analytics.ByPage, keys: []string{"hostname", "path"}, example: `"hostname":"shop.example","path":"/pricing"`},
		{path: "entry-pages", id: "getEntryPages", summary: "Entry pages", dimension: analytics.ByEntryPage, keys: []string{"hostname", "path"}, example: `"hostname":"shop.example","path":"/"`},
		{path: "hostnames", id: "getHostnames", summary: "Hostnames", dimension: analytics.ByHostname, keys: []string{"hostname"}, example: `"hostname":"shop.example"`},
		{path: "referrers", id: "getReferrers", summary: "Referrers", dimension: analytics.ByReferrer, keys: []string{"referrer"}, example: `"referrer":"Google"`},
		{path: "channels", id: "getChannels", summary: "Channels", dimension: analytics.ByChannel, keys: []string{"channel"}, example: `"channel":"Organic search"`},
		{path: "countries", id: "getCountries", summary: "Countries", dimension: analytics.ByCountry, keys: []string{"country"}, example: `"country":"France","image":"https://stats.example.com/flags/FR.svg"`},
		{path: "regions", id: "getRegions", summary: "Regions", dimension: analytics.ByRegion, keys: []string{"region"}, example: `"region":"Île-de-France"`},
		{path: "cities", id: "getCities", summary: "Cities", dimension: analytics.ByCity, keys: []string{"city"}, example: `"city":"Paris"`},
		{path: "devices", id: "getDevices", summary: "Devices", dimension: analytics.ByDevice, keys: []string{"device"}, example: `"device":"desktop"`},
		{path: "browsers", id: "getBrowsers", summary: "Browsers", dimension: analytics.ByBrowser, keys: []string{"browser"}, example: `"browser":"Chrome"`},
		{path: "operating-systems", id: "getOperatingSystems", summary: "Operating systems", dimension: analytics.ByOS, keys: []string{"operating_system"}, aliases: []string{"os"}, example: `"operating_system":"Mac OS"`},
		{path: "os", id: "getOS", summary: "Operating systems, by the short path", dimension: analytics.ByOS, keys: []string{"operating_system"}, aliases: []string{"os"}, example: `"operating_system":"Mac OS"`},
	}
}

// breakdownRow documents the numbers of a row; the dimension's keys stand before.
type breakdownRow struct {
	Visitors int64   `json:"visitors"`
	Revenue  float64 `json:"revenue"`
	Payments int64   `json:"payments"`
}

type breakdownExtra struct {
	Meta *breakdownMeta `json:"meta,omitempty"`
}

// breakdownMeta holds the money that is in no row.
type breakdownMeta struct {
	Unattributed unattributedMoney `json:"unattributed"`
}

type unattributedMoney struct {
	Revenue  float64 `json:"revenue"`
	Payments int64   `json:"payments"`
}

func metricFields() []string { return []string{"visitors", "revenue", "payments"} }

func (a *Reporting) breakdownRoutes() []Route {
	var out []Route
	for _, b := range breakdowns() {
		valid := append(append(slices.Clone(b.keys), b.aliases...), metricFields()...)
		out = append(out, Route{Method: "GET", Path: "/api/v1/analytics/" + b.path, Rule: reads(), Handle: a.breakdown(b), Doc: Doc{
			ID: b.id, Tag: "Analytics", Summary: b.summary + " by visitors",
			Description: "A visitor counts once in every row they appear in. Without dates: all time. `meta.unattributed` is the money to which no session can be given.",
			Query:       append(append(rangeParams(fieldsParam(valid...)), pageParams("1000")...), filterParams()...),
			Data:        []breakdownRow{}, Extra: breakdownExtra{}, Paged: true,
			Example: `{"status":"success","data":[{` + b.example + `,"visitors":910,"revenue":1480,"payments":12}],"pagination":{"limit":100,"offset":0,"total":1,"hasMore":false}}`,
		}})
	}
	return append(out, a.campaignRoute(), a.exitClicksRoute())
}

func (a *Reporting) breakdown(b breakdown) Handler {
	valid := append(append(slices.Clone(b.keys), b.aliases...), metricFields()...)
	if b.dimension == analytics.ByCountry {
		valid = append(valid, "image")
	}
	return func(ctx context.Context, r *Request) (*Response, error) {
		return a.rows(ctx, r, b.dimension, valid, nil, func(row analytics.Row) ordered { return a.keysOf(b, row) })
	}
}

// keysOf are a row's keys as the wire has them.
func (a *Reporting) keysOf(b breakdown, row analytics.Row) ordered {
	switch b.dimension {
	case analytics.ByCountry:
		return ordered{{"country", place.CountryName(row.Keys[0])}, {"image", a.flag(row.Keys[0])}}
	case analytics.ByRegion:
		return ordered{{"region", place.RegionName(row.Keys[0])}}
	}
	keys := make(ordered, len(b.keys))
	for i, name := range b.keys {
		keys[i] = Field{name, row.Keys[i]}
	}
	return keys
}

// flag is the absolute address of a country's flag; a blank one for unknown.
func (a *Reporting) flag(code string) string {
	if place.CountryName(code) == place.Unknown {
		code = "_unknown"
	}
	return a.BaseURL + "/flags/" + code + ".svg"
}

// rows answers a breakdown with money. campaign lists the keys to group by, for
// that dimension alone.
func (a *Reporting) rows(ctx context.Context, r *Request, d analytics.Dimension, valid, campaign []string, keys func(analytics.Row) ordered) (*Response, error) {
	var errs fault.List
	q := a.question(r, &errs)
	fields, err := fieldList(r, valid...)
	errs.Add(err)
	limit, offset, err := r.Paging(100, 1000)
	errs.Add(err)
	if err := errs.Err(); err != nil {
		return nil, err
	}
	q.Dimension, q.CampaignKeys, q.Limit, q.Offset = d, campaign, limit, offset
	metrics := metricsOf(fields, metricFields())
	res, err := a.run(ctx, q)
	if err != nil {
		return nil, err
	}
	out := make([]ordered, len(res.Rows))
	for i, row := range res.Rows {
		out[i] = keys(row)
		for _, m := range metrics {
			var v any = row.Visitors
			switch m {
			case "revenue":
				v = r.money(row.RevenueMinor(q.IncludeRenewals))
			case "payments":
				v = row.CountedPayments(q.IncludeRenewals)
			}
			out[i] = append(out[i], Field{m, v})
		}
	}
	if wantsCSV(r) {
		return csvResponse(out), nil
	}
	resp := &Response{Data: out, Pagination: Page(limit, offset, res.Total, len(out))}
	if u := res.Unattributed; u.RevenueMinor(q.IncludeRenewals) != 0 || u.CountedPayments(q.IncludeRenewals) != 0 {
		resp.Extra = []Field{{"meta", breakdownMeta{unattributedMoney{
			Revenue: r.money(u.RevenueMinor(q.IncludeRenewals)), Payments: u.CountedPayments(q.IncludeRenewals),
		}}}}
	}
	return resp, nil
}

// metricsOf keeps the metrics among the asked fields, in the asked order; all
// when no fields, or only keys, are asked for.
func metricsOf(fields, metrics []string) []string {
	if fields == nil {
		return metrics
	}
	var out []string
	for _, f := range fields {
		if slices.Contains(metrics, f) {
			out = append(out, f)
		}
	}
	return out
}

type campaignRow struct {
	Campaign map[string]string `json:"campaign"`
	breakdownRow
}

func (a *Reporting) campaignRoute() Route {
	valid := append(append([]string{"campaign"}, analytics.CampaignKeys()...), metricFields()...)
	return Route{Method: "GET", Path: "/api/v1/analytics/campaigns", Rule: reads(), Doc: Doc{
		ID: "getCampaigns", Tag: "Analytics", Summary: "Campaigns by visitors",
		Description: "All eight URL parameters are in `campaign`, empty when absent; sessions with none are left out. Naming some of the eight in `fields` groups by those.",
		Query:       append(append(rangeParams(fieldsParam(valid...)), pageParams("1000")...), filterParams()...),
		Data:        []campaignRow{}, Extra: breakdownExtra{}, Paged: true,
		Example: `{"status":"success","data":[{"campaign":{"utm_source":"newsletter","utm_medium":"email","utm_campaign":"spring","utm_term":"","utm_content":"","ref":"","source":"","via":""},"visitors":120,"revenue":640,"payments":4}],"pagination":{"limit":100,"offset":0,"total":1,"hasMore":false}}`,
	}, Handle: func(ctx context.Context, r *Request) (*Response, error) {
		asked, err := fieldList(r, valid...)
		if err != nil {
			return nil, err
		}
		keys := metricsOf(asked, analytics.CampaignKeys())
		if len(keys) == 0 || slices.Contains(asked, "campaign") {
			keys = analytics.CampaignKeys()
		}
		return a.rows(ctx, r, analytics.ByCampaign, valid, keys, func(row analytics.Row) ordered {
			c := make(ordered, len(keys))
			for i, name := range keys {
				c[i] = Field{name, row.Keys[i]}
			}
			return ordered{{"campaign", c}}
		})
	}}
}

type exitClickRow struct {
	URL      string `json:"url"`
	Visitors int64  `json:"visitors"`
	Clicks   int64  `json:"clicks"`
}

func (a *Reporting) exitClicksRoute() Route {
	return Route{Method: "GET", Path: "/api/v1/analytics/exit-clicks", Rule: reads(), Doc: Doc{
		ID: "getExitClicks", Tag: "Analytics", Summary: "External links by visitors who followed them",
		Query: append(append(rangeParams(fieldsParam("url", "visitors", "clicks")), pageParams("1000")...), filterParams()...),
		Data:  []exitClickRow{}, Paged: true,
		Example: `{"status":"success","data":[{"url":"https://partner.example/offer?id=7","visitors":41,"clicks":52}],"pagination":{"limit":100,"offset":0,"total":1,"hasMore":false}}`,
	}, Handle: a.counted(analytics.ByExitLink, "url", []string{"url", "visitors", "clicks"}, "clicks")}
}

// counted answers a breakdown of things that happen: goals and exit links. The
// row has its key, then the metrics in the asked order.
func (a *Reporting) counted(d analytics.Dimension, key string, valid []string, times string) Handler {
	return func(ctx context.Context, r *Request) (*Response, error) {
		var errs fault.List
		q := a.question(r, &errs)
		fields, err := fieldList(r, valid...)
		errs.Add(err)
		limit, offset, err := r.Paging(100, 1000)
		errs.Add(err)
		if err := errs.Err(); err != nil {
			return nil, err
		}
		q.Dimension, q.Limit, q.Offset, q.SkipMoney = d, limit, offset, true
		res, err := a.run(ctx, q)
		if err != nil {
			return nil, err
		}
		metrics := metricsOf(fields, valid[1:])
		out := make([]ordered, len(res.Rows))
		for i, row := range res.Rows {
			out[i] = ordered{{key, row.Keys[0]}}
			for _, m := range metrics {
				v := row.Visitors
				if m == times {
					v = row.Completions
				}
				out[i] = append(out[i], Field{m, v})
			}
		}
		if wantsCSV(r) {
			return csvResponse(out), nil
		}
		return &Response{Data: out, Pagination: Page(limit, offset, res.Total, len(out))}, nil
	}
}

func joinComma(list []string) string { return strings.Join(list, ", ") }
