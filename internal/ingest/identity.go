package ingest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/net/publicsuffix"

	"datafast/internal/event"
)

// Secrets keeps what must survive a restart and be the same on every node.
type Secrets interface {
	// Secret returns 32 random bytes under a name, made at the first call.
	Secret(ctx context.Context, name string) ([]byte, error)
	// DailySalt returns 32 random bytes for a day ("2026-05-21", UTC), made at the
	// day's first call, and destroys those of every earlier day.
	DailySalt(ctx context.Context, day string) ([]byte, error)
}

// identities makes visitor ids without cookies and hashes for the duplicate rule.
type identities struct {
	secrets Secrets
	hashes  sync.Pool // of hash.Hash, keyed: its key takes longer than what it is fed

	mu   sync.RWMutex
	day  string
	salt []byte
}

func newIdentities(ctx context.Context, s Secrets) (*identities, error) {
	key, err := s.Secret(ctx, "duplicate_hash")
	if err != nil {
		return nil, fmt.Errorf("read key of the duplicate rule: %w", err)
	}
	return &identities{secrets: s, hashes: sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}, nil
}

// cookieless derives the day's visitor id (tracker.md §6.5).
func (d *identities) cookieless(ctx context.Context, now time.Time, websiteID, host string, addr netip.Addr, agent string) (event.VisitorID, error) {
	salt, err := d.saltOf(ctx, now.UTC().Format(time.DateOnly))
	if err != nil {
		return event.VisitorID{}, err
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		domain = host
	}
	mac := hmac.New(sha256.New, salt)
	for _, part := range []string{websiteID, domain, addr.String(), agent} {
		mac.Write([]byte(part))
		mac.Write([]byte{0})
	}
	var v event.VisitorID
	copy(v[:], mac.Sum(nil))
	return v.ForceV4(), nil
}

func (d *identities) saltOf(ctx context.Context, day string) ([]byte, error) {
	d.mu.RLock()
	salt, known := d.salt, d.day == day
	d.mu.RUnlock()
	if known {
		return salt, nil
	}
	salt, err := d.secrets.DailySalt(ctx, day)
	if err != nil {
		return nil, fmt.Errorf("read salt of %s: %w", day, err)
	}
	d.mu.Lock()
	d.day, d.salt = day, salt
	d.mu.Unlock()
	return salt, nil
}

// duplicateHash covers what the duplicate rule compares, as it was sent.
func (d *identities) duplicateHash(w *wireEvent) uint64 {
	mac := d.hashes.Get().(hash.Hash)
	defer d.hashes.Put(mac)
	mac.Reset()
	referrer := ""
	if w.Referrer != nil {
		referrer = *w.Referrer
	}
	for _, part := range []string{w.Type, w.Href, referrer} {
		mac.Write([]byte(part))
		mac.Write([]byte{0})
	}
	mac.Write(w.ExtraData)
	return binary.BigEndian.Uint64(mac.Sum(nil))
}
