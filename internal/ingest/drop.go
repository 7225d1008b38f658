package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"datafast/internal/event"
)

// Reason is why an event was not stored. The texts are those of the "ignored"
// answer (tracker.md §6.3).
type Reason string

// The reasons, in the order of the steps that give them.
const (
	Kept             Reason = ""
	DropBot          Reason = "bot"
	DropGPC          Reason = "gpc"
	DropIP           Reason = "excluded_ip"
	DropCountry      Reason = "excluded_country"
	DropPath         Reason = "excluded_path"
	DropExcludedHost Reason = "excluded_hostname"
	DropHostname     Reason = "hostname"
	DropDuplicate    Reason = "duplicate"
)

// Drops is what a store keeps about events that were dropped.
type Drops struct {
	Counts []DropCount
	Hosts  []RefusedHost
	Bots   []BotVisitor
}

// DropCount is how many events a website lost to a reason on a day.
type DropCount struct {
	WebsiteID string
	Day       time.Time // midnight UTC
	Reason    Reason
	Count     int64
}

// RefusedHost is a host that the hostname rule turned away.
type RefusedHost struct {
	WebsiteID, Host string
	At              time.Time
}

// BotVisitor is a visitor id that a bot used; it is remembered for BotMemory.
type BotVisitor struct {
	WebsiteID string
	Visitor   event.VisitorID
	At        time.Time
}

// BotMemory is how long a bot's visitor id is refused by the API (tracker.md §9).
const BotMemory = 24 * time.Hour

// DropStore keeps drops.
type DropStore interface {
	AddDrops(ctx context.Context, d Drops) error
}

// maxPendingDrops bounds the hosts and bots that wait to be written.
const maxPendingDrops = 10_000

type dropKey struct {
	website string
	day     time.Time
	reason  Reason
}

// dropBook counts drops in memory and writes them to the store now and then: a
// count is worth no commit of its own.
type dropBook struct {
	store   DropStore
	writing sync.Mutex // held over a whole flush: who waits for it reads what it wrote

	mu     sync.Mutex
	counts map[dropKey]int64
	hosts  map[[2]string]time.Time
	bots   map[botKey]time.Time
}

type botKey struct {
	website string
	visitor event.VisitorID
}

func newDropBook(s DropStore) *dropBook {
	b := &dropBook{store: s}
	b.reset()
	return b
}

func (b *dropBook) reset() {
	b.counts, b.hosts, b.bots = map[dropKey]int64{}, map[[2]string]time.Time{}, map[botKey]time.Time{}
}

func (b *dropBook) add(a *arrival, reason Reason) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts[dropKey{a.website.ID, a.now.UTC().Truncate(24 * time.Hour), reason}]++
	if reason == DropHostname && len(b.hosts) < maxPendingDrops {
		b.hosts[[2]string{a.website.ID, a.page.Hostname}] = a.now
	}
	if reason == DropBot && !a.message.visitor.IsZero() && len(b.bots) < maxPendingDrops {
		b.bots[botKey{a.website.ID, a.message.visitor}] = a.now
	}
}

// flush writes what is pending and returns when everything added before the
// call is in the store, also when another flush was under way. What could not be
// written stays pending.
func (b *dropBook) flush(ctx context.Context) error {
	b.writing.Lock()
	defer b.writing.Unlock()
	b.mu.Lock()
	counts, hosts, bots := b.counts, b.hosts, b.bots
	b.reset()
	b.mu.Unlock()
	var d Drops
	for k, n := range counts {
		d.Counts = append(d.Counts, DropCount{k.website, k.day, k.reason, n})
	}
	for k, at := range hosts {
		d.Hosts = append(d.Hosts, RefusedHost{k[0], k[1], at})
	}
	for k, at := range bots {
		d.Bots = append(d.Bots, BotVisitor{k.website, k.visitor, at})
	}
	if len(d.Counts) == 0 {
		return nil
	}
	if err := b.store.AddDrops(ctx, d); err != nil {
		b.putBack(counts, hosts, bots)
		return fmt.Errorf("store drop counts: %w", err)
	}
	return nil
}

func (b *dropBook) putBack(counts map[dropKey]int64, hosts map[[2]string]time.Time, bots map[botKey]time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for k, n := range counts {
		b.counts[k] += n
	}
	maps.Copy(hosts, b.hosts)
	maps.Copy(bots, b.bots)
	b.hosts, b.bots = hosts, bots
}

// run flushes every few seconds until ctx ends, and once more then.
func (b *dropBook) run(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := b.flush(ctx); err != nil && ctx.Err() == nil {
				log.Error("drop counts wait", "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}
