// Package controltest is the suite that every control store passes.
//
// It may be imported by tests only.
package controltest

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"datafast/internal/account"
	"datafast/internal/alert"
	"datafast/internal/audit"
	"datafast/internal/auth"
	"datafast/internal/fault"
	"datafast/internal/funnel"
	"datafast/internal/site"
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
		"two servers keep one fact":              testKeepFactAtOnce,
		"a credential's life":                    testCredentials,
		"people, secrets and links":              testPeople,
		"sign-ins end":                           testSignIns,
		"websites and their teams":               testWebsites,
		"funnels and alerts":                     testDetails,
		"any text":                               testAnyText,
		"moving":                                 testMove,
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

func now() time.Time { return time.UnixMilli(1779321600123).UTC() }

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func testKeepFactAtOnce(t *testing.T, place Place) {
	open := place(t)
	stores := []*control.Store{opened(t, open), opened(t, open)}
	var wg sync.WaitGroup
	var mu sync.Mutex
	stands := map[string]bool{}
	for i := range 8 {
		wg.Go(func() {
			got, err := stores[i%2].KeepFact(t.Context(), "secret", fmt.Sprint(i))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			stands[got] = true
		})
	}
	wg.Wait()
	if len(stands) != 1 {
		t.Errorf("the servers were told %v, want one value", stands)
	}
}

func testCredentials(t *testing.T, place Place) {
	s := opened(t, place(t))
	ctx := t.Context()
	must(t, s.InsertUser(ctx, user("u"), "hash"))
	c := &auth.Credential{ID: "c", Kind: auth.AccountToken, UserID: "u", Name: "n", DisplayKey: "dft_…", Granted: []string{"*"}, CreatedAt: now()}
	must(t, s.InsertCredential(ctx, c, "one"))
	c.PreviousUntil = now().Add(time.Hour)
	must(t, s.RollCredential(ctx, c, "two"))
	for hash, previous := range map[string]bool{"one": true, "two": false} {
		got, err := s.CredentialByHash(ctx, hash)
		if err != nil || got.Previous != previous || !got.PreviousUntil.Equal(c.PreviousUntil) {
			t.Errorf("CredentialByHash(%s) = %+v, %v", hash, got, err)
		}
	}
	c.PreviousUntil = time.Time{}
	must(t, s.RollCredential(ctx, c, "three"))
	if _, err := s.CredentialByHash(ctx, "two"); fault.CodeOf(err) != fault.CodeNotFound {
		t.Errorf("a value that was rolled at once: %v, want not_found", err)
	}
	must(t, s.TouchCredential(ctx, "c", now(), "10.0.0.0/24"), s.UsePermission(ctx, "c", "analytics:read", now()), s.UsePermission(ctx, "c", "analytics:read", now()))
	all, err := s.UserCredentials(ctx, "u")
	if err != nil || len(all) != 1 || !all[0].Uses["analytics:read"].Equal(now()) || !all[0].LastUsedAt.Equal(now()) {
		t.Errorf("UserCredentials = %+v, %v", all, err)
	}
	must(t, s.DeleteCredential(ctx, "c"))
	if err := s.DeleteCredential(ctx, "c"); fault.CodeOf(err) != fault.CodeNotFound {
		t.Errorf("deleting again: %v, want not_found", err)
	}
}

