package api

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/event"
	"datafast/internal/revenue"
)

const visitorExample = `{"status":"success","data":{"visitorId":"5b0c8a52-0f3e-4d0a-9a51-2f3f4f2f7b11","identity":{"country":"RO","countryCode":"RO","region":"RO-CJ","city":"Cluj-Napoca","params":{"utm_source":null,"utm_medium":null,"utm_campaign":null,"utm_term":null,"utm_content":null,"ref":null,"source":null,"via":null},"adClickIds":{},"browser":{"name":"Firefox","version":"128.0"},"os":{"name":"Linux","version":null},"device":{"type":"desktop","vendor":null,"model":null},"viewport":{"width":1440,"height":900}},"activity":{"visitCount":1,"pageViewCount":1,"timeSinceFirstVisit":3296041,"timeSinceCurrentVisit":120041,"firstVisitAt":"2026-05-21T09:12:04.000Z","lastVisitAt":"2026-05-21T09:12:04.000Z","currentUrl":"shop.example/pricing","visitedPages":[{"url":"shop.example/","timestamp":"2026-05-21T09:12:04.000Z"}],"completedGoals":[],"completedCustomGoals":[]},"timeline":[],"prediction":null}}`

type visitorDetail struct {
	VisitorID  string          `json:"visitorId"`
	Identity   detailIdentity  `json:"identity"`
	Activity   detailActivity  `json:"activity"`
	Profile    *detailProfile  `json:"profile,omitempty"`
	Timeline   []timelineEntry `json:"timeline"`
	Prediction *prediction     `json:"prediction"`
}

type detailIdentity struct {
	Country     *string           `json:"country"`
	CountryCode *string           `json:"countryCode"`
	Region      *string           `json:"region"`
	City        *string           `json:"city"`
	Params      urlParams         `json:"params"`
	AdClickIDs  map[string]string `json:"adClickIds"`
	Browser     namedVersion      `json:"browser"`
	OS          namedVersion      `json:"os"`
	Device      detailDevice      `json:"device"`
	Viewport    *detailViewport   `json:"viewport"`
}

type namedVersion struct {
	Name    *string `json:"name"`
	Version *string `json:"version"`
}

type detailDevice struct {
	Type   *string `json:"type"`
	Vendor *string `json:"vendor"`
	Model  *string `json:"model"`
}

type detailViewport struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

type detailActivity struct {
	VisitCount            int             `json:"visitCount" doc:"Sessions with a page view"`
	PageViewCount         int             `json:"pageViewCount"`
	TimeSinceFirstVisit   int64           `json:"timeSinceFirstVisit" doc:"Milliseconds"`
	TimeSinceCurrentVisit int64           `json:"timeSinceCurrentVisit" doc:"Milliseconds"`
	FirstVisitAt          string          `json:"firstVisitAt"`
	LastVisitAt           string          `json:"lastVisitAt"`
	CurrentURL            string          `json:"currentUrl"`
	VisitedPages          []visitedPage   `json:"visitedPages"`
	CompletedGoals        []completedGoal `json:"completedGoals"`
	CompletedCustomGoals  []completedGoal `json:"completedCustomGoals"`
}

type visitedPage struct {
	URL       string `json:"url"`
	Timestamp string `json:"timestamp"`
}

type completedGoal struct {
	Name        string          `json:"name"`
	Description *string         `json:"description"`
	Origin      string          `json:"origin,omitempty" enum:"manual,payment_provider"`
	IsServer    bool            `json:"isServer"`
	Metadata    json.RawMessage `json:"metadata,omitempty"`
	Timestamp   string          `json:"timestamp"`
}

type detailProfile struct {
	UserID       string          `json:"userId"`
	Metadata     json.RawMessage `json:"metadata"`
	IdentifiedAt string          `json:"identifiedAt"`
	VisitorIDs   []string        `json:"visitorIds"`
}

type timelineEntry struct {
	VisitorID string          `json:"visitorId"`
	StartedAt *string         `json:"startedAt"`
	EndedAt   *string         `json:"endedAt"`
	Referrer  *string         `json:"referrer"`
	Source    *string         `json:"source"`
	Channel   *string         `json:"channel"`
	EntryPage *string         `json:"entryPage"`
	Events    []timelineEvent `json:"events"`

	at time.Time
}

