package auth

import (
	"context"
	"time"

	"datafast/internal/account"
)

// Credential is an account token or a website key as it is kept. The raw value
// is not.
type Credential struct {
	ID         string
	Kind       Kind   // AccountToken or WebsiteKey
	UserID     string // the token's user; the key's creator
	WebsiteID  string // the key's website; empty for a token
	Name       string // empty: none given
	DisplayKey string
	Granted    []string // a token's permissions as granted; nil for a key
	WebsiteIDs []string // a token's list; empty: all
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero: never

	// PreviousUntil is until when the value before the last roll works; zero: not.
	PreviousUntil time.Time

	LastUsedAt time.Time // zero: never
	LastUsedIP string    // cut to /24 or /48
	// Uses says when a permission was last needed, by its spelling, to the day.
	Uses map[string]time.Time

	CreatorName  string // of the user who made it
	CreatorToken string // display form of the credential that made it; empty: none

	// Disabled: the operator took API access away from the account, which for a
	// key is that of the website's owner. Filled in when read by hash.
	Disabled bool
	// Previous is true when read by the hash of the value before the last roll.
	Previous bool
}

// Store keeps credentials. Unknown things are faults with code not_found.
type Store interface {
	InTx(ctx context.Context, do func(ctx context.Context) error) error

	// CredentialByHash finds a credential by the hash of its present or former
	// value.
	CredentialByHash(ctx context.Context, hash string) (*Credential, error)
	// UserCredentials lists a user's account tokens, newest first; CredentialsOf
	// a website's keys, newest first. Both with Uses.
	UserCredentials(ctx context.Context, userID string) ([]*Credential, error)
	CredentialsOf(ctx context.Context, websiteID string) ([]*Credential, error)
	InsertCredential(ctx context.Context, c *Credential, hash string) error
	// RollCredential replaces display form and hash; the former hash works until
	// c.PreviousUntil.
	RollCredential(ctx context.Context, c *Credential, hash string) error
	DeleteCredential(ctx context.Context, credentialID string) error

	TouchCredential(ctx context.Context, credentialID string, at time.Time, ip string) error
	UsePermission(ctx context.Context, credentialID, permission string, day time.Time) error

	Role(ctx context.Context, userID, websiteID string) (account.Role, error)
}

// principal is who a request with this credential acts for.
func (c *Credential) principal() (*Principal, error) {
	p := &Principal{
		Kind: c.Kind, ID: c.ID, Name: c.Name, DisplayKey: c.DisplayKey, UserID: c.UserID, Disabled: c.Disabled,
		WebsiteID: c.WebsiteID, WebsiteIDs: c.WebsiteIDs, ExpiresAt: c.ExpiresAt,
	}
	if c.Previous {
		p.ValidUntil = c.PreviousUntil
	}
	if c.Kind == WebsiteKey {
		p.Permissions = KeyPermissions()
		p.Granted = p.Permissions.Strings()
		return p, nil
	}
	var err error
	p.Granted, p.Permissions, err = ParsePermissions(c.Granted)
	return p, err
}

// SignedIn is the principal of a sign-in: the user with everything, everywhere.
func SignedIn(signInID, userID string, disabled bool) *Principal {
	return &Principal{
		Kind: Session, ID: signInID, UserID: userID, Disabled: disabled,
		Granted: []string{Everything}, Permissions: Full,
	}
}

// unusedAfter is how long a permission may go unused before it is pointed out.
const unusedAfter = 30 * 24 * time.Hour

// Unused lists the permissions that no request needed in the last 30 days; nil
// for a credential younger than that. A token with everything lists single
// permissions.
func (c *Credential) Unused(now time.Time) []string {
	if now.Sub(c.CreatedAt) < unusedAfter {
		return nil
	}
	granted := c.Granted
	switch {
	case c.Kind == WebsiteKey:
		granted = KeyPermissions().Strings()
	case len(granted) == 1 && granted[0] == Everything:
		granted = Names()
	}
	unused := []string{}
	for _, g := range granted {
		if now.Sub(c.Uses[g]) >= unusedAfter+24*time.Hour { // used until the end of that day
			unused = append(unused, g)
		}
	}
	return unused
}
