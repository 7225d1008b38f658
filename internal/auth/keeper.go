package auth

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"datafast/internal/account"
	"datafast/internal/audit"
	"datafast/internal/fault"
)

// Keeper knows the credentials: it finds whom one stands for, and makes, rolls
// and revokes them. Nothing is cached: a revoked credential fails with the next
// request on every server.
type Keeper struct {
	store  Store
	audit  *audit.Log
	log    *slog.Logger
	now    func() time.Time
	newID  func() string
	recent *recent
}

// NewKeeper returns a keeper over a store.
func NewKeeper(store Store, auditLog *audit.Log, log *slog.Logger, now func() time.Time, newID func() string) *Keeper {
	return &Keeper{store: store, audit: auditLog, log: log, now: now, newID: newID, recent: &recent{at: map[string]time.Time{}}}
}

// BySecret finds whom a raw value stands for; nil when it is malformed, unknown,
// revoked or expired.
func (k *Keeper) BySecret(ctx context.Context, secret string) (*Principal, error) {
	kind, ok := SecretKind(secret)
	if !ok {
		return nil, nil
	}
	c, err := k.store.CredentialByHash(ctx, HashSecret(secret))
	if err != nil && fault.CodeOf(err) == fault.CodeNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find credential: %w", err)
	}
	now := k.now()
	expired := !c.ExpiresAt.IsZero() && !now.Before(c.ExpiresAt)
	if c.Kind != kind || expired || c.Previous && !now.Before(c.PreviousUntil) {
		return nil, nil
	}
	return c.principal()
}

// Role returns a user's role on a website.
func (k *Keeper) Role(ctx context.Context, userID, websiteID string) (account.Role, error) {
	return k.store.Role(ctx, userID, websiteID)
}

// usedEvery is how often the last use is written at most (rule 2.1.5).
const usedEvery = time.Minute

// Used notes a credential's use, at most once a minute, and that a permission was
// needed, at most once a day. It only fails into the log: a request is not
// refused because its mark could not be made.
func (k *Keeper) Used(ctx context.Context, p *Principal, permission Permission, from netip.Addr) {
	now := k.now()
	if k.recent.first(p.ID, now, usedEvery) {
		if err := k.store.TouchCredential(ctx, p.ID, now, audit.CutIP(from)); err != nil {
			k.log.WarnContext(ctx, "note the use of a credential", "credential", p.ID, "error", err)
		}
	}
	if permission == NoPermission {
		return
	}
	day := now.UTC().Truncate(24 * time.Hour)
	if k.recent.first(p.ID+permission.String(), now, now.Sub(day)+time.Nanosecond) {
		if err := k.store.UsePermission(ctx, p.ID, permission.String(), day); err != nil {
			k.log.WarnContext(ctx, "note the use of a permission", "credential", p.ID, "error", err)
		}
	}
}

// recent remembers when something was last done, so that it is not done too often.
type recent struct {
	mu sync.Mutex
	at map[string]time.Time
}

const mostRecent = 20_000

// first reports whether key was not seen within the given time, and notes it.
func (r *recent) first(key string, now time.Time, within time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last, ok := r.at[key]; ok && now.Sub(last) < within {
		return false
	}
	if len(r.at) >= mostRecent {
		clear(r.at)
	}
	r.at[key] = now
	return true
}
