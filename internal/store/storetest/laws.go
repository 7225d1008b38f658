package storetest

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"datafast/internal/analytics"
	"datafast/internal/id"
)

// laws are what must hold between answers, whatever happened on a website.
func laws(t *testing.T, open Opener, ids *id.Generator) {
	s := open(t)
	defer closeStore(t, s)
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt, ids)
		load(rt, s, w)
		ask := func(q analytics.Query) analytics.Result {
			res, err := s.Run(context.Background(), []analytics.Query{q})
			if err != nil {
				rt.Fatalf("Run: %v", err)
			}
			return res[0]
		}
		q := w.drawQuery(rt)
		q.Dimension, q.Interval = analytics.ByNothing, analytics.NoInterval
		total := ask(q).Rows[0].Totals

		narrower := q
		narrower.Filters = append(append([]analytics.Filter(nil), q.Filters...), drawFilter(rt))
		if got := ask(narrower).Rows[0].Visitors; got > total.Visitors {
			rt.Fatalf("a further filter raised visitors from %d to %d", total.Visitors, got)
		}
		moneyAddsUp(rt, ask, q, total)
		if !q.Range.IsAll() {
			seriesAddsUp(rt, ask, q, total)
		}
		funnelsFall(rt, s, w)
	})
}

// moneyAddsUp: the rows of a session dimension and the money without a session
// are the overview's money, to the cent.
func moneyAddsUp(rt *rapid.T, ask func(analytics.Query) analytics.Result, q analytics.Query, total analytics.Totals) {
	q.Dimension = pickFrom(rt, "session dimension", []analytics.Dimension{
		analytics.ByReferrer, analytics.ByChannel, analytics.ByCountry, analytics.ByRegion, analytics.ByCity,
		analytics.ByDevice, analytics.ByBrowser, analytics.ByOS, analytics.ByEntryPage,
	})
	res := ask(q)
	revenue, payments := res.Unattributed.RevenueMinor(q.IncludeRenewals), res.Unattributed.CountedPayments(q.IncludeRenewals)
	for _, r := range res.Rows {
		revenue += r.RevenueMinor(q.IncludeRenewals)
		payments += r.CountedPayments(q.IncludeRenewals)
	}
	if revenue != total.RevenueMinor(q.IncludeRenewals) || payments != total.CountedPayments(q.IncludeRenewals) {
		rt.Fatalf("by %s: %d in %d payments, overview has %d in %d", q.Dimension, revenue, payments,
			total.RevenueMinor(q.IncludeRenewals), total.CountedPayments(q.IncludeRenewals))
	}
}

// seriesAddsUp: sessions, page views and money of the buckets are those of the
// range; the totals of the series are the overview.
func seriesAddsUp(rt *rapid.T, ask func(analytics.Query) analytics.Result, q analytics.Query, total analytics.Totals) {
	q.Interval = analytics.Day
	res := ask(q)
	if res.Totals != total {
		rt.Fatalf("totals of the series %+v, overview %+v", res.Totals, total)
	}
	var sum analytics.Totals
	for _, r := range res.Rows {
		if r.Visitors > total.Visitors {
			rt.Fatalf("a bucket has more visitors than the range")
		}
		sum.Sessions += r.Sessions
		sum.Pageviews += r.Pageviews
		sum.NewMinor += r.NewMinor
		sum.RefundMinor += r.RefundMinor
	}
	if sum.Sessions != total.Sessions || sum.Pageviews != total.Pageviews || sum.NewMinor != total.NewMinor || sum.RefundMinor != total.RefundMinor {
		rt.Fatalf("buckets add up to %+v, the range has %+v", sum, total)
	}
}

// funnelsFall: no step has more visitors than the one before.
func funnelsFall(rt *rapid.T, s Store, w *world) {
	res, err := s.Funnel(context.Background(), w.drawFunnel(rt))
	if err != nil {
		rt.Fatalf("Funnel: %v", err)
	}
	for i := 1; i < len(res.Steps); i++ {
		if res.Steps[i].Visitors > res.Steps[i-1].Visitors {
			rt.Fatalf("step %d has %d visitors, step %d has %d", i+1, res.Steps[i].Visitors, i, res.Steps[i-1].Visitors)
		}
	}
}
