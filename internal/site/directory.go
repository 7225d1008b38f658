package site

import (
	"context"
	"strings"
	"sync"
	"time"

	"datafast/internal/fault"
)

// Source reads websites from where they are kept. Unknown is a fault with code
// not_found.
type Source interface {
	Website(ctx context.Context, websiteID string) (*Website, error)
	WebsiteByTrackingID(ctx context.Context, trackingID string) (*Website, error)
}

// Freshness is how old an answer of a Directory may be when the change was made
// in another process; a change in this one is seen at once.
const Freshness = 4 * time.Second

// mostRefs bounds a Directory's memory: strangers may ask for any tracking id.
const mostRefs = 50_000

// Directory answers "which website is this" from memory, for every event and
// every request. It is safe for concurrent use.
type Directory struct {
	source Source
	now    func() time.Time

	mu      sync.RWMutex
	byRef   map[string]entry // by id and by tracking id
	changes uint64           // counts invalidations, so that a slow read cannot undo one
}

type entry struct {
	website *Website // nil: no such website
	until   time.Time
}

// NewDirectory returns an empty directory over source.
func NewDirectory(source Source, now func() time.Time) *Directory {
	return &Directory{source: source, now: now, byRef: map[string]entry{}}
}

// Find returns the website of an id or of a tracking id (dfid_…). Unknown is a
// fault with code not_found.
func (d *Directory) Find(ctx context.Context, ref string) (*Website, error) {
	d.mu.RLock()
	e, known := d.byRef[ref]
	changes := d.changes
	d.mu.RUnlock()
	if !known || !d.now().Before(e.until) {
		var err error
		if e, err = d.load(ctx, ref, changes); err != nil {
			return nil, err
		}
	}
	if e.website == nil {
		return nil, fault.NotFound("Website not found")
	}
	return e.website, nil
}

// ByTrackingID is Find for a tracking id alone.
func (d *Directory) ByTrackingID(ctx context.Context, trackingID string) (*Website, error) {
	if !strings.HasPrefix(trackingID, "dfid_") {
		return nil, fault.NotFound("Website not found")
	}
	return d.Find(ctx, trackingID)
}

func (d *Directory) load(ctx context.Context, ref string, changes uint64) (entry, error) {
	read := d.source.Website
	if strings.HasPrefix(ref, "dfid_") {
		read = d.source.WebsiteByTrackingID
	}
	at := d.now()
	w, err := read(ctx, ref)
	if err != nil && fault.CodeOf(err) != fault.CodeNotFound {
		return entry{}, err
	}
	e := entry{website: w, until: at.Add(Freshness)}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.changes != changes {
		return e, nil // something changed while we read: answer, do not keep
	}
	if len(d.byRef) >= mostRefs {
		clear(d.byRef)
	}
	d.byRef[ref] = e
	return e, nil
}

// Invalidate forgets everything, so that the next question reads anew. Websites
// change seldom and reading one takes microseconds: finer is not worth it.
func (d *Directory) Invalidate() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changes++
	clear(d.byRef)
}
