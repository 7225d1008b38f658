// Package demo makes up the traffic of a believable shop: a daily and weekly
// rhythm, campaigns, returning visitors, goals, payments. The demo is filled from
// it, and the benchmarks of reports are.
//
// Read Options, then Days and Hit. The same seed gives the same traffic.
//
// It may import event and enrich. Nobody in it exists.
package demo

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"datafast/internal/event"
)

// Options say how much traffic there is.
type Options struct {
	Seed     uint64
	Domain   string    // "shop.example"
	End      time.Time // the traffic ends here
	Days     int
	PerDay   int // sessions of an ordinary day
	Zone     *time.Location
	Payments bool
}

// Hit is one event of the shop.
type Hit struct {
	Time     time.Time
	Visitor  event.VisitorID
	Session  uint64
	Kind     event.Kind
	Path     string
	Query    string // "utm_source=…"
	Referrer string
	Name     string // goal, or URL of an external link
	Params   map[string]any
	Person   *Person
}

// Payment is one payment of the shop, in euros.
type Payment struct {
	ID       string
	Time     time.Time
	Visitor  event.VisitorID
	Customer string
	Amount   float64
	Renewal  bool
	Refund   bool
}

// Person is one visitor: what stays the same over their sessions.
type Person struct {
	Visitor  event.VisitorID
	Agent    Agent
	Place    Place
	Language string
	sessions int
	customer string
	renews   time.Time
	price    float64
}

// Shop makes traffic day by day.
type Shop struct {
	o       Options
	rng     *rand.Rand
	people  []*Person // who may come back
	paying  []*Person
	serial  uint64
	payment int
}

// New returns a shop at the beginning of its days.
func New(o Options) *Shop {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	return &Shop{o: o, rng: rand.New(rand.NewPCG(o.Seed, 0x5eed))} //nolint:gosec // made-up traffic, not a secret
}

// Days calls emit once for every day, oldest first, with that day's hits and
// payments, ordered by time. It stops when emit returns an error.
func (s *Shop) Days(emit func(hits []Hit, payments []Payment) error) error {
	for day := range s.o.Days {
		local := s.o.End.In(s.o.Zone)
		start := time.Date(local.Year(), local.Month(), local.Day()-s.o.Days+1+day, 0, 0, 0, 0, s.o.Zone)
		hits, payments := s.day(start, day)
		if err := emit(hits, payments); err != nil {
			return err
		}
	}
	return nil
}

func (s *Shop) day(start time.Time, index int) ([]Hit, []Payment) {
	growth := 0.7 + 0.6*float64(index)/float64(max(s.o.Days, 1))
	weekly := []float64{0.75, 1.1, 1.15, 1.1, 1.05, 0.95, 0.7}[start.Weekday()]
	launch := 1.0
	if index == s.o.Days*2/3 {
		launch = 3.2 // the day a link of ours was on a front page
	}
	sessions := int(float64(s.o.PerDay) * growth * weekly * launch * (0.9 + 0.2*s.rng.Float64()))
	var hits []Hit
	var payments []Payment
	for range sessions {
		h, p := s.session(start.Add(s.timeOfDay()), launch > 1)
		hits, payments = append(hits, h...), append(payments, p...)
	}
	payments = append(payments, s.renewals(start)...)
	hits = slices.DeleteFunc(hits, func(h Hit) bool { return h.Time.After(s.o.End) })
	payments = slices.DeleteFunc(payments, func(p Payment) bool { return p.Time.After(s.o.End) })
	slices.SortStableFunc(hits, func(a, b Hit) int { return a.Time.Compare(b.Time) })
	slices.SortStableFunc(payments, func(a, b Payment) int { return a.Time.Compare(b.Time) })
	return hits, payments
}

// timeOfDay draws from a curve with few visits at night and most in the evening.
func (s *Shop) timeOfDay() time.Duration {
	for {
		hour := s.rng.Float64() * 24
		weight := 0.15 + 0.85*math.Pow(math.Sin(math.Pi*math.Mod(hour+18, 24)/24), 2)
		if s.rng.Float64() < weight {
			return time.Duration(hour * float64(time.Hour))
		}
	}
}

func (s *Shop) newVisitor() event.VisitorID {
	var v event.VisitorID
	binary.BigEndian.PutUint64(v[:8], s.rng.Uint64())
	binary.BigEndian.PutUint64(v[8:], s.rng.Uint64())
	return v.ForceV4()
}

func (s *Shop) person() *Person {
	if len(s.people) > 50 && s.rng.Float64() < 0.34 {
		return s.people[len(s.people)-1-s.rng.IntN(min(len(s.people), 6000))]
	}
	place := pick(s.rng, places())
	p := &Person{Visitor: s.newVisitor(), Agent: pick(s.rng, agents()), Place: place, Language: place.Language}
	s.people = append(s.people, p)
	return p
}