type timelineEvent struct {
	Type      string          `json:"type" enum:"pageview,goal,link,payment"`
	Timestamp string          `json:"timestamp"`
	URL       string          `json:"url,omitempty"`
	Seconds   *float64        `json:"seconds" doc:"Of a page view: to the session's next event; null on its last"`
	Name      string          `json:"name,omitempty"`
	Metadata  json.RawMessage `json:"metadata,omitempty"`
	Amount    *float64        `json:"amount,omitempty"`
	Currency  string          `json:"currency,omitempty"`
	Kind      string          `json:"kind,omitempty" enum:"new,renewal,refund,trial"`

	at time.Time
}

// Caps of the detail (api.md 8.7.5, 8.7.8).
const (
	maxVisitedPages = 1000
	maxTimeline     = 100
)

func detailOf(d *analytics.VisitorDetail, p *prediction, now time.Time) visitorDetail {
	out := visitorDetail{VisitorID: d.Visitor.String(), Prediction: p}
	var latest *event.Event // the latest page view says who the visitor is
	var first *event.Session
	var current *event.Session
	for _, e := range d.Events {
		if e.Visitor == d.Visitor && e.Kind == event.Pageview {
			latest = e
		}
	}
	for _, s := range d.Sessions {
		if s.Visitor != d.Visitor {
			continue
		}
		if first == nil {
			first = s
		}
		current = s
		if s.Pageviews > 0 {
			out.Activity.VisitCount++
		}
	}
	out.Identity = identityOf(latest, first)
	out.Activity = activityOf(d, latest, first, current, out.Activity.VisitCount, now)
	out.Timeline = timelineOf(d)
	if d.Profile != nil {
		out.Profile = &detailProfile{
			UserID: d.Profile.UserID, Metadata: rawObject(d.Profile.Traits), IdentifiedAt: Stamp(d.Profile.IdentifiedAt),
		}
		for _, v := range d.Profile.Visitors() {
			out.Profile.VisitorIDs = append(out.Profile.VisitorIDs, v.String())
		}
	}
	return out
}

func rawObject(text string) json.RawMessage {
	if text == "" {
		return json.RawMessage("{}")
	}
	return json.RawMessage(text)
}

func identityOf(e *event.Event, first *event.Session) detailIdentity {
	id := detailIdentity{
		Country: orNull(e.Place.Country), CountryCode: orNull(e.Place.Country), Region: orNull(e.Place.Region), City: orNull(e.Place.City),
		Params: paramsOf(&first.Origin), AdClickIDs: clickIDs(&first.Origin),
		Browser: namedVersion{orNull(e.System.Browser), orNull(e.System.BrowserVersion)},
		OS:      namedVersion{orNull(e.System.OS), orNull(e.System.OSVersion)},
		Device:  detailDevice{Type: orNull(e.System.Device)},
	}
	if e.Viewport.Width > 0 {
		id.Viewport = &detailViewport{e.Viewport.Width, e.Viewport.Height}
	}
	return id
}

func activityOf(d *analytics.VisitorDetail, latest *event.Event, first, current *event.Session, visits int, now time.Time) detailActivity {
	a := detailActivity{
		VisitCount: visits, FirstVisitAt: Stamp(first.Start), LastVisitAt: Stamp(current.Start),
		TimeSinceFirstVisit: now.Sub(first.Start).Milliseconds(), TimeSinceCurrentVisit: now.Sub(current.Start).Milliseconds(),
		CurrentURL:   latest.Hostname + latest.Path,
		VisitedPages: []visitedPage{}, CompletedGoals: []completedGoal{}, CompletedCustomGoals: []completedGoal{},
	}
	for _, e := range d.Events {
		switch {
		case e.Visitor != d.Visitor:
		case e.Kind == event.Pageview:
			a.PageViewCount++
			a.VisitedPages = append(a.VisitedPages, visitedPage{pageURL(e), Stamp(e.Time)})
		case e.Kind == event.Goal:
			g := completedGoal{Name: e.Name, Origin: "manual", IsServer: e.Server, Timestamp: Stamp(e.Time)}
			if e.Data != "" {
				g.Metadata = json.RawMessage(e.Data)
			}
			a.CompletedGoals = append(a.CompletedGoals, g)
			g.Origin, g.Metadata = "", nil
			a.CompletedCustomGoals = append(a.CompletedCustomGoals, g)
		}
	}
	if n := len(a.VisitedPages); n > maxVisitedPages {
		a.VisitedPages = a.VisitedPages[n-maxVisitedPages:]
	}
	for _, p := range d.Payments {
		if name := goalOfPayment(p.Kind); name != "" && p.Visitor == d.Visitor {
			a.CompletedGoals = append(a.CompletedGoals, completedGoal{Name: name, Origin: "payment_provider", IsServer: true, Timestamp: Stamp(p.Time)})
		}
	}
	slices.SortStableFunc(a.CompletedGoals, func(x, y completedGoal) int { return strings.Compare(x.Timestamp, y.Timestamp) })
	return a
}

