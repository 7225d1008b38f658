package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"datafast/internal/auth"
	"datafast/internal/clickhousetest"
	"datafast/internal/event"
	"datafast/internal/postgrestest"
)

// fleet is several server processes on the same stores, and what their clients
// were told.
type fleet struct {
	t        *testing.T
	settings Settings
	website  string
	tracking string
	token    string

	mu           sync.Mutex
	addresses    []string // of servers that are asked
	acknowledged map[string]bool
	refused      map[string]int  // by what was away
	repeated     map[string]bool // paths that were refused, which a client sends again
	phase        string
	wrong        map[string]int // answers that no client should get
}

func (f *fleet) start() (*exec.Cmd, string) {
	f.t.Helper()
	listen := freeAddress(f.t)
	cmd := startServer(f.t, f.t.TempDir(), listen, "DATAFAST_TEST_DATABASE="+f.settings.DatabaseURL, "DATAFAST_TEST_EVENTS="+f.settings.EventsURL)
	f.mu.Lock()
	f.addresses = append(f.addresses, listen)
	f.mu.Unlock()
	return cmd, listen
}

func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed: its error says so
}

func (f *fleet) pick(i int) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.addresses[i%len(f.addresses)]
}

func (f *fleet) enter(phase string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.phase = phase
}

// told notes an answer: a success of a path, or a refusal, which has to be a 503
// that says when to come again.
func (f *fleet) told(resp *http.Response, body []byte, path string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case resp.StatusCode == http.StatusOK && path != "":
		f.acknowledged[path] = true
	case resp.StatusCode == http.StatusOK:
	case resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "":
		f.refused[f.phase]++
		f.repeated[path] = true
	default:
		f.wrong[fmt.Sprintf("%s: %d %q %.200s", f.phase, resp.StatusCode, resp.Header.Get("Retry-After"), body)]++
	}
}

