package ingest

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"

	"datafast/internal/event"
)

// The rate limit of events (tracker.md §6.3): 60 in 10 seconds and a burst of
// 120, for each website and client address; half in attack mode.
const (
	eventsPerSecond = 6
	eventBurst      = 120
	limitedClients  = 200_000
)

type clientKey struct {
	website string
	addr    netip.Addr
	attack  bool
}

// client is what is remembered about an address on a website.
type client struct {
	bucket *rate.Limiter

	mu       sync.Mutex
	visitors []event.VisitorID // the last few ids that it used
	newAt    time.Time         // when it last came with a new one
}

type limiter struct {
	clients *otter.Cache[clientKey, *client]
}

func newLimiter() (*limiter, error) {
	clients, err := otter.New(&otter.Options[clientKey, *client]{
		MaximumSize:      limitedClients,
		ExpiryCalculator: otter.ExpiryAccessing[clientKey, *client](2 * time.Minute),
	})
	if err != nil {
		return nil, fmt.Errorf("make rate limiter: %w", err)
	}
	return &limiter{clients: clients}, nil
}

func (l *limiter) client(a *arrival) *client {
	key := clientKey{a.website.ID, a.addr, a.website.IsAttackModeEnabled}
	if c, ok := l.clients.GetIfPresent(key); ok {
		return c
	}
	share := 1
	if key.attack {
		share = 2
	}
	c, _ := l.clients.SetIfAbsent(key, &client{bucket: rate.NewLimiter(rate.Limit(eventsPerSecond)/rate.Limit(share), eventBurst/share)})
	return c
}

// wait returns 0 when the event may pass, else how long its client should wait.
func (l *limiter) wait(a *arrival) time.Duration {
	bucket := l.client(a).bucket
	if bucket.AllowN(a.now, 1) {
		return 0
	}
	missing := 1 - bucket.TokensAt(a.now)
	return time.Duration(missing / float64(bucket.Limit()) * float64(time.Second))
}

// newVisitorTooSoon reports whether an address comes with a second new visitor id
// within a second, which attack mode refuses.
func (l *limiter) newVisitorTooSoon(a *arrival) bool {
	const remembered = 32
	c := l.client(a)
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.cookieless || slices.Contains(c.visitors, a.message.visitor) {
		return false
	}
	if a.now.Sub(c.newAt) < time.Second {
		return true
	}
	c.newAt = a.now
	if len(c.visitors) == remembered {
		c.visitors = c.visitors[1:]
	}
	c.visitors = append(c.visitors, a.message.visitor)
	return false
}
