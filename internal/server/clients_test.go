package server

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// TestClients_websiteAPI replays the requests that public programs send to the
// Website API (api.md §12) and looks at what each of them reads. {w} is the
// website's id, {t} its tracking id, {v} a visitor.
func TestClients_websiteAPI(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "shop.example", "Europe/Berlin", "EUR")
	in.send(map[string]any{"href": "https://shop.example/pricing?utm_source=news", "referrer": "https://twitter.com/x"}, nil)
	in.send(map[string]any{"type": "custom", "extraData": map[string]any{"eventName": "signup", "plan": "pro"}}, nil)
	for _, tt := range []struct {
		client, method, path string
		body                 string
		status               int
		reads                []string // patterns that must be in the body
	}{
		{"Go CLI", "GET", "/analytics/overview?websiteId={w}", "", 200, []string{`"data":\[\{"visitors":1,"sessions":1`, `"currency":"€"`}},
		{"Go CLI, no interval", "GET", "/analytics/timeseries?websiteId={w}&fields=visitors,sessions", "", 200, []string{`"interval":"day"`, `"timestamp":"`}},
		{"Go CLI", "GET", "/analytics/realtime?websiteId={w}", "", 200, []string{`"data":\[\{"visitors":1\}\]`}},
		{"Go CLI", "GET", "/analytics/devices?websiteId={w}", "", 200, []string{`"device":"desktop","visitors":1`}},
		{"Go CLI", "GET", "/analytics/operating-systems?websiteId={w}", "", 200, []string{`"operating_system":"Linux"`}},
		{"Go CLI, wrong id", "GET", "/visitors/nobody?websiteId={w}", "", 400, []string{`"code":400`, `"message":"`}},
		{"Raycast, a zone on every call", "GET", "/analytics/realtime?websiteId={w}&timezone=Europe/Berlin", "", 200, []string{`"visitors":1`}},
		{"Raycast", "GET", "/analytics/realtime/map?websiteId={w}&timezone=Europe/Berlin", "", 200, []string{`"data":\{"count":1`, `"browser":\{"name":"Chrome"\}`}},
		{"Raycast, older filters", "GET", "/analytics/regions?websiteId={w}&country=Germany,France", "", 200, []string{`"pagination":\{"limit":100,"offset":0,"total":\d`}},
		{"Raycast", "GET", "/analytics/metadata?websiteId={w}", "", 200, []string{`"domain":"shop.example","timezone":"Europe/Berlin"`, `"logo":null`, `"currency":"EUR"`}},
		{"Next.js proxy", "GET", "/analytics/timeseries?websiteId={w}&interval=day&fields=visitors,sessions,revenue,conversion_rate,bounce_rate,name&filter_country=is:DE,FR", "", 200, []string{`"bounce_rate":`, `"revenueBreakdown":`, `"totals":`}},
		{"Next.js proxy", "GET", "/analytics/metadata?websiteId={w}&fields=domain,name,logo", "", 200, []string{`"data":\[\{"domain":"shop.example","name":"shop.example","logo":null\}\]`}},
		{"migration script", "GET", "/visitors?websiteId={w}&limit=250&offset=0&startAt=2026-01-01&endAt=2030-01-01", "", 200, []string{`"hasMore":false`, `"visitorId":"{v}"`, `"referrer":"X"`}},
		{"migration script", "GET", "/visitors/{v}?websiteId={w}", "", 200, []string{`"countryCode":"DE"`, `"visitedPages":\[\{"url":"shop.example/pricing\?utm_source=news","timestamp":"`, `"completedGoals":\[\{"name":"signup"`, `"browser":\{"name":"Chrome","version":"141.0"\}`}},
		{"MCP server, the os alias", "GET", "/analytics/os?websiteId={w}&fields=os,visitors", "", 200, []string{`"operating_system":"Linux","visitors":1\}`}},
		{"MCP server", "GET", "/analytics/referrers?websiteId={w}&utm_source=news", "", 200, []string{`"referrer":"X"`}},
		{"MCP server", "GET", "/analytics/overview?websiteId={w}&startAt=2026-01-01&endAt=2030-01-01&country=Germany", "", 200, []string{`"visitors":1`, `"bounce_rate":`}},
		{"MCP server", "GET", "/analytics/cities?websiteId={w}&limit=10&device=desktop", "", 200, []string{`"city":"`, `"pagination":\{"limit":10`}},
		{"MCP server", "GET", "/analytics/campaigns?websiteId={w}&browser=Chrome&os=Linux", "", 200, []string{`"utm_source":"news"`}},
		{"shell skill", "GET", "/analytics/pages?websiteId={w}&filter_referrer=is:X", "", 200, []string{`"hostname":"shop.example","path":"/pricing"`}},
		{"shell skill", "GET", "/analytics/goals?websiteId={w}&fields=name,completions", "", 200, []string{`"data":\[\{"goal":"signup","completions":1\}\]`}},
		{"payment adapter, probe", "HEAD", "/payments?websiteId={w}", "", 200, nil},
		{"payment adapter", "POST", "/payments?websiteId={w}", `{"amount":29,"currency":"eur","transaction_id":"tx","datafast_visitor_id":"{v}"}`, 200, []string{`^\{"message":"Payment recorded and attributed successfully","transaction_id":"tx"\}$`}},
		{"payment adapter, again", "POST", "/payments?websiteId={w}", `{"amount":29,"currency":"eur","transaction_id":"tx","datafast_visitor_id":"{v}"}`, 200, []string{`^\{"message":"Payment already recorded","transaction_id":"tx"\}$`}},
		{"payment adapter", "GET", "/payments?websiteId={w}&visitor_id={v}", "", 200, []string{`"transaction_id":"tx","amount":29,"currency":"EUR"`}},
		{"badge, tracking id with a token", "GET", "/analytics/overview?websiteId={t}&fields=visitors", "", 200, []string{`^\{"status":"success","data":\[\{"visitors":1\}\]\}$`}},
		{"n8n node, a body on GET", "GET", "/analytics/hostnames?websiteId={w}", `{}`, 200, []string{`"hostname":"shop.example"`}},
		{"n8n node, percent-encoded id", "GET", "/visitors/%36f1d2c3b-8a90-4b7e-9c1d-2e3f4a5b6c7d?websiteId={w}", "", 200, []string{`"visitorId":"{v}"`}},
		{"trailing slash", "GET", "/analytics/overview/?websiteId={w}", "", 200, []string{`"visitors":1`}},
		{"unknown path", "GET", "/analytics/nothing?websiteId={w}", "", 404, []string{`"status":"error","error":\{"code":404`}},
		{"unknown filter", "GET", "/analytics/overview?websiteId={w}&filter_nope=1", "", 400, []string{`filter_nope`, `filter_country`}},
		{"all errors at once", "GET", "/analytics/pages?websiteId={w}&startAt=2026-01-01&limit=0&timezone=Mars/Base&filter_device=gte:1", "", 400, []string{`timezone`, `limit`, `startAt and endAt`, `filter_device`}},
		{"fields that are none", "GET", "/analytics/overview?websiteId={w}&fields=nope", "", 400, []string{`fields`, `bounce_rate`}},
		{"mentions", "GET", "/mentions?websiteId={w}", "", 200, []string{`"data":\[\]`, `"meta":\{"totalMentions":0\}`}},
		{"mentions, unknown parameter", "GET", "/mentions?websiteId={w}&nope=1", "", 400, []string{`nope`}},
		{"goal properties", "GET", "/analytics/goals/properties?websiteId={w}&eventName=signup", "", 200, []string{`"property":"plan","completions":1,"visitors":1`}},
		{"goal properties, values", "GET", "/analytics/goals/properties?websiteId={w}&eventName=signup&propertyName=plan", "", 200, []string{`"value":"pro"`}},
		{"negative amount", "POST", "/payments?websiteId={w}", `{"amount":-1,"currency":"EUR","transaction_id":"n"}`, 400, []string{`amount: -1 is negative`}},
		{"too large an amount", "POST", "/payments?websiteId={w}", `{"amount":1e15,"currency":"EUR","transaction_id":"n"}`, 400, []string{`amount`}},
		{"no number", "POST", "/payments?websiteId={w}", `{"amount":"NaN","currency":"XXXX","transaction_id":""}`, 400, []string{`amount`, `currency`, `transaction_id`}},
		{"MCP worker", "POST", "/goals?websiteId={w}", `{"datafast_visitor_id":"{v}","name":"from_worker","metadata":{"plan":"pro"}}`, 200, []string{`"status":"success"`}},
		{"MCP worker, no such visitor", "POST", "/goals?websiteId={w}", `{"datafast_visitor_id":"00000000-0000-4000-8000-000000000000","name":"from_worker"}`, 404, []string{`"message":"Visitor not found`}},
		{"MCP worker", "GET", "/visitors/{v}?websiteId={w}", "", 200, []string{`"identity":`, `"activity":`}},
	} {
		fill := strings.NewReplacer("{w}", in.website.ID, "{t}", in.website.TrackingID, "{v}", visitor)
		r := httptest.NewRequestWithContext(t.Context(), tt.method, "/api/v1"+fill.Replace(tt.path), strings.NewReader(fill.Replace(tt.body)))
		r.Header.Set("Authorization", "Bearer "+in.token)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		in.server.Router.ServeHTTP(w, r)
		if w.Code != tt.status || w.Header().Get("X-Request-Id") == "" {
			t.Errorf("%s: %s %s: %d %s", tt.client, tt.method, tt.path, w.Code, w.Body)
			continue
		}
		for _, pattern := range tt.reads {
			if !regexp.MustCompile(fill.Replace(pattern)).MatchString(w.Body.String()) {
				t.Errorf("%s: %s %s: %s does not match %s", tt.client, tt.method, tt.path, w.Body, pattern)
			}
		}
	}
}

