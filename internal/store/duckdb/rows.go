package duckdb

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"datafast/internal/event"
)

// Column lists, in the order of the tables and of the functions below.
const (
	originColumns = `referrer_url, referrer, source, channel, utm_source, utm_medium, utm_campaign,
	utm_term, utm_content, ref, source_param, via, click_ids`
	systemColumns = `browser, browser_version, os, os_version, device`
	placeColumns  = `country, region, city, latitude, longitude`

	eventColumns = `time, id, visitor, kind, server, client_session, hostname, path, name, data,
	origin, client, duplicate_hash, import_id`

	sessionColumns = `started_at, ended_at, visitor, last_id, events, pageviews, goals,
	entry_hostname, entry_path, exit_hostname, exit_path, ` +
		originColumns + `, ` + systemColumns + `, ` + placeColumns + `,
	viewport_width, viewport_height, language, client_first_seen, client_sessions, last_hash`
)

// packID turns a 24-hex id into the 16 bytes that are stored; ids keep their order.
func packID(id string) (duckdb.UUID, error) {
	var u duckdb.UUID
	n, err := hex.Decode(u[:12], []byte(id))
	if err != nil || n != 12 {
		return u, fmt.Errorf("id %q is not 24 hex characters", id)
	}
	return u, nil
}

func unpackID(u duckdb.UUID) string { return hex.EncodeToString(u[:12]) }

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
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

// eventRow fills row with the values of an event, the website's number first.
func eventRow(row []driver.Value, site uint32, e *event.Event) ([]driver.Value, error) {
	id, err := packID(e.ID)
	if err != nil {
		return nil, err
	}
	return append(row[:0], site, millis(e.Time), id, duckdb.UUID(e.Visitor), uint8(e.Kind), e.Server,
		e.ClientSession, e.Hostname, e.Path, e.Name, e.Data, packOrigin(&e.Origin), packClient(e), e.DuplicateHash, e.ImportID), nil
}

// sessionRow fills row with the values of a session.
func sessionRow(row []driver.Value, site uint32, s *event.Session) ([]driver.Value, error) {
	last, err := packID(s.LastID)
	if err != nil {
		return nil, err
	}
	row = append(row[:0], site, millis(s.Start), millis(s.End), duckdb.UUID(s.Visitor), last,
		uint32(s.Events), uint32(s.Pageviews), uint32(s.Goals), s.EntryHostname, s.EntryPath, s.ExitHostname, s.ExitPath)
	row = appendOrigin(row, &s.Origin)
	row = appendSystem(row, &s.System)
	row = appendPlace(row, &s.Place)
	return append(row, pixels(s.Viewport.Width), pixels(s.Viewport.Height), s.Language,
		millis(s.ClientFirstSeen), uint32(s.ClientSessions), s.LastHash), nil
}

// scanner is what *sql.Row and *sql.Rows have in common.
type scanner interface{ Scan(dest ...any) error }

func originTargets(o *event.Origin) []any {
	return []any{
		&o.ReferrerURL, &o.Referrer, &o.Source, &o.Channel, &o.UTMSource, &o.UTMMedium, &o.UTMCampaign,
		&o.UTMTerm, &o.UTMContent, &o.Ref, &o.SourceParam, &o.Via, &o.ClickIDs,
	}
}

func systemTargets(s *event.System) []any {
	return []any{&s.Browser, &s.BrowserVersion, &s.OS, &s.OSVersion, &s.Device}
}

// scanEvent reads the eventColumns of one row.
func scanEvent(r scanner, websiteID string) (*event.Event, error) {
	e := &event.Event{WebsiteID: websiteID}
	var at int64
	var id, visitor duckdb.UUID
	var kind uint8
	var origin, client string
	err := r.Scan(&at, &id, &visitor, &kind, &e.Server, &e.ClientSession, &e.Hostname, &e.Path, &e.Name, &e.Data,
		&origin, &client, &e.DuplicateHash, &e.ImportID)
	if err != nil {
		return nil, fmt.Errorf("scan event: %w", err)
	}
	e.Time, e.ID, e.Visitor, e.Kind = fromMillis(at), unpackID(id), event.VisitorID(visitor), event.Kind(kind)
	unpackOrigin(origin, &e.Origin)
	return e, unpackClient(client, e)
}

// scanSession reads the sessionColumns of one row.
func scanSession(r scanner, websiteID string) (*event.Session, error) {
	s := &event.Session{WebsiteID: websiteID}
	var start, end, firstSeen int64
	var visitor, last duckdb.UUID
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
	s.Start, s.End, s.Visitor, s.LastID = fromMillis(start), fromMillis(end), event.VisitorID(visitor), unpackID(last)
	s.Place.Latitude, s.Place.Longitude = float64(lat), float64(lon)
	s.ClientFirstSeen = fromMillis(firstSeen)
	return s, nil
}
