package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Transport sends requests again where that is safe (cli.md §2.9), and tells what
// it does. The zero value sends once and says nothing.
type Transport struct {
	Retry bool
	// Trace, when not nil, gets a line for each exchange: method, URL, status,
	// time, request id. Never a header, so never a token.
	Trace func(line string)
	// Note, when not nil, gets a line for each wait.
	Note func(line string)
}

const (
	mostLimited  = 3 // tries again after 429
	mostAgain    = 2 // tries again of a read that failed
	longestWait  = time.Minute
	firstBackoff = 300 * time.Millisecond
)

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	limited, failed := 0, 0
	for {
		resp, err := t.once(r)
		if !t.Retry || r.Context().Err() != nil {
			return resp, err
		}
		wait := time.Duration(0)
		switch {
		case err == nil && resp.StatusCode == http.StatusTooManyRequests && limited < mostLimited && rewindable(r):
			limited++
			if wait = waitOf(resp, time.Now()); wait > longestWait {
				return resp, nil
			}
			t.note("rate limited by the server; trying again in %s", wait.Round(time.Second))
		case passing(resp, err) && failed < mostAgain && repeatable(r):
			wait = firstBackoff << failed
			failed++
			t.note("no answer; trying again")
		default:
			return resp, err
		}
		if resp != nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxRefusal)) // so that the connection is used again
			_ = resp.Body.Close()
		}
		if err := pause(r.Context(), wait); err != nil {
			return nil, err
		}
		if r.GetBody != nil {
			if r.Body, err = r.GetBody(); err != nil {
				return nil, fmt.Errorf("repeat the body: %w", err)
			}
		}
	}
}

func (t *Transport) once(r *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := http.DefaultTransport.RoundTrip(r)
	if t.Trace == nil {
		return resp, err
	}
	took := time.Since(start).Round(time.Millisecond)
	if err != nil {
		t.Trace(fmt.Sprintf("%s %s: %v in %s", r.Method, r.URL, err, took))
		return resp, err
	}
	t.Trace(fmt.Sprintf("%s %s: %d in %s, request %s", r.Method, r.URL, resp.StatusCode, took, resp.Header.Get("X-Request-Id")))
	return resp, err
}

func (t *Transport) note(format string, args ...any) {
	if t.Note != nil {
		t.Note(fmt.Sprintf(format, args...))
	}
}

// rewindable reports whether the body can be sent a second time.
func rewindable(r *http.Request) bool {
	return r.Body == nil || r.Body == http.NoBody || r.GetBody != nil
}

// repeatable: reads, and payments, which are idempotent by transaction.
func repeatable(r *http.Request) bool {
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	return rewindable(r) && (reads || r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/api/v1/payments"))
}

// passing reports a failure that may be over soon.
func passing(resp *http.Response, err error) bool {
	if err != nil {
		return true
	}
	switch resp.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// waitOf is how long a limited client is told to wait.
func waitOf(resp *http.Response, now time.Time) time.Duration {
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
		return time.Duration(s) * time.Second
	}
	if ms, err := strconv.ParseInt(resp.Header.Get("X-RateLimit-Reset"), 10, 64); err == nil {
		return max(0, time.UnixMilli(ms).Sub(now))
	}
	return time.Second
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
