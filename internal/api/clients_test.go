package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Requests of public clients that call the Account API, as the contract's §12
// lists them, over real HTTP; what each one parses is asserted.

// client sends what a public client sends.
type client struct {
	testing.TB
	base  string
	token string
}

func (w *world) client(token string) client {
	w.Helper()
	s := httptest.NewServer(w.server.Router)
	w.Cleanup(s.Close)
	return client{w.TB, s.URL + "/api/v1", token}
}

// do sends JSON headers with every method, as the generated client does, and
// decodes the answer.
func (c client) do(method, path, body string, into any) *http.Response {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		c.Fatalf("%s %s: %v: %s", method, path, err, text)
	}
	return resp
}

// TestClient_migration: sunergos-ro/datafast-to-rybbit lists websites and obeys
// the rate limit: headers, and 429 with limit, remaining and reset in ms.
func TestClient_migration(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "--rate-limit", "2")
	u := w.user("u")
	s := w.website(u, "a.example")
	c := w.client(w.token(u, "websites:read analytics:read"))
	var list struct {
		Status string
		Data   []struct {
			ID     string `json:"_id"`
			Domain string `json:"domain"`
		}
	}
	resp := c.do("GET", "/admin/websites", "", &list)
	if list.Status != "success" || len(list.Data) != 1 || list.Data[0].ID != s.ID || list.Data[0].Domain != "a.example" {
		t.Errorf("websites %+v", list)
	}
	var reset int64
	if _, err := fmt.Sscan(resp.Header.Get("X-Ratelimit-Reset"), &reset); err != nil || time.UnixMilli(reset).Before(time.Now()) ||
		resp.Header.Get("X-Ratelimit-Limit") != "2" || resp.Header.Get("X-Ratelimit-Remaining") != "1" {
		t.Errorf("headers %v", resp.Header)
	}
	c.do("GET", "/admin/websites", "", &list)
	var limited struct {
		Error struct {
			Code    int
			Message string
		}
		Limit, Remaining int
		Reset            int64
	}
	if resp := c.do("GET", "/admin/websites", "", &limited); resp.StatusCode != 429 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("third request: %d %v", resp.StatusCode, resp.Header)
	}
	if limited.Error.Code != 429 || limited.Limit != 2 || limited.Remaining != 0 || limited.Reset != reset {
		t.Errorf("429 body %+v", limited)
	}
}

// TestClient_provisioning: scripts that make funnels for every website.
func TestClient_provisioning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	w.website(u, "a.example")
	c := w.client(w.token(u, "websites:read funnels:read funnels:write goals:write"))
	var sites struct {
		Data []struct {
			ID     string `json:"_id"`
			Domain string
			Name   string
		}
	}
	c.do("GET", "/admin/websites", "", &sites)
	path := "/admin/websites/" + sites.Data[0].ID
	type funnels struct {
		Data []struct {
			ID    string `json:"_id"`
			Name  string
			Steps []struct{ ID, Name, Type, URL, GoalName string }
		}
		Error struct {
			Code    int
			Message string
		}
	}
	var before, made, after, again funnels
	c.do("GET", path+"/funnels", "", &before)
	body := `{"name":"Checkout","steps":[{"name":"Cart","type":"pageview","url":"/cart"},{"name":"Paid","type":"goal","goalName":"payment"}]}`
	c.do("POST", path+"/funnels", body, &made)
	c.do("GET", path+"/funnels", "", &after)
	if len(before.Data) != 0 || len(made.Data) != 1 || len(after.Data) != 1 || after.Data[0].ID != made.Data[0].ID || len(after.Data[0].Steps) != 2 {
		t.Errorf("before %+v, made %+v, after %+v", before, made, after)
	}
	if resp := c.do("POST", path+"/funnels", body, &again); resp.StatusCode != 409 || again.Error.Code != 409 {
		t.Errorf("second run: %d %+v", resp.StatusCode, again)
	}
	var look struct {
		Data   []struct{ GoalName, DisplayName, Color string }
		Colors []struct{ Color, Family, Label string }
	}
	c.do("PATCH", path+"/goals/customizations", `{"goalName":"payment","displayName":"Paid","color":"#84cc16"}`, &look)
	if len(look.Data) != 1 || look.Data[0].Color != "#84cc16" {
		t.Errorf("customization %+v", look)
	}
}

// TestClient_generated: the n8n nodes, generated from the vendor's description,
// send {} with GET and DELETE, percent-encode ids, and read data, pagination,
// meta and status at the top level.
func TestClient_generated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	s := w.website(u, "a.example")
	c := w.client(w.token(u, "*"))
	escaped := ""
	for _, b := range []byte(s.ID) {
		escaped += fmt.Sprintf("%%%02X", b)
	}
	type answer struct {
		Status     string
		Data       []map[string]any
		Pagination *struct{ Limit, Offset, Total int }
		Counts     *struct{ Sent, Failed, Total int }
	}
	get := func(path string) answer {
		t.Helper()
		var a answer
		if resp := c.do("GET", path, "{}", &a); resp.StatusCode != 200 || a.Status != "success" || a.Data == nil {
			t.Errorf("GET %s: %d %+v", path, resp.StatusCode, a)
		}
		slashed, query, _ := strings.Cut(path, "?")
		if resp := c.do("GET", slashed+"/?"+query, "", &a); resp.StatusCode != 200 {
			t.Errorf("GET %s with a trailing slash: %d", path, resp.StatusCode)
		}
		return a
	}
	base := "/admin/websites/" + escaped
	for _, path := range []string{"/admin/account", "/admin/access-tokens", "/admin/websites", base, base + "/apikeys", base + "/team", base + "/funnels", base + "/alerts", base + "/goals/customizations", base + "/goals"} {
		get(path)
	}
	if a := get(base + "/notes?limit=5"); a.Pagination == nil || a.Pagination.Limit != 5 {
		t.Errorf("notes %+v", a)
	}
	if a := get(base + "/alerts/history"); a.Counts == nil {
		t.Errorf("history %+v", a)
	}
	var made answer
	c.do("POST", base+"/apikeys", `{"name":"n8n"}`, &made)
	var deleted answer
	if resp := c.do("DELETE", base+"/apikeys/"+url.PathEscape(made.Data[0]["_id"].(string)), "{}", &deleted); resp.StatusCode != 200 || deleted.Data[0]["deleted"] != true {
		t.Errorf("delete: %d %+v", resp.StatusCode, deleted)
	}
	var removed struct {
		Error struct{ Code int }
	}
	if resp := c.do("DELETE", base+"/team", `{"userId":"665f0b3c4d2e1a0012345678"}`, &removed); resp.StatusCode != 404 || removed.Error.Code != 404 {
		t.Errorf("team removal reads its body: %d %+v", resp.StatusCode, removed)
	}
}

// TestClient_probe: a HEAD is answered like a GET, without a body.
func TestClient_probe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	s := w.website(u, "a.example")
	key := w.key(s, u)
	for path, status := range map[string]int{"/api/v1/payments": 200, "/api/v1/admin/account": 200, "/api/v1/nope": 404} {
		got := w.do(call{as: key, method: "HEAD", path: path})
		if got.status != status || got.body != "" || got.header.Get("X-Request-Id") == "" {
			t.Errorf("HEAD %s: %d %q", path, got.status, got.body)
		}
	}
	w.do(call{as: key, method: "OPTIONS", path: "/api/v1/admin/account"}).is(405)
}
