package server

import (
	"context"
	"sync"
	"time"

	"datafast/internal/event"
	"datafast/internal/store"
)

// How the live view follows what other servers store.
const (
	followEvery = 2 * time.Second
	// followBack is how far back each look goes: clocks differ, and a block may take
	// a moment to be seen.
	followBack = 30 * time.Second
)

// others brings the events that other servers stored into the live view.
type others struct {
	mu   sync.Mutex
	seen map[string]time.Time // ids of events that the view has, until they are too old to be asked for
}

// known notes events that the view has.
func (o *others) known(batch []*event.Event) {
	until := time.Now().Add(2 * followBack)
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range batch {
		o.seen[e.ID] = until
	}
}

// fresh returns those that the view does not have.
func (o *others) fresh(list []*event.Event) []*event.Event {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	for id, until := range o.seen {
		if now.After(until) {
			delete(o.seen, id)
		}
	}
	var out []*event.Event
	for _, e := range list {
		if _, known := o.seen[e.ID]; !known {
			out = append(out, e)
		}
	}
	return out
}

// follow looks for events of other servers until the server is closed.
func (s *Server) follow(p *pipeline, events store.Shared, recent []*event.Event) {
	p.others = &others{seen: map[string]time.Time{}}
	p.others.known(recent)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	s.onClose(func() error {
		stop()
		<-done
		return nil
	})
	go func() {
		defer close(done)
		tick := time.NewTicker(followEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			list, err := events.StoredSince(ctx, time.Now().Add(-followBack))
			if err != nil {
				if ctx.Err() == nil {
					s.log.Error("events of other servers not read", "error", err)
				}
				continue
			}
			list = p.others.fresh(list)
			p.live.Add(list)
			p.others.known(list)
		}
	}()
}