// goalOfPayment is the automatic goal that a payment raises (product.md §6.5).
func goalOfPayment(kind string) string {
	switch kind {
	case revenue.New.String():
		return "payment"
	case revenue.Renewal.String():
		return "subscription_renewed"
	case revenue.Trial.String():
		return "free_trial"
	}
	return ""
}

// timelineOf lists the newest sessions of the profile with what happened in them;
// a payment outside any session has an entry of its own.
func timelineOf(d *analytics.VisitorDetail) []timelineEntry {
	entries := make([]timelineEntry, 0, len(d.Sessions))
	var sessions []*event.Session
	for _, s := range d.Sessions {
		if d.Profile.Covers(s.Visitor, s.Start, s.End) {
			sessions = append(sessions, s)
			entries = append(entries, sessionEntry(d, s))
		}
	}
	for _, p := range d.Payments {
		if !d.Profile.Covers(p.Visitor, p.Time, p.Time) {
			continue
		}
		ev := timelineEvent{
			Type: "payment", Timestamp: Stamp(p.Time), Currency: p.Currency, Kind: p.Kind, at: p.Time,
			Amount: amountOf(p),
		}
		if i := sessionAt(sessions, p); i >= 0 {
			entries[i].Events = append(entries[i].Events, ev)
			continue
		}
		entries = append(entries, timelineEntry{VisitorID: p.Visitor.String(), Events: []timelineEvent{ev}, at: p.Time})
	}
	for i := range entries {
		slices.SortStableFunc(entries[i].Events, func(a, b timelineEvent) int { return a.at.Compare(b.at) })
		fillSeconds(entries[i].Events)
	}
	slices.SortStableFunc(entries, func(a, b timelineEntry) int { return b.at.Compare(a.at) })
	return entries[:min(len(entries), maxTimeline)]
}

func amountOf(p analytics.TimelinePayment) *float64 {
	amount := revenue.Major(p.AmountMinor, p.Currency)
	return &amount
}

// sessionAt finds the session that runs at a payment's time; -1 for none.
func sessionAt(sessions []*event.Session, p analytics.TimelinePayment) int {
	for i := len(sessions) - 1; i >= 0; i-- {
		s := sessions[i]
		if s.Visitor == p.Visitor && !p.Time.Before(s.Start) && p.Time.Sub(s.End) <= event.SessionGap {
			return i
		}
	}
	return -1
}

func sessionEntry(d *analytics.VisitorDetail, s *event.Session) timelineEntry {
	start, end := Stamp(s.Start), Stamp(s.End)
	entry := timelineEntry{
		VisitorID: s.Visitor.String(), StartedAt: &start, EndedAt: &end,
		Referrer: orNull(s.Origin.Referrer), Source: orNull(s.Origin.Source), Channel: orNull(s.Origin.Channel),
		EntryPage: orNull(s.EntryPath), Events: []timelineEvent{}, at: s.Start,
	}
	for _, e := range d.Events {
		if e.Visitor != s.Visitor || e.Time.Before(s.Start) || e.Time.After(s.End) || !d.Profile.Covers(e.Visitor, e.Time, e.Time) {
			continue
		}
		ev := timelineEvent{Timestamp: Stamp(e.Time), at: e.Time}
		switch e.Kind {
		case event.Pageview:
			ev.Type, ev.URL = "pageview", pageURL(e)
		case event.Goal:
			ev.Type, ev.Name = "goal", e.Name
			if e.Data != "" {
				ev.Metadata = json.RawMessage(e.Data)
			}
		case event.ExternalLink:
			ev.Type, ev.URL = "link", e.Name
		case event.Identify, event.PaymentClaim:
			continue
		}
		entry.Events = append(entry.Events, ev)
	}
	return entry
}

// fillSeconds sets how long each page was looked at: to the session's next event.
func fillSeconds(events []timelineEvent) {
	for i := range events[:max(len(events)-1, 0)] {
		if events[i].Type == "pageview" {
			seconds := analytics.Round2(events[i+1].at.Sub(events[i].at).Seconds())
			events[i].Seconds = &seconds
		}
	}
}