// TestExamples holds the documented example of every report against an answer of
// the running server: each key of the example is in the answer.
func TestExamples(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "shop.example", "Europe/Berlin", "EUR")
	in.mustCall("POST", "/api/v1/admin/websites/"+in.website.ID+"/import/events", nil, bytes.Join(lines(t, "events.ndjson"), []byte("\n")), linesType)
	in.send(nil, nil)
	for _, route := range in.server.Router.Routes() {
		if route.Method != http.MethodGet || route.Doc.Example == "" || strings.Contains(route.Path, "{") || !strings.HasPrefix(route.Path, "/api/v1/analytics/") {
			continue
		}
		var example map[string]any
		if err := json.Unmarshal([]byte(route.Doc.Example), &example); err != nil {
			t.Errorf("%s: the example is no JSON: %v", route.Path, err)
			continue
		}
		query := url.Values{"websiteId": {in.website.ID}, "limit": {"1"}}
		for _, p := range route.Doc.Query {
			switch p.Name {
			case "fields":
				if p.Required {
					query.Set("fields", "visitors,revenue,payments,name")
				}
			case "eventName":
				query.Set("eventName", "signup")
				query.Set("startAt", "2025-01-01")
				query.Set("endAt", "2030-01-01")
			}
		}
		got := in.mustCall("GET", route.Path, query, nil, jsonType)
		for _, missing := range keysMissing("", example, got) {
			t.Errorf("%s: %s of the example is not in the answer %.300v", route.Path, missing, got)
		}
	}
}

// keysMissing lists the keys of an example that an answer lacks; of lists the
// first elements are compared.
func keysMissing(path string, example, got any) []string {
	switch example := example.(type) {
	case map[string]any:
		have, ok := got.(map[string]any)
		if !ok {
			return []string{path}
		}
		var out []string
		for key, value := range example {
			inner, ok := have[key]
			if !ok {
				out = append(out, path+"."+key)
				continue
			}
			out = append(out, keysMissing(path+"."+key, value, inner)...)
		}
		return out
	case []any:
		have, ok := got.([]any)
		if !ok || len(example) > 0 && len(have) == 0 {
			return []string{path + "[0]"}
		}
		if len(example) > 0 {
			return keysMissing(path+"[0]", example[0], have[0])
		}
	}
	return nil
}
