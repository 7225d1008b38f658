// Package audit is the record of every change of access and settings: who, with
// which credential, from where, what, before and after.
//
// The actor travels in the context, put there once at the edge; a service
// records with Log.Record inside the transaction of its change.
//
// It imports fault only and is, like it, imported by every domain package.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"
)

// Actor is who did it.
type Actor struct {
	UserID     string // empty: the operator on the command line, or nobody known
	Kind       string // "website", "account", "session"; empty: no credential
	DisplayKey string // of the token; empty for a sign-in
	IP         netip.Addr
}

type actorKey struct{}

// With returns a context that carries the actor.
func With(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf returns the context's actor; the zero value when there is none.
func ActorOf(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}

// Entry is one row. Before and After never hold secrets.
type Entry struct {
	ID        string
	At        time.Time
	WebsiteID string // empty: concerns an account alone
	UserID    string // the account concerned; empty: concerns a website alone
	Actor     Actor
	Action    string // "token.create", "member.invite", "settings.update", …
	Target    string // what was changed, as people call it
	Before    json.RawMessage
	After     json.RawMessage

	// Filled in when read: the actor's name and address, and where it came from,
	// whole for 30 days, then cut to /24 or /48.
	ActorName  string
	ActorEmail string
	IP         string
}

// Change says what a service did; Log adds who, when and from where.
type Change struct {
	Action    string
	WebsiteID string
	UserID    string
	Target    string
	Before    any // encoded as JSON; nil: nothing was there
	After     any
}

// Stamp is a time as Before and After have it; null for the zero time.
func Stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// Range narrows a listing to entries in [From, To]; zero times are open ends.
type Range struct {
	From, To      time.Time
	Limit, Offset int
}

// Store keeps entries.
type Store interface {
	InsertAudit(ctx context.Context, e Entry) error
	// WebsiteAudit and AccountAudit list newest first, with the number of all
	// entries in the range. The second: what concerns the user and the websites
	// they own.
	WebsiteAudit(ctx context.Context, websiteID string, r Range) ([]Entry, int, error)
	AccountAudit(ctx context.Context, userID string, r Range) ([]Entry, int, error)
	// CutAuditAddresses shortens the addresses of entries before the given time.
	CutAuditAddresses(ctx context.Context, before time.Time) error
}

// Log records and reads entries.
type Log struct {
	Store
	now   func() time.Time
	newID func() string
}

// NewLog returns a log over store.
func NewLog(store Store, now func() time.Time, newID func() string) *Log {
	return &Log{Store: store, now: now, newID: newID}
}

// Record writes one entry with the context's actor.
func (l *Log) Record(ctx context.Context, c Change) error {
	before, err := encode(c.Before)
	if err != nil {
		return fmt.Errorf("audit %s: encode what was before: %w", c.Action, err)
	}
	after, err := encode(c.After)
	if err != nil {
		return fmt.Errorf("audit %s: encode what is now: %w", c.Action, err)
	}
	err = l.InsertAudit(ctx, Entry{
		ID: l.newID(), At: l.now(), WebsiteID: c.WebsiteID, UserID: c.UserID, Actor: ActorOf(ctx),
		Action: c.Action, Target: c.Target, Before: before, After: after,
	})
	if err != nil {
		return fmt.Errorf("audit %s: %w", c.Action, err)
	}
	return nil
}

func encode(v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	return json.Marshal(v)
}

// keepAddresses is how long addresses are kept whole (api.md §9.12).
const keepAddresses = 30 * 24 * time.Hour

// Run shortens addresses that are over 30 days old; call it daily.
func (l *Log) Run(ctx context.Context, now time.Time) error {
	return l.CutAuditAddresses(ctx, now.Add(-keepAddresses))
}

// CutIP shortens an address to /24 or /48, as text; empty for none.
func CutIP(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	bits := 48
	if ip = ip.Unmap(); ip.Is4() {
		bits = 24
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}
