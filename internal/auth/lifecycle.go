package auth

import (
	"context"
	"strings"
	"time"

	"datafast/internal/fault"
)

// Tokens lists the account tokens of the principal's user, newest first. A
// narrowed token sees only those within its own scope.
func (k *Keeper) Tokens(ctx context.Context, p *Principal) ([]*Credential, error) {
	all, err := k.store.UserCredentials(ctx, p.UserID)
	if err != nil {
		return nil, err
	}
	visible := all[:0]
	for _, c := range all {
		if sees(p, c) {
			visible = append(visible, c)
		}
	}
	return visible, nil
}

// sees reports whether a token's scope lies within the principal's.
func sees(p *Principal, c *Credential) bool {
	if !p.Narrowed() {
		return true
	}
	for _, w := range c.WebsiteIDs {
		if !p.Reaches(w) {
			return false
		}
	}
	return len(c.WebsiteIDs) > 0
}

// Keys lists a website's keys, newest first.
func (k *Keeper) Keys(ctx context.Context, websiteID string) ([]*Credential, error) {
	return k.store.CredentialsOf(ctx, websiteID)
}

// DeleteToken revokes an account token of the principal's user, at once.
func (k *Keeper) DeleteToken(ctx context.Context, p *Principal, tokenID string) error {
	return k.store.InTx(ctx, func(ctx context.Context) error {
		c, err := k.token(ctx, p, tokenID)
		if err != nil {
			return err
		}
		return k.delete(ctx, c)
	})
}

// DeleteKey revokes a website key, at once.
func (k *Keeper) DeleteKey(ctx context.Context, websiteID, keyID string) error {
	return k.store.InTx(ctx, func(ctx context.Context) error {
		c, err := k.key(ctx, websiteID, keyID)
		if err != nil {
			return err
		}
		return k.delete(ctx, c)
	})
}

func (k *Keeper) delete(ctx context.Context, c *Credential) error {
	if err := k.store.DeleteCredential(ctx, c.ID); err != nil {
		return err
	}
	return k.record(ctx, "delete", c, c.facts(), nil)
}

// RollToken gives an account token a new value, returned this once. Whoever rolls
// holds it, so a caller that lacks one of its permissions, or ends before it, is
// forbidden. The old value works for grace, up to MaxGrace.
func (k *Keeper) RollToken(ctx context.Context, p *Principal, tokenID string, grace time.Duration) (c *Credential, secret string, err error) {
	err = k.store.InTx(ctx, func(ctx context.Context) error {
		c, err = k.token(ctx, p, tokenID)
		if err != nil {
			return err
		}
		_, set, err := ParsePermissions(c.Granted)
		if err != nil {
			return err
		}
		if missing := p.Permissions.Missing(set); len(missing) > 0 {
			return forbidden(ReasonMissingPermission, "Rolling this token would give you permissions that you lack: "+strings.Join(missing, ", "))
		}
		if _, err := lifetime(p, Expiry{Set: true, At: c.ExpiresAt}); err != nil {
			return forbidden("expires_too_late", "Rolling this token would give you one that works for longer than yours")
		}
		secret, err = k.roll(ctx, c, grace)
		return err
	})
	return c, secret, err
}

// RollKey gives a website key a new value, returned this once.
func (k *Keeper) RollKey(ctx context.Context, websiteID, keyID string, grace time.Duration) (c *Credential, secret string, err error) {
	err = k.store.InTx(ctx, func(ctx context.Context) error {
		c, err = k.key(ctx, websiteID, keyID)
		if err != nil {
			return err
		}
		secret, err = k.roll(ctx, c, grace)
		return err
	})
	return c, secret, err
}

func (k *Keeper) roll(ctx context.Context, c *Credential, grace time.Duration) (string, error) {
	before, secret := c.value(), NewSecret(c.Kind)
	c.DisplayKey, c.PreviousUntil = DisplayKey(secret), time.Time{}
	if grace > 0 {
		c.PreviousUntil = k.now().Add(grace)
	}
	if err := k.store.RollCredential(ctx, c, HashSecret(secret)); err != nil {
		return "", err
	}
	return secret, k.record(ctx, "roll", c, before, c.value())
}

func (k *Keeper) token(ctx context.Context, p *Principal, tokenID string) (*Credential, error) {
	all, err := k.Tokens(ctx, p)
	if err != nil {
		return nil, err
	}
	return pick(all, tokenID, "Token not found")
}

func (k *Keeper) key(ctx context.Context, websiteID, keyID string) (*Credential, error) {
	all, err := k.Keys(ctx, websiteID)
	if err != nil {
		return nil, err
	}
	return pick(all, keyID, "API key not found")
}

func pick(all []*Credential, credentialID, missing string) (*Credential, error) {
	for _, c := range all {
		if c.ID == credentialID {
			return c, nil
		}
	}
	return nil, fault.NotFound("%s", missing)
}
