package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"datafast/internal/admin"
	"datafast/internal/site"
)

const (
	chrome  = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
	visitor = "6f1d2c3b-8a90-4b7e-9c1d-2e3f4a5b6c7d"
)

// send posts an event from a browser; headers override the usual ones.
func (in *installation) send(body map[string]any, headers map[string]string) (int, map[string]any, http.Header) {
	in.t.Helper()
	full := map[string]any{
		"websiteId": in.website.TrackingID, "domain": "shop.example", "type": "pageview", "href": "https://shop.example/pricing",
		"visitorId": visitor, "sessionId": "s0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d", "viewport": map[string]int{"width": 1280, "height": 720},
	}
	maps.Copy(full, body)
	for key, value := range full {
		if value == nil {
			delete(full, key)
		}
	}
	raw, err := json.Marshal(full)
	if err != nil {
		in.t.Fatal(err)
	}
	return in.sendRaw(raw, headers)
}

func (in *installation) sendRaw(raw []byte, headers map[string]string) (int, map[string]any, http.Header) {
	in.t.Helper()
	r := httptest.NewRequestWithContext(in.t.Context(), http.MethodPost, "/api/events", bytes.NewReader(raw))
	r.Header.Set("User-Agent", chrome)
	r.Header.Set("Accept-Language", "de-DE,de;q=0.9")
	r.Header.Set("X-Forwarded-For", "91.66.0.1")
	for k, v := range headers {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	in.server.Router.ServeHTTP(w, r)
	out := map[string]any{}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		in.t.Fatalf("events: %d %q: %v", w.Code, w.Body.String(), err)
	}
	return w.Code, out, w.Header()
}

// update changes the website's settings through the API.
func (in *installation) update(settings map[string]any) {
	in.t.Helper()
	body, err := json.Marshal(settings)
	if err != nil {
		in.t.Fatal(err)
	}
	in.mustCall("PUT", "/api/v1/admin/websites/"+in.website.ID, nil, body, jsonType)
}

func (in *installation) overview() map[string]any {
	in.t.Helper()
	out := in.mustCall("GET", "/api/v1/analytics/overview", url.Values{"websiteId": {in.website.ID}, "fields": {"visitors,sessions,pageviews,bounce_rate"}}, nil, jsonType)
	row, _ := out["data"].([]any)[0].(map[string]any)
	return row
}

