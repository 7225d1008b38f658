package ingest

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"datafast/internal/enrich"
)

// AppStore knows which apps a website has had visitors from.
type AppStore interface {
	// HasBrowser reports whether a session of the website had the browser.
	HasBrowser(ctx context.Context, websiteID, browser string) (bool, error)
}

// appBook remembers which apps each website uses, which attack mode asks for. What
// is in use stays so; what is not is asked again after a minute.
type appBook struct {
	store AppStore
	log   *slog.Logger

	mu    sync.Mutex
	known map[[2]string]time.Time // until when the answer holds; zero: used
}

const unusedAppFor = time.Minute

func newAppBook(s AppStore, log *slog.Logger) *appBook {
	return &appBook{store: s, log: log, known: map[[2]string]time.Time{}}
}

// uses reports whether the website has had visitors from the app of an event. In
// doubt it has: attack mode must not lose an honest visitor to a slow disk.
func (b *appBook) uses(a *arrival) bool {
	key := [2]string{a.website.ID, enrich.App(a.message.device.Platform, "").Browser}
	b.mu.Lock()
	defer b.mu.Unlock()
	until, known := b.known[key]
	if known && (until.IsZero() || a.now.Before(until)) {
		return until.IsZero()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	used, err := b.store.HasBrowser(ctx, key[0], key[1])
	if err != nil {
		b.log.Error("apps of website not read", "website", key[0], "error", err)
		return true
	}
	b.known[key] = time.Time{}
	if !used {
		b.known[key] = a.now.Add(unusedAppFor)
	}
	return used
}
