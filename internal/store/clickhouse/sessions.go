package clickhouse

import (
	"context"
	"database/sql/driver"
	"fmt"

	"datafast/internal/event"
	"datafast/internal/store/eventsql"
	"datafast/internal/store/sessionize"
)

// staleChunk bounds how many visitors' events are read at once.
const staleChunk = 2_000

// settle merges a website's waiting sessions, so that a read that follows sees
// every event that this server acknowledged.
func (s *Store) settle(ctx context.Context, websiteID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.tracker.Waits(websiteID) {
		return nil
	}
	return s.merge(ctx)
}

// version of a session's row.
type version struct {
	session *event.Session
	deleted uint8
}

// merge writes a new version of each changed session, and derives those of stale
// visitors again. It may be repeated. The caller holds s.mu.
func (s *Store) merge(ctx context.Context) error {
	fresh, changed, stale := s.tracker.Pending()
	if len(fresh)+len(changed)+len(stale) == 0 {
		s.tracker.Forget(s.now())
		return nil
	}
	var versions []version
	for _, session := range append(fresh, changed...) {
		versions = append(versions, version{session, 0})
	}
	bySite := map[string][]string{}
	for _, key := range stale {
		bySite[key.WebsiteID] = append(bySite[key.WebsiteID], key.Visitor.String())
	}
	var latest []*event.Session
	for site, visitors := range bySite {
		for len(visitors) > 0 {
			n := min(len(visitors), staleChunk)
			derived, last, err := s.derive(ctx, site, visitors[:n])
			if err != nil {
				return fmt.Errorf("merge sessions: %w", err)
			}
			versions, latest, visitors = append(versions, derived...), append(latest, last...), visitors[n:]
		}
	}
	if err := s.writeVersions(ctx, versions); err != nil {
		return fmt.Errorf("merge sessions: %w", err)
	}
	s.tracker.Merged(latest)
	s.tracker.Forget(s.now())
	return nil
}

// derive reads all events of visitors and cuts them into sessions. It returns
// those, the removal of stored sessions that are none any more, and each visitor's
// last session.
func (s *Store) derive(ctx context.Context, site string, visitors []string) (all []version, latest []*event.Session, err error) {
	const of = ` WHERE site = ? AND visitor IN `
	events, err := s.ReadEvents(ctx, s.db, `SELECT site, `+eventsql.EventColumns+` FROM events`+of+s.Dialect.IDs("?"), site, visitors)
	if err != nil {
		return nil, nil, err
	}
	stored, err := s.ReadSessions(ctx, s.db, `SELECT site, `+eventsql.SessionColumns+` FROM sessions`+of+s.Dialect.IDs("?"), site, visitors)
	if err != nil {
		return nil, nil, err
	}
	byVisitor := map[event.VisitorID][]*event.Event{}
	for _, e := range events {
		byVisitor[e.Visitor] = append(byVisitor[e.Visitor], e)
	}
	type place struct {
		visitor event.VisitorID
		start   int64
	}
	is := map[place]bool{}
	for _, list := range byVisitor {
		sessions := event.Sessions(list)
		for _, session := range sessions {
			is[place{session.Visitor, session.Start.UnixMilli()}] = true
			all = append(all, version{session, 0})
		}
		latest = append(latest, sessions[len(sessions)-1])
	}
	for _, session := range stored {
		if !is[place{session.Visitor, session.Start.UnixMilli()}] {
			all = append(all, version{session, 1})
		}
	}
	return all, latest, nil
}

func (s *Store) writeVersions(ctx context.Context, versions []version) error {
	number := s.nextVersion()
	return s.insert(ctx, "sessions", "", func(add func(...any) error) error {
		var row []driver.Value
		for _, v := range versions {
			var err error
			if row, err = s.format.SessionRow(row, v.session); err != nil {
				return err
			}
			if err := add(anys(append(row, number, v.deleted))...); err != nil {
				return fmt.Errorf("append session: %w", err)
			}
		}
		return nil
	})
}

// stale marks visitors whose events were removed.
func (s *Store) stale(websiteID string, visitors []event.VisitorID) {
	for _, v := range visitors {
		s.tracker.MarkStale(sessionize.Key{WebsiteID: websiteID, Visitor: v})
	}
}