// send is one client: every event by another server, with a visitor and a path of
// its own. What got no answer is not sent again.
func (f *fleet) send(ctx context.Context, client int) {
	web := &http.Client{Timeout: 30 * time.Second}
	for i := 0; ctx.Err() == nil; i++ {
		path := fmt.Sprintf("/c%d/%d", client, i)
		body, err := json.Marshal(map[string]any{
			"websiteId": f.tracking, "domain": "shop.example", "type": "pageview", "href": "https://shop.example" + path,
			"visitorId": event.VisitorID{byte(client), byte(i >> 8), byte(i), 1}.ForceV4().String(), "sessionId": "s1",
		})
		if err != nil {
			f.t.Error(err)
			return
		}
		r, err := http.NewRequest(http.MethodPost, "http://"+f.pick(i+client)+"/api/events", bytes.NewReader(body))
		if err != nil {
			f.t.Error(err)
			return
		}
		r.Header.Set("User-Agent", chrome)
		r.Header.Set("X-Forwarded-For", fmt.Sprintf("91.%d.%d.%d", client, i>>8&255, i&255))
		if !f.do(web, r, path) {
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// ask is a reader of a report and of the website's settings.
func (f *fleet) ask(ctx context.Context) {
	web := &http.Client{Timeout: 60 * time.Second}
	for i := 0; ctx.Err() == nil; i++ {
		path := "/api/v1/analytics/overview?websiteId="
		if i%2 == 1 {
			path = "/api/v1/analytics/realtime?websiteId="
		}
		r, err := http.NewRequest(http.MethodGet, "http://"+f.pick(i)+path+f.website, nil)
		if err != nil {
			f.t.Error(err)
			return
		}
		r.Header.Set("Authorization", "Bearer "+f.token)
		f.do(web, r, "")
		time.Sleep(50 * time.Millisecond)
	}
}

// do sends a request; false when it got no success.
func (f *fleet) do(web *http.Client, r *http.Request, path string) bool {
	resp, err := web.Do(r)
	if err != nil {
		return false // the server was killed
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return false
	}
	f.told(resp, body, path)
	return resp.StatusCode == http.StatusOK
}

// newFleet makes an installation on real engines.
func newFleet(t *testing.T) (*fleet, *postgrestest.Server, *clickhousetest.Server) {
	t.Helper()
	postgres, clickhouse := postgrestest.Start(t), clickhousetest.Start(t)
	s := testSettings(t.TempDir())
	s.DatabaseURL, s.EventsURL = postgres.NewDatabase(t), clickhouse.URL(clickhouse.NewDatabase(t))
	srv, err := Open(t.Context(), s, Options{Version: "test", Stdout: io.Discard, Stderr: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	in := &installation{t: t, server: srv}
	w, token := in.addOwner("owner@example.com", "shop.example", "UTC", "EUR")
	if err := srv.Close(); err != nil {
		t.Fatal(err)
	}
	return &fleet{
		t: t, settings: s, website: w.ID, tracking: w.TrackingID, token: token,
		acknowledged: map[string]bool{}, refused: map[string]int{}, repeated: map[string]bool{}, wrong: map[string]int{},
	}, postgres, clickhouse
}

const (
	fleetClients = 16
	storeAway    = 10 * time.Second
)

// TestServers_stores: two servers, then three, under load. One is killed, one is
// added, PostgreSQL and ClickHouse go away for ten seconds each. No acknowledged
// event is lost, none is there twice, none of those refused is there, and who is
// refused is told when to come again.
func TestServers_stores(t *testing.T) {
	t.Parallel()
	f, postgres, clickhouse := newFleet(t)
	first, firstAddress := f.start()
	second, _ := f.start()
	running, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for c := range fleetClients {
		clients.Go(func() { f.send(running, c) })
	}
	clients.Go(func() { f.ask(running) })

	f.enter("all there")
	time.Sleep(2 * time.Second)
	f.enter("a server killed")
	kill(t, first)
	time.Sleep(time.Second)
	f.mu.Lock()
	f.addresses = f.addresses[1:] // as the load balancer does
	f.mu.Unlock()
	third, _ := f.start()
	first = startServer(t, t.TempDir(), firstAddress, "DATAFAST_TEST_DATABASE="+f.settings.DatabaseURL, "DATAFAST_TEST_EVENTS="+f.settings.EventsURL)
	f.mu.Lock()
	f.addresses = append(f.addresses, firstAddress)
	f.mu.Unlock()
	f.enter("three servers")
	time.Sleep(2 * time.Second)

	f.enter("PostgreSQL away")
	postgres.Kill()
	time.Sleep(storeAway)
	postgres.Restart(t)
	f.enter("PostgreSQL back")
	before := f.count()
	time.Sleep(3 * time.Second)
	if f.count() == before {
		t.Error("no event was acknowledged after PostgreSQL came back")
	}
	f.enter("ClickHouse away")
	clickhouse.Kill()
	time.Sleep(storeAway)
	clickhouse.Restart(t)
	f.enter("ClickHouse back")
	time.Sleep(2 * time.Second)
	before = f.count()
	time.Sleep(3 * time.Second)
	if f.count() == before {
		t.Error("no event was acknowledged after ClickHouse came back")
	}
	stop()
	clients.Wait()
	for _, cmd := range []*exec.Cmd{first, second, third} {
		kill(t, cmd)
	}

	for answer, n := range f.wrong {
		t.Errorf("%d times %s", n, answer)
	}
	for _, phase := range []string{"PostgreSQL away", "ClickHouse away"} {
		if f.refused[phase] == 0 {
			t.Errorf("nobody was refused with %s", phase)
		}
	}
	stored := storedPaths(t, f.settings)
	lost, twice := 0, 0
	for path := range f.acknowledged {
		if stored[path] == 0 {
			lost++
		}
	}
	for _, n := range stored {
		if n > 1 {
			twice++
		}
	}
	anyway := 0 // stored although they were refused: a client's repeat would be another event
	for path := range f.repeated {
		anyway += stored[path]
	}
	t.Logf("%d acknowledged, %d stored, refused: %v, %d of them stored", len(f.acknowledged), len(stored), f.refused, anyway)
	if lost > 0 || twice > 0 || anyway > 0 || len(f.acknowledged) < 100 {
		t.Errorf("%d lost, %d stored twice, of %d acknowledged; %d stored of those refused", lost, twice, len(f.acknowledged), anyway)
	}
}

func (f *fleet) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.acknowledged)
}

// Within what time every server knows of a change, and the store of what a server
// counted, which is written every five seconds.
const (
	freshness = 5 * time.Second
	counted   = 10 * time.Second
)

// TestServers_agree: what is done on one server holds on the other: a revoked token,
// settings of a website, the live view, one visitor who moves between them.
func TestServers_agree(t *testing.T) {
	t.Parallel()
	f, _, _ := newFleet(t)
	var servers [2]*installation
	for i := range servers {
		srv, err := Open(t.Context(), f.settings, Options{Version: "test", Stdout: io.Discard, Stderr: testWriter{t}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := srv.Close(); err != nil {
				t.Error(err)
			}
		})
		w, err := srv.control.Website(t.Context(), f.website)
		if err != nil {
			t.Fatal(err)
		}
		servers[i] = &installation{t: t, server: srv, website: w, token: f.token}
	}
	a, b := servers[0], servers[1]

	for i, in := range []*installation{a, b, a, b} {
		if status, out, _ := in.send(map[string]any{"href": fmt.Sprintf("https://shop.example/p%d", i)}, nil); status != http.StatusOK {
			t.Fatalf("event %d: %d %v", i, status, out)
		}
	}
	for name, in := range map[string]*installation{"first": a, "second": b} {
		soon(t, name+" server's live view", func() bool {
			list, events := in.server.flow.live.Recent(f.website, time.Minute)
			return len(list) == 1 && len(events) == 4
		})
		soon(t, name+" server's overview", func() bool {
			got := in.overview()
			return got["visitors"] == 1.0 && got["pageviews"] == 4.0
		})
	}

	a.update(map[string]any{"excludedPaths": []string{"/secret"}})
	soon(t, "exclusion of a path on the other server", func() bool {
		_, out, _ := b.send(map[string]any{"href": "https://shop.example/secret", "visitorId": event.VisitorID{8}.ForceV4().String()}, nil)
		return out["ignored"] != nil
	})

	// The rule about repeated page views holds for each server (docs/self-hosting/scale-out.md).
	for i, step := range []struct {
		in      *installation
		ignored bool
	}{{a, false}, {a, true}, {b, false}, {b, true}} {
		page := map[string]any{"href": "https://shop.example/again", "visitorId": event.VisitorID{10}.ForceV4().String()}
		if _, answer, _ := step.in.send(page, nil); (answer["ignored"] == "duplicate") != step.ignored {
			t.Errorf("repeated page view %d: %v, want duplicate %v", i, answer, step.ignored)
		}
	}

	for i, in := range []*installation{a, b, b} {
		bot := map[string]string{"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}
		in.send(map[string]any{"visitorId": event.VisitorID{9, byte(i)}.ForceV4().String()}, bot)
	}
	for _, in := range []*installation{a, b} {
		within(t, counted, "sum of both servers' dropped events", func() bool {
			tracking, err := in.server.events.Tracking(t.Context(), f.website)
			return err == nil && tracking.Dropped["bot"] == 3
		})
	}

	owner, err := a.server.control.OwnerOf(t.Context(), f.website)
	if err != nil {
		t.Fatal(err)
	}
	principal := auth.SignedIn("", owner, false)
	made, token, err := a.server.people.keeper.CreateToken(t.Context(), principal, auth.NewToken{Name: "second"}, a.server.people.sites)
	if err != nil {
		t.Fatal(err)
	}
	b.token = token
	b.overview()
	if err := a.server.people.keeper.DeleteToken(t.Context(), principal, made.ID); err != nil {
		t.Fatal(err)
	}
	soon(t, "revocation on the other server", func() bool {
		status, _ := b.call("GET", "/api/v1/analytics/overview?websiteId="+f.website, nil, nil, jsonType)
		return status == http.StatusUnauthorized
	})
}

// soon waits until something holds, as long as servers may take to agree.
func soon(t *testing.T, what string, holds func() bool) {
	t.Helper()
	within(t, freshness, what, holds)
}

func within(t *testing.T, most time.Duration, what string, holds func() bool) {
	t.Helper()
	started := time.Now()
	for !holds() {
		if time.Since(started) > most {
			t.Errorf("%s: not within %s", what, most)
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("%s: after %s", what, time.Since(started).Round(10*time.Millisecond))
}
