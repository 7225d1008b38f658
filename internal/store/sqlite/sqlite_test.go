package sqlite_test

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"datafast/internal/account"
	"datafast/internal/audit"
	"datafast/internal/fault"
	"datafast/internal/store/control"
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

// TestOpen_atOnce: the server and an operator's command may make the file at the
// same time.
func TestOpen_atOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "control.db")
	var wg sync.WaitGroup
	errs := make(chan error, 4)
	for range cap(errs) {
		wg.Go(func() {
			s, err := sqlite.Open(t.Context(), path)
			if err == nil {
				err = s.Close()
			}
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestStore_InTx(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "control.db"))
	stop := errors.New("stop")
	err := s.InTx(t.Context(), func(ctx context.Context) error {
		if err := s.InsertUser(ctx, user("u"), "hash"); err != nil {
			return err
		}
		return s.InTx(ctx, func(ctx context.Context) error { // joins the outer one
			if _, err := s.User(ctx, "u"); err != nil {
				t.Errorf("within the transaction: %v", err)
			}
			return stop
		})
	})
	if !errors.Is(err, stop) {
		t.Fatalf("InTx = %v", err)
	}
	if _, err := s.User(t.Context(), "u"); fault.CodeOf(err) != fault.CodeNotFound {
		t.Errorf("after the error: %v, want nothing kept", err)
	}
}

// TestStore_InTx_twoOpenings: check-then-act of two processes excludes each other.
func TestStore_InTx_twoOpenings(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "control.db")
	stores := []*control.Store{open(t, path), open(t, path)}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			s := stores[i%2]
			err := s.InTx(t.Context(), func(ctx context.Context) error {
				all, err := s.Users(ctx)
				if err != nil || len(all) >= 3 {
					return err
				}
				return s.InsertUser(ctx, user(string(rune('a'+i))), "hash")
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if all, err := stores[0].Users(t.Context()); err != nil || len(all) != 3 {
		t.Errorf("%d users, %v; want the limit of 3 kept", len(all), err)
	}
}

func TestStore_DailySalt(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "control.db"))
	salt := func(day string) string {
		t.Helper()
		b, err := s.DailySalt(t.Context(), day)
		if err != nil || len(b) != 32 {
			t.Fatalf("DailySalt = %x, %v", b, err)
		}
		return hex.EncodeToString(b)
	}
	first := salt("2026-05-21")
	if salt("2026-05-21") != first {
		t.Error("two salts on one day")
	}
	second := salt("2026-05-22")
	if second == first {
		t.Error("the same salt on two days")
	}
	if kept, err := s.Fact(t.Context(), "cookieless_salt"); err != nil || strings.Contains(kept, first) {
		t.Errorf("yesterday's salt is still there: %q, %v", kept, err)
	}
}

func TestStore_KeepFact(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "control.db"))
	for _, value := range []string{"one", "two"} {
		if got, err := s.KeepFact(t.Context(), "events", value); err != nil || got != "one" {
			t.Errorf("KeepFact(%s) = %q, %v; want what was noted first", value, got, err)
		}
	}
}

func TestStore_CutAuditAddresses(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "control.db"))
	now := time.UnixMilli(1779321600000)
	n := 0
	log := audit.NewLog(s, func() time.Time { n++; return now.Add(-time.Duration(n) * 20 * 24 * time.Hour) }, func() string { return time.Now().String() })
	ctx := audit.With(t.Context(), audit.Actor{IP: netip.MustParseAddr("2001:db8:1:2::3")})
	for range 2 { // 20 and 40 days old
		if err := log.Record(ctx, audit.Change{Action: "x", UserID: "u"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(log.Run(t.Context(), now), log.Run(t.Context(), now)); err != nil {
		t.Fatal(err)
	}
	entries, total, err := s.AccountAudit(t.Context(), "u", audit.Range{Limit: 10})
	if err != nil || total != 2 || entries[0].IP != "2001:db8:1:2::3" || entries[1].IP != "2001:db8:1::/48" {
		t.Errorf("entries %+v, %v", entries, err)
	}
}
