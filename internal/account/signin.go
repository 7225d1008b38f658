package account

import (
	"context"

	"datafast/internal/audit"
	"datafast/internal/fault"
	"datafast/internal/field"
)

// Verify checks a person: unauthenticated for a wrong address, password or code
// (in the same time whichever it was), forbidden for a disabled account, and
// invalid with ReasonCodeRequired when a second factor is in force and code is
// empty. Both outcomes are written to the audit log of a known account.
func (p *People) Verify(ctx context.Context, email, password, code string) (*User, error) {
	u, secrets, err := p.secretsOf(ctx, email)
	if err != nil {
		return nil, err
	}
	matches, err := p.hasher.Matches(ctx, password, secrets.PasswordHash)
	if err != nil {
		return nil, err
	}
	if u == nil {
		// As long as for a known address, down to the write; what is written
		// concerns nobody and is forgotten after a while.
		record := p.log.Record(ctx, audit.Change{Action: "sign_in.failed"})
		return nil, firstOf(record, wrongPerson())
	}
	if matches && u.TOTP && code == "" {
		return nil, fault.Invalid("code", "give the code of your authenticator app").Because(ReasonCodeRequired)
	}
	if matches && u.TOTP {
		matches, err = p.secondFactor(ctx, u, secrets, code)
		if err != nil {
			return nil, err
		}
	}
	if !matches {
		record := p.log.Record(ctx, audit.Change{Action: "sign_in.failed", UserID: u.ID, Target: u.Email})
		return nil, firstOf(record, wrongPerson())
	}
	if u.Disabled {
		return nil, fault.New(fault.CodeForbidden, "This account is disabled; ask the operator").Because(ReasonDisabled)
	}
	return u, p.log.Record(asActor(ctx, u.ID), audit.Change{Action: "sign_in", UserID: u.ID, Target: u.Email})
}

// asActor is a context in which the user acts, for what people do before they
// are signed in.
func asActor(ctx context.Context, userID string) context.Context {
	actor := audit.ActorOf(ctx)
	if actor.UserID == "" {
		actor.UserID = userID
	}
	return audit.With(ctx, actor)
}

func wrongPerson() error {
	return fault.New(fault.CodeUnauthenticated, "Wrong e-mail address, password or code")
}

// secretsOf returns nil and no secrets for an unknown address, so that checking
// goes on as if it were known.
func (p *People) secretsOf(ctx context.Context, email string) (*User, Secrets, error) {
	email, err := field.Email("email", email)
	if err != nil {
		return nil, Secrets{}, nil //nolint:nilerr // a malformed address is an unknown one
	}
	u, err := p.store.UserByEmail(ctx, email)
	if err == nil {
		s, err := p.store.Secrets(ctx, u.ID)
		return u, s, err
	}
	if fault.CodeOf(err) != fault.CodeNotFound {
		return nil, Secrets{}, err
	}
	return nil, Secrets{}, nil
}

// confirm checks the password of somebody who is signed in already.
func (p *People) confirm(ctx context.Context, userID, password string) (Secrets, error) {
	s, err := p.store.Secrets(ctx, userID)
	if err != nil {
		return Secrets{}, err
	}
	ok, err := p.hasher.Matches(ctx, password, s.PasswordHash)
	if err == nil && !ok {
		err = fault.New(fault.CodeForbidden, "The password is wrong").Because(ReasonWrongPassword)
	}
	return s, err
}

// ChangePassword sets a new password after checking the current one, and ends
// all sign-ins but keepSignIn.
func (p *People) ChangePassword(ctx context.Context, userID, current, password, keepSignIn string) error {
	if err := checkPassword("password", password); err != nil {
		return err
	}
	if _, err := p.confirm(ctx, userID, current); err != nil {
		return err
	}
	return p.setPassword(ctx, userID, password, keepSignIn, "password.change")
}

// ResetPassword is the operator's: it sets a password without knowing the old
// one and ends all sign-ins.
func (p *People) ResetPassword(ctx context.Context, userID, password string) error {
	if err := checkPassword("password", password); err != nil {
		return err
	}
	return p.setPassword(ctx, userID, password, "", "password.reset")
}

func (p *People) setPassword(ctx context.Context, userID, password, keepSignIn, action string) error {
	hash, err := p.hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	return p.store.InTx(ctx, func(ctx context.Context) error {
		return p.replacePassword(ctx, userID, hash, keepSignIn, action)
	})
}

func (p *People) replacePassword(ctx context.Context, userID, hash, keepSignIn, action string) error {
	u, err := p.store.User(ctx, userID)
	if err != nil {
		return err
	}
	if err := p.store.SetPassword(ctx, userID, hash, p.now()); err != nil {
		return err
	}
	if err := p.store.DeleteLinks(ctx, LinkReset, userID); err != nil {
		return err
	}
	if err := p.store.EndSignIns(ctx, userID, keepSignIn); err != nil {
		return err
	}
	return p.log.Record(ctx, audit.Change{Action: action, UserID: userID, Target: u.Email})
}

// ResetLink makes the secret of a link for a new password, in place of an earlier
// one; empty when the address has no account.
func (p *People) ResetLink(ctx context.Context, email string) (secret string, u *User, err error) {
	u, _, err = p.secretsOf(ctx, email)
	if err != nil || u == nil || u.Disabled {
		return "", nil, err
	}
	secret = newLinkSecret()
	err = p.store.InTx(ctx, func(ctx context.Context) error {
		if err := p.store.DeleteLinks(ctx, LinkReset, u.ID); err != nil {
			return err
		}
		link := Link{Hash: hashSecret(secret), Kind: LinkReset, UserID: u.ID, ExpiresAt: p.now().Add(resetLifetime)}
		if err := p.store.InsertLink(ctx, link); err != nil {
			return err
		}
		return p.log.Record(ctx, audit.Change{Action: "password.reset_link", UserID: u.ID, Target: u.Email})
	})
	return secret, u, err
}

// ConfirmReset sets a new password with the secret of ResetLink and ends all
// sign-ins.
func (p *People) ConfirmReset(ctx context.Context, secret, password string) error {
	if err := checkPassword("password", password); err != nil {
		return err
	}
	hash, err := p.hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	return p.store.InTx(ctx, func(ctx context.Context) error {
		link, err := p.take(ctx, LinkReset, secret)
		if err != nil {
			return err
		}
		return p.replacePassword(asActor(ctx, link.UserID), link.UserID, hash, "", "password.reset")
	})
}

// EndSignIn ends one sign-in of a user, made with the named browser.
func (p *People) EndSignIn(ctx context.Context, userID, signInID, browser string) error {
	return p.store.InTx(ctx, func(ctx context.Context) error {
		if err := p.store.DeleteSignIn(ctx, userID, signInID); err != nil {
			return err
		}
		return p.log.Record(asActor(ctx, userID), audit.Change{Action: "sign_out", UserID: userID, Target: browser})
	})
}

// EndSignIns signs a user out everywhere.
func (p *People) EndSignIns(ctx context.Context, userID string) error {
	return p.store.InTx(ctx, func(ctx context.Context) error {
		if err := p.store.EndSignIns(ctx, userID, ""); err != nil {
			return err
		}
		return p.log.Record(ctx, audit.Change{Action: "sign_out.everywhere", UserID: userID})
	})
}
