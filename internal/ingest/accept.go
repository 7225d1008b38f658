package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"datafast/internal/enrich"
	"datafast/internal/event"
	"datafast/internal/fault"
	"datafast/internal/id"
	"datafast/internal/place"
	"datafast/internal/site"
)

// Websites finds the website of an event by its public tracking id.
type Websites interface {
	// ByTrackingID answers fault.CodeNotFound for an id that does not exist. The
	// same settings give the same pointer.
	ByTrackingID(ctx context.Context, trackingID string) (*site.Website, error)
}

// Config is what an Ingest is made of. All fields but DataCenters are required.
type Config struct {
	Websites    Websites
	Store       Store
	Drops       DropStore
	Apps        AppStore
	Secrets     Secrets
	Systems     *enrich.Systems
	Geo         *enrich.Geo
	Origins     *enrich.Origins
	Trust       Trust
	DataCenters []netip.Prefix // refused in attack mode
	Now         func() time.Time
	IDs         *id.Generator
	Log         *slog.Logger
	Stored      func([]*event.Event) // fan-out: called in order, after each commit; must be quick
}

// Ingest accepts events. It is safe for concurrent use.
type Ingest struct {
	cfg       Config
	committer *Committer
	identity  *identities
	rules     ruleBook
	limits    *limiter
	drops     *dropBook
	apps      *appBook
	steps     []step
	importing sync.Mutex
	stop      context.CancelFunc
	stopped   chan struct{}
}

// Open starts accepting. Close ends it.
func Open(ctx context.Context, cfg Config) (*Ingest, error) {
	identity, err := newIdentities(ctx, cfg.Secrets)
	if err != nil {
		return nil, err
	}
	limits, err := newLimiter()
	if err != nil {
		return nil, err
	}
	committer, err := newCommitter(ctx, cfg.Store, cfg.IDs, cfg.Now, cfg.Stored)
	if err != nil {
		return nil, fmt.Errorf("read recent events: %w", err)
	}
	running, stop := context.WithCancel(context.Background())
	in := &Ingest{
		cfg: cfg, committer: committer, identity: identity, rules: ruleBook{byID: map[string]*rules{}},
		limits: limits, drops: newDropBook(cfg.Drops), apps: newAppBook(cfg.Apps, cfg.Log), stop: stop, stopped: make(chan struct{}),
	}
	in.steps = []step{dropBots, dropGPC, dropAttack, dropExcluded, dropForeignHosts}
	go func() {
		defer close(in.stopped)
		in.drops.run(running, cfg.Log)
	}()
	return in, nil
}

// Close stores what waits and stops. No event may be accepted after it.
func (in *Ingest) Close() error {
	in.committer.close()
	in.stop()
	<-in.stopped
	return in.FlushDrops(context.Background())
}

// FlushDrops writes the counts of dropped events, so that a reader sees them.
func (in *Ingest) FlushDrops(ctx context.Context) error { return in.drops.flush(ctx) }

// Request is what arrives at POST /api/events.
type Request struct {
	Body   []byte
	Header http.Header
	Remote string // socket peer, "host:port"
}

// Result is how a request ended: stored, or ignored with a reason. Visitor is the
// id that a cookieless client is told; empty otherwise.
type Result struct {
	Ignored Reason
	Visitor string
}

// arrival is one event on its way through the steps.
type arrival struct {
	now        time.Time
	website    *site.Website
	rules      *rules
	wire       *wireEvent
	message    message
	page       enrich.Page
	header     http.Header
	addr       netip.Addr
	userAgent  string
	agent      enrich.Agent
	place      event.Place
	cookieless bool
}

// step keeps an event (Kept) or drops it with a reason. Steps run in order; none
// changes the arrival.
type step func(in *Ingest, a *arrival) Reason

// Accept runs an event through the path of design.md §3 and returns when it is
// durable or dropped. Errors are faults: invalid, not_found (website), forbidden
// (suspended), too_many, unavailable.
func (in *Ingest) Accept(ctx context.Context, r Request) (Result, error) {
	a, err := in.read(ctx, r)
	if err != nil {
		return Result{}, err
	}
	if wait := in.limits.wait(a); wait > 0 {
		return Result{}, tooMany(wait)
	}
	for _, s := range in.steps {
		if reason := s(in, a); reason != Kept {
			in.drops.add(a, reason)
			return Result{Ignored: reason}, nil
		}
	}
	visitor := a.message.visitor
	if a.cookieless {
		visitor, err = in.identity.cookieless(ctx, a.now, a.website.ID, a.page.Hostname, a.addr, a.userAgent)
		if err != nil {
			in.cfg.Log.Error("no salt for cookieless visitors", "error", err)
			return Result{}, unavailable()
		}
	}
	res := Result{}
	if a.cookieless {
		res.Visitor = visitor.String()
		if a.message.kind == event.Identify {
			return res, nil // tracker.md §6.5: answered, never stored
		}
	}
	e := in.build(a, visitor)
	e.DuplicateHash = in.identity.duplicateHash(a.wire)
	reason, err := in.committer.submit(ctx, e, true)
	if err != nil {
		in.logStoreError(err)
		return Result{}, unavailable()
	}
	if reason != Kept {
		in.drops.add(a, reason)
		res.Ignored = reason
	}
	return res, nil
}

func (in *Ingest) logStoreError(err error) {
	var failed *storeError
	if errors.As(err, &failed) {
		in.cfg.Log.Error("events not stored", "error", failed.cause)
	}
}

func tooMany(wait time.Duration) error {
	e := fault.New(fault.CodeTooMany, "Too many events from this address. Try again in %d seconds.", int(wait.Seconds())+1)
	e.RetryAfter = wait
	return e
}

