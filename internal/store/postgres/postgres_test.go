package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"datafast/internal/account"
	"datafast/internal/fault"
	"datafast/internal/postgrestest"
	"datafast/internal/store/control"
	"datafast/internal/store/controltest"
	"datafast/internal/store/postgres"
)

// TestStore runs the suite of control stores.
func TestStore(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	controltest.Run(t, func(tb testing.TB) controltest.Opener {
		tb.Helper()
		url := server.NewDatabase(tb)
		return func(ctx context.Context) (*control.Store, error) {
			db, err := postgres.Open(ctx, url)
			if err != nil {
				return nil, err
			}
			return db.Control, nil
		}
	})
}

func open(t *testing.T, url string) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestOpen_refuses says in one line what is wrong and what would be right, without
// the password.
func TestOpen_refuses(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	url := server.NewDatabase(t)
	open(t, url)
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, true)`); err != nil {
		t.Fatal(err)
	}
	secret := func(url string) string { return strings.Replace(url, "datafast@", "datafast:secret1234@", 1) }
	for _, tt := range []struct{ name, url, want string }{
		{"newer schema", secret(url), "use the newer program"},
		{"no such database", secret(url[:strings.LastIndex(url, "/")] + "/nothing?sslmode=disable"), "create it"},
		{"away", "postgres://datafast:secret1234@127.0.0.1:1/db?sslmode=disable", "is it running"},
		{"not an address", "mysql://datafast:secret1234@host/db", "postgres://user:password@host"},
		{"malformed", "postgres://datafast:secret1234@host:port/db", "postgres://user:password@host"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := postgres.Open(t.Context(), tt.url)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret1234") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, tt.want)
			}
		})
	}
}

// TestStore_away: while the server is gone, callers are told to try again; a short
// loss does not show in reads; afterwards everything works without a restart.
func TestStore_away(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	db := open(t, server.NewDatabase(t))
	s := db.Control
	ctx := t.Context()
	if err := s.InsertUser(ctx, &account.User{ID: "u", Email: "u@example.com", CreatedAt: time.Now()}, "hash"); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	for name, err := range map[string]error{
		"read":        func() error { _, err := s.User(ctx, "u"); return err }(),
		"list":        func() error { _, err := s.Users(ctx); return err }(),
		"write":       s.InsertUser(ctx, &account.User{ID: "v", Email: "v@example.com", CreatedAt: time.Now()}, "hash"),
		"transaction": s.InTx(ctx, func(ctx context.Context) error { _, err := s.User(ctx, "u"); return err }),
		"ping":        s.Ping(ctx),
		"taken link":  func() error { _, err := s.TakeLink(ctx, account.LinkReset, "h"); return err }(),
		"lock":        func() error { _, err := db.Lock(ctx, "x"); return err }(),
	} {
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != fault.CodeUnavailable || f.RetryAfter == 0 {
			t.Errorf("%s while away: %v, want unavailable with a time to retry after", name, err)
		}
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		if _, err := s.User(ctx, "u"); err != nil && fault.CodeOf(err) != fault.CodeUnavailable {
			t.Errorf("read over the restart: %v", err)
		}
	})
	server.Restart(t)
	reading.Wait()
	if _, err := s.User(ctx, "u"); err != nil {
		t.Errorf("after the restart: %v", err)
	}
}

// TestLock: one holder at a time over all openings.
func TestLock(t *testing.T) {
	t.Parallel()
	url := postgrestest.Start(t).NewDatabase(t)
	first, second := open(t, url), open(t, url)
	unlock, err := first.Lock(t.Context(), "jobs")
	if err != nil {
		t.Fatal(err)
	}
	if other, err := second.TryLock(t.Context(), "jobs"); err != nil || other != nil {
		t.Fatalf("a second holder: %v", err)
	}
	if other, err := second.TryLock(t.Context(), "other"); err != nil || other == nil {
		t.Fatalf("another lock: %v", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := second.TryLock(t.Context(), "jobs")
	if err != nil || again == nil {
		t.Fatalf("after unlock: %v", err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
}

// TestLock_crowd: those who wait for a lock leave the holder its connections.
func TestLock_crowd(t *testing.T) {
	t.Parallel()
	db := open(t, postgrestest.Start(t).NewDatabase(t))
	var inside atomic.Int64
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			unlock, err := db.Lock(t.Context(), "payments")
			if err != nil {
				t.Error(err)
				return
			}
			if n := inside.Add(1); n != 1 {
				t.Errorf("%d hold the lock", n)
			}
			if _, err := db.Control.Users(t.Context()); err != nil {
				t.Error(err)
			}
			inside.Add(-1)
			if err := unlock(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
