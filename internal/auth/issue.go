package auth

import (
	"context"
	"slices"
	"strings"
	"time"

	"datafast/internal/audit"
	"datafast/internal/fault"
	"datafast/internal/field"
	"datafast/internal/site"
)

// Limits of credentials (api.md §11).
const (
	MaxTokens   = 20 // account tokens of a user
	MaxKeys     = 10 // keys of a website
	MaxGrace    = 7 * 24 * time.Hour
	maxLifetime = 5 * 365 * 24 * time.Hour
)

// NewToken is what an account token is made from.
type NewToken struct {
	Name string // may be empty
	// Permissions as asked for; nil: left out, which means everything.
	Permissions []string
	// Websites as asked for, ids or tracking ids; nil: left out, which copies the
	// maker's list; empty: all of the user's.
	Websites  []string
	ExpiresAt Expiry
}

// Expiry is an optional end: Set false means left out, At zero means never.
type Expiry struct {
	Set bool
	At  time.Time
	Bad error // what could not be read, told with the other fields' faults
}

// Finder finds a website by id or tracking id, not_found when there is none.
type Finder interface {
	Find(ctx context.Context, ref string) (*site.Website, error)
}

// CreateToken makes an account token for the maker's user and returns its raw
// value, this once. It can never do more than its maker: what exceeds it is
// forbidden, naming the excess; a website that the user is no member of is not
// found. The 21st token is forbidden.
func (k *Keeper) CreateToken(ctx context.Context, maker *Principal, n NewToken, sites Finder) (*Credential, string, error) {
	c, err := k.draft(ctx, maker, n, sites)
	if err != nil {
		return nil, "", err
	}
	secret, err := k.insert(ctx, c)
	return c, secret, err
}

