// Package storetest is the conformance suite of event stores. It takes a
// constructor; every engine runs it, and agrees with analytics/reference on random
// events and random questions.
package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"datafast/internal/analytics"
	"datafast/internal/event"
	"datafast/internal/fault"
	"datafast/internal/id"
	"datafast/internal/ingest"
	"datafast/internal/revenue"
	"datafast/internal/store"
)

// Store is what an event store offers.
type Store = store.Events

// Opener opens the store of a test; opening it again gives the same data.
type Opener func(tb testing.TB) Store

// Run is the suite.
func Run(t *testing.T, open Opener) {
	t.Helper()
	ids := id.NewGenerator()
	tests := []struct {
		name string
		run  func(t *testing.T, open Opener, ids *id.Generator)
	}{
		{"agrees with the reference", agrees},
		{"scripts", runScripts},
		{"laws", laws},
		{"any order and batching gives the same sessions", anyOrder},
		{"reopening keeps everything", reopens},
		{"deleted goals are gone from sessions", deletesGoals},
		{"websites do not see each other", isolates},
		{"drops and bots are remembered", remembersDrops},
		{"an export gives every event once", exports},
		{"profiles merge", profiles},
		{"payments change together", paymentsTogether},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, open, ids) })
	}
}

// agrees holds every report against the reference.
func agrees(t *testing.T, open Opener, ids *id.Generator) {
	s := open(t)
	defer closeStore(t, s)
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt, ids)
		load(rt, s, w)
		ref := w.reference()
		for range 50 {
			q := w.drawQuery(rt)
			got, err := s.Run(context.Background(), []analytics.Query{q})
			if err != nil {
				rt.Fatalf("Run(%+v): %v", q, err)
			}
			want := ref.Run(q)
			if diff := cmp.Diff(want, got[0], cmpopts.EquateEmpty()); diff != "" {
				rt.Fatalf("%+v\nreference (-) and store (+) differ:\n%s", q, diff)
			}
		}
		fq := w.drawFunnel(rt)
		got, err := s.Funnel(context.Background(), fq)
		if err != nil {
			rt.Fatalf("Funnel(%+v): %v", fq, err)
		}
		if diff := cmp.Diff(ref.Funnel(fq), got, cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("%+v\nreference (-) and store (+) differ:\n%s", fq, diff)
		}
	})
}

// anyOrder stores the same events in another order and other batches.
func anyOrder(t *testing.T, open Opener, ids *id.Generator) {
	s := open(t)
	defer closeStore(t, s)
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt, ids)
		load(rt, s, w)
		first := sessionsOf(rt, s, w.websiteID)
		again := *w
		again.websiteID = ids.New(time.Now())
		again.events = make([]*event.Event, len(w.events))
		for i, e := range w.events {
			c := *e
			c.WebsiteID = again.websiteID
			again.events[i] = &c
		}
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "order"), 1))
		rng.Shuffle(len(again.events), func(i, j int) { again.events[i], again.events[j] = again.events[j], again.events[i] })
		load(rt, s, &again)
		if diff := cmp.Diff(first, sessionsOf(rt, s, again.websiteID)); diff != "" {
			rt.Fatalf("sessions differ by order:\n%s", diff)
		}
	})
}

func sessionsOf(tb rapid.TB, s Store, websiteID string) []event.Session {
	tb.Helper()
	var out []event.Session
	err := s.ExportSessions(context.Background(), analytics.ExportQuery{WebsiteID: websiteID}, func(session *event.Session, _ bool) error {
		c := *session
		c.WebsiteID = ""
		out = append(out, c)
		return nil
	})
	if err != nil {
		tb.Fatalf("export sessions: %v", err)
	}
	return out
}

func reopens(t *testing.T, open Opener, ids *id.Generator) {
	s := open(t)
	w := fixedWorld(ids)
	load(t, s, w)
	q := analytics.Query{WebsiteID: w.websiteID, Zone: time.UTC}
	before := runOne(t, s, q)
	closeStore(t, s)
	s = open(t)
	defer closeStore(t, s)
	if diff := cmp.Diff(before, runOne(t, s, q)); diff != "" {
		t.Errorf("after reopening:\n%s", diff)
	}
}

