package clickhouse

import (
	"cmp"
	"context"
	"database/sql/driver"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

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
	if err := s.resolve(ctx); err != nil {
		return err
	}
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
	// Those from about the same time together: a read goes back to the earliest.
	slices.SortFunc(stale, func(a, b sessionize.Stale) int {
		return cmp.Or(strings.Compare(a.WebsiteID, b.WebsiteID), b.From.Compare(a.From))
	})
	var latest []*event.Session
	for len(stale) > 0 {
		n := 0
		for n < len(stale) && n < staleChunk && stale[n].WebsiteID == stale[0].WebsiteID {
			n++
		}
		derived, last, err := s.derive(ctx, stale[:n])
		if err != nil {
			return fmt.Errorf("merge sessions: %w", err)
		}
		versions, latest, stale = append(versions, derived...), append(latest, last...), stale[n:]
	}
	if err := s.writeVersions(ctx, versions); err != nil {
		return fmt.Errorf("merge sessions: %w", err)
	}
	s.tracker.Merged(latest)
	s.tracker.Forget(s.now())
	return nil
}

// longSession bounds how far back the beginning of a running session is looked for.
const longSession = 48 * time.Hour

// derive cuts the events of visitors of one website into sessions again, those that
// contain or follow each one's moment. It returns them, the removal of stored
// sessions that are none any more, and each visitor's last session.
//
// Most visitors have nothing in the half hour before: a read from there on tells
// their sessions. For the others it is read further back.
func (s *Store) derive(ctx context.Context, stale []sessionize.Stale) (all []version, latest []*event.Session, err error) {
	site, from := stale[0].WebsiteID, map[event.VisitorID]time.Time{}
	for _, v := range stale {
		from[v.Visitor] = v.From
	}
	events, err := s.eventsFrom(ctx, site, from, event.SessionGap)
	if err != nil {
		return nil, nil, err
	}
	longer := map[event.VisitorID]time.Time{}
	for visitor, list := range events {
		if len(list) > 0 && list[0].Time.Before(from[visitor]) {
			longer[visitor] = from[visitor]
		}
	}
	further, err := s.eventsFrom(ctx, site, longer, longSession)
	if err != nil {
		return nil, nil, err
	}
	maps.Copy(events, further)
	derived := map[event.VisitorID][]*event.Session{}
	var orphans []event.VisitorID // whose first session has no page view: attributes are those of the one before
	for visitor, list := range events {
		sessions := event.Sessions(list)
		derived[visitor] = since(sessions, from[visitor])
		if sessions[0].Pageviews == 0 {
			orphans = append(orphans, visitor)
		}
	}
	before, err := s.sessionsBefore(ctx, site, orphans, events)
	if err != nil {
		return nil, nil, err
	}
	for visitor, prev := range before {
		derived[visitor] = since(event.SessionsAfter(prev, events[visitor]), from[visitor])
	}
	for _, sessions := range derived {
		for _, session := range sessions {
			all = append(all, version{session, 0})
		}
		if len(sessions) > 0 {
			latest = append(latest, sessions[len(sessions)-1])
		}
	}
	removed, err := s.gone(ctx, site, from, derived)
	return append(all, removed...), latest, err
}

// since keeps the sessions that contain or follow a moment, or contained an event
// of it that is gone.
func since(sessions []*event.Session, from time.Time) []*event.Session {
	i := 0
	for i < len(sessions) && sessions[i].End.Before(from.Add(-event.SessionGap)) {
		i++
	}
	return sessions[i:]
}

// eventsFrom reads the events of visitors, in order, from some time before each
// one's moment.
func (s *Store) eventsFrom(ctx context.Context, site string, from map[event.VisitorID]time.Time, before time.Duration) (map[event.VisitorID][]*event.Event, error) {
	out := map[event.VisitorID][]*event.Event{}
	if len(from) == 0 {
		return out, nil
	}
	ids, earliest := idsOf(from)
	list, err := s.ReadEvents(ctx, s.db, `SELECT site, `+eventsql.EventColumns+` FROM events WHERE site = ? AND time >= ? AND visitor IN `+
		s.Dialect.IDs("?")+` ORDER BY time, id`, site, earliest.Add(-before).UnixMilli(), ids)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if !e.Time.Before(from[e.Visitor].Add(-before)) {
			out[e.Visitor] = append(out[e.Visitor], e)
		}
	}
	return out, nil
}

func idsOf(from map[event.VisitorID]time.Time) (ids []string, earliest time.Time) {
	for visitor, at := range from {
		ids = append(ids, visitor.String())
		if earliest.IsZero() || at.Before(earliest) {
			earliest = at
		}
	}
	return ids, earliest
}

// sessionsBefore finds the last stored session of each visitor before their given
// events.
func (s *Store) sessionsBefore(
	ctx context.Context, site string, visitors []event.VisitorID, events map[event.VisitorID][]*event.Event,
) (map[event.VisitorID]*event.Session, error) {
	out := map[event.VisitorID]*event.Session{}
	if len(visitors) == 0 {
		return out, nil
	}
	ids := make([]string, len(visitors))
	for i, v := range visitors {
		ids[i] = v.String()
	}
	list, err := s.ReadSessions(ctx, s.db, `SELECT site, `+eventsql.SessionColumns+` FROM sessions WHERE site = ? AND visitor IN `+s.Dialect.IDs("?")+
		` ORDER BY started_at`, site, ids)
	if err != nil {
		return nil, err
	}
	for _, session := range list {
		if session.Start.Before(events[session.Visitor][0].Time) {
			out[session.Visitor] = session
		}
	}
	return out, nil
}

// gone lists stored sessions that the derived ones replace and that are not among
// them.
func (s *Store) gone(ctx context.Context, site string, from map[event.VisitorID]time.Time, derived map[event.VisitorID][]*event.Session) ([]version, error) {
	begin := maps.Clone(from) // from when on each visitor's sessions are known anew
	type place struct {
		visitor event.VisitorID
		start   int64
	}
	is := map[place]bool{}
	for visitor, sessions := range derived {
		for _, session := range sessions {
			is[place{visitor, session.Start.UnixMilli()}] = true
			if session.Start.Before(begin[visitor]) {
				begin[visitor] = session.Start
			}
		}
	}
	ids, earliest := idsOf(begin)
	stored, err := s.ReadSessions(ctx, s.db, `SELECT site, `+eventsql.SessionColumns+` FROM sessions WHERE site = ? AND started_at >= ? AND visitor IN `+
		s.Dialect.IDs("?"), site, earliest.UnixMilli(), ids)
	if err != nil {
		return nil, err
	}
	var out []version
	for _, session := range stored {
		if !session.Start.Before(begin[session.Visitor]) && !is[place{session.Visitor, session.Start.UnixMilli()}] {
			out = append(out, version{session, 1})
		}
	}
	return out, nil
}

func (s *Store) writeVersions(ctx context.Context, versions []version) error {
	number := s.nextVersion()
	return s.insert(ctx, "sessions", func(add func(...any) error) error {
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
