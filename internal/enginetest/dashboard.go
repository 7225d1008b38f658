package enginetest

import (
	"time"

	"datafast/internal/analytics"
)

// DashboardQueries are the 19 questions of a dashboard, for benchmarks: totals, their comparison, a series,
// fourteen panels and two filtered panels.
func DashboardQueries(websiteID string, days int) []analytics.Query {
	now := time.Now()
	rng := analytics.LastDays(days, now, time.UTC)
	before := analytics.Range{From: rng.From.Add(-rng.Duration()), To: rng.From}
	base := analytics.Query{WebsiteID: websiteID, Range: rng, Zone: time.UTC, Attribution: analytics.LastNonDirect}
	compared, series := base, base
	compared.Range, series.Interval = before, analytics.Day
	out := []analytics.Query{base, compared, series}
	for _, d := range []analytics.Dimension{
		analytics.ByPage, analytics.ByEntryPage, analytics.ByHostname, analytics.ByExitLink, analytics.ByReferrer, analytics.ByChannel, analytics.ByCampaign,
		analytics.ByCountry, analytics.ByRegion, analytics.ByCity, analytics.ByDevice, analytics.ByBrowser, analytics.ByOS, analytics.ByGoal,
	} {
		q := base
		q.Dimension, q.Limit = d, 10
		out = append(out, q)
	}
	for _, f := range []analytics.Filter{
		{Name: "country", Op: analytics.Is, Values: []string{"de"}},
		{Name: "page", Op: analytics.Is, Values: []string{"/pricing"}},
	} {
		q := base
		q.Dimension, q.Limit, q.Filters = analytics.ByReferrer, 10, []analytics.Filter{f}
		out = append(out, q)
	}
	return out
}
