package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"datafast/internal/analytics/live"
	"datafast/internal/event"
)

// Rhythm of the stream.
const (
	snapshotEvery = 30 * time.Second
	pingEvery     = 15 * time.Second
)

func (a *Reporting) realtimeStream(ctx context.Context, r *Request) (*Response, error) {
	header := http.Header{"Content-Type": {"text/event-stream"}, "Cache-Control": {"no-store"}, "X-Accel-Buffering": {"no"}}
	return &Response{Header: header, Stream: func(w http.ResponseWriter) error {
		changes, stop := a.Live.Watch(r.Website.ID)
		defer stop()
		s := &eventStream{w: w, control: http.NewResponseController(w)}
		if err := a.resume(s, r); err != nil {
			return err
		}
		return a.follow(ctx, r, s, changes)
	}}, nil
}

// resume sends what was missed within the last minute after Last-Event-ID.
func (a *Reporting) resume(s *eventStream, r *Request) error {
	last := r.HTTP.Header.Get("Last-Event-ID")
	if last == "" {
		return nil
	}
	_, events := a.Live.Recent(r.Website.ID, time.Minute)
	for i := len(events) - 1; i >= 0; i-- {
		if e := events[i]; e.ID > last && e.Counts() {
			if err := s.send("event", e.ID, liveEventOf(e, nil)); err != nil {
				return err
			}
		}
	}
	return nil
}

// follow sends snapshots, events and pings until the caller goes.
func (a *Reporting) follow(ctx context.Context, r *Request, s *eventStream, changes <-chan live.Change) error {
	snapshot, ping := time.NewTicker(snapshotEvery), time.NewTicker(pingEvery)
	defer snapshot.Stop()
	defer ping.Stop()
	if err := a.snapshot(ctx, r, s); err != nil {
		return err
	}
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-snapshot.C:
			err = a.snapshot(ctx, r, s)
		case <-ping.C:
			err = s.ping()
		case c := <-changes:
			if c.Payment != nil {
				err = s.send("payment", "", livePaymentOf(c.Payment))
			} else {
				err = a.happened(ctx, r, s, c.Event)
			}
		}
		if err != nil {
			return err
		}
	}
}

func (a *Reporting) snapshot(ctx context.Context, r *Request, s *eventStream) error {
	m, err := a.liveMap(ctx, r)
	if err != nil {
		return err
	}
	return s.send("snapshot", "", m)
}

// happened tells of one event: a page view as its visitor, then the event itself.
func (a *Reporting) happened(ctx context.Context, r *Request, s *eventStream, e *event.Event) error {
	if !e.Counts() {
		return nil
	}
	if e.Kind == event.Pageview {
		visitors, _, err := a.liveVisitors(ctx, r, []event.VisitorID{e.Visitor}, nil)
		if err != nil {
			return err
		}
		for _, v := range visitors {
			if err := s.send("visitor", "", v); err != nil {
				return err
			}
		}
	}
	return s.send("event", e.ID, liveEventOf(e, nil))
}

// eventStream writes server-sent events.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (s *eventStream) send(name, id string, v any) error {
	data, err := encode(v)
	if err != nil {
		return err
	}
	if id != "" {
		if _, err := fmt.Fprintf(s.w, "id: %s\n", id); err != nil {
			return fmt.Errorf("write stream: %w", err)
		}
	}
	if _, err := fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", name, data); err != nil {
		return fmt.Errorf("write stream: %w", err)
	}
	return s.control.Flush()
}

func (s *eventStream) ping() error {
	if _, err := fmt.Fprint(s.w, ": ping\n\n"); err != nil {
		return fmt.Errorf("write stream: %w", err)
	}
	return s.control.Flush()
}
