package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"datafast/internal/event"
)

// TestFullDisk lets no file of a running server grow, as a full disk does: events
// and reports are refused with 503 and a time to wait, nothing that was acknowledged
// is lost, and what was refused is stored once when it comes again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tracking, token := prepare(t, dir)
	listen := freeAddress(t)
	server := startServer(t, dir, listen)
	acknowledged := map[string]bool{}
	send := func(path string) int {
		status := post(t, "http://"+listen, tracking, path)
		if status == http.StatusOK {
			acknowledged[path] = true
		}
		return status
	}
	report := "http://" + listen + "/api/v1/analytics/overview?websiteId=" + tracking
	for i := range 20 {
		if status := send(fmt.Sprintf("/before/%d", i)); status != http.StatusOK {
			t.Fatalf("before: %d", status)
		}
	}
	if status := ask(t, report, token); status != http.StatusOK {
		t.Fatalf("a report before: %d", status)
	}
	// The log of events begins anew now, and has room for about as many.
	setFileLimit(t, server.Process.Pid, size(t, filepath.Join(dir, "events.duckdb.log", "1")))
	const most = 100
	tried := 0
	for status := http.StatusOK; status == http.StatusOK && tried < most; tried++ {
		if status = send(fmt.Sprintf("/full/%d", tried)); status != http.StatusOK && status != http.StatusServiceUnavailable {
			t.Errorf("an event on a full disk: %d, want 503", status)
		}
	}
	if tried == most || len(acknowledged) == 20 {
		t.Fatalf("%d events acknowledged, want a few that fit and then none", len(acknowledged)-20)
	}
	if status := ask(t, report, token); status != http.StatusServiceUnavailable {
		t.Errorf("a report that has to store events first: %d, want 503", status)
	}
	setFileLimit(t, server.Process.Pid, unix.RLIM_INFINITY)
	for i := range tried {
		if path := fmt.Sprintf("/full/%d", i); !acknowledged[path] && send(path) != http.StatusOK {
			t.Errorf("%s is refused although there is room again", path)
		}
	}
	if status := ask(t, report, token); status != http.StatusOK {
		t.Errorf("a report when there is room again: %d", status)
	}
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = server.Wait() // killed: its error says so
	stored := storedPaths(t, testSettings(dir))
	if want := 20 + tried; len(acknowledged) != want || len(stored) != want {
		t.Errorf("%d acknowledged, %d stored, want %d each", len(acknowledged), len(stored), want)
	}
	for path, n := range stored {
		if n != 1 {
			t.Errorf("%s is stored %d times", path, n)
		}
	}
}

func setFileLimit(t *testing.T, pid int, bytes uint64) {
	t.Helper()
	if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil); err != nil {
		t.Fatal(err)
	}
}

func size(t *testing.T, file string) uint64 {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return uint64(info.Size())
}

// post sends a page view of a visitor of its own and returns the status; one that
// says to come later says when.
func post(t *testing.T, base, tracking, path string) int {
	t.Helper()
	visitor := event.VisitorID{}
	copy(visitor[:], path)
	body, err := json.Marshal(map[string]any{
		"websiteId": tracking, "domain": "shop.example", "type": "pageview", "href": "https://shop.example" + path,
		"visitorId": visitor.ForceV4().String(), "sessionId": "s1",
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/api/events", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", chrome)
	return statusOf(t, r)
}

func ask(t *testing.T, url, token string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return statusOf(t, r)
}

func statusOf(t *testing.T, r *http.Request) int {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "5" {
		t.Errorf("503 with Retry-After %q", resp.Header.Get("Retry-After"))
	}
	return resp.StatusCode
}

// ignoreFileLimit makes a write beyond the limit an error, where it would end the
// process.
func ignoreFileLimit() { signal.Ignore(syscall.SIGXFSZ) }
