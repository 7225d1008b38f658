package eventsql

import (
	"fmt"
	"strconv"
	"strings"

	"datafast/internal/event"
)

// packSeparator stands between the fields of a packed column; values hold no
// control characters.
const packSeparator = "\x1f"

// packOrigin writes an origin into one text; "" for a direct one or none, which
// most events have.
func packOrigin(o *event.Origin) string {
	if *o == (event.Origin{}) {
		return ""
	}
	if *o == (event.Origin{Channel: direct}) {
		return direct
	}
	return pack(o.ReferrerURL, o.Referrer, o.Source, o.Channel, o.UTMSource, o.UTMMedium, o.UTMCampaign,
		o.UTMTerm, o.UTMContent, o.Ref, o.SourceParam, o.Via, o.ClickIDs)
}

// direct is the channel of an origin that came from nowhere known.
const direct = "Direct"

func unpackOrigin(text string, o *event.Origin) {
	if text == "" || text == direct {
		o.Channel = text
		return
	}
	fields := strings.Split(text, packSeparator)
	for i, target := range originTargets(o) {
		if s, ok := target.(*string); ok && i < len(fields) {
			*s = fields[i]
		}
	}
}

// packClient writes what an event tells of its client: system, place, sizes,
// language, zone and hints. It is the same for most events of a visitor.
func packClient(e *event.Event) string {
	float := func(x float64) string {
		if x == 0 {
			return ""
		}
		return strconv.FormatFloat(x, 'g', 7, 64)
	}
	integer := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	return pack(e.System.Browser, e.System.BrowserVersion, e.System.OS, e.System.OSVersion, e.System.Device,
		e.Place.Country, e.Place.Region, e.Place.City, float(e.Place.Latitude), float(e.Place.Longitude),
		integer(int64(e.Viewport.Width)), integer(int64(e.Viewport.Height)), integer(int64(e.Screen.Width)), integer(int64(e.Screen.Height)),
		e.Language, e.Timezone, integer(Millis(e.ClientFirstSeen)), integer(int64(e.ClientSessions)))
}

func unpackClient(text string, e *event.Event) error {
	f := strings.Split(text, packSeparator)
	if len(f) != 18 {
		return fmt.Errorf("client column has %d fields, want 18", len(f))
	}
	var err error
	number := func(s string) int {
		if s == "" || err != nil {
			return 0
		}
		var n int
		n, err = strconv.Atoi(s)
		return n
	}
	degrees := func(s string) float64 {
		if s == "" || err != nil {
			return 0
		}
		var x float64
		x, err = strconv.ParseFloat(s, 64)
		return x
	}
	e.System = event.System{Browser: f[0], BrowserVersion: f[1], OS: f[2], OSVersion: f[3], Device: f[4]}
	e.Place = event.Place{Country: f[5], Region: f[6], City: f[7], Latitude: degrees(f[8]), Longitude: degrees(f[9])}
	e.Viewport = event.Size{Width: number(f[10]), Height: number(f[11])}
	e.Screen = event.Size{Width: number(f[12]), Height: number(f[13])}
	e.Language, e.Timezone = f[14], f[15]
	e.ClientFirstSeen, e.ClientSessions = FromMillis(int64(number(f[16]))), number(f[17])
	if err != nil {
		return fmt.Errorf("client column: %w", err)
	}
	return nil
}

// pack joins fields; a control character in one becomes a blank.
func pack(fields ...string) string {
	for i, f := range fields {
		if strings.Contains(f, packSeparator) {
			fields[i] = strings.ReplaceAll(f, packSeparator, " ")
		}
	}
	return strings.Join(fields, packSeparator)
}