// TestEvents_answers sends one event after another to a website of its own and
// looks at the status, the answer and what was stored.
func TestEvents_answers(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "first.example", "UTC", "EUR")
	params := map[string]any{"eventName": "signup"}
	for i := range 11 {
		params[fmt.Sprintf("p%d", i)] = i
	}
	tests := []struct {
		name     string
		settings map[string]any
		body     map[string]any
		headers  map[string]string
		status   int
		ignored  string // reason in the answer
		message  string // part of an error's message
		stored   float64
	}{
		{name: "page view", status: 200, stored: 1},
		{name: "visitor id in capitals", body: map[string]any{"visitorId": strings.ToUpper(visitor)}, status: 200, stored: 1},
		{name: "old session id", body: map[string]any{"sessionId": "abc"}, status: 200, stored: 1},
		{name: "subdomain", body: map[string]any{"href": "https://app.shop.example/x"}, status: 200, stored: 1},
		{name: "localhost", body: map[string]any{"href": "http://localhost:3000/"}, status: 200, stored: 1},
		{name: "unknown time zone is dropped, not refused", body: map[string]any{"timezone": "Mars/Base"}, status: 200, stored: 1},
		{name: "foreign host", body: map[string]any{"href": "https://evil.test/"}, status: 200, ignored: "hostname"},
		{name: "additional domain", settings: map[string]any{"allowedHostnames": []string{"other.test"}}, body: map[string]any{"href": "https://www.other.test/"}, status: 200, stored: 1},
		{name: "all hosts allowed", settings: map[string]any{"isAllHostnamesAllowed": true}, body: map[string]any{"href": "https://evil.test/"}, status: 200, stored: 1},
		{name: "excluded host", settings: map[string]any{"excludedHostnames": []string{"*.shop.example"}}, body: map[string]any{"href": "https://pr-1.shop.example/"}, status: 200, ignored: "excluded_hostname"},
		{name: "excluded address", settings: map[string]any{"excludedIps": []string{"91.66.0.1"}}, status: 200, ignored: "excluded_ip"},
		{name: "excluded range", settings: map[string]any{"excludedIps": []string{"91.66.0.0/16"}}, status: 200, ignored: "excluded_ip"},
		{name: "excluded country", settings: map[string]any{"excludedCountries": []string{"Germany"}}, status: 200, ignored: "excluded_country"},
		{name: "excluded path", settings: map[string]any{"excludedPaths": []string{"/pricing/*"}}, status: 200, ignored: "excluded_path"},
		{name: "path below", settings: map[string]any{"excludedPaths": []string{"/admin/*"}}, body: map[string]any{"href": "https://shop.example/admin/users"}, status: 200, ignored: "excluded_path"},
		{name: "path beside", settings: map[string]any{"excludedPaths": []string{"/price/*"}}, status: 200, stored: 1},
		{name: "gpc asked for and respected", settings: map[string]any{"respectGpc": true}, headers: map[string]string{"Sec-GPC": "1"}, status: 200, ignored: "gpc"},
		{name: "gpc asked for and not respected", headers: map[string]string{"Sec-GPC": "1"}, status: 200, stored: 1},
		{name: "attack mode without viewport", settings: map[string]any{"isAttackModeEnabled": true}, body: map[string]any{"viewport": nil}, status: 200, ignored: "bot"},
		{name: "attack mode without language", settings: map[string]any{"isAttackModeEnabled": true}, headers: map[string]string{"Accept-Language": ""}, status: 200, ignored: "bot"},
		{name: "attack mode, a person", settings: map[string]any{"isAttackModeEnabled": true}, status: 200, stored: 1},
		{name: "attack mode, an app never seen", settings: map[string]any{"isAttackModeEnabled": true}, body: map[string]any{"device": map[string]string{"platform": "ios", "osVersion": "17.5", "model": "iPhone"}, "href": "https://shop.example/__app/ios/Home"}, headers: map[string]string{"User-Agent": "DataFast/1.0.0 Mobile"}, status: 200, ignored: "bot"},
		{name: "bot", headers: map[string]string{"User-Agent": "curl/8.5.0"}, status: 200, ignored: "bot"},
		{name: "no user agent", headers: map[string]string{"User-Agent": ""}, status: 200, ignored: "bot"},
		{name: "prefetch", headers: map[string]string{"Sec-Purpose": "prefetch;prerender"}, status: 200, ignored: "bot"},
		{name: "app of the SDK", body: map[string]any{"device": map[string]string{"platform": "ios", "osVersion": "17.5", "model": "iPhone"}, "href": "https://shop.example/__app/ios/Home"}, headers: map[string]string{"User-Agent": "DataFast/1.0.0 Mobile"}, status: 200, stored: 1},
		{name: "goal", body: map[string]any{"type": "custom", "extraData": map[string]any{"eventName": "Sign Up", "plan": "pro"}}, status: 200},
		{name: "eleven parameters", body: map[string]any{"type": "custom", "extraData": params}, status: 400, message: "at most 10"},
		{name: "bad parameter name", body: map[string]any{"type": "custom", "extraData": map[string]any{"eventName": "a", "bad key!": 1}}, status: 400, message: "parameter name"},
		{name: "goal without a name", body: map[string]any{"type": "custom"}, status: 400, message: "extraData.eventName"},
		{name: "link without a URL", body: map[string]any{"type": "external_link", "extraData": map[string]any{"url": "javascript:x"}}, status: 400, message: "extraData.url"},
		{name: "claim of nothing", body: map[string]any{"type": "payment", "extraData": map[string]any{"amount": 3}}, status: 400, message: "stripe_session_id"},
		{name: "payment claim", body: map[string]any{"type": "payment", "extraData": map[string]any{"email": "a@example.com"}}, status: 200},
		{name: "identify without a user", body: map[string]any{"type": "identify", "extraData": map[string]any{"name": "A"}}, status: 400, message: "user_id"},
		{name: "unknown type", body: map[string]any{"type": "click"}, status: 400, message: "use pageview"},
		{name: "no href", body: map[string]any{"href": nil}, status: 400, message: "href: is required"},
		{name: "long address", body: map[string]any{"href": "https://shop.example/" + strings.Repeat("a", 4076)}, status: 400, message: "href: is 4097 bytes long; at most 4096"},
		{name: "ftp", body: map[string]any{"href": "ftp://shop.example/"}, status: 400, message: "href"},
		{name: "visitor id of another version", body: map[string]any{"visitorId": "6f1d2c3b-8a90-1b7e-9c1d-2e3f4a5b6c7d"}, status: 400, message: "UUID v4"},
		{name: "all field errors at once", body: map[string]any{"type": "x", "visitorId": "y", "domain": nil}, status: 400, message: "domain: is required"},
		{name: "viewport out of range", body: map[string]any{"viewport": map[string]int{"width": -1, "height": 5}}, status: 400, message: "viewport.width"},
		{name: "number for a text", body: map[string]any{"domain": 5}, status: 400, message: "domain: is a JSON number; send a string"},
		{name: "unknown website", body: map[string]any{"websiteId": "dfid_00000000000000000000a"}, status: 404},
		{name: "no website", body: map[string]any{"websiteId": nil}, status: 400, message: "websiteId: is required"},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			one := &installation{t: t, server: in.server}
			one.website, one.token = one.addOwner(fmt.Sprintf("owner%d@example.com", i), "shop.example", "UTC", "EUR")
			if tt.settings != nil {
				one.update(tt.settings)
			}
			status, answer, header := one.send(tt.body, tt.headers)
			if status != tt.status {
				t.Fatalf("status %d %v, want %d", status, answer, tt.status)
			}
			if got, _ := answer["ignored"].(string); got != tt.ignored {
				t.Errorf("ignored %q, want %q", got, tt.ignored)
			}
			if tt.message != "" && !strings.Contains(fmt.Sprint(answer["error"]), tt.message) {
				t.Errorf("error %v does not say %q", answer["error"], tt.message)
			}
			if header.Get("Access-Control-Allow-Origin") != "*" || header.Get("Set-Cookie") != "" {
				t.Errorf("headers %v", header)
			}
			if got := one.overview()["pageviews"]; got != tt.stored {
				t.Errorf("%v page views stored, want %v", got, tt.stored)
			}
			if tt.ignored != "" {
				state := one.mustCall("GET", "/api/v1/admin/websites/"+one.website.ID+"/tracking", nil, nil, jsonType)
				if !strings.Contains(fmt.Sprint(state["data"]), tt.ignored+":1") {
					t.Errorf("tracking state %v does not count %s", state["data"], tt.ignored)
				}
			}
		})
	}
}

