package api

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"datafast/internal/event"
	"datafast/internal/revenue"
)

// idKey is an event id as the store orders it.
func idKey(id string) string {
	s := id + "00000000"
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:32]
}

// eventLine is an event as the backfill takes it back. CSV has every column in
// every row; NDJSON leaves out what is empty.
func eventLine(e *event.Event, all bool) ordered {
	id := e.ImportID
	if id == "" {
		id = e.ID
	}
	row := ordered{
		{"id", id},
		{"timestamp", Stamp(e.Time)},
		{"type", wireType(e.Kind)},
		{"href", hrefOf(e)},
		{"referrer", orNull(e.Origin.ReferrerURL)},
		{"visitorId", e.Visitor.String()},
		{"sessionId", e.ClientSession},
		{"extraData", extraOf(e)},
	}
	if e.ClientSession == "" {
		row[6].Value = "server"
	}
	optional := ordered{
		{"hash", strings.Contains(e.Path, "#")},
		{"viewport", ordered{{"width", e.Viewport.Width}, {"height", e.Viewport.Height}}},
		{"screenWidth", e.Screen.Width},
		{"screenHeight", e.Screen.Height},
		{"language", e.Language},
		{"timezone", e.Timezone},
		{"browser", e.System.Browser},
		{"browserVersion", e.System.BrowserVersion},
		{"os", e.System.OS},
		{"osVersion", e.System.OSVersion},
		{"device", e.System.Device},
		{"country", e.Place.Country},
		{"region", e.Place.Region},
		{"city", e.Place.City},
		{"latitude", float32(e.Place.Latitude)},
		{"longitude", float32(e.Place.Longitude)},
		{"visitorFirstSeenAt", StampOrNull(e.ClientFirstSeen)},
		{"visitorSessionNumber", e.ClientSessions},
		{"isServer", e.Server},
	}
	for _, f := range optional {
		if all || !isEmpty(f.Value) {
			row = append(row, f)
		}
	}
	return row
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case string:
		return v == ""
	case int:
		return v == 0
	case float32:
		return v == 0
	case bool:
		return !v
	case *string:
		return v == nil
	case ordered:
		return isEmpty(v[0].Value)
	}
	return false
}

func wireType(k event.Kind) string {
	switch k {
	case event.Pageview:
		return "pageview"
	case event.Goal:
		return "custom"
	case event.Identify:
		return "identify"
	case event.PaymentClaim:
		return "payment"
	case event.ExternalLink:
		return "external_link"
	}
	return ""
}

// hrefOf rebuilds the page's address as far as it is stored.
func hrefOf(e *event.Event) string {
	path, fragment, hashed := strings.Cut(e.Path, "#")
	u := url.URL{Scheme: "https", Host: e.Hostname, Path: path}
	if e.Hostname == "" {
		u.Scheme = "file"
	}
	u.RawQuery = keptQuery(&e.Origin)
	if hashed {
		u.Fragment = fragment
	}
	return u.String()
}

// extraOf is an event's extraData.
func extraOf(e *event.Event) json.RawMessage {
	data := ordered{}
	switch e.Kind {
	case event.Goal:
		data = append(data, Field{"eventName", e.Name})
	case event.Identify:
		data = append(data, Field{"user_id", e.Name})
	case event.ExternalLink:
		data = append(data, Field{"url", e.Name})
	case event.Pageview, event.PaymentClaim:
	}
	more := map[string]json.RawMessage{}
	if e.Data != "" && json.Unmarshal([]byte(e.Data), &more) == nil {
		for _, k := range slices.Sorted(maps.Keys(more)) {
			data = append(data, Field{k, more[k]})
		}
	}
	if len(data) == 0 {
		return json.RawMessage("null")
	}
	out, err := encode(data)
	if err != nil {
		return json.RawMessage("null")
	}
	return out
}

func sessionLine(s *event.Session, bounce bool) ordered {
	o := &s.Origin
	return ordered{
		{"visitorId", s.Visitor.String()},
		{"startedAt", Stamp(s.Start)},
		{"endedAt", Stamp(s.End)},
		{"durationMs", s.End.Sub(s.Start).Milliseconds()},
		{"pageviews", s.Pageviews},
		{"goals", s.Goals},
		{"bounce", bounce},
		{"entryPage", orNull(s.EntryPath)},
		{"exitPage", orNull(s.ExitPath)},
		{"hostname", orNull(s.EntryHostname)},
		{"referrer", orNull(o.Referrer)},
		{"source", orNull(o.Source)},
		{"channel", orNull(o.Channel)},
		{"utm_source", orNull(o.UTMSource)},
		{"utm_medium", orNull(o.UTMMedium)},
		{"utm_campaign", orNull(o.UTMCampaign)},
		{"utm_term", orNull(o.UTMTerm)},
		{"utm_content", orNull(o.UTMContent)},
		{"ref", orNull(o.Ref)},
		{"sourceParam", orNull(o.SourceParam)},
		{"via", orNull(o.Via)},
		{"country", orNull(s.Place.Country)},
		{"region", orNull(s.Place.Region)},
		{"city", orNull(s.Place.City)},
		{"browser", orNull(s.System.Browser)},
		{"os", orNull(s.System.OS)},
		{"device", orNull(s.System.Device)},
	}
}

func paymentLine(p *revenue.Payment, currency string) ordered {
	row := paymentRowOf(p, currency)
	return ordered{
		{"_id", row.ID},
		{"transaction_id", row.TransactionID},
		{"amount", row.Amount},
		{"currency", row.Currency},
		{"renewal", row.Renewal},
		{"refunded", row.Refunded},
		{"is_free_trial", row.IsFreeTrial},
		{"datafast_visitor_id", row.VisitorID},
		{"email", row.Email},
		{"name", row.Name},
		{"customer_id", row.CustomerID},
		{"timestamp", row.Timestamp},
		{"websiteAmount", row.WebsiteAmount},
		{"estimated", row.Estimated},
	}
}
