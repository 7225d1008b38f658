package ingest

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"

	fastjson "github.com/go-json-experiment/json/v1" // as encoding/json, in half the time

	"datafast/internal/event"
	"datafast/internal/fault"
)

// Limits of the body of POST /api/events (tracker.md §6.1).
const (
	MaxBody      = 32 << 10
	maxHref      = 4096
	maxReferrer  = 2048
	maxText      = 255
	maxUserID    = 255
	maxImage     = 250
	maxPixels    = 20_000
	maxSessions  = 1_000_000
	maxSessionID = 64
)

// wireEvent is the body as clients send it. Unknown keys are ignored.
type wireEvent struct {
	WebsiteID  string          `json:"websiteId"`
	Domain     string          `json:"domain"`
	Type       string          `json:"type"`
	Href       string          `json:"href"`
	VisitorID  string          `json:"visitorId"`
	SessionID  string          `json:"sessionId"`
	Referrer   *string         `json:"referrer"`
	Viewport   wireSize        `json:"viewport"`
	ScreenW    float64         `json:"screenWidth"`
	ScreenH    float64         `json:"screenHeight"`
	Language   string          `json:"language"`
	Timezone   string          `json:"timezone"`
	FirstSeen  string          `json:"visitorFirstSeenAt"`
	Sessions   float64         `json:"visitorSessionNumber"`
	Device     json.RawMessage `json:"device"` // an object from clients, a word from exports
	Cookieless bool            `json:"cookieless"`
	NoPay      bool            `json:"noPay"`
	Hash       bool            `json:"hash"`
	ExtraData  json.RawMessage `json:"extraData"`

	// Backfill only (api.md §9.12).
	Timestamp      string  `json:"timestamp"`
	ID             string  `json:"id"`
	UserAgent      string  `json:"userAgent"`
	Browser        string  `json:"browser"`
	BrowserVersion string  `json:"browserVersion"`
	OS             string  `json:"os"`
	OSVersion      string  `json:"osVersion"`
	IP             string  `json:"ip"`
	Country        string  `json:"country"`
	Region         string  `json:"region"`
	City           string  `json:"city"`
	Latitude       float64 `json:"latitude"`
	Longitude      float64 `json:"longitude"`
	Server         bool    `json:"isServer"`
}

type wireSize struct {
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

type wireDevice struct {
	Platform  string `json:"platform"`
	OSVersion string `json:"osVersion"`
	Model     string `json:"model"`
}

// decode reads one JSON object; the error says where it breaks and, for a value
// of the wrong type, which field it is.
func decode(body []byte, w *wireEvent) error {
	err := fastjson.Unmarshal(body, w)
	var syntax *fastjson.SyntaxError
	var wrong *fastjson.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return fault.New(fault.CodeInvalid, "Body is not valid JSON at byte %d: %s", syntax.Offset, syntax.Error())
	case errors.As(err, &wrong):
		if wrong.Field == "" {
			return fault.New(fault.CodeInvalid, "Body is a JSON %s; send an object", wrong.Value)
		}
		return fault.Invalid(wrong.Field, "is a JSON %s; send a %s", wrong.Value, jsonKind(wrong.Type.Kind().String()))
	}
	return fault.New(fault.CodeInvalid, "Body is not valid JSON: it ends too early")
}

func jsonKind(goKind string) string {
	switch goKind {
	case "float64":
		return "number"
	case "bool":
		return "boolean"
	case "struct", "map":
		return "object"
	}
	return goKind
}

// message is a checked body.
type message struct {
	kind       event.Kind
	visitor    event.VisitorID
	device     wireDevice // platform "", "web", "ios" or "android"
	name, data string     // as event.Event has them
	referrer   string
}

// check validates every field and reports all errors together.
func (w *wireEvent) check() (message, error) {
	var errs fault.List
	m := message{}
	required := func(field, value string, limit int) {
		switch {
		case value == "":
			errs.Add(fault.Invalid(field, "is required"))
		case len(value) > limit:
			errs.Add(fault.Invalid(field, "is %d bytes long; at most %d are allowed", len(value), limit))
		}
	}
	required("domain", w.Domain, maxText)
	required("sessionId", w.SessionID, maxSessionID)
	m.kind = kindOf(w.Type)
	if m.kind == 0 {
		errs.Add(fault.Invalid("type", "%q is not an event type; use pageview, custom, identify, payment or external_link", short(w.Type)))
	}
	address, _, _ := strings.Cut(w.Href, "?") // the query may be of any length: a few keys are kept of it
	required("href", address, maxHref)
	visitor, err := event.ParseVisitorID("visitorId", w.VisitorID)
	if !w.Cookieless { // there it is random for each event, and ignored
		errs.Add(err)
	}
	m.visitor = visitor
	errs.Add(w.checkSizes())
	m.device, err = w.clientDevice()
	errs.Add(err)
	if w.Referrer != nil {
		m.referrer = cut(strings.TrimSpace(*w.Referrer), maxReferrer)
	}
	if m.kind != 0 {
		m.name, m.data, err = extra(m.kind, w.ExtraData)
		errs.Add(err)
	}
	return m, errs.Err()
}

// kindOf reads a type of tracker.md §6; 0: it is none.
func kindOf(name string) event.Kind {
	switch name {
	case "pageview":
		return event.Pageview
	case "custom":
		return event.Goal
	case "identify":
		return event.Identify
	case "payment":
		return event.PaymentClaim
	case "external_link":
		return event.ExternalLink
	}
	return 0
}

func (w *wireEvent) checkSizes() error {
	var errs fault.List
	for _, v := range []struct {
		field string
		value float64
	}{
		{"viewport.width", w.Viewport.Width},
		{"viewport.height", w.Viewport.Height},
		{"screenWidth", w.ScreenW},
		{"screenHeight", w.ScreenH},
	} {
		if v.value < 0 || v.value > maxPixels {
			errs.Add(fault.Invalid(v.field, "%v is out of range; send 0 to %d", v.value, maxPixels))
		}
	}
	return errs.Err()
}

func (w *wireEvent) clientDevice() (wireDevice, error) {
	var d wireDevice
	if len(w.Device) == 0 || w.Device[0] != '{' {
		return d, nil
	}
	if err := json.Unmarshal(w.Device, &d); err != nil {
		return d, fault.Invalid("device", "is not {platform, osVersion, model} of strings")
	}
	switch d.Platform {
	case "", "web", "ios", "android":
		return d, nil
	}
	return d, fault.Invalid("device.platform", "%q is not a platform; use web, ios or android", short(d.Platform))
}

// hints reads the client's own memory of the visitor; what cannot be right is
// dropped, for it only ever is a hint.
func (w *wireEvent) hints(now time.Time) (firstSeen time.Time, sessions int) {
	if w.FirstSeen != "" {
		if t, err := time.Parse(time.RFC3339, w.FirstSeen); err == nil && t.Before(now) {
			firstSeen = t.UTC().Truncate(time.Millisecond)
		}
	}
	if w.Sessions > 0 {
		sessions = int(math.Min(w.Sessions, maxSessions))
	}
	return firstSeen, sessions
}

func size(w, h float64) event.Size {
	return event.Size{Width: int(math.Round(w)), Height: int(math.Round(h))}
}

func cut(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}

func short(s string) string { return cut(s, 60) }