// TestEvents_malformed sends bodies that are no event at all.
func TestEvents_malformed(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "shop.example", "UTC", "EUR")
	for _, tt := range []struct {
		name, body string
		status     int
	}{
		{"empty", "", 400},
		{"no JSON", "hello", 400},
		{"cut off", `{"websiteId":"dfid_`, 400},
		{"an array", `[]`, 400},
		{"two values", `{} {}`, 400},
		{"too large", `{"websiteId":"` + strings.Repeat("x", 33<<10) + `"}`, 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			one := &installation{t: t, server: in.server, website: in.website, token: in.token}
			if status, answer, _ := one.sendRaw([]byte(tt.body), nil); status != tt.status {
				t.Errorf("status %d %v, want %d", status, answer, tt.status)
			}
		})
	}
}

// TestEvents_longQuery: the limit of an address is for what stands before its query;
// what is kept of the query is kept wherever it stands.
func TestEvents_longQuery(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "shop.example", "UTC", "EUR")
	in.send(map[string]any{"href": "https://shop.example/?token=" + strings.Repeat("a", 5000) + "&utm_source=late"}, nil)
	rows := in.mustCall("GET", "/api/v1/analytics/campaigns", url.Values{"websiteId": {in.website.ID}, "fields": {"utm_source,visitors"}}, nil, jsonType)
	if got := fmt.Sprint(rows["data"]); got != "[map[campaign:map[utm_source:late] visitors:1]]" {
		t.Errorf("campaigns: %s", got)
	}
}

