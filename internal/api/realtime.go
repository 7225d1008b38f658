package api

import (
	"context"
	"encoding/json"
	"math"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/analytics/live"
	"datafast/internal/event"
	"datafast/internal/fault"
	"datafast/internal/revenue"
)

// Live is what happens now; live.View is one.
type Live interface {
	Count(websiteID string, window time.Duration) int
	Recent(websiteID string, window time.Duration) ([]event.VisitorID, []*event.Event)
	Watch(websiteID string) (<-chan live.Change, func())
}

// Caps of the map (api.md §8.5).
const (
	liveWindow      = 10 * time.Minute
	maxLiveVisitors = 500
	maxLiveEvents   = 100
	maxLivePayments = 50
)

type liveCount struct {
	Visitors int `json:"visitors" doc:"Active in the last 10 minutes"`
}

type liveMap struct {
	Count                    int                `json:"count"`
	Visitors                 []liveVisitor      `json:"visitors"`
	ConversionMetrics        *conversionMetrics `json:"conversionMetrics,omitempty"`
	HasConversionPredictions bool               `json:"hasConversionPredictions"`
	RecentEvents             []liveEvent        `json:"recentEvents"`
	RecentPayments           []livePayment      `json:"recentPayments"`
}

type conversionMetrics struct {
	BaselineConversionRate float64 `json:"baselineConversionRate"`
	BaselineAverageValue   float64 `json:"baselineAverageValue"`
}

type liveVisitor struct {
	VisitorID            string          `json:"visitorId"`
	Location             liveLocation    `json:"location"`
	System               liveSystem      `json:"system"`
	CurrentURL           string          `json:"currentUrl"`
	Referrer             *string         `json:"referrer"`
	SessionStartTime     string          `json:"sessionStartTime"`
	VisitCount           int             `json:"visitCount"`
	Params               urlParams       `json:"params"`
	Latitude             *float64        `json:"latitude"`
	Longitude            *float64        `json:"longitude"`
	IsCustomer           bool            `json:"isCustomer"`
	CustomerName         *string         `json:"customerName"`
	CustomerEmail        *string         `json:"customerEmail"`
	ProfileData          liveProfile     `json:"profileData"`
	ConversionLikelihood *liveLikelihood `json:"conversionLikelihood,omitempty"`
}

type liveLocation struct {
	City        *string `json:"city"`
	Region      *string `json:"region"`
	CountryCode *string `json:"countryCode"`
}

type liveSystem struct {
	Browser liveName `json:"browser"`
	OS      liveName `json:"os"`
	Device  liveType `json:"device"`
}

type liveName struct {
	Name *string `json:"name"`
}

type liveType struct {
	Type *string `json:"type"`
}

type liveProfile struct {
	DisplayName  *string `json:"displayName"`
	UserID       *string `json:"userId"`
	HasProfile   bool    `json:"hasProfile"`
	IsRandomName bool    `json:"isRandomName"`
}

type liveLikelihood struct {
	Score            int      `json:"score"`
	Confidence       float64  `json:"confidence"`
	IsBaseline       bool     `json:"isBaseline"`
	DimensionMatches []string `json:"dimensionMatches"`
	Raw              liveRaw  `json:"raw"`
}

type liveRaw struct {
	ConversionRate float64 `json:"conversionRate"`
	AverageValue   float64 `json:"averageValue"`
	ExpectedValue  float64 `json:"expectedValue"`
}

type liveEvent struct {
	ID           string          `json:"_id"`
	Type         string          `json:"type" doc:"pageview, or the goal's name"`
	VisitorID    string          `json:"visitorId"`
	Timestamp    string          `json:"timestamp"`
	Path         string          `json:"path"`
	CountryCode  *string         `json:"countryCode"`
	ExtraData    json.RawMessage `json:"extraData"`
	Referrer     *string         `json:"referrer"`
	CustomerName *string         `json:"customerName"`
	Amount       *float64        `json:"amount"`
	DisplayName  *string         `json:"displayName"`
}

type livePayment struct {
	ID          string  `json:"_id"`
	Type        string  `json:"type"`
	Timestamp   string  `json:"timestamp"`
	Name        *string `json:"name"`
	Email       *string `json:"email"`
	Amount      float64 `json:"amount"`
	Currency    string  `json:"currency"`
	Renewal     bool    `json:"renewal"`
	DisplayName *string `json:"displayName"`
	IsNew       bool    `json:"isNew"`
	Visible     bool    `json:"visible"`
}

