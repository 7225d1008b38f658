package eventsql

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"reflect"
	"time"
	"unicode/utf8"

	"datafast/internal/event"
)

// Column lists, in the order of the tables and of the functions below. Those of
// events and sessions begin behind the website.
const (
	originColumns = `referrer_url, referrer, source, channel, utm_source, utm_medium, utm_campaign,
	utm_term, utm_content, ref, source_param, via, click_ids`
	systemColumns = `browser, browser_version, os, os_version, device`
	placeColumns  = `country, region, city, latitude, longitude`

	EventColumns = `time, id, visitor, kind, server, client_session, hostname, path, name, data,
	origin, client, duplicate_hash, import_id`

	SessionColumns = `started_at, ended_at, visitor, last_id, events, pageviews, goals,
	entry_hostname, entry_path, exit_hostname, exit_path, ` +
		originColumns + `, ` + systemColumns + `, ` + placeColumns + `,
	viewport_width, viewport_height, language, client_first_seen, client_sessions, last_hash`

	PaymentColumns = `id, transaction_id, kind, amount_minor, currency, site_amount, estimated, time,
	visitor, sent_visitor, attributed_at, email, name, customer_id, refund_of`
)

// ID is an event's, payment's or visitor's id as it is stored: 16 bytes. Engines
// hand it over as their own type, bytes or text of 16 bytes.
type ID [16]byte

// Scan implements sql.Scanner.
func (u *ID) Scan(src any) error {
	switch v := src.(type) {
	case []byte:
		if len(v) == len(u) {
			copy(u[:], v)
			return nil
		}
	case string:
		if len(v) == len(u) {
			copy(u[:], v)
			return nil
		}
	default:
		if a := reflect.ValueOf(src); a.Kind() == reflect.Array && a.Len() == len(u) && a.Type().Elem().Kind() == reflect.Uint8 {
			reflect.Copy(reflect.ValueOf(u).Elem(), a)
			return nil
		}
	}
	return fmt.Errorf("a %T is not an id of 16 bytes", src)
}

// String is the text that Dialect.ID reads: a UUID's.
func (u ID) String() string { return event.VisitorID(u).String() }

// PackID turns a 24-hex id into the 16 bytes that are stored; ids keep their order.
func PackID(id string) (ID, error) {
	var u ID
	n, err := hex.Decode(u[:12], []byte(id))
	if err != nil || n != 12 {
		return u, fmt.Errorf("id %q is not 24 hex characters", id)
	}
	return u, nil
}

// UnpackID is the reverse of PackID.
func UnpackID(u ID) string { return hex.EncodeToString(u[:12]) }

// Millis is a time as it is stored: Unix milliseconds, 0 for none.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// FromMillis is the reverse of Millis.
func FromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func appendOrigin(row []driver.Value, o *event.Origin) []driver.Value {
	return append(row, o.ReferrerURL, o.Referrer, o.Source, o.Channel, o.UTMSource, o.UTMMedium, o.UTMCampaign,
		o.UTMTerm, o.UTMContent, o.Ref, o.SourceParam, o.Via, o.ClickIDs)
}

func appendSystem(row []driver.Value, s *event.System) []driver.Value {
	return append(row, s.Browser, s.BrowserVersion, s.OS, s.OSVersion, s.Device)
}

func appendPlace(row []driver.Value, p *event.Place) []driver.Value {
	return append(row, p.Country, p.Region, p.City, float32(p.Latitude), float32(p.Longitude))
}

func pixels(n int) uint16 { return uint16(min(max(n, 0), 65_535)) }

// Format is how an engine's bulk insert takes values.
type Format struct {
	Site func(websiteID string) driver.Value
	ID   func(ID) driver.Value
}

// EventRow fills row with the values of an event, the website first.
func (f Format) EventRow(row []driver.Value, e *event.Event) ([]driver.Value, error) {
	id, err := PackID(e.ID)
	if err != nil {
		return nil, err
	}
	return append(row[:0], f.Site(e.WebsiteID), Millis(e.Time), f.ID(id), f.ID(ID(e.Visitor)), uint8(e.Kind), e.Server,
		e.ClientSession, e.Hostname, e.Path, e.Name, e.Data, packOrigin(&e.Origin), packClient(e), e.DuplicateHash, e.ImportID), nil
}

