package duckdb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/event"
	"datafast/internal/ingest"
)

type (
	driverConn  = driver.Conn
	driverValue = driver.Value
)

// idleBeforeCheckpoint is how long nothing must have been written before the log
// is folded into the file: a checkpoint during writing stalls commits.
const idleBeforeCheckpoint = 10 * time.Second

// Append stores a batch; all of it is durable when it returns without an error,
// none of it otherwise.
func (s *Store) Append(ctx context.Context, batch []*event.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	nums := make([]uint32, len(batch))
	for i, e := range batch {
		n, err := s.number(ctx, e.WebsiteID)
		if err != nil {
			return err
		}
		nums[i] = n
	}
	err := s.inTx(ctx, func() error {
		for i, e := range batch {
			row, err := eventRow(s.row, nums[i], e)
			if err != nil {
				return err
			}
			s.row = row
			if err := s.events.AppendRow(row...); err != nil {
				return fmt.Errorf("append event: %w", err)
			}
		}
		if err := s.events.Flush(); err != nil {
			return fmt.Errorf("flush events: %w", err)
		}
		return s.linkIdentified(ctx, nums, batch)
	})
	if err != nil {
		_ = s.events.Close()
		return errors.Join(err, s.newAppender())
	}
	s.tracker.Observe(batch)
	return nil
}

