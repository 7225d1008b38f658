package api_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"datafast/internal/auth"
)

// FuzzBodies sends strangers' bytes to every operation of the Account API that
// reads a body: the answer is always the envelope, never our own fault.
func FuzzBodies(f *testing.F) {
	w := newWorld(f)
	u := w.user("u")
	s := w.website(u, "a.example")
	star := w.token(u, "*")
	var paths [][2]string
	for _, route := range w.server.Router.Routes() {
		if route.Doc.Body != nil && route.Rule.Kinds&auth.AccountToken != 0 && strings.HasPrefix(route.Path, "/api/v1/admin/") {
			path := strings.ReplaceAll(route.Path, "{websiteId}", s.ID)
			for _, name := range []string{"funnelId", "alertId", "noteId", "apiKeyId", "tokenId", "userId"} {
				path = strings.ReplaceAll(path, "{"+name+"}", "665f0b3c4d2e1a0012345678")
			}
			paths = append(paths, [2]string{route.Method, path})
		}
		if route.Doc.BodyExample != "" {
			f.Add(route.Doc.BodyExample)
		}
	}
	for _, seed := range []string{`{`, `[]`, `null`, `"x"`, `{"name":null}`, `{"steps":[null]}`, `{"trigger":{"goalName":{}}}`, "\xff", `{"name":"\ud800"}`, `{"permissions":[""],"websiteIds":[null]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		defer w.lend(t)()
		for _, p := range paths {
			got := w.send(star, p[0], p[1], body)
			var envelope struct{ Status string }
			if got.status >= 500 || json.Unmarshal([]byte(got.body), &envelope) != nil || envelope.Status == "" {
				t.Errorf("%s %s with %q: %d %s", p[0], p[1], body, got.status, got.body)
			}
		}
	})
}

// FuzzQueries does the same for what stands in the query string.
func FuzzQueries(f *testing.F) {
	w := newWorld(f)
	u := w.user("u")
	s := w.website(u, "a.example")
	star := w.token(u, "*")
	for _, seed := range []string{"startAt=2026-05-21&endAt=2026-05-22", "limit=-1", "offset=99999999999999999999", "q=%25&order=asc", "timezone=../x", "alertId=x", "a=%zz", "startAt=0000-01-01&endAt=9999-12-31"} {
		f.Add(seed)
	}
	base := "/api/v1/admin/websites/" + url.PathEscape(s.ID)
	f.Fuzz(func(t *testing.T, query string) {
		defer w.lend(t)()
		for _, path := range []string{base + "/notes", base + "/audit-log", base + "/alerts/history", base + "/funnels", base + "/goals/customizations"} {
			u := url.URL{Path: path, RawQuery: query}
			if _, err := url.ParseRequestURI(u.String()); err != nil || strings.ContainsAny(query, " \x00\r\n\t#") {
				return // no HTTP client can send it
			}
			if got := w.get(star, u.String()); got.status >= 500 {
				t.Errorf("GET %s: %d %s", u.String(), got.status, got.body)
			}
		}
	})
}

// lend gives the world to a single run until what it returns is called.
func (w *world) lend(t *testing.T) (back func()) {
	whole := w.TB
	w.TB = t
	return func() { w.TB = whole }
}
