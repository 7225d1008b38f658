// Package event is what happened on a website: page views, goals, identifies,
// payment claims and clicks on external links, the visitor who did it and the
// session it belongs to.
//
// Read Event, then Session and its Add: the rule that a session is a run of a
// visitor's events with no gap over 30 minutes stands there and nowhere else.
//
// It may import fault. It must not do I/O, read the clock or know the wire.
package event

import "time"

// Kind says what an event records. Values are stored; do not renumber.
type Kind uint8

// The five kinds of tracker.md §6.
const (
	Pageview     Kind = 1
	Goal         Kind = 2
	Identify     Kind = 3
	PaymentClaim Kind = 4
	ExternalLink Kind = 5
)

// Event is one recorded happening. Times are UTC with millisecond resolution.
// Empty strings mean unknown or absent.
type Event struct {
	ID            string // 24 hex, rising in order of arrival; orders events of equal time
	WebsiteID     string // 24 hex
	Time          time.Time
	Visitor       VisitorID
	ClientSession string // the client's own session id; finds the visitor of a payment
	Kind          Kind
	Server        bool // sent by the site's server, not by a browser

	Hostname string // lower case, no port; empty for file: pages
	Path     string // decoded, no query; no trailing slash but for the root
	Name     string // goal: its name; external link: the URL; identify: the user id
	Data     string // JSON object: goal parameters, identify traits, payment claim, link text

	Origin   Origin
	System   System
	Place    Place
	Viewport Size
	Screen   Size
	Language string // BCP 47
	Timezone string // IANA

	ClientFirstSeen time.Time // the client's own first-seen hint; zero: none
	ClientSessions  int       // the client's own session count; 0: unknown

	DuplicateHash uint64 // keyed hash of what was sent (tracker.md §6.3)
	ImportID      string // the line's own id on backfill; idempotent per website

	Backfilled bool // came with a backfill: raises no alert; not stored
}

// Size is a width and height in CSS pixels; zero: unknown.
type Size struct{ Width, Height int }

// Origin says where a page view came from: what was tagged, clicked or linked,
// and the source and channel derived from it (product.md §3).
type Origin struct {
	ReferrerURL string // scheme, host and path of the linking page; empty: none or internal
	Referrer    string // normalised name or host; empty: Direct/None
	Source      string // tag, ad platform or referrer; empty: Direct
	Channel     string

	UTMSource, UTMMedium, UTMCampaign, UTMTerm, UTMContent string
	Ref, SourceParam, Via                                  string

	ClickIDs string // kept ad click ids as a query string, "gclid=…&fbclid=…"
}

// System is the visitor's software, named as ua-parser names it, and the device
// type: desktop, mobile or tablet.
type System struct {
	Browser, BrowserVersion string
	OS, OSVersion           string
	Device                  string
}

// Place is where the visitor was. Country is ISO 3166-1 alpha-2, Region ISO
// 3166-2. Latitude and Longitude are those of the city; both zero: unknown.
type Place struct {
	Country, Region, City string
	Latitude, Longitude   float64
}

// Counts reports whether the event makes its visitor count: a page view or a goal.
func (e *Event) Counts() bool { return e.Kind == Pageview || e.Kind == Goal }

// Before orders events by time, then by arrival.
func (e *Event) Before(o *Event) bool {
	if !e.Time.Equal(o.Time) {
		return e.Time.Before(o.Time)
	}
	return e.ID < o.ID
}
