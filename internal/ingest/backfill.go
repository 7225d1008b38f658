package ingest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"datafast/internal/enrich"
	"datafast/internal/event"
	"datafast/internal/fault"
	"datafast/internal/place"
	"datafast/internal/site"
)

const (
	importChunk    = 4_000     // lines that are stored together
	maxImportLine  = 256 << 10 // bytes of one line
	maxImportID    = 64
	shownRejection = 100
)

// Imported says what became of the lines of a backfill (api.md §9.12).
type Imported struct {
	Received   int              `json:"received"`
	Stored     int              `json:"stored"`
	Duplicates int              `json:"duplicates"`
	Dropped    map[Reason]int   `json:"dropped"`
	Rejected   []RejectedImport `json:"rejected"`
}

// RejectedImport is a line that holds no event; lines count from 1.
type RejectedImport struct {
	Line    int    `json:"line"`
	Message string `json:"message"`
}

// ImportStore knows which lines came before.
type ImportStore interface {
	// ImportedIDs returns those of the given line ids that the website has already.
	ImportedIDs(ctx context.Context, websiteID string, ids []string) (map[string]bool, error)
}

// Backfill stores a history, one JSON event a line. What was stored before an
// error stays; sending the whole again stores only what is missing, where lines
// have ids.
func (in *Ingest) Backfill(ctx context.Context, w *site.Website, lines io.Reader, known ImportStore) (Imported, error) {
	in.importing.Lock() // two runs with the same ids must not both store them
	defer in.importing.Unlock()
	res := Imported{Dropped: map[Reason]int{}, Rejected: []RejectedImport{}}
	b := &backfill{in: in, website: w, known: known, res: &res}
	scan := bufio.NewScanner(lines)
	scan.Buffer(make([]byte, 0, 64<<10), maxImportLine)
	for scan.Scan() {
		if err := ctx.Err(); err != nil {
			return res, fmt.Errorf("backfill: %w", err)
		}
		b.line(scan.Bytes())
		if len(b.pending) >= importChunk {
			if err := b.flush(ctx); err != nil {
				return res, err
			}
		}
	}
	if err := b.flush(ctx); err != nil {
		return res, err
	}
	if errors.Is(scan.Err(), bufio.ErrTooLong) {
		return res, fault.New(fault.CodeInvalid, "Line %d is longer than %d bytes; what came before it is stored", res.Received+1, maxImportLine)
	}
	if err := scan.Err(); err != nil {
		return res, fault.New(fault.CodeInvalid, "The body broke off after line %d: %v", res.Received, err)
	}
	return res, nil
}

type backfill struct {
	in      *Ingest
	website *site.Website
	known   ImportStore
	res     *Imported
	pending []*event.Event
}

func (b *backfill) line(raw []byte) {
	b.res.Received++
	if len(strings.TrimSpace(string(raw))) == 0 {
		b.res.Received--
		return
	}
	e, reason, err := b.in.readLine(b.website, raw)
	switch {
	case err != nil:
		if len(b.res.Rejected) < shownRejection {
			b.res.Rejected = append(b.res.Rejected, RejectedImport{b.res.Received, err.Error()})
		}
	case reason != Kept:
		b.res.Dropped[reason]++
	default:
		b.pending = append(b.pending, e)
	}
}

// flush stores the pending events whose line ids are new.
func (b *backfill) flush(ctx context.Context) error {
	if len(b.pending) == 0 {
		return nil
	}
	var ids []string
	for _, e := range b.pending {
		if e.ImportID != "" {
			ids = append(ids, e.ImportID)
		}
	}
	seen, err := b.known.ImportedIDs(ctx, b.website.ID, ids)
	if err != nil {
		return fmt.Errorf("look up imported lines: %w", err)
	}
	fresh := b.pending[:0]
	for _, e := range b.pending {
		if e.ImportID != "" && seen[e.ImportID] {
			b.res.Duplicates++
			continue
		}
		if e.ImportID != "" {
			seen[e.ImportID] = true
		}
		fresh = append(fresh, e)
	}
	if len(fresh) > 0 {
		if err := b.in.committer.submitAll(fresh); err != nil {
			b.in.logStoreError(err)
			return unavailable()
		}
	}
	b.res.Stored += len(fresh)
	b.pending = nil
	return nil
}

