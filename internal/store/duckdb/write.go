package duckdb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"datafast/internal/analytics"
	"datafast/internal/event"
	"datafast/internal/ingest"
)

type driverConn = driver.Conn

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
	if err := s.store(ctx, nums, batch); err != nil {
		// The appender still holds the batch, and would store it when it is closed.
		return errors.Join(err, s.events.Clear(), s.events.Close(), s.newAppender())
	}
	s.tracker.Observe(batch)
	for _, e := range batch {
		s.newest = max(s.newest, e.ID)
	}
	return nil
}

// store writes the batch in one transaction. Most batches are one chunk and touch
// no profile; the appender's flush is a transaction then, which saves the two
// statements that would begin and end another.
func (s *Store) store(ctx context.Context, nums []uint32, batch []*event.Event) error {
	if len(batch) <= duckdb.GetDataChunkCapacity() && !slices.ContainsFunc(batch, isIdentify) {
		s.written = true
		return s.appendEvents(batch)
	}
	return s.inTx(ctx, func() error {
		if err := s.appendEvents(batch); err != nil {
			return err
		}
		return s.linkIdentified(ctx, nums, batch)
	})
}

func isIdentify(e *event.Event) bool { return e.Kind == event.Identify }

func (s *Store) appendEvents(batch []*event.Event) error {
	for _, e := range batch {
		row, err := s.format.EventRow(s.row, e)
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
	return nil
}

// linkIdentified ties the visitors of identify events to their profiles, in the
// transaction that stores the events.
func (s *Store) linkIdentified(ctx context.Context, nums []uint32, batch []*event.Event) error {
	for i, e := range batch {
		if !isIdentify(e) {
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
