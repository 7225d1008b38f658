package server

import (
	"context"
	"log/slog"
	"runtime"
	"slices"
	"time"

	"datafast/internal/account"
	"datafast/internal/alert"
	"datafast/internal/audit"
	"datafast/internal/auth"
	"datafast/internal/event"
	"datafast/internal/funnel"
	"datafast/internal/id"
	"datafast/internal/mail"
	"datafast/internal/revenue"
	"datafast/internal/site"
	"datafast/internal/store/control"
)

// services are the domain services over the control store.
type services struct {
	audit     *audit.Log
	people    *account.People
	teams     *account.Teams
	keeper    *auth.Keeper
	devices   *auth.Devices
	directory *site.Directory
	sites     *site.Sites
	funnels   *funnel.Funnels
	alerts    *alert.Alerts
	watch     *alert.Watch
	notes     *site.Notes
	customs   *site.Customizations
	newID     func() string
}

// Passwords are hashed as OWASP advises: 19 MiB, two passes.
const (
	hashMemoryKiB = 19 * 1024
	hashPasses    = 2
)

// newServices builds them; goals is what knows the goals that a website has seen.
func newServices(c *control.Store, post *mail.Post, goals site.Goals, settings Settings, log *slog.Logger) services {
	ids := id.NewGenerator()
	newID := func() string { return ids.New(time.Now()) }
	now := time.Now
	s := services{newID: newID, audit: audit.NewLog(c, now, newID)}
	hasher := account.NewHasher(hashMemoryKiB, hashPasses, runtime.GOMAXPROCS(0))
	s.people = account.NewPeople(c, s.audit, hasher, now, newID)
	s.teams = account.NewTeams(c, s.audit, s.people, now, newID)
	s.keeper = auth.NewKeeper(c, s.audit, log, now, newID)
	s.directory = site.NewDirectory(c, now)
	s.sites = site.NewSites(c, s.directory, site.Checks{Goals: goals, Currency: revenue.ParseCurrency, Most: settings.MostWebsites}, s.audit, now, newID)
	s.devices = auth.NewDevices(c, s.keeper, s.sites)
	s.funnels = funnel.New(c, now, newID)
	s.watch = alert.NewWatch(c, s.teams, letters{post}, settings.BaseURL, log, newID)
	s.alerts = alert.New(c, s.watch.Refresh, now, newID)
	s.notes = site.NewNotes(c, now, newID)
	s.customs = site.NewCustomizations(c, now)
	return s
}

// followers does in the event store what follows from a change of a website.
type followers struct {
	payments *revenue.Service
	events   interface {
		DeleteWebsite(ctx context.Context, websiteID string) error
	}
}

// CurrencyChanged implements site.Follower.
func (f followers) CurrencyChanged(ctx context.Context, w *site.Website) error {
	return f.payments.CurrencyChanged(ctx, w)
}

// WebsiteDeleted implements site.Follower.
func (f followers) WebsiteDeleted(ctx context.Context, websiteID string) error {
	return f.events.DeleteWebsite(ctx, websiteID)
}

// letters delivers alerts by mail.
type letters struct{ post *mail.Post }

// Notify implements alert.Notifier.
func (l letters) Notify(m alert.Message) error {
	return l.post.Send(mail.Letter{To: m.To, Subject: m.Subject, Text: m.Text, Done: m.Done})
}

// knownGoals says which goals a website has: automatic ones, and those seen.
type knownGoals struct {
	seen site.Goals // nil while there is no event store
}

// GoalSeen implements site.Goals.
func (k knownGoals) GoalSeen(ctx context.Context, websiteID, name string) (bool, error) {
	if slices.Contains(event.AutomaticGoals(), name) {
		return true, nil
	}
	if k.seen == nil {
		return false, nil
	}
	return k.seen.GoalSeen(ctx, websiteID, name)
}