func testPeople(t *testing.T, place Place) {
	s := opened(t, place(t))
	ctx := t.Context()
	must(t, s.InsertUser(ctx, user("u"), "hash"), s.SetRecoveryCodes(ctx, "u", []string{"a", "b"}))
	for i, want := range []bool{true, false} {
		if used, err := s.UseRecoveryCode(ctx, "u", "a"); used != want || err != nil {
			t.Errorf("use %d of a recovery code = %v, %v", i, used, err)
		}
		if used, err := s.UseTOTPStep(ctx, "u", 59_310_720); used != want || err != nil {
			t.Errorf("use %d of a code's step = %v, %v", i, used, err)
		}
	}
	u, err := s.UserByEmail(ctx, "u@example.com")
	if err != nil || u.RecoveryCodesLeft != 1 || !u.CreatedAt.Equal(now()) {
		t.Errorf("UserByEmail = %+v, %v", u, err)
	}
	must(t, s.InsertLink(ctx, account.Link{Hash: "h", Kind: account.LinkReset, UserID: "u", ExpiresAt: now()}))
	for i, want := range []fault.Code{"", fault.CodeNotFound} {
		l, err := s.TakeLink(ctx, account.LinkReset, "h")
		if (err != nil || want != "") && fault.CodeOf(err) != want {
			t.Errorf("taking %d = %+v, %v", i, l, err)
		}
	}
}

func testSignIns(t *testing.T, place Place) {
	s := opened(t, place(t))
	ctx := t.Context()
	must(t, s.InsertUser(ctx, user("u"), "hash"))
	for i, id := range []string{"a", "b"} {
		must(t, s.InsertSignIn(ctx, auth.SignIn{ID: id, UserID: "u", CreatedAt: now(), LastSeenAt: now(), ExpiresAt: now().Add(time.Duration(i) * time.Hour)}))
	}
	must(t, s.Expire(ctx, now().Add(time.Minute)))
	all, err := s.SignInsOf(ctx, "u", now())
	if err != nil || len(all) != 1 || all[0].ID != "b" {
		t.Errorf("SignInsOf = %+v, %v", all, err)
	}
	scs := control.Sessions{Store: s}
	for _, data := range []string{"x", "y\x00\xff"} {
		must(t, scs.CommitCtx(ctx, "token", []byte(data), time.Now().Add(time.Hour)))
		if got, found, err := scs.FindCtx(ctx, "token"); string(got) != data || !found || err != nil {
			t.Errorf("session = %q, %v, %v", got, found, err)
		}
	}
	must(t, scs.DeleteCtx(ctx, "token"))
	if _, found, err := scs.FindCtx(ctx, "token"); found || err != nil {
		t.Errorf("a deleted session: found %v, %v", found, err)
	}
}

func testWebsites(t *testing.T, place Place) {
	s := opened(t, place(t))
	ctx := t.Context()
	must(t, s.InsertUser(ctx, user("u"), "hash"), s.InsertUser(ctx, user("v"), "hash"))
	w := &site.Website{ID: "w", TrackingID: "dfid_w", Domain: "shop.example", Timezone: "UTC", CreatedAt: now()}
	must(t, s.InsertWebsite(ctx, w, "u"), s.SetMember(ctx, "w", "v", account.RoleViewer, now()))
	must(t, s.SetMember(ctx, "w", "v", account.RoleViewer, now().Add(time.Hour)))
	team, err := s.Members(ctx, "w")
	if err != nil || len(team) != 2 || team[0].UserID != "u" || !team[1].JoinedAt.Equal(now()) {
		t.Errorf("Members = %+v, %v", team, err)
	}
	if got, err := s.OwnedDomain(ctx, "u", "shop.example"); got != "w" || err != nil {
		t.Errorf("OwnedDomain = %q, %v", got, err)
	}
	if got, err := s.CountOwned(ctx, "u"); got != 1 || err != nil {
		t.Errorf("CountOwned = %d, %v; want 1", got, err)
	}
	must(t, s.InsertCredential(ctx, &auth.Credential{ID: "k", Kind: auth.WebsiteKey, UserID: "v", WebsiteID: "w", CreatedAt: now()}, "key"))
	u, err := s.User(ctx, "u")
	must(t, err)
	u.Disabled = true
	must(t, s.UpdateUser(ctx, u))
	if c, err := s.CredentialByHash(ctx, "key"); err != nil || !c.Disabled {
		t.Errorf("a key of a disabled owner = %+v, %v", c, err)
	}
	must(t, s.DeleteWebsite(ctx, "w"))
	if _, err := s.Website(ctx, "w"); fault.CodeOf(err) != fault.CodeNotFound {
		t.Errorf("a deleted website: %v", err)
	}
	if role, err := s.Role(ctx, "v", "w"); role != account.RoleNone || err != nil {
		t.Errorf("role on a deleted website = %v, %v", role, err)
	}
}

