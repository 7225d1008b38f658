package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/event"
)

// serveVariable makes the test binary serve a data directory in place of testing:
// a real process that can be killed.
const serveVariable = "DATAFAST_TEST_SERVE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveVariable); dir != "" {
		ignoreFileLimit()
		if err := serveDir(dir, os.Getenv("DATAFAST_TEST_LISTEN")); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func serveDir(dir, listen string) error {
	ctx := context.Background()
	s, err := Open(ctx, Settings{
		Data: dir, DatabaseURL: os.Getenv("DATAFAST_TEST_DATABASE"), EventsURL: os.Getenv("DATAFAST_TEST_EVENTS"),
		Listen: listen, BaseURL: "http://" + listen, EventsMemoryMB: 512, IngestTrustAny: true, MailFrom: "datafast@example.com",
	}, Options{Version: "test", Stdout: os.Stdout, Stderr: os.Stderr})
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

const (
	crashKills   = 20
	crashClients = 64
)

// TestCrash sends events from 64 clients while the server is killed with SIGKILL
// at random moments, and proves that every acknowledged event is stored exactly
// once.
func TestCrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tracking, _ := prepare(t, dir)
	listen := freeAddress(t)
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	running, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for c := range crashClients {
		clients.Go(func() {
			sendUntil(running, c, "http://"+listen, tracking, func(path string) {
				mu.Lock()
				acknowledged[path] = true
				mu.Unlock()
			})
		})
	}
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for range crashKills {
		process := startServer(t, dir, listen)
		time.Sleep(time.Duration(50+rng.IntN(350)) * time.Millisecond)
		if err := process.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		_ = process.Wait() // killed: its error says so
	}
	stop()
	clients.Wait()
	stored := storedPaths(t, testSettings(dir))
	lost, twice := 0, 0
	for path := range acknowledged {
		if stored[path] == 0 {
			lost++
		}
	}
	for path, n := range stored {
		if n > 1 {
			twice++
			t.Logf("%s is stored %d times", path, n)
		}
	}
	t.Logf("%d kills, %d acknowledged, %d stored", crashKills, len(acknowledged), len(stored))
	if lost > 0 || twice > 0 || len(acknowledged) < 100 {
		t.Errorf("%d lost, %d stored twice, of %d acknowledged", lost, twice, len(acknowledged))
	}
}

// testSettings are those of an installation that nobody asks over the network.
func testSettings(dir string) Settings {
	return Settings{Data: dir, Listen: "127.0.0.1:0", BaseURL: "http://127.0.0.1", EventsMemoryMB: 512, IngestTrustAny: true, MailFrom: "datafast@example.com"}
}

// prepare makes an installation with one website and returns its tracking id and its
// owner's token.
func prepare(t *testing.T, dir string) (trackingID, token string) {
	t.Helper()
	s, err := Open(t.Context(), testSettings(dir), Options{Version: "test", Stdout: io.Discard, Stderr: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	in := &installation{t: t, server: s}
	w, token := in.addOwner("owner@example.com", "shop.example", "UTC", "EUR")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return w.TrackingID, token
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startServer starts a process and waits until it answers.
func startServer(t testing.TB, dir, listen string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(append(os.Environ(), serveVariable+"="+dir, "DATAFAST_TEST_LISTEN="+listen), env...)
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(60 * time.Second)
	for time.Now().Before(deadline) {
		resp, err := http.Get("http://" + listen + "/readyz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return cmd
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("server did not start: %s", log.String())
	return nil
}

// sendUntil is one client with an address and visitors of its own. Every event has
// a path of its own; one whose answer was lost is not sent again.
func sendUntil(ctx context.Context, client int, base, tracking string, acknowledged func(path string)) {
	http1 := &http.Client{Timeout: 5 * time.Second}
	for i := 0; ctx.Err() == nil; i++ {
		path := fmt.Sprintf("/c%d/%d", client, i)
		body, err := json.Marshal(map[string]any{
			"websiteId": tracking, "domain": "shop.example", "type": "pageview", "href": "https://shop.example" + path,
			"visitorId": event.VisitorID{byte(client), byte(i >> 8), byte(i), 1}.ForceV4().String(), "sessionId": "s1",
		})
		if err != nil {
			return
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/events", bytes.NewReader(body))
		if err != nil {
			return
		}
		r.Header.Set("User-Agent", chrome)
		r.Header.Set("X-Forwarded-For", fmt.Sprintf("91.%d.%d.%d", client, i>>8&255, i&255))
		resp, err := http1.Do(r)
		if err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond): // the server is down
			}
			continue
		}
		answer, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err == nil && resp.StatusCode == http.StatusOK && bytes.Equal(answer, []byte(`{"status":"success"}`)) {
			acknowledged(path)
		}
	}
}

// storedPaths opens the installation once more and counts each path.
func storedPaths(t *testing.T, settings Settings) map[string]int {
	t.Helper()
	s, err := Open(t.Context(), settings, Options{Version: "test", Stdout: io.Discard, Stderr: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sites, err := s.control.Websites(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stored := map[string]int{}
	err = s.events.ExportEvents(t.Context(), analytics.ExportQuery{WebsiteID: sites[0].ID}, func(e *event.Event) error {
		stored[e.Path]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sessions := 0
	err = s.events.ExportSessions(t.Context(), analytics.ExportQuery{WebsiteID: sites[0].ID}, func(*event.Session, bool) error {
		sessions++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if sessions != len(stored) { // every event has a visitor of its own
		t.Errorf("%d sessions for %d events", sessions, len(stored))
	}
	return stored
}
