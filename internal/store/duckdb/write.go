package duckdb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/event"
	"datafast/internal/ingest"
	"datafast/internal/store/eventsql"
)

// idleBeforeCheckpoint is how long nothing must have been written before the
// engine's log is folded into the file.
const idleBeforeCheckpoint = 10 * time.Second

// Append stores a batch; all of it is durable when it returns without an error,
// none of it otherwise. It goes into the log, and becomes rows with what follows
// it: the engine takes milliseconds for a commit, however small.
func (s *Store) Append(ctx context.Context, batch []*event.Event) error {
	if err := check(batch); err != nil {
		return err
	}
	if s.arriving.Full() {
		unlock, err := s.lock(ctx)
		if err != nil {
			return err
		}
		unlock()
	}
	return s.arriving.Append(batch)
}

// check refuses a batch with an event that could not become a row, while it can be
// refused.
func check(batch []*event.Event) error {
	for _, e := range batch {
		if err := eventsql.CheckEvent(e); err != nil {
			return fmt.Errorf("event %s: %w", e.ID, err)
		}
	}
	return nil
}

// lock takes the writer, with every acknowledged event a row. It returns the
// function that lets go.
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	s.mu.Lock()
	if err := s.storeArrived(ctx); err != nil {
		s.mu.Unlock()
		return nil, err
	}
	return s.mu.Unlock, nil
}

// flush makes every acknowledged event a row, so that a read that follows sees it.
// Sessions may not have it yet.
func (s *Store) flush(ctx context.Context) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	unlock()
	return nil
}

// storeArrived writes what the log took in since the last time, in one transaction
// with the number up to which it went. What could not be written is tried again with
// what arrives next. The events are everybody's: whoever asks and goes away does not
// stop it. The caller holds s.mu.
func (s *Store) storeArrived(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	events, number := s.arriving.Take()
	s.arrived = append(s.arrived, events...)
	if len(s.arrived) == 0 {
		return nil
	}
	for _, e := range s.arrived {
		if _, err := s.number(ctx, e.WebsiteID); err != nil {
			return err
		}
	}
	first := oldest(s.unmerged, s.arrived)
	if err := s.inTx(ctx, func() error { return s.storeEvents(ctx, s.arrived, number, first) }); err != nil {
		return fmt.Errorf("store events: %w", err)
	}
	s.arriving.Release(number)
	s.tracker.Observe(s.arrived)
	s.unmerged = first
	s.arrived = nil
	return nil
}

// oldest is the lowest id of the events and one known before; "": none.
func oldest(known string, events []*event.Event) string {
	for _, e := range events {
		if known == "" || e.ID < known {
			known = e.ID
		}
	}
	return known
}

// storeEvents makes rows of the log's events up to a number, within a transaction,
// and notes the first that is in no session: a start has to find it and what follows.
func (s *Store) storeEvents(ctx context.Context, events []*event.Event, number uint64, first string) error {
	if err := appendAll(s, "", "events", events, s.format.EventRow); err != nil {
		return err
	}
	if err := s.linkIdentified(ctx, events); err != nil {
		return err
	}
	unmerged, err := eventsql.PackID(first)
	if err != nil {
		return err
	}
	return s.exec(ctx, `INSERT OR REPLACE INTO meta VALUES ('logged', ?), ('unmerged', ?)`, strconv.FormatUint(number, 10), unmerged.String())
}

// linkIdentified ties the visitors of identify events to their profiles, in the
// transaction that stores the events.
func (s *Store) linkIdentified(ctx context.Context, batch []*event.Event) error {
	for _, e := range batch {
		if e.Kind != event.Identify {
			continue
		}
		_, _, err := s.link(ctx, s.numOf(e.WebsiteID), analytics.Identity{
			WebsiteID: e.WebsiteID, Visitor: e.Visitor, UserID: e.Name, Traits: e.Data, ProfileID: e.ID, At: e.Time,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// inTx runs f in a transaction of the writer. The end of ctx ends what f does; it
// does not interrupt the beginning or the commit, which then might have happened or
// not. The caller holds s.mu.
func (s *Store) inTx(ctx context.Context, f func() error) error {
	whole := context.WithoutCancel(ctx)
	if _, err := s.writer.ExecContext(whole, `BEGIN`); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := f(); err != nil {
		_, rollbackErr := s.writer.ExecContext(whole, `ROLLBACK`)
		return errors.Join(err, rollbackErr)
	}
	if _, err := s.writer.ExecContext(whole, `COMMIT`); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	s.written = true
	return nil
}

// mergeEvery is how often what waits becomes rows and sessions without being asked
// for.
const mergeEvery = 2 * time.Second

// mergeShare bounds what merging in the background may take of the writer's time,
// to one part in so many: a big backfill makes merges long, and reads wait for them.
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
		started := time.Now()
		wrote, err := s.mergeIfWaiting(ctx)
		pause = mergeShare * time.Since(started)
		if wrote {
			idle = 0
		} else if idle += mergeEvery; err == nil && idle >= idleBeforeCheckpoint {
			err = s.checkpoint(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Error("event store upkeep", "error", err)
		}
	}
}

// checkpoint folds the engine's log into the file, when there is something in it.
func (s *Store) checkpoint(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.written {
		return nil
	}
	if _, err := s.writer.ExecContext(ctx, `CHECKPOINT`); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	s.written = false
	return nil
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