// read decodes and checks the body and gathers the facts of the request.
func (in *Ingest) read(ctx context.Context, r Request) (*arrival, error) {
	w := &wireEvent{}
	if err := decode(r.Body, w); err != nil {
		return nil, err
	}
	var errs fault.List
	if w.WebsiteID == "" {
		errs.Add(fault.Invalid("websiteId", "is required: the website's tracking id, dfid_…"))
	}
	m, err := w.check()
	errs.Add(err)
	page, ok := enrich.ParsePage(w.Href, w.Domain, w.Hash)
	if w.Href != "" && !ok {
		errs.Add(fault.Invalid("href", "%q is not a page address; send http, https or datafast://", short(w.Href)))
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	website, err := in.cfg.Websites.ByTrackingID(ctx, w.WebsiteID)
	if err != nil {
		return nil, err
	}
	if website.Suspended {
		return nil, fault.New(fault.CodeForbidden, "Tracking is suspended for this website")
	}
	a := &arrival{
		now: in.cfg.Now().UTC(), website: website, rules: in.rules.of(website), wire: w, message: m, page: page, header: r.Header,
		addr: in.cfg.Trust.ClientAddr(r.Header, r.Remote), userAgent: r.Header.Get("User-Agent"),
		cookieless: w.Cookieless || website.IsCookieless,
	}
	a.agent = in.cfg.Systems.Read(a.userAgent)
	a.place = in.cfg.Geo.Find(a.addr)
	if a.place.Country == "" {
		a.place.Country = firstOf(enrich.CountryFromHeaders(r.Header), place.CountryOfZone(w.Timezone))
	}
	return a, nil
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// isApp reports whether the event comes from the SDK inside an app.
func (a *arrival) isApp() bool {
	return a.message.device.Platform == "ios" || a.message.device.Platform == "android"
}

func dropBots(_ *Ingest, a *arrival) Reason {
	if a.isApp() && (strings.Contains(a.userAgent, "DataFast/") || !a.agent.Bot) {
		return Kept
	}
	if a.agent.Bot || isPrefetch(a.header) {
		return DropBot
	}
	return Kept
}

func isPrefetch(h http.Header) bool {
	return strings.Contains(h.Get("Sec-Purpose"), "prefetch") || strings.Contains(h.Get("Purpose"), "prefetch")
}

func dropGPC(_ *Ingest, a *arrival) Reason {
	if a.website.RespectGPC && (a.header.Get("Sec-Gpc") == "1" || a.header.Get("Dnt") == "1") {
		return DropGPC
	}
	return Kept
}

// dropAttack applies attack mode (tracker.md §9).
func dropAttack(in *Ingest, a *arrival) Reason {
	if !a.website.IsAttackModeEnabled {
		return Kept
	}
	v := a.wire.Viewport
	switch {
	case a.message.kind == event.Pageview && (v.Width <= 0 || v.Height <= 0),
		a.header != nil && a.header.Get("Accept-Language") == "",
		in.isDataCenter(a.addr),
		a.header != nil && a.isApp() && !in.apps.uses(a),
		in.limits.newVisitorTooSoon(a):
		return DropBot
	}
	return Kept
}

func (in *Ingest) isDataCenter(addr netip.Addr) bool {
	for _, p := range in.cfg.DataCenters {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

func dropExcluded(_ *Ingest, a *arrival) Reason {
	switch {
	case a.rules.excludesAddr(a.addr):
		return DropIP
	case a.place.Country != "" && a.rules.countries[a.place.Country]:
		return DropCountry
	case a.message.kind != event.PaymentClaim && a.rules.excludesPath(a.page.Path):
		return DropPath
	case a.rules.excludesHost(a.page.Hostname):
		return DropExcludedHost
	}
	return Kept
}

func dropForeignHosts(_ *Ingest, a *arrival) Reason {
	if !a.rules.maySend(a.page) {
		return DropHostname
	}
	return Kept
}

// build makes the row of an arrival that passed every step.
func (in *Ingest) build(a *arrival, visitor event.VisitorID) *event.Event {
	w := a.wire
	e := &event.Event{
		WebsiteID: a.website.ID, Visitor: visitor, ClientSession: w.SessionID, Kind: a.message.kind,
		Hostname: a.page.Hostname, Path: a.page.Path, Name: a.message.name, Data: a.message.data,
		Place: a.place, Viewport: size(w.Viewport.Width, w.Viewport.Height), Screen: size(w.ScreenW, w.ScreenH),
		Language: language(w.Language, a.header), Timezone: zone(w.Timezone),
	}
	e.System = enrich.WithHints(a.agent.System, a.header)
	if a.isApp() {
		e.System = enrich.App(a.message.device.Platform, a.message.device.OSVersion)
	}
	if e.Kind == event.Pageview {
		e.Origin = in.cfg.Origins.Of(enrich.CleanReferrer(a.message.referrer), a.page.Params, a.rules.owns)
	}
	if !a.cookieless {
		e.ClientFirstSeen, e.ClientSessions = w.hints(a.now)
	}
	return e
}

func language(sent string, h http.Header) string {
	if sent == "" {
		sent, _, _ = strings.Cut(h.Get("Accept-Language"), ",")
		sent, _, _ = strings.Cut(sent, ";")
	}
	if sent == "" || len(sent) > 35 {
		return "en"
	}
	return event.CleanValue(sent)
}

// zone keeps a time zone that exists.
func zone(name string) string {
	if place.CountryOfZone(name) != "" || name == "UTC" {
		return name
	}
	return ""
}