func deletesGoals(t *testing.T, open Opener, ids *id.Generator) {
	s := open(t)
	defer closeStore(t, s)
	w := fixedWorld(ids)
	load(t, s, w)
	n, err := s.DeleteGoals(t.Context(), w.websiteID, analytics.GoalDeletion{Name: "signup"})
	if err != nil || n == 0 {
		t.Fatalf("DeleteGoals = %d, %v", n, err)
	}
	w.events = slices.DeleteFunc(w.events, func(e *event.Event) bool { return e.Kind == event.Goal && e.Name == "signup" })
	q := analytics.Query{WebsiteID: w.websiteID, Zone: time.UTC}
	if diff := cmp.Diff(w.reference().Run(q), runOne(t, s, q), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("after deleting goals:\n%s", diff)
	}
	if _, err := s.DeleteGoals(t.Context(), w.websiteID, analytics.GoalDeletion{Name: "signup"}); fault.CodeOf(err) != fault.CodeNotFound {
		t.Errorf("deleting again: %v, want not_found", err)
	}
}

func isolates(t *testing.T, open Opener, ids *id.Generator) {
	s := open(t)
	defer closeStore(t, s)
	a, b := fixedWorld(ids), fixedWorld(ids)
	load(t, s, a)
	load(t, s, b)
	if err := s.DeleteWebsite(t.Context(), a.websiteID); err != nil {
		t.Fatal(err)
	}
	q := analytics.Query{WebsiteID: b.websiteID, Zone: time.UTC}
	if diff := cmp.Diff(b.reference().Run(q), runOne(t, s, q), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the other website:\n%s", diff)
	}
	q.WebsiteID = a.websiteID
	if got := runOne(t, s, q).Rows[0].Totals; got != (analytics.Totals{}) {
		t.Errorf("the deleted website: %+v", got)
	}
}

