// Package eventsql is what the event stores that speak SQL have in common: how
// events, sessions and payments are laid out in rows, and every read of them. An
// engine's package writes, and embeds a Reader.
//
// It may import event, analytics, ingest, revenue, place and sqlgen. It must not
// name an engine: what differs is in sqlgen.Dialect and in Reader's fields.
package eventsql

import (
	"context"
	"database/sql"
	"time"

	"datafast/internal/store/sqlgen"
)

// DB runs queries: *sql.DB, *sql.Conn and *sql.Tx do.
type DB interface {
	sqlgen.DB
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Sites is how rows name the website.
type Sites interface {
	Key(websiteID string) any
	// Target is where a website's column is scanned to, and reads it from there.
	Target() (dest any, websiteID func() string)
}

// Reader answers questions. All fields are required.
type Reader struct {
	DB      *sql.DB
	Dialect sqlgen.Dialect
	Sites   Sites
	Now     func() time.Time
	// Flush makes every acknowledged event a row.
	Flush func(ctx context.Context) error
	// Settle does so, and makes the website's sessions cover its events.
	Settle func(ctx context.Context, websiteID string) error
	// Snapshot runs f on one state of the store.
	Snapshot func(ctx context.Context, f func(DB) error) error
	// AtOnce is how many questions of a batch Snapshot's DB may be asked at a time.
	AtOnce int
}
