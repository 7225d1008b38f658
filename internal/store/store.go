// Package store opens the engines that an installation is configured for.
//
// It may import its engines. It must not be imported by a domain package.
package store

import (
	"context"
	"errors"
	"path/filepath"

	"datafast/internal/store/control"
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