func remembersDrops(t *testing.T, open Opener, ids *id.Generator) {
	s := open(t)
	defer closeStore(t, s)
	site, now := ids.New(time.Now()), time.Now().UTC()
	bot := event.VisitorID{9}.ForceV4()
	day := now.Truncate(24 * time.Hour)
	for range 2 {
		err := s.AddDrops(t.Context(), ingest.Drops{
			Counts: []ingest.DropCount{{WebsiteID: site, Day: day, Reason: ingest.DropBot, Count: 2}, {WebsiteID: site, Day: day.AddDate(0, 0, -40), Reason: ingest.DropIP, Count: 5}},
			Hosts:  []ingest.RefusedHost{{WebsiteID: site, Host: "other.test", At: now}},
			Bots:   []ingest.BotVisitor{{WebsiteID: site, Visitor: bot, At: now}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Tracking(t.Context(), site)
	if err != nil {
		t.Fatal(err)
	}
	want := analytics.Tracking{Dropped: map[string]int64{"bot": 4}, RefusedHosts: []string{"other.test"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Tracking:\n%s", diff)
	}
	if known, err := s.IsBot(t.Context(), site, bot); !known || err != nil {
		t.Errorf("IsBot = %v, %v", known, err)
	}
	if known, err := s.IsBot(t.Context(), site, event.VisitorID{8}.ForceV4()); known || err != nil {
		t.Errorf("IsBot of a person = %v, %v", known, err)
	}
}

func exports(t *testing.T, open Opener, ids *id.Generator) {
	s := open(t)
	defer closeStore(t, s)
	w := fixedWorld(ids)
	load(t, s, w)
	var got []*event.Event
	for q := (analytics.ExportQuery{WebsiteID: w.websiteID, Limit: 3}); ; {
		n := len(got)
		if err := s.ExportEvents(t.Context(), q, func(e *event.Event) error { got = append(got, e); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(got) == n {
			break
		}
		last := got[len(got)-1]
		q.After = analytics.Cursor{Time: last.Time, Key: uuidOf(last.ID)}
	}
	want := slices.Clone(w.events)
	slices.SortFunc(want, func(a, b *event.Event) int {
		if a.Before(b) {
			return -1
		}
		return 1
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exported events:\n%s", diff)
	}
}

func uuidOf(id string) string {
	s := id + "00000000"
	return fmt.Sprintf("%s-%s-%s-%s-%s", s[:8], s[8:12], s[12:16], s[16:20], s[20:])
}

func profiles(t *testing.T, open Opener, ids *id.Generator) {
	s := open(t)
	defer closeStore(t, s)
	w := fixedWorld(ids)
	load(t, s, w)
	a, b := w.visitors[0], w.visitors[1]
	now := time.Now().UTC().Truncate(time.Millisecond)
	in := analytics.Identity{WebsiteID: w.websiteID, Visitor: a, UserID: "u1", Traits: `{"name":"A","plan":"free"}`, ProfileID: ids.New(now), At: now}
	first, created, err := s.Identify(t.Context(), in)
	if err != nil || !created {
		t.Fatalf("Identify = %v, created %v", err, created)
	}
	in.Visitor, in.Traits, in.ProfileID = b, `{"name":"","plan":"pro"}`, ids.New(now)
	second, created, err := s.Identify(t.Context(), in)
	if err != nil || created || second != first {
		t.Fatalf("second Identify = %s created %v %v, want %s", second, created, err, first)
	}
	d, err := s.Visitor(t.Context(), w.websiteID, a)
	if err != nil || d == nil {
		t.Fatalf("Visitor = %v, %v", d, err)
	}
	if d.Profile == nil || d.Profile.UserID != "u1" || len(d.Profile.Visitors()) != 2 || d.Profile.Traits != `{"name":"A","plan":"pro"}` {
		t.Errorf("profile = %+v", d.Profile)
	}
}

func paymentsTogether(t *testing.T, open Opener, ids *id.Generator) {
	s := open(t)
	defer closeStore(t, s)
	w := fixedWorld(ids)
	load(t, s, w)
	all, total, err := s.Payments(t.Context(), revenue.PaymentsQuery{WebsiteID: w.websiteID, Limit: 1})
	if err != nil || len(all) != 1 || total != len(w.payments) {
		t.Fatalf("Payments = %d of %d, %v", len(all), total, err)
	}
	failed := fault.New(fault.CodeInvalid, "on purpose")
	err = s.ChangePayments(t.Context(), w.websiteID, func(tx revenue.Tx) error {
		list, err := tx.All(t.Context())
		if err != nil {
			return err
		}
		if err := tx.Delete(t.Context(), []string{list[0].ID}); err != nil {
			return err
		}
		return failed
	})
	if err == nil {
		t.Fatal("the failed change was not reported")
	}
	if _, again, err := s.Payments(t.Context(), revenue.PaymentsQuery{WebsiteID: w.websiteID}); again != total || err != nil {
		t.Errorf("after a failed change there are %d payments, %v; want %d", again, err, total)
	}
}

func runOne(tb testing.TB, s Store, q analytics.Query) analytics.Result {
	tb.Helper()
	res, err := s.Run(context.Background(), []analytics.Query{q})
	if err != nil {
		tb.Fatal(err)
	}
	return res[0]
}

func closeStore(tb testing.TB, s Store) {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Errorf("close: %v", err)
	}
}

// load stores a world in batches of three.
func load(tb rapid.TB, s Store, w *world) {
	tb.Helper()
	for chunk := range slices.Chunk(w.events, 3) {
		if err := s.Append(context.Background(), chunk); err != nil {
			tb.Fatalf("append: %v", err)
		}
	}
	err := s.ChangePayments(context.Background(), w.websiteID, func(tx revenue.Tx) error {
		for i := range w.payments {
			if err := tx.Insert(context.Background(), &w.payments[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatalf("store payments: %v", err)
	}
	for v, users := range w.users {
		for _, u := range slices.Backward(users) { // arrival does not matter
			_, _, err := s.Identify(context.Background(), analytics.Identity{
				WebsiteID: w.websiteID, Visitor: v, UserID: u.ID, ProfileID: w.ids.New(time.Now()), At: u.At,
			})
			if err != nil {
				tb.Fatalf("identify: %v", err)
			}
		}
	}
}