// readLine checks one line like a live event, but for rate and duplicates.
func (in *Ingest) readLine(w *site.Website, raw []byte) (*event.Event, Reason, error) {
	we := &wireEvent{Domain: w.Domain}
	if err := decode(raw, we); err != nil {
		return nil, Kept, err
	}
	we.Cookieless = false // the line's visitor id is taken as it is
	if we.Domain == "" {
		we.Domain = w.Domain
	}
	var errs fault.List
	m, err := we.check()
	errs.Add(err)
	at, err := in.importTime(we.Timestamp)
	errs.Add(err)
	if len(we.ID) > maxImportID {
		errs.Add(fault.Invalid("id", "is %d bytes long; at most %d are allowed", len(we.ID), maxImportID))
	}
	page, ok := enrich.ParsePage(we.Href, we.Domain, we.Hash)
	if we.Href != "" && !ok {
		errs.Add(fault.Invalid("href", "%q is not a page address; send http, https or datafast://", short(we.Href)))
	}
	where, err := in.importPlace(we)
	errs.Add(err)
	if err := errs.Err(); err != nil {
		return nil, Kept, err
	}
	a := &arrival{
		now: at, website: w, rules: in.rules.of(w), wire: we, message: m, page: page,
		userAgent: we.UserAgent, place: where, agent: enrich.Agent{System: we.system()},
	}
	a.addr, _ = netip.ParseAddr(we.IP)
	if we.UserAgent != "" {
		a.agent = in.cfg.Systems.Read(we.UserAgent)
	}
	for _, s := range []step{dropBots, dropExcluded, dropForeignHosts} {
		if reason := s(in, a); reason != Kept {
			return nil, reason, nil
		}
	}
	e := in.build(a, m.visitor)
	e.Time, e.ImportID, e.Server, e.Backfilled = at, we.ID, we.Server, true
	return e, Kept, nil
}

func (in *Ingest) importTime(s string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, fault.Invalid("timestamp", "%q is not a time; use ISO 8601 with Z or an offset, such as 2026-05-21T09:00:00.000Z", short(s))
	}
	if at.After(in.cfg.Now()) {
		return time.Time{}, fault.Invalid("timestamp", "%q lies in the future; only what happened can be imported", short(s))
	}
	return at.UTC().Truncate(time.Millisecond), nil
}

// importPlace takes the line's own place, else that of its address, else that of
// its time zone.
func (in *Ingest) importPlace(w *wireEvent) (event.Place, error) {
	p := event.Place{Region: strings.ToUpper(w.Region), City: w.City, Latitude: w.Latitude, Longitude: w.Longitude}
	if w.Country != "" {
		code := strings.ToUpper(w.Country)
		if place.CountryName(code) == place.Unknown {
			return p, fault.Invalid("country", "%q is not an ISO 3166-1 alpha-2 code", short(w.Country))
		}
		p.Country = code
		return p, nil
	}
	if w.IP != "" {
		addr, err := netip.ParseAddr(w.IP)
		if err != nil {
			return p, fault.Invalid("ip", "%q is not an IP address", short(w.IP))
		}
		p = in.cfg.Geo.Find(addr)
	}
	if p.Country == "" {
		p.Country = place.CountryOfZone(w.Timezone)
	}
	return p, nil
}

// system is what an export wrote in place of the user agent.
func (w *wireEvent) system() event.System {
	s := event.System{
		Browser: cut(w.Browser, maxText), BrowserVersion: cut(w.BrowserVersion, maxText),
		OS: cut(w.OS, maxText), OSVersion: cut(w.OSVersion, maxText), Device: "desktop",
	}
	var device string
	if json.Unmarshal(w.Device, &device) == nil && (device == "mobile" || device == "tablet") {
		s.Device = device
	}
	return s
}

// Record stores an event that the site's server reports, such as a goal of
// POST /goals: it enters at identity and is never a duplicate.
func (in *Ingest) Record(ctx context.Context, e *event.Event) error {
	if _, err := in.committer.submit(ctx, e, false); err != nil {
		in.logStoreError(err)
		return unavailable()
	}
	return nil
}
