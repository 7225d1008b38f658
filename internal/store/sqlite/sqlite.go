// Package sqlite opens the control store on SQLite (modernc.org/sqlite, WAL).
// Several processes may have it open at once: the server and the operator's
// commands.
//
// It may import control. It must not know what is stored.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"datafast/internal/store/control"
)

// connections is how many the pool has at most: readers do not wait for each
// other, writers do anyway.
const connections = 16

// Open opens or makes the database file, brings its schema up to date, and
// returns the store. A schema newer than this program is an error.
func Open(ctx context.Context, path string) (*control.Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	if err := private(path); err != nil {
		return nil, err
	}
	query := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
	}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+query.Encode())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections) // opening one costs as much as ten queries
	if err := control.Migrate(ctx, db, goose.DialectSQLite3); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), db.Close())
	}
	return control.New(db, control.Dialect{Begin: begin, Again: busy, Away: Full}), nil
}

// private makes sure that only the owner may read the file, before SQLite makes
// it with the usual mode.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open the control store: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("close the control store: %w", err)
	}
	return nil
}

// begin takes the write lock at once (_txlock), so that what is read stays true
// until commit.
func begin(ctx context.Context, db *sql.DB) (*sql.Tx, error) { return db.BeginTx(ctx, nil) }

// Full reports whether an error says that the disk is full.
func Full(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == lib.SQLITE_FULL
}

func busy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == lib.SQLITE_BUSY
}
