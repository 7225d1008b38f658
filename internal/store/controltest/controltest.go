// Package controltest is the suite that every control store passes.
//
// It may be imported by tests only.
package controltest

import (
	"context"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"datafast/internal/account"
	"datafast/internal/audit"
	"datafast/internal/fault"
	"datafast/internal/store/control"
)

// Opener opens a database, also several times at once.
type Opener func(ctx context.Context) (*control.Store, error)

// Place makes an empty database.
type Place func(tb testing.TB) Opener

// Run is the suite.
func Run(t *testing.T, place Place) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Place){
		"a transaction is whole":                 testInTx,
		"check-then-act of two openings":         testInTxtwoOpenings,
		"a salt for each day":                    testDailySalt,
		"a fact is kept as it was noted first":   testKeepFact,
		"old addresses of the audit log are cut": testCutAuditAddresses,
		"opening at once":                        testOpenAtOnce,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, place)
		})
	}
}

func opened(t *testing.T, open Opener) *control.Store {
	t.Helper()
	s, err := open(t.Context())
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

// testOpenAtOnce: servers and an operator's command may make the schema at the same
// time.
func testOpenAtOnce(t *testing.T, place Place) {
	open := place(t)
	var wg sync.WaitGroup
	errs := make(chan error, 4)
	for range cap(errs) {
		wg.Go(func() {
			s, err := open(t.Context())
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

func testInTx(t *testing.T, place Place) {
	s := opened(t, place(t))
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

// testInTxtwoOpenings: check-then-act of two processes excludes each other.
func testInTxtwoOpenings(t *testing.T, place Place) {
	open := place(t)
	stores := []*control.Store{opened(t, open), opened(t, open)}
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

func testDailySalt(t *testing.T, place Place) {
	s := opened(t, place(t))
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

func testKeepFact(t *testing.T, place Place) {
	s := opened(t, place(t))
	for _, value := range []string{"one", "two"} {
		if got, err := s.KeepFact(t.Context(), "events", value); err != nil || got != "one" {
			t.Errorf("KeepFact(%s) = %q, %v; want what was noted first", value, got, err)
		}
	}
}

func testCutAuditAddresses(t *testing.T, place Place) {
	s := opened(t, place(t))
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