func testDetails(t *testing.T, place Place) {
	s := opened(t, place(t))
	ctx := t.Context()
	must(t, s.InsertUser(ctx, user("u"), "hash"))
	must(t, s.InsertWebsite(ctx, &site.Website{ID: "w", TrackingID: "dfid_w", Domain: "shop.example", CreatedAt: now()}, "u"))
	must(t, s.InsertAlert(ctx, alert.Alert{ID: "a", WebsiteID: "w", Name: "n", GoalName: "signup", Enabled: true, CreatedAt: now()}))
	must(t, s.InsertLogs(ctx, []alert.Log{
		{ID: "1", WebsiteID: "w", AlertID: "a", Status: alert.Sent, TriggeredAt: now()},
		{ID: "2", WebsiteID: "gone", AlertID: "a", Status: alert.Sent, TriggeredAt: now()},
	}))
	if n, err := s.CountLogs(ctx, "w", ""); err != nil || n.Sent != 1 || n.Failed != 0 {
		t.Errorf("CountLogs = %+v, %v", n, err)
	}
	if logs, err := s.Logs(ctx, "w", "a", 10); err != nil || len(logs) != 1 || !logs[0].TriggeredAt.Equal(now()) {
		t.Errorf("Logs = %+v, %v", logs, err)
	}
	f := funnel.Funnel{ID: "f", WebsiteID: "w", Name: "n", Slug: "n", Active: true, CreatedAt: now(), UpdatedAt: now()}
	must(t, s.InsertFunnel(ctx, f))
}

// testAnyText: what no engine keeps is replaced alike.
func testAnyText(t *testing.T, place Place) {
	s := opened(t, place(t))
	u := user("u")
	u.Name = "a\x00b\xffc ünïcödé ? $1"
	must(t, s.InsertUser(t.Context(), u, "hash"))
	if got, err := s.User(t.Context(), "u"); err != nil || got.Name != "a\uFFFDb\uFFFDc ünïcödé ? $1" {
		t.Errorf("name = %q, %v", got.Name, err)
	}
}

// testMove: everything is in the target, and nothing else; until then it refuses to
// be used, and afterwards to be the target of another.
func testMove(t *testing.T, place Place) {
	ctx := t.Context()
	from, to := opened(t, place(t)), opened(t, place(t))
	must(t, from.InsertUser(ctx, user("u"), "hash"), from.SetFact(ctx, "a", "of the source"), to.SetFact(ctx, "a", "of the target"))
	must(t, from.InsertWebsite(ctx, &site.Website{ID: "w", TrackingID: "dfid_w", Domain: "shop.example", CreatedAt: now()}, "u"))
	must(t, to.BeginMove(ctx), to.BeginMove(ctx))
	if err := to.Moving(ctx); fault.CodeOf(err) != fault.CodeConflict {
		t.Errorf("Moving in between: %v", err)
	}
	moved, err := from.MoveTo(ctx, to)
	must(t, err, to.Moving(ctx))
	rows := 0
	for _, m := range moved {
		rows += m.Rows
	}
	if rows != 4 { // fact, user, website, member
		t.Errorf("%d rows moved: %+v", rows, moved)
	}
	if fact, err := to.Fact(ctx, "a"); fact != "of the source" || err != nil {
		t.Errorf("fact = %q, %v", fact, err)
	}
	if role, err := to.Role(ctx, "u", "w"); role != account.RoleOwner || err != nil {
		t.Errorf("role = %q, %v", role, err)
	}
	if err := to.BeginMove(ctx); fault.CodeOf(err) != fault.CodeConflict {
		t.Errorf("BeginMove into an installation: %v", err)
	}
}
