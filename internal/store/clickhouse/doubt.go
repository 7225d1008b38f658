package clickhouse

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"datafast/internal/event"
	"datafast/internal/store/eventsql"
	"datafast/internal/store/sessionize"
)

// doubt is a batch that was refused, so that its senders repeat it, and that the
// engine may have stored all the same: its answer was lost.
type doubt struct {
	events []*event.Event
	send   func(context.Context) error // the same block once more; left out if it is there
}

// resolveChunk bounds the ids in one statement.
const resolveChunk = 1_000

// resolve removes what was stored of a batch that was refused. Nothing else is
// stored or read before. The caller holds s.mu.
func (s *Store) resolve(ctx context.Context) error {
	if s.doubt == nil {
		return nil
	}
	// When this is answered, nothing of the first attempt is under way.
	if err := s.doubt.send(ctx); err != nil && lost(err) {
		return fmt.Errorf("remove events that were refused: %w", err)
	}
	refused := map[string][]string{}
	first, last := s.doubt.events[0].Time, s.doubt.events[0].Time
	for _, e := range s.doubt.events {
		s.tracker.MarkStale(sessionize.Key{WebsiteID: e.WebsiteID, Visitor: e.Visitor}, e.Time)
		if e.ImportID != "" {
			continue // its repeat is known by the import's own id, and left out
		}
		id, err := eventsql.PackID(e.ID)
		if err != nil {
			return fmt.Errorf("remove events that were refused: %w", err)
		}
		refused[e.WebsiteID] = append(refused[e.WebsiteID], "'"+hex.EncodeToString(id[:])+"'")
		if e.Time.Before(first) {
			first = e.Time
		}
		if e.Time.After(last) {
			last = e.Time
		}
	}
	for site, ids := range refused {
		for some := range slices.Chunk(ids, resolveChunk) {
			where := "site = ? AND time >= ? AND time <= ? AND lower(hex(id)) IN (" + strings.Join(some, ", ") + ")"
			if err := s.remove(ctx, "events", where, site, first.UnixMilli(), last.UnixMilli()); err != nil {
				return fmt.Errorf("remove events that were refused: %w", err)
			}
		}
	}
	s.log.Info("removed what was stored of events that were refused", "events", len(s.doubt.events))
	s.doubt = nil
	return nil
}
