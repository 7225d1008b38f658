package account

import (
	"context"
	"time"

	"datafast/internal/audit"
	"datafast/internal/fault"
	"datafast/internal/field"
)

// Machine keys of refusals.
const (
	ReasonBadLink       = "bad_link"
	ReasonCodeRequired  = "code_required"
	ReasonDisabled      = "account_disabled"
	ReasonWrongPassword = "wrong_password"
)

// resetLifetime is how long a link for a new password works.
const resetLifetime = time.Hour

// People makes accounts and checks who somebody is.
type People struct {
	store  Store
	log    *audit.Log
	hasher *Hasher
	now    func() time.Time
	newID  func() string
}

// NewPeople returns the service over a store.
func NewPeople(store Store, log *audit.Log, hasher *Hasher, now func() time.Time, newID func() string) *People {
	return &People{store: store, log: log, hasher: hasher, now: now, newID: newID}
}

// NewUser is what an account is made from.
type NewUser struct {
	Email    string
	Name     string // may be empty
	Password string
}

// Create makes an account. Field errors are invalid, a known address a conflict.
func (p *People) Create(ctx context.Context, n NewUser) (*User, error) {
	u, hash, err := p.prepare(ctx, n)
	if err != nil {
		return nil, err
	}
	err = p.store.InTx(ctx, func(ctx context.Context) error { return p.insert(ctx, u, hash) })
	return u, err
}

// prepare checks a new account's fields and hashes its password, which is slow
// and so happens outside any transaction.
func (p *People) prepare(ctx context.Context, n NewUser) (*User, string, error) {
	var faults fault.List
	email, err := field.Email("email", n.Email)
	faults.Add(err)
	name, err := field.Line("name", n.Name, 0, 100)
	faults.Add(err)
	faults.Add(checkPassword("password", n.Password))
	if err := faults.Err(); err != nil {
		return nil, "", err
	}
	hash, err := p.hasher.Hash(ctx, n.Password)
	if err != nil {
		return nil, "", err
	}
	now := p.now()
	return &User{ID: p.newID(), Email: email, Name: name, CreatedAt: now, PasswordChangedAt: now}, hash, nil
}

func (p *People) insert(ctx context.Context, u *User, hash string) error {
	if _, err := p.store.UserByEmail(ctx, u.Email); err == nil {
		return fault.New(fault.CodeConflict, "email: %s has an account already", u.Email)
	} else if fault.CodeOf(err) != fault.CodeNotFound {
		return err
	}
	if err := p.store.InsertUser(ctx, u, hash); err != nil {
		return err
	}
	return p.log.Record(ctx, audit.Change{Action: "user.create", UserID: u.ID, Target: u.Email})
}

// FirstRunLink makes the one-time secret with which the first account is made,
// in place of any earlier one; empty when there is an account.
func (p *People) FirstRunLink(ctx context.Context) (secret string, err error) {
	err = p.store.InTx(ctx, func(ctx context.Context) error {
		secret = ""
		if err := p.store.DeleteLinks(ctx, LinkFirstRun, ""); err != nil {
			return err
		}
		empty, err := p.Empty(ctx)
		if err != nil || !empty {
			return err
		}
		secret = newLinkSecret()
		return p.store.InsertLink(ctx, Link{Hash: hashSecret(secret), Kind: LinkFirstRun})
	})
	return secret, err
}

// Empty reports whether there is no account yet.
func (p *People) Empty(ctx context.Context) (bool, error) {
	users, err := p.store.Users(ctx)
	return len(users) == 0, err
}

// FirstRun makes the first account with the secret of FirstRunLink: a conflict
// when there is an account, forbidden when the secret is not the last one.
func (p *People) FirstRun(ctx context.Context, secret string, n NewUser) (*User, error) {
	u, hash, err := p.prepare(ctx, n)
	if err != nil {
		return nil, err
	}
	err = p.store.InTx(ctx, func(ctx context.Context) error {
		if empty, err := p.Empty(ctx); err != nil || !empty {
			return firstOf(err, fault.New(fault.CodeConflict, "There is an account already; sign in"))
		}
		if _, err := p.take(ctx, LinkFirstRun, secret); err != nil {
			return err
		}
		return p.insert(ctx, u, hash)
	})
	return u, err
}

