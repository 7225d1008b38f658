package clickhouse

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/clickhousetest"
	"datafast/internal/event"
	"datafast/internal/id"
)

func openTest(t *testing.T, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func views(ids *id.Generator, website string, visitor byte, n int) []*event.Event {
	out := make([]*event.Event, n)
	for i := range out {
		out[i] = &event.Event{
			ID: ids.New(time.Now()), WebsiteID: website, Time: time.Now().UTC().Truncate(time.Millisecond), Kind: event.Pageview,
			Hostname: "shop.example", Path: "/", Visitor: event.VisitorID{visitor, byte(i)}.ForceV4(), Origin: event.Origin{Channel: "Direct"},
		}
	}
	return out
}

func (s *Store) counts(t *testing.T, website string) (events, sessions int) {
	t.Helper()
	if err := s.settle(t.Context(), website); err != nil {
		t.Fatal(err)
	}
	err := s.db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM events WHERE site = ?), (SELECT coalesce(sum(events), 0) FROM sessions WHERE site = ?)`,
		website, website).Scan(&events, &sessions)
	if err != nil {
		t.Fatal(err)
	}
	return events, sessions
}

// TestAppend_killed kills the engine between and during batches: what was
// acknowledged is there once, and what was refused may be sent again.
func TestAppend_killed(t *testing.T) {
	t.Parallel()
	server := clickhousetest.Start(t)
	s := openTest(t, Options{URL: server.URL(server.NewDatabase(t))})
	ids := id.NewGenerator()
	website := ids.New(time.Now())
	want := 0
	for round := range byte(4) {
		batch := views(ids, website, round, 20)
		if round%2 == 1 {
			server.Kill()
			go func() {
				time.Sleep(100 * time.Millisecond)
				server.Restart(t)
			}()
		}
		for attempt := 0; ; attempt++ {
			err := s.Append(t.Context(), batch)
			if err == nil {
				break
			}
			if attempt == 40 {
				t.Fatalf("round %d: %v", round, err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		want += len(batch)
		if events, sessions := s.counts(t, website); events != want || sessions != want {
			t.Fatalf("round %d: %d events, %d of sessions, want %d", round, events, sessions, want)
		}
	}
}

// TestAppend_answerLost loses the answers to blocks of events that the engine
// stores: they are refused, and nothing of them stays, but imported ones, which
// their own ids tell from a repeat.
func TestAppend_answerLost(t *testing.T) {
	t.Parallel()
	server := clickhousetest.Start(t)
	database := server.NewDatabase(t)
	engine, err := url.Parse(server.URL(database))
	if err != nil {
		t.Fatal(err)
	}
	var loses atomic.Bool
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: engine.Scheme, Host: engine.Host, User: engine.User})
	proxy.ModifyResponse = func(r *http.Response) error {
		if loses.Load() && strings.HasPrefix(r.Request.URL.Query().Get("query"), "INSERT INTO events") {
			return io.ErrUnexpectedEOF
		}
		return nil
	}
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	between := httptest.NewServer(proxy)
	t.Cleanup(between.Close)
	s := openTest(t, Options{URL: between.URL + "/" + database})
	ids := id.NewGenerator()
	website := ids.New(time.Now())
	refuse := func(batch []*event.Event) {
		t.Helper()
		loses.Store(true)
		defer loses.Store(false)
		if err := s.Append(t.Context(), batch); err == nil || !Away(err) {
			t.Fatalf("an append without an answer: %v", err)
		}
		var n int
		if err := s.db.QueryRowContext(t.Context(), `SELECT count(*) FROM events WHERE site = ?`, website).Scan(&n); err != nil || n < len(batch) {
			t.Fatalf("the engine has %d events, %v; this test needs those that were refused", n, err)
		}
	}
	want := func(what string, n int) {
		t.Helper()
		if events, sessions := s.counts(t, website); events != n || sessions != n {
			t.Errorf("%s: %d events, %d of sessions, want %d", what, events, sessions, n)
		}
	}
	refuse(views(ids, website, 1, 5))
	want("refused", 0)
	refuse(views(ids, website, 1, 5))
	if err := s.Append(t.Context(), views(ids, website, 1, 5)); err != nil {
		t.Fatal(err)
	}
	want("repeated", 5)
	imported := views(ids, website, 2, 1)
	imported[0].ImportID = "line 1"
	refuse(imported)
	want("imported", 6)
}

// TestOpen_recovers: events that were stored and not merged when the process ended
// are in sessions after the next start.
func TestOpen_recovers(t *testing.T) {
	t.Parallel()
	server := clickhousetest.Start(t)
	url := server.URL(server.NewDatabase(t))
	first, err := Open(t.Context(), Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	ids := id.NewGenerator()
	website := ids.New(time.Now())
	first.stop() // no merge from now on, as in a process that was killed
	first.tending.Wait()
	if err := first.Append(t.Context(), views(ids, website, 1, 30)); err != nil {
		t.Fatal(err)
	}
	second := openTest(t, Options{URL: url})
	if events, sessions := second.counts(t, website); events != 30 || sessions != 30 {
		t.Errorf("%d events, %d of sessions, want 30", events, sessions)
	}
}

// TestOpen_refuses: what is wrong with the store is said in one line, without the
// password.
func TestOpen_refuses(t *testing.T) {
	t.Parallel()
	server := clickhousetest.Start(t)
	url := server.URL(server.NewDatabase(t))
	s := openTest(t, Options{URL: url})
	if _, err := s.db.ExecContext(t.Context(), `INSERT INTO schema_versions SELECT 99`); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, url, want string }{
		{"newer", url, "use the newer program"},
		{"away", "clickhouse://u:secret1234@127.0.0.1:1/db", "connection refused"},
		{"not an address", "postgres://u:secret1234@host/db", "clickhouse://"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Open(t.Context(), Options{URL: tt.url})
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret1234") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, tt.want)
			}
		})
	}
}

// TestShared: two servers on one store. A visitor who moves from one to the other
// has one session; one who goes back and forth has it exact when it has ended.
func TestShared(t *testing.T) {
	t.Parallel()
	server := clickhousetest.Start(t)
	url := server.URL(server.NewDatabase(t))
	var mu sync.Mutex
	now := time.Now().UTC().Truncate(time.Millisecond)
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	pass := func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(d)
	}
	var servers [2]*Store
	for i := range servers {
		servers[i] = openTest(t, Options{URL: url, Now: clock})
	}
	ids := id.NewGenerator()
	website := ids.New(now)
	visit := func(server int) {
		t.Helper()
		pass(time.Minute)
		e := views(ids, website, 7, 1)[0]
		e.Time = clock()
		if err := servers[server].Append(t.Context(), []*event.Event{e}); err != nil {
			t.Fatal(err)
		}
		servers[server].counts(t, website)
	}
	sessions := func() (rows, events int) {
		t.Helper()
		err := servers[0].db.QueryRowContext(t.Context(), `SELECT count(*), coalesce(sum(events), 0) FROM sessions WHERE site = ?`, website).Scan(&rows, &events)
		if err != nil {
			t.Fatal(err)
		}
		return rows, events
	}
	visit(0)
	visit(1)
	if rows, events := sessions(); rows != 1 || events != 2 {
		t.Errorf("after moving: %d sessions with %d events, want 1 with 2", rows, events)
	}
	visit(0)
	visit(1)
	pass(event.SessionGap + 3*time.Minute)
	for _, s := range servers {
		for range 2 { // the first sees that it has ended
			s.mu.Lock()
			err := s.merge(t.Context())
			s.mu.Unlock()
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if rows, events := sessions(); rows != 1 || events != 4 {
		t.Errorf("after the end: %d sessions with %d events, want 1 with 4", rows, events)
	}
}

// TestDeleteGoals_last: a session whose last event is deleted ends before it.
func TestDeleteGoals_last(t *testing.T) {
	t.Parallel()
	server := clickhousetest.Start(t)
	s := openTest(t, Options{URL: server.URL(server.NewDatabase(t))})
	ids := id.NewGenerator()
	website := ids.New(time.Now())
	batch := append(views(ids, website, 1, 1), views(ids, website, 1, 1)...)
	batch[1].Kind, batch[1].Name, batch[1].Time = event.Goal, "signup", batch[0].Time.Add(5*time.Minute)
	if err := s.Append(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if events, sessions := s.counts(t, website); events != 2 || sessions != 2 {
		t.Fatalf("%d events, %d of sessions", events, sessions)
	}
	if n, err := s.DeleteGoals(t.Context(), website, analytics.GoalDeletion{Name: "signup"}); n != 1 || err != nil {
		t.Fatalf("DeleteGoals = %d, %v", n, err)
	}
	session, err := s.LastSession(t.Context(), website, batch[0].Visitor)
	if err != nil || session == nil || session.Goals != 0 || session.Events != 1 || !session.End.Equal(batch[0].Time) {
		t.Errorf("session %+v, %v", session, err)
	}
}
