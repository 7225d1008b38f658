package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
)

var errNewer = errors.New("use the newer program")

// mostMigrating is how often migrating is tried.
const mostMigrating = 20

// Migrate brings a database to today's schema. A schema newer than this program is
// an error.
func Migrate(ctx context.Context, db *sql.DB, d goose.Dialect, options ...goose.ProviderOption) error {
	files, err := fs.Sub(Migrations, "migrations")
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	p, err := goose.NewProvider(d, db, files, append(options, goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	for attempt := 1; ; attempt++ {
		err := up(ctx, p)
		if err == nil || errors.Is(err, errNewer) || attempt == mostMigrating {
			return err
		}
		// Another process may be migrating the same database: look again in a moment.
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// up migrates unless the schema is up to date.
func up(ctx context.Context, p *goose.Provider) error {
	current, newest, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	switch {
	case current > newest:
		return fmt.Errorf("the schema has version %d, this program knows %d: %w", current, newest, errNewer)
	case current == newest:
		return nil
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate from version %d to %d: %w", current, newest, err)
	}
	return nil
}
