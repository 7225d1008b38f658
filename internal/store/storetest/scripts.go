package storetest

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/enrich"
	"datafast/internal/event"
	"datafast/internal/id"
	"datafast/internal/place"
	"datafast/internal/revenue"
	"datafast/internal/site"
)

//go:embed testdata/scripts/*.txt
var scripts embed.FS

// runScripts runs every script of testdata/scripts; README.md there explains the
// language.
func runScripts(t *testing.T, open Opener, ids *id.Generator) {
	s := open(t)
	defer closeStore(t, s)
	rates, err := revenue.LoadRates()
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	err = fs.WalkDir(scripts, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := scripts.ReadFile(path)
		if err != nil {
			return err
		}
		for part := range strings.SplitSeq(string(text), "\n== ") {
			name, body, found := strings.Cut(part, "\n")
			if !found || strings.HasPrefix(part, "#") {
				continue
			}
			t.Run(d.Name()+"/"+name, func(t *testing.T) {
				r := &script{t: t, store: s, ids: ids, rates: rates}
				r.run(body)
				asked += r.asked
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d questions asked by scripts", asked)
	if asked < 300 {
		t.Errorf("only %d questions, want at least 300", asked)
	}
}

// script is one scenario: a website, what happened, what is asked.
type script struct {
	t       *testing.T
	store   Store
	ids     *id.Generator
	rates   *revenue.Rates
	website *site.Website
	clock   time.Time
	events  []*event.Event
	loaded  bool
	asked   int
}

func (s *script) run(body string) {
	s.website = &site.Website{ID: s.ids.New(time.Now()), Domain: "shop.example", Timezone: "UTC", Currency: "EUR", IncludeRenewalRevenue: true}
	for line := range strings.SplitSeq(body, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		words := strings.Fields(line)
		switch words[0] {
		case "site":
			s.website.Timezone, s.website.Currency = words[1], words[2]
		case "norenewals":
			s.website.IncludeRenewalRevenue = false
		case "at":
			s.clock = s.time(words[1])
		case "pay":
			s.flush()
			s.pay(words[1:])
		case "identify":
			s.flush()
			s.identify(words[1], words[2])
		case "?":
			s.flush()
			question, want, _ := strings.Cut(line[2:], "->")
			s.ask(strings.Fields(question), strings.TrimSpace(want))
		default:
			s.happen(words)
		}
	}
}

// time reads an absolute time, or a step from the clock such as +5m.
func (s *script) time(word string) time.Time {
	s.t.Helper()
	if step, ok := strings.CutPrefix(word, "+"); ok {
		d, err := time.ParseDuration(step)
		if err != nil {
			s.t.Fatal(err)
		}
		return s.clock.Add(d)
	}
	at, err := time.Parse(time.RFC3339Nano, word)
	if err != nil {
		s.t.Fatal(err)
	}
	return at.UTC()
}

func visitorOf(name string) event.VisitorID {
	var v event.VisitorID
	copy(v[:], name)
	return v.ForceV4()
}

// happen reads "VISITOR WHEN view|goal|link|claim WHAT key=value…".
func (s *script) happen(words []string) {
	s.t.Helper()
	s.clock = s.time(words[1])
	e := &event.Event{
		ID: s.ids.New(time.Now()), WebsiteID: s.website.ID, Time: s.clock, Visitor: visitorOf(words[0]), Hostname: "shop.example", Path: "/", Language: "en",
		System: event.System{Browser: "Chrome", OS: "Linux", Device: "desktop"},
	}
	options := url.Values{}
	for _, w := range words[4:] {
		key, value, _ := strings.Cut(w, "=")
		options.Set(key, strings.ReplaceAll(value, "_", " "))
	}
	set := func(target *string, key string) {
		if options.Has(key) {
			*target = options.Get(key)
		}
	}
	set(&e.System.Browser, "browser")
	set(&e.System.OS, "os")
	set(&e.System.Device, "device")
	set(&e.Place.Country, "country")
	set(&e.Place.Region, "region")
	set(&e.Place.City, "city")
	switch words[2] {
	case "view":
		e.Kind = event.Pageview
		page, ok := enrich.ParsePage("https://"+words[3], "shop.example", false)
		if !ok {
			s.t.Fatalf("%s is no page", words[3])
		}
		e.Hostname, e.Path = page.Hostname, page.Path
		own := func(host string) bool { return strings.HasSuffix(host, "shop.example") }
		e.Origin = enrich.NewOrigins().Of(enrich.CleanReferrer(options.Get("from")), page.Params, own)
	case "goal":
		e.Kind, e.Name = event.Goal, words[3]
		if p := options.Get("plan"); p != "" {
			e.Data = `{"plan":"` + p + `"}`
		}
	case "link":
		e.Kind, e.Name = event.ExternalLink, words[3]
	default:
		s.t.Fatalf("%q is nothing that happens", words[2])
	}
	if n := options.Get("count"); n != "" {
		e.ClientSessions, _ = strconv.Atoi(n)
	}
	s.events = append(s.events, e)
	s.loaded = false
}

func (s *script) flush() {
	s.t.Helper()
	if s.loaded || len(s.events) == 0 {
		return
	}
	if err := s.store.Append(context.Background(), s.events); err != nil {
		s.t.Fatal(err)
	}
	s.events, s.loaded = nil, true
}

// pay reads "VISITOR|- WHEN new|renewal|refund|trial AMOUNT[CUR] key=value…".
func (s *script) pay(words []string) {
	s.t.Helper()
	s.clock = s.time(words[1])
	amount := strings.TrimRight(words[3], "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	currency := strings.TrimPrefix(words[3], amount)
	if currency == "" {
		currency = s.website.Currency
	}
	major, err := strconv.ParseFloat(amount, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	kinds := map[string]revenue.Kind{"new": revenue.New, "renewal": revenue.Renewal, "refund": revenue.Refund, "trial": revenue.Trial}
	p := revenue.Payment{
		Kind: kinds[words[2]], Time: s.clock, Currency: currency, AmountMinor: revenue.Minor(major, currency), TransactionID: s.ids.New(time.Now()),
	}
	if words[0] != "-" {
		p.SentVisitor = visitorOf(words[0])
	}
	for _, w := range words[4:] {
		switch key, value, _ := strings.Cut(w, "="); key {
		case "id":
			p.TransactionID = value
		case "customer":
			p.CustomerID = value
		case "email":
			p.Email = value
		}
	}
	service := revenue.NewService(s.store, s.rates, s.ids, func() time.Time { return s.clock })
	if _, err := service.Record(context.Background(), s.website, p); err != nil {
		s.t.Fatal(err)
	}
}

func (s *script) identify(visitor, user string) {
	s.t.Helper()
	_, _, err := s.store.Identify(context.Background(), analytics.Identity{
		WebsiteID: s.website.ID, Visitor: visitorOf(visitor), UserID: user, ProfileID: s.ids.New(time.Now()), At: s.clock,
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// ask reads "REPORT key=value…", and compares the answer, written in one line.
func (s *script) ask(words []string, want string) {
	s.t.Helper()
	s.asked++
	params := url.Values{}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		params.Add(key, strings.ReplaceAll(value, "_", " "))
	}
	q, err := s.query(words[0], params)
	if err != nil {
		if got := "error " + err.Error(); !strings.HasPrefix(got, want) {
			s.t.Errorf("%s\n got %s\nwant %s", strings.Join(words, " "), got, want)
		}
		return
	}
	res, err := s.store.Run(context.Background(), []analytics.Query{q})
	if err != nil {
		s.t.Fatal(err)
	}
	if got := s.text(q, res[0]); got != want {
		s.t.Errorf("%s\n got %s\nwant %s", strings.Join(words, " "), got, want)
	}
}

// query parses a question as the API does.
func (s *script) query(report string, params url.Values) (analytics.Query, error) {
	q := analytics.Query{WebsiteID: s.website.ID, IncludeRenewals: s.website.IncludeRenewalRevenue}
	var err error
	if q.Zone, err = analytics.ParseZone(strings.ReplaceAll(params.Get("zone"), " ", "_"), s.website.Timezone); err != nil {
		return q, err
	}
	if q.Range, err = analytics.ParseRange("startAt", params.Get("from"), "endAt", params.Get("to"), q.Zone); err != nil {
		return q, err
	}
	if q.Attribution, err = analytics.ParseAttribution(strings.ReplaceAll(params.Get("attribution"), " ", "_"), ""); err != nil {
		return q, err
	}
	filters := url.Values{}
	for key, values := range params {
		if strings.HasPrefix(key, "filter_") {
			for _, v := range values {
				v = strings.Replace(v, "is not:", "is_not:", 1)
				filters.Add(key, strings.Replace(v, "does not contain:", "does_not_contain:", 1))
			}
		}
	}
	if q.Filters, err = analytics.ParseFilters(filters); err != nil {
		return q, err
	}
	switch report {
	case "overview":
	case "hour", "day", "week", "month":
		q.Interval, err = analytics.ParseInterval(report)
	default:
		q.Dimension = analytics.Dimension(report)
	}
	return q, err
}

// text writes an answer in one line.
func (s *script) text(q analytics.Query, res analytics.Result) string {
	var parts []string
	for _, r := range res.Rows {
		money := revenue.Major(r.RevenueMinor(q.IncludeRenewals), s.website.Currency)
		payments := r.CountedPayments(q.IncludeRenewals)
		switch {
		case q.Dimension == analytics.ByGoal || q.Dimension == analytics.ByExitLink:
			parts = append(parts, fmt.Sprintf("%s %d/%d", r.Keys[0], r.Completions, r.Visitors))
		case q.Dimension != analytics.ByNothing:
			parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %d %s", shownKeys(q, r), r.Visitors, moneyText(money, payments))))
		case q.Interval != analytics.NoInterval:
			if r.Totals != (analytics.Totals{}) {
				parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s v%d s%d p%d %s", r.Bucket.In(q.Zone).Format("01-02T15:04Z07:00"), r.Visitors, r.Sessions, r.Pageviews, moneyText(money, payments))))
			}
		default:
			parts = append(parts, strings.TrimSpace(fmt.Sprintf("v%d s%d p%d bounce=%v avg=%v conv=%v %s", r.Visitors, r.Sessions, r.Pageviews,
				r.BounceRate(), r.AvgSessionDuration(), r.ConversionRate(), moneyText(money, payments))))
		}
	}
	if u := res.Unattributed; u != (analytics.Totals{}) {
		parts = append(parts, "unattributed "+moneyText(revenue.Major(u.RevenueMinor(q.IncludeRenewals), s.website.Currency), u.CountedPayments(q.IncludeRenewals)))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, "; ")
}

func shownKeys(q analytics.Query, r analytics.Row) string {
	switch q.Dimension {
	case analytics.ByCountry:
		return place.CountryName(r.Keys[0])
	case analytics.ByRegion:
		return place.RegionName(r.Keys[0])
	case analytics.ByCampaign:
		return strings.Trim(strings.Join(r.Keys, "|"), "|")
	}
	return strings.Join(r.Keys, "")
}

// moneyText is "€amount/payments", nothing without either.
func moneyText(money float64, payments int64) string {
	if money == 0 && payments == 0 {
		return ""
	}
	return fmt.Sprintf("€%v/%d", money, payments)
}