// linkIdentified ties the visitors of identify events to their profiles, in the
// transaction that stores the events.
func (s *Store) linkIdentified(ctx context.Context, nums []uint32, batch []*event.Event) error {
	for i, e := range batch {
		if e.Kind != event.Identify {
			continue
		}
		_, _, err := s.link(ctx, nums[i], analytics.Identity{
			WebsiteID: e.WebsiteID, Visitor: e.Visitor, UserID: e.Name, Traits: e.Data, ProfileID: e.ID, At: e.Time,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// inTx runs f in a transaction of the writer. The caller holds s.mu.
func (s *Store) inTx(ctx context.Context, f func() error) error {
	if _, err := s.writer.ExecContext(ctx, `BEGIN`); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := f(); err != nil {
		_, rollbackErr := s.writer.ExecContext(context.Background(), `ROLLBACK`)
		return errors.Join(err, rollbackErr)
	}
	if _, err := s.writer.ExecContext(ctx, `COMMIT`); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	s.written = true
	return nil
}

// mergeEvery is how often waiting sessions are merged without being asked for: a
// merge holds up commits, at two seconds less than one answer in a hundred.
const mergeEvery = 2 * time.Second

// mergeShare bounds what merging in the background may take of the writer's time,
// to one part in so many: a big backfill makes merges long.
const mergeShare = 8

// tend merges waiting sessions now and then, and checkpoints when idle.
func (s *Store) tend(ctx context.Context) {
	tick := time.NewTicker(mergeEvery)
	defer tick.Stop()
	idle, pause := time.Duration(0), time.Duration(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if pause -= mergeEvery; pause > 0 {
			continue
		}
		unlock := s.lockToMerge()
		started := time.Now()
		wrote, err := s.mergeIfWaiting(ctx)
		pause = mergeShare * time.Since(started)
		if wrote {
			idle = 0
		} else if idle += mergeEvery; err == nil && s.written && idle >= idleBeforeCheckpoint {
			_, err = s.writer.ExecContext(ctx, `CHECKPOINT`)
			s.written = false
		}
		unlock()
		if err != nil && ctx.Err() == nil {
			s.log.Error("event store upkeep", "error", err)
		}
	}
}

// LastEvents returns, for every visitor with an event since then, the last one.
func (s *Store) LastEvents(ctx context.Context, since time.Time) ([]*event.Event, error) {
	return s.readEvents(ctx, `SELECT site, `+eventColumns+` FROM events WHERE time >= ?
		QUALIFY row_number() OVER (PARTITION BY site, visitor ORDER BY time DESC, id DESC) = 1`, since.UnixMilli())
}

// EventsSince returns all events since then in order, for the live view.
func (s *Store) EventsSince(ctx context.Context, since time.Time) ([]*event.Event, error) {
	return s.readEvents(ctx, `SELECT site, `+eventColumns+` FROM events WHERE time >= ? ORDER BY time, id`, since.UnixMilli())
}

func (s *Store) readEvents(ctx context.Context, query string, args ...any) ([]*event.Event, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	defer rows.Close()
	var out []*event.Event
	for rows.Next() {
		var num uint32
		e, err := scanEvent(prefixed{rows, []any{&num}}, "")
		if err != nil {
			return nil, err
		}
		e.WebsiteID = s.idOf(num)
		out = append(out, e)
	}
	return out, rows.Err()
}

// AddDrops adds counts, hosts and bots that ingest turned away.
func (s *Store) AddDrops(ctx context.Context, d ingest.Drops) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	nums := map[string]uint32{}
	for _, c := range d.Counts {
		n, err := s.number(ctx, c.WebsiteID)
		if err != nil {
			return err
		}
		nums[c.WebsiteID] = n
	}
	return s.inTx(ctx, func() error {
		for _, c := range d.Counts {
			if err := s.exec(ctx, `INSERT INTO drops VALUES (?, ?, ?, ?)`, nums[c.WebsiteID], c.Day.UnixMilli(), string(c.Reason), c.Count); err != nil {
				return err
			}
		}
		for _, h := range d.Hosts {
			if err := s.exec(ctx, `INSERT INTO refused_hosts VALUES (?, ?, ?)`, nums[h.WebsiteID], h.Host, h.At.UnixMilli()); err != nil {
				return err
			}
		}
		for _, b := range d.Bots {
			if err := s.exec(ctx, `INSERT INTO bot_visitors VALUES (?, ?, ?)`, nums[b.WebsiteID], b.Visitor.String(), b.At.UnixMilli()); err != nil {
				return err
			}
		}
		return s.exec(ctx, `DELETE FROM bot_visitors WHERE seen_at < ?`, s.now().Add(-ingest.BotMemory).UnixMilli())
	})
}

// exec runs a statement of the writer's transaction.
func (s *Store) exec(ctx context.Context, query string, args ...any) error {
	if _, err := s.writer.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("run %.40q: %w", query, err)
	}
	return nil
}

// ImportedIDs returns those of the given line ids that the website has already,
// as the id of an imported line or of an event of its own, which is what an export
// writes.
func (s *Store) ImportedIDs(ctx context.Context, websiteID string, ids []string) (map[string]bool, error) {
	seen := map[string]bool{}
	var own []string
	for _, line := range ids {
		if u, err := packID(line); err == nil {
			own = append(own, u.String())
		}
	}
	for _, lookup := range []struct {
		ids   []string
		query string
		name  func(string) string
	}{
		{ids, `SELECT import_id FROM events WHERE site = ? AND import_id IN (SELECT unnest(?::VARCHAR[]))`, strings.Clone},
		{own, `SELECT id::VARCHAR FROM events WHERE site = ? AND id IN (SELECT unnest(?::VARCHAR[])::UUID)`, unpackText},
	} {
		if len(lookup.ids) == 0 {
			continue
		}
		found, err := s.texts(ctx, lookup.query, s.numOf(websiteID), lookup.ids)
		if err != nil {
			return nil, fmt.Errorf("look up import ids: %w", err)
		}
		for _, id := range found {
			seen[lookup.name(id)] = true
		}
	}
	return seen, nil
}

// unpackText turns the text of a stored id into 24 hex.
func unpackText(uuid string) string { return strings.ReplaceAll(uuid, "-", "")[:24] }

// texts reads one column of texts.
func (s *Store) texts(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read texts: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("scan text: %w", err)
		}
		out = append(out, text)
	}
	return out, rows.Err()
}
