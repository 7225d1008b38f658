package duckdb

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"datafast/internal/event"
	"datafast/internal/store/eventsql"
	"datafast/internal/store/sessionize"
)

// staleChunk bounds how many visitors' events are read at once.
const staleChunk = 20_000

// settle merges a website's waiting sessions, so that a read that follows sees
// every acknowledged event.
func (s *Store) settle(ctx context.Context, websiteID string) error {
	unlock, err := s.lockToMerge(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if !s.tracker.Waits(websiteID) {
		return nil
	}
	return s.merge(ctx)
}

// mergeIfWaiting merges when anything waits; wrote says whether it did.
func (s *Store) mergeIfWaiting(ctx context.Context) (wrote bool, err error) {
	unlock, err := s.lockToMerge(ctx)
	if err != nil {
		return false, err
	}
	defer unlock()
	fresh, changed, stale := s.tracker.Pending()
	if len(fresh)+len(changed)+len(stale) == 0 {
		s.tracker.Forget(s.now())
		return false, nil
	}
	return true, s.merge(ctx)
}

// lockToMerge takes the writer, and layout where what waits would write to sealed
// days. It returns the function that lets go.
func (s *Store) lockToMerge(ctx context.Context) (unlock func(), err error) {
	if unlock, err = s.lock(ctx); err != nil {
		return nil, err
	}
	if _, changed, stale := s.tracker.Pending(); len(stale) == 0 && !s.rewrites(changed) {
		return unlock, nil
	}
	unlock()
	return s.lockLayout(ctx)
}

// lockLayout takes the writer to change rows of sealed days.
func (s *Store) lockLayout(ctx context.Context) (unlock func(), err error) {
	s.layout.Lock()
	unlockWriter, err := s.lock(ctx)
	if err != nil {
		s.layout.Unlock()
		return nil, err
	}
	return func() {
		unlockWriter()
		s.layout.Unlock()
	}, nil
}

// merge writes changed sessions and derives those of stale visitors again, in one
// transaction; nothing is unmerged after it. The caller holds s.lockToMerge.
func (s *Store) merge(ctx context.Context) error {
	fresh, changed, stale := s.tracker.Pending()
	if len(fresh)+len(changed)+len(stale) == 0 {
		return nil
	}
	var latest []*event.Session
	err := s.inTx(ctx, func() error {
		if err := appendAll(s, "", "sessions", fresh, s.format.SessionRow); err != nil {
			return err
		}
		if err := s.writeChanged(ctx, changed); err != nil {
			return err
		}
		for len(stale) > 0 {
			n := min(len(stale), staleChunk)
			last, err := s.deriveAgain(ctx, stale[:n])
			if err != nil {
				return err
			}
			latest = append(latest, last...)
			stale = stale[n:]
		}
		return s.exec(ctx, `DELETE FROM meta WHERE key = 'unmerged'`)
	})
	if err != nil {
		return fmt.Errorf("merge sessions: %w", err)
	}
	s.unmerged = ""
	s.tracker.Merged(latest)
	s.tracker.Forget(s.now())
	return nil
}

// writeChanged replaces each session by its newer version.
func (s *Store) writeChanged(ctx context.Context, changed []*event.Session) error {
	if len(changed) == 0 {
		return nil
	}
	if err := s.stage(ctx, changed); err != nil {
		return err
	}
	return s.exec(ctx, mergeStatement())
}

// mergeStatement updates what can change while a session runs, or inserts it. The
// time bound keeps old row groups out of the join.
func mergeStatement() string {
	columns := strings.Split(strings.Join(strings.Fields("site, "+eventsql.SessionColumns), " "), ", ")
	var set []string
	for _, c := range columns {
		if c != "site" && c != "started_at" && c != "visitor" {
			set = append(set, c+" = n."+c)
		}
	}
	return `MERGE INTO sessions AS o USING staged AS n
	ON o.site = n.site AND o.visitor = n.visitor AND o.started_at = n.started_at
		AND o.started_at >= (SELECT min(started_at) FROM staged)
	WHEN MATCHED THEN UPDATE SET ` + strings.Join(set, ", ") + `
	WHEN NOT MATCHED THEN INSERT (` + strings.Join(columns, ", ") + `) VALUES (n.` + strings.Join(columns, ", n.") + `)`
}

// stage fills the temporary table with sessions.
func (s *Store) stage(ctx context.Context, sessions []*event.Session) error {
	if err := s.exec(ctx, `DELETE FROM staged`); err != nil {
		return err
	}
	return appendAll(s, "temp", "staged", sessions, s.format.SessionRow)
}

// appendAll adds a row for each of a list to a table, by an appender of the writer.
func appendAll[T any](s *Store, catalog, table string, list []T, rowOf func([]driver.Value, T) ([]driver.Value, error)) error {
	if len(list) == 0 {
		return nil
	}
	return s.writer.Raw(func(conn any) (err error) {
		a, err := duckdb.NewAppender(conn.(driver.Conn), catalog, "", table)
		if err != nil {
			return fmt.Errorf("open appender of %s: %w", table, err)
		}
		defer func() {
			if closeErr := a.Close(); closeErr != nil {
				err = errors.Join(err, fmt.Errorf("flush %s: %w", table, closeErr))
			}
		}()
		var row []driver.Value
		for _, one := range list {
			if row, err = rowOf(row, one); err != nil {
				return err
			}
			if err := a.AppendRow(row...); err != nil {
				return fmt.Errorf("append to %s: %w", table, err)
			}
		}
		return nil
	})
}

// deriveAgain reads all events of the visitors, cuts them into sessions and
// replaces those stored. It returns each visitor's last session.
func (s *Store) deriveAgain(ctx context.Context, visitors []sessionize.Stale) ([]*event.Session, error) {
	if err := s.exec(ctx, `DELETE FROM staged_visitors`); err != nil {
		return nil, err
	}
	err := appendAll(s, "temp", "staged_visitors", visitors, func(row []driver.Value, v sessionize.Stale) ([]driver.Value, error) {
		return append(row[:0], s.numOf(v.WebsiteID), duckdb.UUID(v.Visitor)), nil
	})
	if err != nil {
		return nil, err
	}
	sessions, latest, err := s.sessionsOfStaged(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.exec(ctx, `DELETE FROM sessions WHERE (site, visitor) IN (SELECT site, visitor FROM staged_visitors)`); err != nil {
		return nil, err
	}
	slices.SortFunc(sessions, func(a, b *event.Session) int {
		return cmp.Or(strings.Compare(a.WebsiteID, b.WebsiteID), a.Start.Compare(b.Start))
	})
	return latest, appendAll(s, "", "sessions", sessions, s.format.SessionRow)
}

func (s *Store) sessionsOfStaged(ctx context.Context) (all, latest []*event.Session, err error) {
	events, err := s.ReadEvents(ctx, s.writer, `SELECT site, `+eventsql.EventColumns+` FROM events
		WHERE site IN (SELECT DISTINCT site FROM staged_visitors) AND (site, visitor) IN (SELECT site, visitor FROM staged_visitors)`)
	if err != nil {
		return nil, nil, err
	}
	byVisitor := map[sessionize.Key][]*event.Event{}
	for _, e := range events {
		key := sessionize.Key{WebsiteID: e.WebsiteID, Visitor: e.Visitor}
		byVisitor[key] = append(byVisitor[key], e)
	}
	for _, events := range byVisitor {
		sessions := event.Sessions(events)
		all = append(all, sessions...)
		latest = append(latest, sessions[len(sessions)-1])
	}
	return all, latest, nil
}