// TestEvents_duplicates repeats events as a client does after a lost answer.
func TestEvents_duplicates(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "shop.example", "UTC", "EUR")
	page := func(path string) map[string]any { return map[string]any{"href": "https://shop.example" + path} }
	for i, step := range []struct {
		path    string
		ignored bool
	}{{"/a", false}, {"/a", true}, {"/b", false}, {"/a", false}, {"/a", true}} {
		_, answer, _ := in.send(page(step.path), nil)
		if got := answer["ignored"] == "duplicate"; got != step.ignored {
			t.Errorf("step %d (%s): %v, want duplicate %v", i, step.path, answer, step.ignored)
		}
	}
	if got := in.overview()["pageviews"]; got != 3.0 {
		t.Errorf("%v page views, want 3", got)
	}
}

// TestEvents_cookieless derives the day's visitor from address and user agent.
func TestEvents_cookieless(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "shop.example", "UTC", "EUR")
	in.update(map[string]any{"isCookieless": true})
	ids := map[string]bool{}
	for i, from := range []string{"91.66.0.1", "91.66.0.1", "91.66.0.2"} {
		_, answer, _ := in.send(map[string]any{
			"visitorId": fmt.Sprintf("6f1d2c3b-8a90-4b7e-9c1d-00000000000%d", i), "href": fmt.Sprintf("https://shop.example/%d", i),
		}, map[string]string{"X-Forwarded-For": from})
		id, _ := answer["visitorId"].(string)
		if id == "" {
			t.Fatalf("answer %v holds no visitor id", answer)
		}
		ids[id] = true
	}
	if len(ids) != 2 {
		t.Errorf("two addresses gave %d visitors", len(ids))
	}
	_, answer, _ := in.send(map[string]any{"type": "identify", "extraData": map[string]any{"user_id": "u1"}}, nil)
	if answer["status"] != "success" {
		t.Errorf("identify: %v", answer)
	}
	if got := in.overview()["visitors"]; got != 2.0 {
		t.Errorf("%v visitors, want 2", got)
	}
}

// TestEvents_rate refuses a flood from one address and not from another.
func TestEvents_rate(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "shop.example", "UTC", "EUR")
	refused := 0
	for i := range 400 {
		status, _, header := in.send(map[string]any{"href": fmt.Sprintf("https://shop.example/%d", i)}, nil)
		if status == http.StatusTooManyRequests {
			refused++
			if header.Get("Retry-After") == "" {
				t.Fatal("429 without Retry-After")
			}
		}
	}
	if refused < 1 || refused > 280 { // the slower the machine, the more the bucket refills
		t.Errorf("%d of 400 refused, want 1 to 280, beyond the burst of 120", refused)
	}
	if status, _, _ := in.send(nil, map[string]string{"X-Forwarded-For": "8.8.8.8"}); status != http.StatusOK {
		t.Errorf("another address: %d", status)
	}
}

