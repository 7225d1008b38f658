package clickhouse

import (
	"context"
	"crypto/rand"
	"database/sql/driver"
	"errors"
	"fmt"
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
// After an error nothing of it stays, however much of it the engine stored.
func (s *Store) Append(ctx context.Context, batch []*event.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	if err := s.resolve(ctx); err != nil {
		return err
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
	stored, name := s.now().UnixMilli(), rand.Text()
	fill := func(add func(...any) error) error {
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
	}
	sent, err := s.insertOnce(ctx, "events", name, fill)
	if err == nil {
		s.tracker.Observe(batch)
		return nil
	}
	if sent {
		s.doubt = &doubt{events: batch, send: func(ctx context.Context) error {
			_, err := s.send(ctx, "events", name, fill)
			return err
		}}
	}
	return err
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

// insert sends one block and returns when it is durable.
func (s *Store) insert(ctx context.Context, table string, fill func(add func(...any) error) error) error {
	_, err := s.send(ctx, table, "", fill)
	return err
}

// insertOnce sends a block with a name, again when the answer is lost: the engine
// leaves out a block whose name it knows. After an error sent says that the engine
// may have stored it, or a part.
func (s *Store) insertOnce(ctx context.Context, table, name string, fill func(add func(...any) error) error) (sent bool, err error) {
	for attempt := 1; ; attempt++ {
		reached, err := s.send(ctx, table, name, fill)
		sent = sent || reached
		if err == nil || !lost(err) || attempt == mostAttempts {
			return sent, err
		}
		select {
		case <-ctx.Done():
			return sent, err
		case <-time.After(pause << (attempt - 1)):
		}
	}
}

// send sends a block once, with a name if it has one. sent says that the engine
// was reached.
func (s *Store) send(ctx context.Context, table, name string, fill func(add func(...any) error) error) (sent bool, err error) {
	settings := clickhouse.Settings{}
	if name != "" {
		settings["insert_deduplication_token"] = name
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(settings), clickhouse.WithColumnNamesAndTypes(s.columns[table]))
	names := make([]string, len(s.columns[table]))
	for i, c := range s.columns[table] {
		names[i] = c.Name
	}
	batch, err := s.conn.PrepareBatch(ctx, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+")")
	if err != nil {
		return false, fmt.Errorf("begin block of %s: %w", table, err)
	}
	if err := fill(batch.Append); err != nil {
		return false, errors.Join(err, batch.Abort())
	}
	if batch.Rows() == 0 {
		return false, batch.Abort()
	}
	if err := batch.Send(); err != nil {
		var network *net.OpError
		refused := errors.As(err, &network) && network.Op == "dial"
		return !refused, fmt.Errorf("store block of %s: %w", table, err)
	}
	return true, nil
}

// StoredSince returns the events that any server stored since then.
func (s *Store) StoredSince(ctx context.Context, since time.Time) ([]*event.Event, error) {
	return s.ReadEvents(ctx, s.db, `SELECT site, `+eventsql.EventColumns+` FROM events WHERE stored_at >= ? ORDER BY time, id`, since.UnixMilli())
}

// lost reports whether an error leaves open if the engine did what it was asked.
func lost(err error) bool {
	return Away(err) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
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
		err := s.resolve(ctx)
		if err == nil {
			err = s.merge(ctx)
		}
		s.mu.Unlock()
		if err != nil && ctx.Err() == nil {
			s.log.Error("event store upkeep", "error", err)
		}
	}
}

// AddDrops adds to the counts of dropped events and keeps refused hosts and bots.
func (s *Store) AddDrops(ctx context.Context, d ingest.Drops) error {
	err := s.insert(ctx, "drops", func(add func(...any) error) error {
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
	err = s.insert(ctx, "refused_hosts", func(add func(...any) error) error {
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
	return s.insert(ctx, "bot_visitors", func(add func(...any) error) error {
		for _, b := range d.Bots {
			if err := add(b.WebsiteID, s.format.ID(eventsql.ID(b.Visitor)), b.At.UnixMilli()); err != nil {
				return fmt.Errorf("append bot: %w", err)
			}
		}
		return nil
	})
}
