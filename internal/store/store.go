// Package store opens the engines that an installation is configured for: SQLite
// and DuckDB in the data directory, or PostgreSQL and ClickHouse.
//
// It may import its engines. It must not be imported by a domain package.
package store

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/event"
	"datafast/internal/ingest"
	"datafast/internal/revenue"
	"datafast/internal/store/clickhouse"
	"datafast/internal/store/control"
	"datafast/internal/store/duckdb"
	"datafast/internal/store/postgres"
	"datafast/internal/store/sqlite"
)

// ControlFile is the control store's file in the data directory.
const ControlFile = "control.db"

// Control is an open control store with the locks that go with it.
type Control struct {
	*control.Store

	// Lock waits for a lock that one server has at a time; TryLock gives a nil
	// unlock when another has it. On SQLite there is one server and no need: nil.
	Lock    func(ctx context.Context, name string) (unlock func() error, err error)
	TryLock func(ctx context.Context, name string) (unlock func() error, err error)

	close func() error
}

// Close closes the store and gives back its locks.
func (c *Control) Close() error { return c.close() }

// OpenControl opens the control store, making it if need be: on SQLite in the data
// directory, unless databaseURL names a PostgreSQL.
func OpenControl(ctx context.Context, dataDir, databaseURL string) (*Control, error) {
	if databaseURL == "" {
		s, err := sqlite.Open(ctx, filepath.Join(dataDir, ControlFile))
		if err != nil {
			return nil, err
		}
		return &Control{Store: s, close: s.Close}, nil
	}
	db, err := postgres.Open(ctx, databaseURL)
	if err != nil {
		return nil, err
	}
	return &Control{Store: db.Control, Lock: db.Lock, TryLock: db.TryLock, close: db.Close}, nil
}

// CheckPair refuses a configuration of which only one half leaves this machine.
func CheckPair(databaseURL, eventsURL string) error {
	switch {
	case databaseURL != "" && eventsURL == "":
		return errors.New("database-url is set and events-url is not: set both for PostgreSQL and ClickHouse, or none for SQLite and DuckDB in the data directory")
	case databaseURL == "" && eventsURL != "":
		return errors.New("events-url is set and database-url is not: set both for PostgreSQL and ClickHouse, or none for SQLite and DuckDB in the data directory")
	}
	return nil
}

// EventsFile is the event store's file in the data directory.
const EventsFile = "events.duckdb"

// Events is an open event store.
type Events interface {
	ingest.Store
	ingest.DropStore
	ingest.ImportStore
	ingest.AppStore
	analytics.Engine
	revenue.Store
	Identify(ctx context.Context, in analytics.Identity) (profileID string, created bool, err error)
	DeleteGoals(ctx context.Context, websiteID string, d analytics.GoalDeletion) (int, error)
	DeleteWebsite(ctx context.Context, websiteID string) error
	ExportEvents(ctx context.Context, q analytics.ExportQuery, emit func(*event.Event) error) error
	ExportSessions(ctx context.Context, q analytics.ExportQuery, emit func(s *event.Session, bounce bool) error) error
	IsBot(ctx context.Context, websiteID string, v event.VisitorID) (bool, error)
	Tracking(ctx context.Context, websiteID string) (analytics.Tracking, error)
	TrackedGoals(ctx context.Context, websiteID string) ([]analytics.TrackedGoal, error)
	GoalSeen(ctx context.Context, websiteID, name string) (bool, error)
	LastSession(ctx context.Context, websiteID string, v event.VisitorID) (*event.Session, error)
	HasPageview(ctx context.Context, websiteID string, v event.VisitorID) (bool, error)
	// EventsSince returns all events since then, in order.
	EventsSince(ctx context.Context, since time.Time) ([]*event.Event, error)
	Ping(ctx context.Context) error
	Close() error
}

// Shared is an event store that other servers write to too.
type Shared interface {
	// StoredSince returns the events that any server stored since then.
	StoredSince(ctx context.Context, since time.Time) ([]*event.Event, error)
}

// EventsOptions say which event store to open.
type EventsOptions struct {
	DataDir   string
	URL       string // of a ClickHouse; empty: DuckDB in the data directory
	Cluster   string // of ClickHouse
	MemoryMB  int    // what the engine may use
	MustExist bool   // DuckDB: a missing file is an error, never a fresh store
	Lock      func(ctx context.Context, name string) (unlock func() error, err error)
	Log       *slog.Logger
}

// OpenEvents opens the event store.
func OpenEvents(ctx context.Context, o EventsOptions) (Events, error) {
	if o.URL != "" {
		return clickhouse.Open(ctx, clickhouse.Options{URL: o.URL, Cluster: o.Cluster, MemoryMB: o.MemoryMB, Lock: o.Lock, Log: o.Log})
	}
	return duckdb.Open(ctx, duckdb.Options{Path: filepath.Join(o.DataDir, EventsFile), MustExist: o.MustExist, MemoryMB: o.MemoryMB, Log: o.Log})
}

// Away reports whether an error of the event store says that it could not be
// reached, or that the disk of the data directory is full.
func (o EventsOptions) Away(err error) bool {
	if o.URL != "" {
		return clickhouse.Away(err)
	}
	return duckdb.Full(err)
}

// DiskFull reports whether an error of a store says that the disk of the data
// directory is full.
func DiskFull(err error) bool { return sqlite.Full(err) || duckdb.Full(err) }