// session is one visit: its hits and, rarely, a payment.
func (s *Shop) session(at time.Time, launched bool) ([]Hit, []Payment) {
	p := s.person()
	p.sessions++
	s.serial++
	from := pick(s.rng, origins())
	if launched && s.rng.Float64() < 0.7 {
		from = Origin{Referrer: "https://news.ycombinator.com/", Entry: "/"}
	}
	path := from.Entry
	if path == "" {
		path = pick(s.rng, entries()).Path
	}
	hit := Hit{Time: at, Visitor: p.Visitor, Session: s.serial, Kind: event.Pageview, Path: path, Query: from.Query, Referrer: from.Referrer, Person: p}
	hits := []Hit{hit}
	interest := 0.55 + 0.06*math.Min(float64(p.sessions), 5) + from.Interest
	for s.rng.Float64() < interest && len(hits) < 25 {
		at = at.Add(time.Duration(4+s.rng.ExpFloat64()*45) * time.Second)
		referrer := "https://" + s.o.Domain + path
		path = pick(s.rng, nextPages(path)).Path
		hits = append(hits, Hit{Time: at, Visitor: p.Visitor, Session: s.serial, Kind: event.Pageview, Path: path, Referrer: referrer, Person: p})
		hits = append(hits, s.goals(p, path, &at)...)
	}
	if !s.o.Payments || path != "/checkout" || s.rng.Float64() > 0.28 {
		return hits, nil
	}
	at = at.Add(90 * time.Second)
	payment := s.pay(p, at)
	hits = append(hits, Hit{Time: at.Add(5 * time.Second), Visitor: p.Visitor, Session: s.serial, Kind: event.Pageview, Path: "/thank-you", Person: p})
	return hits, []Payment{payment}
}

// goals are what a visitor does on a page beside looking at it.
func (s *Shop) goals(p *Person, path string, at *time.Time) []Hit {
	do := func(kind event.Kind, name string, params map[string]any) []Hit {
		*at = at.Add(time.Duration(1+s.rng.IntN(20)) * time.Second)
		return []Hit{{Time: *at, Visitor: p.Visitor, Session: s.serial, Kind: kind, Path: path, Name: name, Params: params, Person: p}}
	}
	switch chance := s.rng.Float64(); {
	case path == "/signup" && chance < 0.4:
		return do(event.Goal, "signup", map[string]any{"plan": pick(s.rng, plans()).Path})
	case path == "/checkout" && chance < 0.8:
		return do(event.Goal, "checkout_started", map[string]any{"plan": pick(s.rng, plans()).Path, "seats": 1 + s.rng.IntN(5)})
	case path == "/pricing" && chance < 0.2:
		return do(event.Goal, "pricing_toggled", nil)
	case path == "/blog/launch" && chance < 0.25:
		return do(event.Goal, "newsletter", nil)
	case path == "/docs" && chance < 0.12:
		return do(event.ExternalLink, "https://github.com/shop-example/sdk", nil)
	case path == "/blog/launch" && chance < 0.32:
		return do(event.ExternalLink, "https://partner.example/offer?id=7", nil)
	}
	return nil
}

func (s *Shop) pay(p *Person, at time.Time) Payment {
	s.payment++
	if p.customer == "" {
		p.customer = "cus_" + decimal(s.payment)
		p.price = []float64{9, 29, 29, 49, 99}[s.rng.IntN(5)]
		p.renews = at.AddDate(0, 1, 0)
		s.paying = append(s.paying, p)
	}
	return Payment{ID: "txn_" + decimal(s.payment), Time: at, Visitor: p.Visitor, Customer: p.customer, Amount: p.price}
}

// renewals are the subscriptions due on a day; some end, few are refunded.
func (s *Shop) renewals(start time.Time) []Payment {
	var out []Payment
	end := start.AddDate(0, 0, 1)
	for _, p := range s.paying {
		if p.renews.Before(start) || !p.renews.Before(end) {
			continue
		}
		if s.rng.Float64() < 0.12 {
			p.renews = time.Time{}
			continue
		}
		renewal := s.pay(p, p.renews)
		renewal.Renewal = true
		out = append(out, renewal)
		if s.rng.Float64() < 0.04 {
			refund := s.pay(p, p.renews.Add(3*time.Hour))
			refund.Refund = true
			out = append(out, refund)
		}
		p.renews = p.renews.AddDate(0, 1, 0)
	}
	return out
}

func decimal(n int) string {
	const digits = "0123456789"
	b := []byte("000000")
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = digits[n%10]
		n /= 10
	}
	return string(b)
}