// TestEvents_preflight answers CORS.
func TestEvents_preflight(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "shop.example", "UTC", "EUR")
	for path, want := range map[string]string{
		"OPTIONS /api/events": "204", "GET /api/events": "405", "OPTIONS /api/ai-crawls": "204",
	} {
		method, target, _ := strings.Cut(path, " ")
		w := httptest.NewRecorder()
		in.server.Router.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, target, nil))
		if got := fmt.Sprint(w.Code); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

// TestServerCalls drives goals, identify and payments from the server side,
// through a visitor's life.
func TestServerCalls(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "shop.example", "UTC", "EUR")
	website := url.Values{"websiteId": {in.website.ID}}
	goal := []byte(`{"visitorId":"` + visitor + `","name":"Signed Up","metadata":{"plan":"<b>pro</b>","seats":3}}`)
	if status, out := in.call("POST", "/api/v1/goals", website, goal, jsonType); status != 404 {
		t.Fatalf("goal of an unknown visitor: %d %v", status, out)
	}
	in.send(nil, nil)
	in.mustCall("POST", "/api/v1/goals", website, goal, jsonType)
	in.mustCall("POST", "/api/v1/identify", website, []byte(`{"datafast_visitor_id":"`+visitor+`","user_id":"u1","email":"A@example.com"}`), jsonType)
	// A payment without a visitor finds its own by the profile's email.
	paid := in.mustCall("POST", "/api/v1/payments", website, []byte(`{"amount":"29.90","currency":"eur","transaction_id":"t1","email":"a@example.com"}`), jsonType)
	if paid["message"] != "Payment recorded and attributed successfully" || paid["transaction_id"] != "t1" || paid["status"] != nil {
		t.Errorf("payment: %v", paid)
	}
	again := in.mustCall("POST", "/api/v1/payments", website, []byte(`{"amount":30,"currency":"EUR","transaction_id":"t1","email":"a@example.com"}`), jsonType)
	if again["message"] != "Payment already recorded" || fmt.Sprint(again["ignored"]) != "[amount]" {
		t.Errorf("repeat: %v", again)
	}
	detail := in.mustCall("GET", "/api/v1/visitors/"+visitor, website, nil, jsonType)
	text, err := json.Marshal(detail)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"name":"signed_up"`, `"plan":"bpro/b"`, `"seats":"3"`, `"userId":"u1"`, `"origin":"payment_provider"`, `"type":"payment"`} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("detail lacks %s: %s", want, text)
		}
	}
	over := in.overview()
	if over["bounce_rate"] != 0.0 || over["sessions"] != 1.0 {
		t.Errorf("overview %v", over)
	}
	in.mustCall("POST", "/api/v1/payments", website, []byte(`{"amount":29.90,"currency":"EUR","transaction_id":"t1","refunded":true}`), jsonType)
	list := in.mustCall("GET", "/api/v1/payments", website, nil, jsonType)
	if rows, _ := list["data"].([]any); len(rows) != 2 {
		t.Errorf("payments: %v", list["data"])
	}
	for _, tt := range []struct {
		query  string
		status int
	}{
		{"transaction_id=t9", 404},
		{"", 400},
		{"start=2020-01-01&end=2020-01-02", 404},
		{"startAt=2020-01-01", 400},
		{"transaction_id=t1", 200},
	} {
		q, err := url.ParseQuery(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		q.Set("websiteId", in.website.ID)
		if status, out := in.call("DELETE", "/api/v1/payments", q, nil, jsonType); status != tt.status {
			t.Errorf("DELETE payments?%s: %d %v, want %d", tt.query, status, out, tt.status)
		}
	}
}

// TestBots are remembered for a day by the API.
func TestBots(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "shop.example", "UTC", "EUR")
	in.send(nil, map[string]string{"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"})
	website := url.Values{"websiteId": {in.website.ID}}
	if status, _ := in.call("GET", "/api/v1/visitors/"+visitor, website, nil, jsonType); status != 400 {
		t.Errorf("a bot's detail: %d, want 400", status)
	}
	if status, _ := in.call("POST", "/api/v1/goals", website, []byte(`{"visitorId":"`+visitor+`","name":"a"}`), jsonType); status != 400 {
		t.Errorf("a bot's goal: %d, want 400", status)
	}
	paid := in.mustCall("POST", "/api/v1/payments", website, []byte(`{"amount":1,"currency":"EUR","transaction_id":"t","datafast_visitor_id":"`+visitor+`"}`), jsonType)
	if paid["message"] != "Payment recorded" {
		t.Errorf("a bot's payment: %v", paid)
	}
}

// TestExport_roundTrip reads an export back into an empty website and asks both
// for their reports.
func TestExport_roundTrip(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "shop.example", "Europe/Berlin", "EUR")
	in.mustCall("POST", "/api/v1/admin/websites/"+in.website.ID+"/import/events", nil, bytes.Join(lines(t, "events.ndjson"), []byte("\n")), linesType)
	in.send(map[string]any{"type": "identify", "extraData": map[string]any{"user_id": "u1", "plan": "pro"}}, nil)
	export := in.stream("/api/v1/exports/events", in.website)
	copyOf := &installation{t: t, server: in.server}
	copyOf.website, copyOf.token = copyOf.addOwner("second@example.com", "shop.example", "Europe/Berlin", "EUR")
	report := copyOf.mustCall("POST", "/api/v1/admin/websites/"+copyOf.website.ID+"/import/events", nil, export, linesType)
	if text := fmt.Sprint(report["data"]); !strings.Contains(text, "stored:958") {
		t.Fatalf("import: %s", text)
	}
	again := copyOf.mustCall("POST", "/api/v1/admin/websites/"+copyOf.website.ID+"/import/events", nil, export, linesType)
	if text := fmt.Sprint(again["data"]); !strings.Contains(text, "duplicates:958") || !strings.Contains(text, "stored:0") {
		t.Errorf("import again: %s", text)
	}
	if first, second := in.stream("/api/v1/exports/sessions", in.website), copyOf.stream("/api/v1/exports/sessions", copyOf.website); !bytes.Equal(first, second) {
		t.Error("sessions of the copy differ")
	}
	for _, path := range []string{"overview", "pages", "referrers", "campaigns", "regions", "goals", "exit-clicks", "browsers"} {
		q := func(w *site.Website) url.Values { return url.Values{"websiteId": {w.ID}, "limit": {"1000"}} }
		want := in.mustCall("GET", "/api/v1/analytics/"+path, q(in.website), nil, jsonType)
		got := copyOf.mustCall("GET", "/api/v1/analytics/"+path, q(copyOf.website), nil, jsonType)
		if fmt.Sprint(want) != fmt.Sprint(got) {
			t.Errorf("%s of the copy differs:\n%v\n%v", path, want, got)
		}
	}
}

func (in *installation) stream(path string, w *site.Website) []byte {
	in.t.Helper()
	r := httptest.NewRequestWithContext(in.t.Context(), http.MethodGet, path+"?websiteId="+w.ID, nil)
	r.Header.Set("Authorization", "Bearer "+in.token)
	out := httptest.NewRecorder()
	in.server.Router.ServeHTTP(out, r)
	if out.Code != http.StatusOK {
		in.t.Fatalf("%s: %d %s", path, out.Code, out.Body)
	}
	return out.Body.Bytes()
}

// TestBatch answers each query exactly as the single call does.
func TestBatch(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "shop.example", "UTC", "EUR")
	in.send(nil, nil)
	website := url.Values{"websiteId": {in.website.ID}}
	body := `{"queries":[{"path":"/analytics/overview","params":{"fields":"visitors"}},{"path":"/analytics/pages","params":{"filter_page":["contains:/pri"]}},{"path":"/analytics/pages","params":{"filter_nope":"x"}}]}`
	out := in.mustCall("POST", "/api/v1/analytics/query", website, []byte(body), jsonType)
	answers, _ := out["data"].([]any)
	single := in.mustCall("GET", "/api/v1/analytics/pages", url.Values{"websiteId": {in.website.ID}, "filter_page": {"contains:/pri"}}, nil, jsonType)
	if len(answers) != 3 || fmt.Sprint(answers[1]) != fmt.Sprint(single) {
		t.Errorf("answers %v, single %v", answers, single)
	}
	_, bad := in.call("GET", "/api/v1/analytics/pages", url.Values{"websiteId": {in.website.ID}, "filter_nope": {"x"}}, nil, jsonType)
	if fmt.Sprint(answers[2]) != fmt.Sprint(bad) {
		t.Errorf("error in a batch %v, single %v", answers[2], bad)
	}
	for _, bad := range []string{`{}`, `{"queries":[{"path":"/admin/account"}]}`, `{"queries":[{"path":"/analytics/../admin"}]}`, `{"queries":[{"path":"/analytics/realtime/stream"}]}`} {
		if status, _ := in.call("POST", "/api/v1/analytics/query", website, []byte(bad), jsonType); status != 400 {
			t.Errorf("%s: %d, want 400", bad, status)
		}
	}
}

// TestRealtime counts from memory, right after a restart too.
func TestRealtime(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "shop.example", "UTC", "EUR")
	in.send(nil, nil)
	website := url.Values{"websiteId": {in.website.ID}}
	out := in.mustCall("GET", "/api/v1/analytics/realtime", website, nil, jsonType)
	if fmt.Sprint(out["data"]) != "[map[visitors:1]]" {
		t.Errorf("realtime: %v", out)
	}
	live := in.mustCall("GET", "/api/v1/analytics/realtime/map", website, nil, jsonType)
	data, _ := live["data"].(map[string]any)
	if data["count"] != 1.0 || len(data["visitors"].([]any)) != 1 || len(data["recentEvents"].([]any)) != 1 {
		t.Errorf("map: %v", live)
	}
	recent, err := in.server.events.EventsSince(t.Context(), time.Now().Add(-time.Minute))
	if err != nil || len(recent) != 1 {
		t.Errorf("what a restart reads: %d events, %v", len(recent), err)
	}
	if status, _ := in.call("GET", "/api/v1/analytics/realtime", url.Values{"websiteId": {in.website.ID}, "fields": {"sessions"}}, nil, jsonType); status != 400 {
		t.Errorf("bad fields: %d", status)
	}
}

// TestEvents_attackModeKnowsApps: an app that the website had visitors from before
// attack mode still may send.
func TestEvents_attackModeKnowsApps(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "shop.example", "UTC", "EUR")
	app := map[string]any{"device": map[string]string{"platform": "ios", "osVersion": "17.5", "model": "iPhone"}, "href": "https://shop.example/__app/ios/Home"}
	in.send(app, map[string]string{"User-Agent": "DataFast/1.0.0 Mobile"})
	in.overview() // what is committed is in the sessions
	in.update(map[string]any{"isAttackModeEnabled": true})
	app["href"] = "https://shop.example/__app/ios/Cart"
	if status, answer, _ := in.send(app, map[string]string{"User-Agent": "DataFast/1.0.0 Mobile"}); status != http.StatusOK || answer["ignored"] != nil {
		t.Errorf("known app: %d %v", status, answer)
	}
}

// TestRealtimeStream reads what happens as it happens: a snapshot, a visitor with
// their page view, a payment.
func TestRealtimeStream(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "shop.example", "UTC", "EUR")
	server := httptest.NewServer(in.server.Router)
	t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/api/v1/analytics/realtime/stream?websiteId="+in.website.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+in.token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	next := func(name, part string) {
		t.Helper()
		for lines.Scan() {
			if lines.Text() != "event: "+name {
				continue
			}
			if lines.Scan(); !strings.Contains(lines.Text(), part) {
				t.Fatalf("%s: %s does not hold %s", name, lines.Text(), part)
			}
			return
		}
		t.Fatalf("the stream ended before %s: %v", name, lines.Err())
	}
	next("snapshot", `"count":0`)
	in.send(nil, nil)
	next("visitor", visitor)
	next("event", `"type":"pageview"`)
	paid := fmt.Sprintf(`{"amount":29,"currency":"EUR","transaction_id":"t1","datafast_visitor_id":%q}`, visitor)
	in.mustCall("POST", "/api/v1/payments", url.Values{"websiteId": {in.website.ID}}, []byte(paid), jsonType)
	next("payment", `"amount":29`)
}

// TestIdentify_moves: one who signs in as somebody else takes only what comes then
// into the other's timeline.
func TestIdentify_moves(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "shop.example", "UTC", "EUR")
	identify := func(user string) {
		in.mustCall("POST", "/api/v1/identify", url.Values{"websiteId": {in.website.ID}}, fmt.Appendf(nil, `{"user_id":%q,"datafast_visitor_id":%q}`, user, visitor), jsonType)
	}
	timeline := func() (user string, pages []string) {
		data, _ := in.mustCall("GET", "/api/v1/visitors/"+visitor, url.Values{"websiteId": {in.website.ID}}, nil, jsonType)["data"].(map[string]any)
		raw, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			Profile  struct{ UserID string }
			Timeline []struct{ Events []struct{ Type, URL string } }
		}
		if err := json.Unmarshal(raw, &d); err != nil {
			t.Fatal(err)
		}
		for _, entry := range d.Timeline {
			for _, e := range entry.Events {
				pages = append(pages, e.URL)
			}
		}
		return d.Profile.UserID, pages
	}
	in.send(map[string]any{"href": "https://shop.example/before"}, nil)
	identify("ann")
	if user, pages := timeline(); user != "ann" || len(pages) != 1 {
		t.Errorf("first user %s has %v, want what was before too", user, pages)
	}
	time.Sleep(5 * time.Millisecond) // links hold by the millisecond
	identify("bob")
	time.Sleep(5 * time.Millisecond)
	in.send(map[string]any{"href": "https://shop.example/after"}, nil)
	if user, pages := timeline(); user != "bob" || len(pages) != 1 || !strings.HasSuffix(pages[0], "/after") {
		t.Errorf("second user %s has %v, want only what came after", user, pages)
	}
}

// TestSuspend: the operator's command stops a running server from taking in a
// website's events and goals, and lets it go on.
func TestSuspend(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := openInstallation(t, dir, "shop.example", "UTC", "EUR")
	t.Cleanup(func() { _ = in.server.Close() })
	if status, out, _ := in.send(nil, nil); status != http.StatusOK {
		t.Fatalf("before: %d %v", status, out)
	}
	wait := func(command string, want int) {
		t.Helper()
		cmd := admin.Command()
		cmd.SetArgs([]string{"websites", command, "--website", in.website.TrackingID, "--data", dir})
		cmd.SetOut(io.Discard)
		if err := cmd.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		for until := time.Now().Add(5 * time.Second); ; time.Sleep(100 * time.Millisecond) {
			status, out, _ := in.send(map[string]any{"href": "https://shop.example/" + command}, nil)
			if status == want {
				break
			}
			if time.Now().After(until) {
				t.Fatalf("%s: %d %v after five seconds, want %d", command, status, out, want)
			}
		}
		body := []byte(`{"datafast_visitor_id":"` + visitor + `","name":"signup"}`)
		if status, out := in.call("POST", "/api/v1/goals?websiteId="+in.website.ID, nil, body, jsonType); status != want {
			t.Errorf("goal after %s: %d %v, want %d", command, status, out, want)
		}
	}
	wait("suspend", http.StatusForbidden)
	wait("resume", http.StatusOK)
}
