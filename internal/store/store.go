// Package store opens the engines that an installation is configured for.
//
// It may import its engines. It must not be imported by a domain package.
package store

import (
	"context"
	"errors"
	"path/filepath"

	"datafast/internal/store/control"
	"datafast/internal/store/duckdb"
	"datafast/internal/store/sqlite"
)

// ControlFile is the control store's file in the data directory.
const ControlFile = "control.db"

// OpenControl opens the control store, making it if need be: on SQLite in the data
// directory, unless databaseURL names a PostgreSQL.
func OpenControl(ctx context.Context, dataDir, databaseURL string) (*control.Store, error) {
	if databaseURL != "" {
		return nil, errors.New("database-url: PostgreSQL is not supported by this version; leave it empty to use SQLite in the data directory")
	}
	return sqlite.Open(ctx, filepath.Join(dataDir, ControlFile))
}

// EventsFile is the event store's file in the data directory.
const EventsFile = "events.duckdb"

// OpenEvents opens the event store: DuckDB in the data directory, unless eventsURL
// names a ClickHouse. o.Path is filled in.
func OpenEvents(ctx context.Context, dataDir, eventsURL string, o duckdb.Options) (*duckdb.Store, error) {
	if eventsURL != "" {
		return nil, errors.New("events-url: ClickHouse is not supported by this version; leave it empty to use DuckDB in the data directory")
	}
	o.Path = filepath.Join(dataDir, EventsFile)
	return duckdb.Open(ctx, o)
}
