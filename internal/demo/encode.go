package demo

import (
	"encoding/json"
	"fmt"
	"time"

	"datafast/internal/enrich"
	"datafast/internal/event"
)

// Line is a hit as a line of the backfill route (api.md §9.12).
func (h *Hit) Line(domain string) ([]byte, error) {
	href := "https://" + domain + h.Path
	if h.Query != "" {
		href += "?" + h.Query
	}
	line := map[string]any{
		"timestamp": h.Time.UTC().Format("2006-01-02T15:04:05.000Z"), "type": h.wireType(), "href": href,
		"visitorId": h.Visitor.String(), "sessionId": h.sessionID(), "userAgent": h.Person.Agent.UserAgent,
		"viewport": map[string]int{"width": h.Person.Agent.Width, "height": h.Person.Agent.Height},
		"language": h.Person.Language, "timezone": h.Person.Place.Timezone,
		"country": h.Person.Place.Country, "region": h.Person.Place.Region, "city": h.Person.Place.City,
		"latitude": h.Person.Place.Latitude, "longitude": h.Person.Place.Longitude,
	}
	if h.Referrer != "" {
		line["referrer"] = h.Referrer
	}
	switch h.Kind {
	case event.Goal:
		extra := map[string]any{"eventName": h.Name}
		for k, v := range h.Params {
			extra[k] = v
		}
		line["extraData"] = extra
	case event.ExternalLink:
		line["extraData"] = map[string]any{"url": h.Name}
	case event.Pageview, event.Identify, event.PaymentClaim:
	}
	out, err := json.Marshal(line)
	if err != nil {
		return nil, fmt.Errorf("encode hit: %w", err)
	}
	return append(out, '\n'), nil
}

func (h *Hit) wireType() string {
	switch h.Kind {
	case event.Goal:
		return "custom"
	case event.ExternalLink:
		return "external_link"
	case event.Pageview, event.Identify, event.PaymentClaim:
	}
	return "pageview"
}

func (h *Hit) sessionID() string { return fmt.Sprintf("s%016x", h.Session) }

// Event is a hit as ingest would store it, without the cost of parsing: for
// benchmarks of what comes after. newID makes its id.
func (h *Hit) Event(websiteID, domain string, origins *enrich.Origins, newID func(time.Time) string) (*event.Event, error) {
	e := &event.Event{
		ID: newID(h.Time), WebsiteID: websiteID, Time: h.Time.UTC().Truncate(time.Millisecond), Visitor: h.Visitor,
		ClientSession: h.sessionID(), Kind: h.Kind, Hostname: domain, Path: h.Path, Name: h.Name,
		System: h.Person.Agent.System, Language: h.Person.Language, Timezone: h.Person.Place.Timezone,
		Viewport: event.Size{Width: h.Person.Agent.Width, Height: h.Person.Agent.Height},
		Place: event.Place{
			Country: h.Person.Place.Country, Region: h.Person.Place.Region, City: h.Person.Place.City,
			Latitude: h.Person.Place.Latitude, Longitude: h.Person.Place.Longitude,
		},
	}
	var err error
	if e.Data, err = event.CleanParams("params", h.Params); err != nil {
		return nil, err
	}
	if h.Kind == event.Pageview {
		page, _ := enrich.ParsePage("https://"+domain+"/?"+h.Query, domain, false)
		e.Origin = origins.Of(enrich.CleanReferrer(h.Referrer), page.Params, func(host string) bool { return host == domain })
	}
	return e, nil
}