func (a *Reporting) realtimeRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/api/v1/analytics/realtime", Rule: reads(), Handle: a.realtime, Doc: Doc{
			ID: "getRealtime", Tag: "Realtime", Summary: "Visitors of the last 10 minutes",
			Query: []Param{{Name: "fields", Description: "visitors, the only one"}}, Data: []liveCount{},
			Example: `{"status":"success","data":[{"visitors":17}]}`,
		}},
		{Method: "GET", Path: "/api/v1/analytics/realtime/map", Rule: reads(), Handle: a.realtimeMap, Doc: Doc{
			ID: "getRealtimeMap", Tag: "Realtime", Summary: "Who is there, and what just happened", Data: liveMap{},
			Description: "At most 500 visitors, 100 events and 50 payments of the last 10 minutes, newest first; `count` is the full number.",
			Example:     `{"status":"success","data":{"count":0,"visitors":[],"hasConversionPredictions":false,"recentEvents":[],"recentPayments":[]}}`,
		}},
		{Method: "GET", Path: "/api/v1/analytics/realtime/stream", Rule: reads(), Handle: a.realtimeStream, Doc: Doc{
			ID: "streamRealtime", Tag: "Realtime", Summary: "The map as server-sent events", ContentType: "text/event-stream",
			Description: "`snapshot` (the map) at once and every 30 seconds; `visitor`, `event` and `payment` as they happen; a comment every 15 seconds. `Last-Event-ID` resumes within a minute. It ends within five seconds once the caller may not read it any more.",
		}},
	}
}

func (a *Reporting) realtime(_ context.Context, r *Request) (*Response, error) {
	if _, err := fieldList(r, "visitors"); err != nil {
		return nil, err
	}
	if f := r.Query.Get("fields"); f != "" && f != "visitors" {
		return nil, fault.Invalid("fields", "%.60q is not a field here; use visitors", f)
	}
	return One(liveCount{a.Live.Count(r.Website.ID, liveWindow)}), nil
}

func (a *Reporting) realtimeMap(ctx context.Context, r *Request) (*Response, error) {
	m, err := within(ctx, func(ctx context.Context) (*liveMap, error) { return a.liveMap(ctx, r) })
	if err != nil {
		return nil, err
	}
	return OK(m), nil
}

func (a *Reporting) liveMap(ctx context.Context, r *Request) (*liveMap, error) {
	ids, events := a.Live.Recent(r.Website.ID, liveWindow)
	out := &liveMap{Count: a.Live.Count(r.Website.ID, liveWindow), Visitors: []liveVisitor{}, RecentEvents: []liveEvent{}, RecentPayments: []livePayment{}}
	model, err := a.model(ctx, r.Website)
	if err != nil {
		return nil, err
	}
	if model != nil {
		out.HasConversionPredictions = true
		out.ConversionMetrics = &conversionMetrics{
			BaselineConversionRate: roundTo(model.BaselineRate(), 4), BaselineAverageValue: a.majorValue(r, model.All.MeanMinor),
		}
	}
	names := map[event.VisitorID]*string{}
	if len(ids) > 0 {
		if out.Visitors, names, err = a.liveVisitors(ctx, r, ids[:min(len(ids), maxLiveVisitors)], model); err != nil {
			return nil, err
		}
	}
	for _, e := range events {
		if len(out.RecentEvents) == maxLiveEvents {
			break
		}
		if e.Counts() {
			out.RecentEvents = append(out.RecentEvents, liveEventOf(e, names[e.Visitor]))
		}
	}
	now := a.Now()
	payments, _, err := a.Revenue.List(ctx, revenue.PaymentsQuery{WebsiteID: r.Website.ID, From: now.Add(-liveWindow), To: now.Add(time.Minute), Limit: maxLivePayments})
	if err != nil {
		return nil, err
	}
	for i := range payments {
		if k := payments[i].Kind; k == revenue.New || k == revenue.Renewal {
			out.RecentPayments = append(out.RecentPayments, livePaymentOf(&payments[i]))
		}
	}
	return out, nil
}

func (a *Reporting) majorValue(r *Request, minor float64) float64 {
	return roundTo(minor/math.Pow10(revenue.Digits(r.Website.Currency)), 2)
}