// CheckEvent refuses an event that cannot be a row: its id is none, a text is not
// UTF-8, or an identify's traits are no JSON object.
func CheckEvent(e *event.Event) error {
	if _, err := PackID(e.ID); err != nil {
		return err
	}
	o, s := &e.Origin, &e.System
	for _, text := range [...]string{
		e.WebsiteID, e.ClientSession, e.Hostname, e.Path, e.Name, e.Data, e.ImportID, e.Language, e.Timezone,
		o.ReferrerURL, o.Referrer, o.Source, o.Channel, o.UTMSource, o.UTMMedium, o.UTMCampaign, o.UTMTerm, o.UTMContent,
		o.Ref, o.SourceParam, o.Via, o.ClickIDs, s.Browser, s.BrowserVersion, s.OS, s.OSVersion, s.Device,
		e.Place.Country, e.Place.Region, e.Place.City,
	} {
		if !utf8.ValidString(text) {
			return fmt.Errorf("%q is not UTF-8", text)
		}
	}
	if e.Kind != event.Identify {
		return nil
	}
	_, err := MergeTraits("", e.Data)
	return err
}

// SessionRow fills row with the values of a session, the website first.
func (f Format) SessionRow(row []driver.Value, s *event.Session) ([]driver.Value, error) {
	last, err := PackID(s.LastID)
	if err != nil {
		return nil, err
	}
	row = append(row[:0], f.Site(s.WebsiteID), Millis(s.Start), Millis(s.End), f.ID(ID(s.Visitor)), f.ID(last),
		uint32(s.Events), uint32(s.Pageviews), uint32(s.Goals), s.EntryHostname, s.EntryPath, s.ExitHostname, s.ExitPath)
	row = appendOrigin(row, &s.Origin)
	row = appendSystem(row, &s.System)
	row = appendPlace(row, &s.Place)
	return append(row, pixels(s.Viewport.Width), pixels(s.Viewport.Height), s.Language,
		Millis(s.ClientFirstSeen), uint32(s.ClientSessions), s.LastHash), nil
}

// Scanner is what *sql.Row and *sql.Rows have in common.
type Scanner interface{ Scan(dest ...any) error }

func originTargets(o *event.Origin) []any {
	return []any{
		&o.ReferrerURL, &o.Referrer, &o.Source, &o.Channel, &o.UTMSource, &o.UTMMedium, &o.UTMCampaign,
		&o.UTMTerm, &o.UTMContent, &o.Ref, &o.SourceParam, &o.Via, &o.ClickIDs,
	}
}

func systemTargets(s *event.System) []any {
	return []any{&s.Browser, &s.BrowserVersion, &s.OS, &s.OSVersion, &s.Device}
}

// ScanEvent reads the EventColumns of one row.
func ScanEvent(r Scanner, websiteID string) (*event.Event, error) {
	e := &event.Event{WebsiteID: websiteID}
	var at int64
	var id, visitor ID
	var kind uint8
	var origin, client string
	err := r.Scan(&at, &id, &visitor, &kind, &e.Server, &e.ClientSession, &e.Hostname, &e.Path, &e.Name, &e.Data,
		&origin, &client, &e.DuplicateHash, &e.ImportID)
	if err != nil {
		return nil, fmt.Errorf("scan event: %w", err)
	}
	e.Time, e.ID, e.Visitor, e.Kind = FromMillis(at), UnpackID(id), event.VisitorID(visitor), event.Kind(kind)
	unpackOrigin(origin, &e.Origin)
	return e, unpackClient(client, e)
}

// ScanSession reads the SessionColumns of one row.
func ScanSession(r Scanner, websiteID string) (*event.Session, error) {
	s := &event.Session{WebsiteID: websiteID}
	var start, end, firstSeen int64
	var visitor, last ID
	var lat, lon float32
	dest := []any{
		&start, &end, &visitor, &last, &s.Events, &s.Pageviews, &s.Goals,
		&s.EntryHostname, &s.EntryPath, &s.ExitHostname, &s.ExitPath,
	}
	dest = append(dest, originTargets(&s.Origin)...)
	dest = append(dest, systemTargets(&s.System)...)
	dest = append(dest, &s.Place.Country, &s.Place.Region, &s.Place.City, &lat, &lon,
		&s.Viewport.Width, &s.Viewport.Height, &s.Language, &firstSeen, &s.ClientSessions, &s.LastHash)
	if err := r.Scan(dest...); err != nil {
		return nil, fmt.Errorf("scan session: %w", err)
	}
	s.Start, s.End, s.Visitor, s.LastID = FromMillis(start), FromMillis(end), event.VisitorID(visitor), UnpackID(last)
	s.Place.Latitude, s.Place.Longitude = float64(lat), float64(lon)
	s.ClientFirstSeen = FromMillis(firstSeen)
	return s, nil
}

// Prefixed scans further columns in front of those that a scan function knows.
type Prefixed struct {
	Scanner

	Dest []any
}

// Scan implements Scanner.
func (p Prefixed) Scan(dest ...any) error { return p.Scanner.Scan(append(p.Dest, dest...)...) }
