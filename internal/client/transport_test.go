package client

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestTransport: what is sent again, and how often (cli.md §2.9).
func TestTransport(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method, path string
		statuses           []int // one for each request; the last goes on
		retry              bool
		status, requests   int
	}{
		{"a read that works", "GET", "/x", []int{200}, true, 200, 1},
		{"a read that works the third time", "GET", "/x", []int{503, 502, 200}, true, 200, 3},
		{"a read that never works", "GET", "/x", []int{504}, true, 504, 3},
		{"an error of the server is final", "GET", "/x", []int{500}, true, 500, 1},
		{"a change is not repeated", "POST", "/x", []int{503, 200}, true, 503, 1},
		{"a payment is", "POST", "/api/v1/payments", []int{503, 200}, true, 200, 2},
		{"a limited change is", "POST", "/x", []int{429, 429, 429, 200}, true, 200, 4},
		{"a limit that stays", "GET", "/x", []int{429}, true, 429, 4},
		{"nothing is when it is off", "GET", "/x", []int{429, 200}, false, 429, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			requests := 0
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if body, err := io.ReadAll(r.Body); err != nil || tt.method == "POST" && string(body) != "body" {
					t.Errorf("request %d has body %q, %v", requests, body, err)
				}
				status := tt.statuses[min(requests, len(tt.statuses)-1)]
				requests++
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(status)
			}))
			defer web.Close()
			r, err := http.NewRequestWithContext(t.Context(), tt.method, web.URL+tt.path, strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			var trace []string
			resp, err := (&Transport{Retry: tt.retry, Trace: func(line string) { trace = append(trace, line) }}).RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != tt.status || requests != tt.requests || len(trace) != requests {
				t.Errorf("%d after %d requests, traced %q; want %d after %d", resp.StatusCode, requests, trace, tt.status, tt.requests)
			}
		})
	}
}