// liveVisitors describes the visitors in the given order, newest first; one whose
// place nobody knows is left out.
func (a *Reporting) liveVisitors(ctx context.Context, r *Request, ids []event.VisitorID, model *analytics.LikelihoodModel) ([]liveVisitor, map[event.VisitorID]*string, error) {
	res, err := a.Engine.Visitors(ctx, analytics.VisitorsQuery{WebsiteID: r.Website.ID, Only: ids})
	if err != nil {
		return nil, nil, err
	}
	names := make(map[event.VisitorID]*string, len(res.Rows))
	out := make([]liveVisitor, 0, len(res.Rows))
	for i := range res.Rows {
		v := a.liveVisitor(r, &res.Rows[i], model)
		names[res.Rows[i].Visitor] = v.ProfileData.DisplayName
		if v.Location.CountryCode != nil {
			out = append(out, v)
		}
	}
	return out, names, nil
}

func (a *Reporting) liveVisitor(r *Request, v *analytics.VisitorRow, model *analytics.LikelihoodModel) liveVisitor {
	s := &v.Session
	out := liveVisitor{
		VisitorID:  v.Visitor.String(),
		Location:   liveLocation{orNull(s.Place.City), orNull(s.Place.Region), orNull(s.Place.Country)},
		System:     liveSystem{liveName{orNull(s.System.Browser)}, liveName{orNull(s.System.OS)}, liveType{orNull(s.System.Device)}},
		CurrentURL: s.ExitPath, Referrer: orNull(s.Origin.Referrer), SessionStartTime: Stamp(s.Start), VisitCount: v.VisitCount,
		Params: paramsOf(&s.Origin), IsCustomer: v.IsCustomer, ProfileData: liveProfile{IsRandomName: true},
	}
	if s.Place.Latitude != 0 || s.Place.Longitude != 0 {
		lat, lon := roundTo(s.Place.Latitude, 2), roundTo(s.Place.Longitude, 2)
		out.Latitude, out.Longitude = &lat, &lon
	}
	if v.UserID != "" {
		var traits struct {
			Name  string `json:"name"`
			Email string `json:"email"`
		}
		_ = json.Unmarshal([]byte(v.Traits), &traits) // a trait of another type is not shown
		out.ProfileData = liveProfile{DisplayName: orNull(traits.Name), UserID: &v.UserID, HasProfile: true, IsRandomName: traits.Name == ""}
		if v.IsCustomer {
			out.CustomerName, out.CustomerEmail = orNull(traits.Name), orNull(traits.Email)
		}
	}
	if model != nil {
		out.ConversionLikelihood = a.likelihoodOf(r, v, model)
	}
	return out
}

func (a *Reporting) likelihoodOf(r *Request, v *analytics.VisitorRow, model *analytics.LikelihoodModel) *liveLikelihood {
	l := model.Predict(&v.Session)
	out := &liveLikelihood{
		Score: l.Score, Confidence: roundTo(l.Confidence, 3), IsBaseline: len(l.Matches) == 0, DimensionMatches: []string{},
		Raw: liveRaw{roundTo(l.ConversionRate, 4), a.majorValue(r, l.AverageMinor), a.majorValue(r, l.ExpectedMinor)},
	}
	if v.IsCustomer {
		out.Score = 100
	}
	for _, d := range l.Matches {
		name := string(d)
		if d == analytics.ByOS {
			name = "os"
		}
		out.DimensionMatches = append(out.DimensionMatches, name)
	}
	return out
}

func liveEventOf(e *event.Event, name *string) liveEvent {
	out := liveEvent{
		ID: e.ID, Type: "pageview", VisitorID: e.Visitor.String(), Timestamp: Stamp(e.Time), Path: e.Path,
		CountryCode: orNull(e.Place.Country), ExtraData: rawObject(e.Data), Referrer: orNull(e.Origin.Referrer), DisplayName: name,
	}
	if e.Kind == event.Goal {
		out.Type = e.Name
	}
	return out
}

func livePaymentOf(p *revenue.Payment) livePayment {
	return livePayment{
		ID: p.ID, Type: "payment_received", Timestamp: Stamp(p.Time), Name: orNull(p.Name), Email: orNull(p.Email),
		Amount: revenue.Major(p.AmountMinor, p.Currency), Currency: p.Currency, Renewal: p.Kind == revenue.Renewal, Visible: true,
	}
}
