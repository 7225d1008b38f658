package clickhouse

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"datafast/internal/analytics"
	"datafast/internal/event"
	"datafast/internal/ingest"
	"datafast/internal/store/eventsql"
)

// Append stores a batch; all of it is durable when it returns without an error.
// A batch of one month is one block: all of it or nothing. The token makes a
// repeat after a lost answer harmless.
func (s *Store) Append(ctx context.Context, batch []*event.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	// First the links: made without their events they are made again when the
	// client repeats, which changes nothing.
	for _, e := range batch {
		if e.Kind != event.Identify {
			continue
		}
		_, _, err := s.identify(ctx, analytics.Identity{
			WebsiteID: e.WebsiteID, Visitor: e.Visitor, UserID: e.Name, Traits: e.Data, ProfileID: e.ID, At: e.Time,
		})
		if err != nil {
			return err
		}
	}
	stored := s.now().UnixMilli()
	err := s.insert(ctx, "events", token(batch), func(add func(...any) error) error {
		var row []driver.Value
		for _, e := range batch {
			var err error
			if row, err = s.format.EventRow(row, e); err != nil {
				return err
			}
			if err := add(anys(append(row, stored))...); err != nil {
				return fmt.Errorf("append event: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.tracker.Observe(batch)
	return nil
}

// token names a batch by its events.
func token(batch []*event.Event) string {
	h := sha256.New()
	for _, e := range batch {
		_, _ = io.WriteString(h, e.WebsiteID+"/"+e.ID+"\n") // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func anys(row []driver.Value) []any {
	out := make([]any, len(row))
	for i, v := range row {
		out[i] = v
	}
	return out
}

// Attempts at an insert whose answer was lost.
const (
	mostAttempts = 3
	pause        = 200 * time.Millisecond
)

// insert sends one block and returns when it is durable. With a token, a repeat of
// a block that is there already is left out.
func (s *Store) insert(ctx context.Context, table, token string, fill func(add func(...any) error) error) error {
	settings := clickhouse.Settings{}
	if token != "" {
		settings["insert_deduplication_token"] = token
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(settings), clickhouse.WithColumnNamesAndTypes(s.columns[table]))
	var err error
	for attempt := range mostAttempts {
		if err = s.send(ctx, table, fill); err == nil || !lost(err) || token == "" {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause << attempt):
		}
	}
	return err
}

func (s *Store) send(ctx context.Context, table string, fill func(add func(...any) error) error) error {
	names := make([]string, len(s.columns[table]))
	for i, c := range s.columns[table] {
		names[i] = c.Name
	}
	batch, err := s.conn.PrepareBatch(ctx, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+")")
	if err != nil {
		return fmt.Errorf("begin block of %s: %w", table, err)
	}
	if err := fill(batch.Append); err != nil {
		return errors.Join(err, batch.Abort())
	}
	if batch.Rows() == 0 {
		return batch.Abort()
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("store block of %s: %w", table, err)
	}
	return nil
}

// StoredSince returns the events that any server stored since then.
func (s *Store) StoredSince(ctx context.Context, since time.Time) ([]*event.Event, error) {
	return s.ReadEvents(ctx, s.db, `SELECT site, `+eventsql.EventColumns+` FROM events WHERE stored_at >= ? ORDER BY time, id`, since.UnixMilli())
}

// lost reports whether an error leaves open if the engine did what it was asked.
func lost(err error) bool {
	var network *net.OpError
	return errors.As(err, &network) || strings.Contains(err.Error(), "EOF") || strings.Contains(err.Error(), "connection reset")
}

// mergeEvery is how often waiting sessions are merged without being asked for.
const mergeEvery = 2 * time.Second

// tend merges waiting sessions now and then.
func (s *Store) tend(ctx context.Context) {
	tick := time.NewTicker(mergeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s.mu.Lock()
		err := s.merge(ctx)
		s.mu.Unlock()
		if err != nil && ctx.Err() == nil {
			s.log.Error("event store upkeep", "error", err)
		}
	}
}

// AddDrops adds to the counts of dropped events and keeps refused hosts and bots.
func (s *Store) AddDrops(ctx context.Context, d ingest.Drops) error {
	err := s.insert(ctx, "drops", "", func(add func(...any) error) error {
		for _, c := range d.Counts {
			if err := add(c.WebsiteID, c.Day.UnixMilli(), string(c.Reason), c.Count); err != nil {
				return fmt.Errorf("append drop: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = s.insert(ctx, "refused_hosts", "", func(add func(...any) error) error {
		for _, h := range d.Hosts {
			if err := add(h.WebsiteID, h.Host, h.At.UnixMilli()); err != nil {
				return fmt.Errorf("append refused host: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.insert(ctx, "bot_visitors", "", func(add func(...any) error) error {
		for _, b := range d.Bots {
			if err := add(b.WebsiteID, s.format.ID(eventsql.ID(b.Visitor)), b.At.UnixMilli()); err != nil {
				return fmt.Errorf("append bot: %w", err)
			}
		}
		return nil
	})
}
