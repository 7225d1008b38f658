package ingest

import (
	"context"
	"sync"
	"time"

	"datafast/internal/event"
	"datafast/internal/fault"
	"datafast/internal/id"
)

// Store keeps events. Append returns when the whole batch is durable, or with an
// error when none of it is.
type Store interface {
	Append(ctx context.Context, batch []*event.Event) error
	// LastEvents returns, for every visitor with an event since then, the last one.
	LastEvents(ctx context.Context, since time.Time) ([]*event.Event, error)
}

const (
	maxWaiting = 20_000 // events that may wait for a commit; more are refused
	maxBatch   = 8_192  // events of one commit
)

// Under load a commit waits a moment for a fuller batch: it costs by the commit
// more than by the event.
const (
	busyBatch = 8
	linger    = 500 * time.Microsecond
)

// The windows of the duplicate rule (tracker.md §6.3).
const (
	duplicateWindow     = 45 * time.Second
	duplicateWindowGoal = 8 * time.Second
)

// waiting is one event on its way into the store.
type waiting struct {
	event  *event.Event
	dedupe bool
	reason Reason
	err    error
	done   chan struct{}
}

type visitorKey struct {
	website string
	visitor event.VisitorID
}

// lastSeen is the last event of a visitor, as far as the duplicate rule asks.
type lastSeen struct {
	hash uint64
	at   time.Time
}

// Committer is the one writer of events. It batches naturally: a batch is what
// queued while the last commit ran.
//
// Locks: mu guards queue and closed only; everything else belongs to run's
// goroutine.
type Committer struct {
	store   Store
	ids     *id.Generator
	now     func() time.Time
	stored  func([]*event.Event) // fan-out after the commit, before the answer
	mu      sync.Mutex
	queue   []*waiting
	closed  bool
	wake    chan struct{}
	drained chan struct{}
	last    map[visitorKey]lastSeen
	pruned  time.Time
}

// newCommitter starts a committer; close ends it.
func newCommitter(ctx context.Context, s Store, ids *id.Generator, now func() time.Time, stored func([]*event.Event)) (*Committer, error) {
	c := &Committer{
		store: s, ids: ids, now: now, stored: stored,
		wake: make(chan struct{}, 1), drained: make(chan struct{}), last: map[visitorKey]lastSeen{},
	}
	recent, err := s.LastEvents(ctx, now().Add(-duplicateWindow))
	if err != nil {
		return nil, err
	}
	for _, e := range recent {
		c.last[visitorKey{e.WebsiteID, e.Visitor}] = lastSeen{e.DuplicateHash, e.Time}
	}
	go c.run()
	return c, nil
}

// submit queues an event, stamps it and waits for its commit. With dedupe the
// duplicate rule applies. An event that has a time keeps it.
func (c *Committer) submit(ctx context.Context, e *event.Event, dedupe bool) (Reason, error) {
	w := &waiting{event: e, dedupe: dedupe, done: make(chan struct{})}
	if err := c.enqueue(w); err != nil {
		return Kept, err
	}
	select {
	case <-w.done:
		return w.reason, w.err
	case <-ctx.Done():
		// The event may still be stored: the client has gone, and nobody is told so.
		return Kept, unavailable()
	}
}

// submitAll queues events together and waits for all of them.
func (c *Committer) submitAll(events []*event.Event) error {
	list := make([]*waiting, len(events))
	for i, e := range events {
		list[i] = &waiting{event: e, done: make(chan struct{})}
	}
	if err := c.enqueue(list...); err != nil {
		return err
	}
	for _, w := range list {
		<-w.done
		if w.err != nil {
			return w.err
		}
	}
	return nil
}

func (c *Committer) enqueue(list ...*waiting) error {
	c.mu.Lock()
	if c.closed || len(c.queue)+len(list) > maxWaiting {
		c.mu.Unlock()
		return unavailable()
	}
	now := c.now().UTC().Truncate(time.Millisecond)
	for _, w := range list {
		if w.event.Time.IsZero() {
			w.event.Time = now
		}
		w.event.ID = c.ids.New(now)
	}
	c.queue = append(c.queue, list...)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return nil
}

func unavailable() error {
	e := fault.New(fault.CodeUnavailable, "The event cannot be stored now. Send it again in 5 seconds.")
	e.RetryAfter = 5 * time.Second
	return e
}

// close refuses new events, commits those that wait and returns.
func (c *Committer) close() {
	c.mu.Lock()
	already := c.closed
	c.closed = true
	c.mu.Unlock()
	if !already {
		close(c.wake)
	}
	<-c.drained
}

func (c *Committer) run() {
	defer close(c.drained)
	last := 0
	for {
		if last >= busyBatch {
			time.Sleep(linger) // those just answered come again: a fuller batch costs less for each
		}
		batch := c.take()
		last = len(batch)
		if len(batch) > 0 {
			c.commit(batch)
			continue
		}
		if _, open := <-c.wake; !open {
			for batch := c.take(); len(batch) > 0; batch = c.take() {
				c.commit(batch)
			}
			return
		}
	}
}

func (c *Committer) take() []*waiting {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(c.queue), maxBatch)
	batch := c.queue[:n:n]
	c.queue = c.queue[n:]
	if len(c.queue) == 0 {
		c.queue = nil
	}
	return batch
}

// commit stores one batch and answers its waiters. When the store refuses, the
// memory of the duplicate rule goes back to where it was, so that the repeat
// that the client now sends is not taken for a duplicate.
func (c *Committer) commit(batch []*waiting) {
	undo := make(map[visitorKey]lastSeen, len(batch))
	events := make([]*event.Event, 0, len(batch))
	for _, w := range batch {
		key := visitorKey{w.event.WebsiteID, w.event.Visitor}
		seen := c.last[key]
		if w.dedupe && isDuplicate(w.event, seen) {
			w.reason = DropDuplicate
			continue
		}
		if _, noted := undo[key]; !noted {
			undo[key] = seen
		}
		if !w.event.Time.Before(seen.at) {
			c.last[key] = lastSeen{w.event.DuplicateHash, w.event.Time}
		}
		events = append(events, w.event)
	}
	var err error
	if len(events) > 0 {
		err = c.store.Append(context.Background(), events)
	}
	if err != nil {
		for key, seen := range undo {
			c.last[key] = seen
		}
		err = &storeError{cause: err}
	} else if len(events) > 0 {
		c.stored(events)
	}
	for _, w := range batch {
		w.err = err
		close(w.done)
	}
	c.prune()
}

// storeError keeps the cause for the log; the client learns only to come again.
type storeError struct{ cause error }

func (e *storeError) Error() string   { return "append events: " + e.cause.Error() }
func (e *storeError) Unwrap() []error { return []error{unavailable(), e.cause} }

func isDuplicate(e *event.Event, seen lastSeen) bool {
	window := duplicateWindow
	if e.Kind == event.Goal {
		window = duplicateWindowGoal
	}
	return seen.hash == e.DuplicateHash && seen.hash != 0 && e.Kind != event.PaymentClaim && e.Time.Sub(seen.at) <= window
}

// prune forgets what no window reaches any more, at most once a window.
func (c *Committer) prune() {
	now := c.now()
	if now.Sub(c.pruned) < duplicateWindow {
		return
	}
	c.pruned = now
	for key, seen := range c.last {
		if now.Sub(seen.at) > duplicateWindow {
			delete(c.last, key)
		}
	}
}
