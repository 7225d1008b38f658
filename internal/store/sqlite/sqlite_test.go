package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"datafast/internal/account"
	"datafast/internal/store/control"
	"datafast/internal/store/controltest"
	"datafast/internal/store/sqlite"
)

func open(t *testing.T, path string) *control.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func user(id string) *account.User {
	return &account.User{ID: id, Email: id + "@example.com", CreatedAt: time.UnixMilli(1779321600123)}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "control.db")
	s := open(t, path)
	if err := s.InsertUser(t.Context(), user("u"), "hash"); err != nil {
		t.Fatal(err)
	}
	got, err := open(t, path).User(t.Context(), "u")
	if err != nil || !got.CreatedAt.Equal(user("u").CreatedAt) || got.TOTP || got.Disabled {
		t.Errorf("User through a second opening = %+v, %v", got, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; only the owner may read it", info.Mode(), err)
	}
}

func TestOpen_newerSchema(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "control.db")
	open(t, path)
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "use the newer program") {
		t.Errorf("Open of a newer schema: %v", err)
	}
}

func TestOpen_noDatabase(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "control.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("this is not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("Open of another file: %v; want an error that names it", err)
	}
}

// TestStore runs the suite of control stores.
func TestStore(t *testing.T) {
	t.Parallel()
	controltest.Run(t, func(tb testing.TB) controltest.Opener {
		tb.Helper()
		path := filepath.Join(tb.TempDir(), "control.db")
		return func(ctx context.Context) (*control.Store, error) { return sqlite.Open(ctx, path) }
	})
}

// TestMoveTo_everything: a table of a new migration must not be forgotten.
func TestMoveTo_everything(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "control.db")
	from, to := open(t, path), open(t, filepath.Join(t.TempDir(), "control.db"))
	if err := to.BeginMove(t.Context()); err != nil {
		t.Fatal(err)
	}
	moved, err := from.MoveTo(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	has := map[string]bool{"goose_db_version": true}
	for _, m := range moved {
		has[m.Table] = true
	}
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if !has[name] {
			t.Errorf("table %s does not move", name)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}
