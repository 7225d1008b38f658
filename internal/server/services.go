package server

import (
	"context"
	"log/slog"
	"runtime"
	"time"

	"datafast/internal/account"
	"datafast/internal/audit"
	"datafast/internal/auth"
	"datafast/internal/id"
	"datafast/internal/mail"
	"datafast/internal/site"
	"datafast/internal/store/control"
)

// services are the domain services over the control store.
type services struct {
	audit     *audit.Log
	people    *account.People
	teams     *account.Teams
	keeper    *auth.Keeper
	directory *site.Directory
	sites     *site.Sites
	newID     func() string
}

// Passwords are hashed as OWASP advises: 19 MiB, two passes.
const (
	hashMemoryKiB = 19 * 1024
	hashPasses    = 2
)

func newServices(c *control.Store, _ *mail.Post, log *slog.Logger) services {
	ids := id.NewGenerator()
	newID := func() string { return ids.New(time.Now()) }
	now := time.Now
	s := services{newID: newID, audit: audit.NewLog(c, now, newID)}
	hasher := account.NewHasher(hashMemoryKiB, hashPasses, runtime.GOMAXPROCS(0))
	s.people = account.NewPeople(c, s.audit, hasher, now, newID)
	s.teams = account.NewTeams(c, s.audit, s.people, now, newID)
	s.keeper = auth.NewKeeper(c, s.audit, log, now, newID)
	s.directory = site.NewDirectory(c, now)
	s.sites = site.NewSites(c, s.directory, noGoals{}, s.audit, now, newID)
	return s
}

// noGoals stands in for the event store's list of goals.
type noGoals struct{}

// GoalSeen implements site.Goals.
func (noGoals) GoalSeen(context.Context, string, string) (bool, error) { return false, nil }