// Bootstrap makes the first account without a link, and kills an outstanding
// one; a conflict when there is an account. Further work that must happen with
// it or not at all goes into then.
func (p *People) Bootstrap(ctx context.Context, n NewUser, then func(ctx context.Context, u *User) error) error {
	u, hash, err := p.prepare(ctx, n)
	if err != nil {
		return err
	}
	return p.store.InTx(ctx, func(ctx context.Context) error {
		if empty, err := p.Empty(ctx); err != nil || !empty {
			return firstOf(err, fault.New(fault.CodeConflict, "this installation has accounts already; nothing was changed"))
		}
		if err := p.store.DeleteLinks(ctx, LinkFirstRun, ""); err != nil {
			return err
		}
		if err := p.insert(ctx, u, hash); err != nil {
			return err
		}
		return then(ctx, u)
	})
}

// firstOf returns err, or otherwise when err is nil.
func firstOf(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// take uses up a link: forbidden when it is unknown, used or too old.
func (p *People) take(ctx context.Context, kind LinkKind, secret string) (Link, error) {
	l, err := p.store.TakeLink(ctx, kind, hashSecret(secret))
	if err != nil && fault.CodeOf(err) != fault.CodeNotFound {
		return Link{}, err
	}
	if err != nil || !l.ExpiresAt.IsZero() && !p.now().Before(l.ExpiresAt) {
		return Link{}, badLink()
	}
	return l, nil
}

func badLink() error {
	return fault.New(fault.CodeForbidden, "This link is not valid any more; ask for a new one").Because(ReasonBadLink)
}

// User returns an account by id.
func (p *People) User(ctx context.Context, userID string) (*User, error) {
	return p.store.User(ctx, userID)
}

// ByEmail returns an account by address, not_found when there is none.
func (p *People) ByEmail(ctx context.Context, email string) (*User, error) {
	email, err := field.Email("email", email)
	if err != nil {
		return nil, err
	}
	u, err := p.store.UserByEmail(ctx, email)
	if fault.CodeOf(err) == fault.CodeNotFound {
		return nil, fault.NotFound("There is no account with the address %s", email)
	}
	return u, err
}

// List returns all accounts, by address.
func (p *People) List(ctx context.Context) ([]*User, error) { return p.store.Users(ctx) }

// Rename changes a user's name, 1 to 100 characters.
func (p *People) Rename(ctx context.Context, userID, name string) (*User, error) {
	name, err := field.Line("name", name, 1, 100)
	if err != nil {
		return nil, err
	}
	var changed *User
	err = p.store.InTx(ctx, func(ctx context.Context) error {
		u, err := p.store.User(ctx, userID)
		if err != nil {
			return err
		}
		before := u.Name
		u.Name, changed = name, u
		if err := p.store.UpdateUser(ctx, u); err != nil {
			return err
		}
		return p.log.Record(ctx, audit.Change{
			Action: "profile.update", UserID: u.ID, Target: u.Email,
			Before: map[string]string{"name": before}, After: map[string]string{"name": name},
		})
	})
	return changed, err
}

// Disable takes sign-in and API access away from a user at once, or gives them back.
func (p *People) Disable(ctx context.Context, userID string, disabled bool) error {
	return p.store.InTx(ctx, func(ctx context.Context) error {
		u, err := p.store.User(ctx, userID)
		if err != nil {
			return err
		}
		u.Disabled = disabled
		if err := p.store.UpdateUser(ctx, u); err != nil {
			return err
		}
		action := "user.enable"
		if disabled {
			action = "user.disable"
		}
		return p.log.Record(ctx, audit.Change{Action: action, UserID: u.ID, Target: u.Email})
	})
}
