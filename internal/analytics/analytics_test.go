package analytics_test

import (
	"math"
	"net/url"
	"testing"
	"time"

	"pgregory.net/rapid"

	"datafast/internal/analytics"
	"datafast/internal/event"
)

func zones() []string {
	return []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Adelaide", "America/Sao_Paulo", "Africa/Cairo", "Pacific/Apia", "America/Havana"}
}

// TestBuckets_tile: buckets follow each other without a gap, cover the range, and
// hold their own start, also where the clock changes.
func TestBuckets_tile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones()).Draw(rt, "zone"))
		if err != nil {
			rt.Fatal(err)
		}
		interval := rapid.SampledFrom([]analytics.Interval{analytics.Hour, analytics.Day, analytics.Week, analytics.Month}).Draw(rt, "interval")
		from := time.Date(2011, 12, 20, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 15*366*24*60).Draw(rt, "minute")) * time.Minute)
		r := analytics.Range{From: from, To: from.Add(time.Duration(rapid.IntRange(1, 24*90).Draw(rt, "hours")) * time.Hour)}
		buckets := analytics.Buckets(interval, r, zone)
		if len(buckets) == 0 || buckets[0].After(r.From) {
			rt.Fatalf("the first bucket %v starts after %v", buckets, r.From)
		}
		for i, b := range buckets {
			if got := analytics.BucketStart(interval, b, zone); !got.Equal(b) {
				rt.Fatalf("bucket %v starts at %v", b, got)
			}
			next := r.To
			if i+1 < len(buckets) {
				next = buckets[i+1]
			}
			last := next.Add(-time.Millisecond)
			if got := analytics.BucketStart(interval, last, zone); !got.Equal(b) {
				rt.Fatalf("%v lies in bucket %v, want %v", last.In(zone), got.In(zone), b.In(zone))
			}
		}
	})
}

func TestDefaultRange(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 5, 21, 9, 30, 0, 0, time.UTC)
	for interval, want := range map[analytics.Interval][3]string{
		analytics.Hour:  {"2026-05-20T12:00:00+02:00", "2026-05-21T12:00:00+02:00", "24"},
		analytics.Day:   {"2026-04-22T00:00:00+02:00", "2026-05-22T00:00:00+02:00", "30"},
		analytics.Month: {"2025-06-01T00:00:00+02:00", "2026-05-22T00:00:00+02:00", "12"},
	} {
		r := analytics.DefaultRange(interval, now, zone)
		if got := r.From.In(zone).Format(time.RFC3339); got != want[0] {
			t.Errorf("%s starts %s, want %s", interval, got, want[0])
		}
		if got := r.To.In(zone).Format(time.RFC3339); got != want[1] {
			t.Errorf("%s ends %s, want %s", interval, got, want[1])
		}
		if n := len(analytics.Buckets(interval, r, zone)); interval != analytics.Week && want[2] != "" && want[2] != itoa(n) {
			t.Errorf("%s has %d buckets, want %s", interval, n, want[2])
		}
	}
}

func itoa(n int) string {
	return string(rune('0'+n/10)) + string(rune('0'+n%10))
}

// TestLikelihood checks the model's parts by hand: a value whose visitors convert
// at twice the rate raises the score, one without data changes nothing.
func TestLikelihood(t *testing.T) {
	t.Parallel()
	m := &analytics.LikelihoodModel{
		All: analytics.LikelihoodCount{Visitors: 10_000, Customers: 100, MeanMinor: 5000},
		ByValue: map[analytics.Dimension]map[string]analytics.LikelihoodCount{
			analytics.ByDevice:  {"desktop": {Visitors: 2000, Customers: 40, MeanMinor: 6000}, "tablet": {Visitors: 10, Customers: 5}},
			analytics.ByCountry: {"DE": {Visitors: 1000, Customers: 2, MeanMinor: 9000}},
		},
	}
	if !m.Ready() {
		t.Fatal("100 customers make no model")
	}
	nobody := m.Predict(&event.Session{})
	if nobody.Score != 50 || math.Abs(nobody.ConversionRate-0.01) > 1e-12 || nobody.Confidence != 0 || len(nobody.Matches) != 0 {
		t.Errorf("baseline %+v", nobody)
	}
	desktop := m.Predict(&event.Session{System: event.System{Device: "desktop"}})
	w := 2000.0 / 2200
	r := (40 + 200*0.01) / 2200
	logit := func(p float64) float64 { return math.Log(p / (1 - p)) }
	rate := 1 / (1 + math.Exp(-(logit(0.01) + 0.6*w*(logit(r)-logit(0.01)))))
	value := (5000 + w*6000) / (1 + w)
	if math.Abs(desktop.ConversionRate-rate) > 1e-9 || math.Abs(desktop.AverageMinor-value) > 1e-6 || math.Abs(desktop.Confidence-w/5) > 1e-9 {
		t.Errorf("desktop %+v, want rate %v value %v", desktop, rate, value)
	}
	if want := int(math.Round(50 * rate * value / (0.01 * 5000))); desktop.Score != min(want, 99) {
		t.Errorf("score %d, want %d", desktop.Score, want)
	}
	germany := m.Predict(&event.Session{Place: event.Place{Country: "DE"}})
	if germany.ConversionRate >= 0.01 || germany.AverageMinor >= 5001 {
		t.Errorf("two customers of a thousand: %+v; their mean payment counts only from five customers on", germany)
	}
	if (&analytics.LikelihoodModel{All: analytics.LikelihoodCount{Customers: 19}}).Ready() {
		t.Error("19 customers make a model")
	}
}

func FuzzParseFilters(f *testing.F) {
	f.Add("filter_page", `contains:/a\,b,/c`)
	f.Add("country", "US,,Germany")
	f.Fuzz(func(t *testing.T, name, value string) {
		filters, err := analytics.ParseFilters(url.Values{name: {value}})
		if err != nil && len(filters) > 0 {
			t.Errorf("%s=%s: filters and an error", name, value)
		}
		for _, flt := range filters {
			if len(flt.Values) == 0 || len(flt.Values) > 500 {
				t.Errorf("%s=%s: %d values", name, value, len(flt.Values))
			}
		}
	})
}

func FuzzParseRange(f *testing.F) {
	f.Add("2026-05-01", "2026-05-21", "Europe/Berlin")
	f.Add("2026-05-01T00:00:00Z", "2026-05-21T23:59:59.999Z", "Asia/Calcutta")
	f.Fuzz(func(t *testing.T, start, end, name string) {
		zone, err := analytics.ParseZone(name, "UTC")
		if err != nil {
			return
		}
		r, err := analytics.ParseRange("startAt", start, "endAt", end, zone)
		if err == nil && !r.IsAll() && !r.From.Before(r.To) {
			t.Errorf("%s to %s: %v", start, end, r)
		}
	})
}