// draft checks what a token is to be made from against its maker.
func (k *Keeper) draft(ctx context.Context, maker *Principal, n NewToken, sites Finder) (*Credential, error) {
	c := &Credential{ID: k.newID(), Kind: AccountToken, UserID: maker.UserID, CreatedAt: k.now(), CreatorToken: maker.DisplayKey}
	var faults fault.List
	var err error
	c.Name, err = field.Line("name", n.Name, 0, 100)
	faults.Add(err)
	asked := n.Permissions
	if asked == nil {
		asked = []string{Everything}
	}
	granted, set, err := ParsePermissions(asked)
	faults.Add(err)
	faults.Add(k.checkExpiry(n.ExpiresAt))
	for _, w := range n.Websites {
		if !WellFormedWebsite(w) {
			faults.Add(fault.Invalid("websiteIds", "%q is neither a website id nor a tracking id", w))
		}
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	c.Granted = granted
	if err := holds(maker, set); err != nil {
		return nil, err
	}
	if c.WebsiteIDs, err = k.scope(ctx, maker, n.Websites, sites); err != nil {
		return nil, err
	}
	c.ExpiresAt, err = lifetime(maker, n.ExpiresAt)
	return c, err
}

// holds is the check that a maker holds all that it wants to give.
func holds(maker *Principal, set Permissions) error {
	if missing := maker.Permissions.Missing(set); len(missing) > 0 {
		return forbidden(ReasonMissingPermission, "permissions: this credential cannot give what it does not have: "+strings.Join(missing, ", "))
	}
	return nil
}

// scope resolves the websites of a new token within its maker's reach.
func (k *Keeper) scope(ctx context.Context, maker *Principal, asked []string, sites Finder) ([]string, error) {
	if asked == nil {
		return slices.Clone(maker.WebsiteIDs), nil
	}
	if len(asked) == 0 && maker.Narrowed() {
		return nil, forbidden(ReasonNarrowed, "websiteIds: a token limited to some websites cannot give all; name them")
	}
	var ids []string
	for _, ref := range asked {
		w, err := sites.Find(ctx, ref)
		if err != nil {
			return nil, err
		}
		role, err := k.store.Role(ctx, maker.UserID, w.ID)
		switch {
		case err != nil:
			return nil, err
		case role == "":
			return nil, fault.NotFound("Website not found")
		case !maker.Reaches(w.ID):
			return nil, forbidden(ReasonWebsiteScope, "websiteIds: this token is not allowed on "+w.Domain)
		case !slices.Contains(ids, w.ID):
			ids = append(ids, w.ID)
		}
	}
	return ids, nil
}

// checkExpiry refuses an end that is past or over five years away.
func (k *Keeper) checkExpiry(e Expiry) error {
	if e.Bad != nil || e.At.IsZero() {
		return e.Bad
	}
	now := k.now()
	if !now.Before(e.At) || e.At.After(now.Add(maxLifetime)) {
		return fault.Invalid("expiresAt", "must lie in the future and at most five years away, or be null for never")
	}
	return nil
}

// lifetime keeps a new credential from outliving the account token that makes it.
func lifetime(maker *Principal, e Expiry) (time.Time, error) {
	if maker.Kind != AccountToken || maker.ExpiresAt.IsZero() {
		return e.At, nil
	}
	if !e.Set {
		return maker.ExpiresAt, nil
	}
	if e.At.IsZero() || e.At.After(maker.ExpiresAt) {
		return time.Time{}, forbidden("expires_too_late", "expiresAt: cannot be later than that of the token that makes it")
	}
	return e.At, nil
}

// NewKey is what a website key is made from.
type NewKey struct {
	Name      string
	ExpiresAt Expiry
}

// CreateKey makes a website key and returns its raw value, this once. Its creator
// is the maker's user; a key's maker is that key's creator. The 11th is forbidden.
func (k *Keeper) CreateKey(ctx context.Context, maker *Principal, websiteID string, n NewKey) (*Credential, string, error) {
	c := &Credential{ID: k.newID(), Kind: WebsiteKey, UserID: maker.UserID, WebsiteID: websiteID, CreatedAt: k.now(), CreatorToken: maker.DisplayKey}
	var faults fault.List
	var err error
	c.Name, err = field.Line("name", n.Name, 0, 100)
	faults.Add(err)
	faults.Add(k.checkExpiry(n.ExpiresAt))
	if err := faults.Err(); err != nil {
		return nil, "", err
	}
	if c.ExpiresAt, err = lifetime(maker, n.ExpiresAt); err != nil {
		return nil, "", err
	}
	secret, err := k.insert(ctx, c)
	return c, secret, err
}

// insert keeps a new credential unless there are enough, in one transaction.
func (k *Keeper) insert(ctx context.Context, c *Credential) (string, error) {
	secret := NewSecret(c.Kind)
	c.DisplayKey = DisplayKey(secret)
	err := k.store.InTx(ctx, func(ctx context.Context) error {
		if err := k.room(ctx, c); err != nil {
			return err
		}
		if err := k.store.InsertCredential(ctx, c, HashSecret(secret)); err != nil {
			return err
		}
		return k.record(ctx, "create", c, nil, c.facts())
	})
	return secret, err
}

// room refuses one more credential where there are enough.
func (k *Keeper) room(ctx context.Context, c *Credential) error {
	existing, most, what, err := k.siblings(ctx, c)
	if err != nil {
		return err
	}
	if len(existing) >= most {
		return fault.New(fault.CodeForbidden, "There are %d %s already, the most there can be; delete one first", most, what).Because("limit_reached")
	}
	return nil
}

func (k *Keeper) siblings(ctx context.Context, c *Credential) (existing []*Credential, most int, what string, err error) {
	if c.Kind == WebsiteKey {
		existing, err = k.store.CredentialsOf(ctx, c.WebsiteID)
		return existing, MaxKeys, "keys on this website", err
	}
	existing, err = k.store.UserCredentials(ctx, c.UserID)
	return existing, MaxTokens, "account tokens", err
}

// record writes the audit entry of a credential's life-cycle.
func (k *Keeper) record(ctx context.Context, what string, c *Credential, before, after any) error {
	change := audit.Change{Action: "token." + what, UserID: c.UserID, Target: label(c), Before: before, After: after}
	if c.Kind == WebsiteKey {
		change.Action, change.UserID, change.WebsiteID = "key."+what, "", c.WebsiteID
	}
	return k.audit.Record(ctx, change)
}

// facts is a credential as the audit log has it.
func (c *Credential) facts() map[string]any {
	facts := map[string]any{"displayKey": c.DisplayKey, "name": c.Name, "expiresAt": audit.Stamp(c.ExpiresAt)}
	if c.Kind == AccountToken {
		facts["permissions"], facts["websiteIds"] = c.Granted, c.WebsiteIDs
	}
	return facts
}

// value is what a roll replaces.
func (c *Credential) value() map[string]any {
	return map[string]any{"displayKey": c.DisplayKey, "previousKeyValidUntil": audit.Stamp(c.PreviousUntil)}
}

func label(c *Credential) string {
	if c.Name == "" {
		return c.DisplayKey
	}
	return c.Name + " (" + c.DisplayKey + ")"
}
