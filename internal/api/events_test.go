package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"datafast/internal/account"
	"datafast/internal/site"
)

// visit is one event of a visitor as the tracker sends it.
type visit struct {
	site    *site.Website
	kind    string // "pageview" or "custom"
	goal    string // of a custom one
	href    string
	visitor string // last digits of the visitor's id
	address string
	agent   string
	header  map[string]string
}

// send sends the event; answers are those of the tracker's endpoint.
func (w *world) visit(v visit) answered {
	w.Helper()
	extra := ""
	if v.kind == "" {
		v.kind = "pageview"
	}
	if v.goal != "" {
		v.kind, extra = "custom", fmt.Sprintf(`,"extraData":{"eventName":%q}`, v.goal)
	}
	if v.href == "" {
		v.href = "https://" + v.site.Domain + "/"
	}
	if v.agent == "" {
		v.agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	}
	id := "5b0c8a52-0f3e-4d0a-9a51-" + fmt.Sprintf("%012s", v.visitor)
	body := fmt.Sprintf(`{"websiteId":%q,"domain":%q,"type":%q,"href":%q,"visitorId":%q,"sessionId":"s%s","referrer":null,"viewport":{"width":1280,"height":720}%s}`,
		v.site.TrackingID, v.site.Domain, v.kind, v.href, id, id, extra)
	h := http.Header{"User-Agent": {v.agent}, "Accept-Language": {"en"}}
	if v.address != "" {
		h.Set("X-Forwarded-For", v.address)
	}
	for name, value := range v.header {
		h.Set(name, value)
	}
	return w.do(call{method: "POST", path: "/api/events", body: body, header: h})
}

// TestSettings_live: each setting that concerns ingest counts for the next event.
func TestSettings_live(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	s := w.website(u, "a.example")
	star := w.token(u, "*")
	n := 0
	next := func(v visit) visit {
		n++
		v.site, v.visitor = s, fmt.Sprint(n)
		return v
	}
	set := func(body string) { w.send(star, "PUT", "/api/v1/admin/websites/"+s.ID, body).is(200) }
	tests := []struct {
		name, on, off string
		event         visit
		with          string // part of the answer while on
		without       string // part of the answer while off
	}{
		{"excluded address", `{"excludedIps":["203.0.113.0/24"]}`, `{"excludedIps":[]}`, visit{address: "203.0.113.9"}, `"ignored":"excluded_ip"`, `{"status":"success"}`},
		{"excluded path", `{"excludedPaths":["/admin/*"]}`, `{"excludedPaths":[]}`, visit{href: "https://a.example/admin/x"}, `"ignored":"excluded_path"`, `{"status":"success"}`},
		{"excluded hostname", `{"excludedHostnames":["*.a.example"]}`, `{"excludedHostnames":[]}`, visit{href: "https://staging.a.example/"}, `"ignored":"excluded_hostname"`, `{"status":"success"}`},
		{"excluded country", `{"excludedCountries":["Germany"]}`, `{"excludedCountries":[]}`, visit{address: "192.0.2.44", header: map[string]string{"Cf-Ipcountry": "DE"}}, `"ignored":"excluded_country"`, `{"status":"success"}`},
		{"allowed hostname", `{"allowedHostnames":["b.example"]}`, `{"allowedHostnames":[]}`, visit{href: "https://www.b.example/"}, `{"status":"success"}`, `"ignored":"hostname"`},
		{"domain", `{"domain":"c.example"}`, `{"domain":"a.example"}`, visit{href: "https://c.example/"}, `{"status":"success"}`, `"ignored":"hostname"`},
		{"all hostnames", `{"isAllHostnamesAllowed":true}`, `{"isAllHostnamesAllowed":false}`, visit{href: "https://elsewhere.example/"}, `{"status":"success"}`, `"ignored":"hostname"`},
		{"cookieless", `{"isCookieless":true}`, `{"isCookieless":false}`, visit{}, `"visitorId":"`, `{"status":"success"}`},
		{"global privacy control", `{"respectGpc":true}`, `{"respectGpc":false}`, visit{header: map[string]string{"Sec-Gpc": "1"}}, `"ignored":"`, `{"status":"success"}`},
		{"attack mode", `{"isAttackModeEnabled":true}`, `{"isAttackModeEnabled":false}`, visit{header: map[string]string{"Accept-Language": ""}}, `"ignored":"`, `{"status":"success"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			expect := func(want string) {
				t.Helper()
				got := w.visit(next(tt.event))
				got.TB = t
				got.is(200, want)
			}
			expect(tt.without)
			set(tt.on)
			expect(tt.with)
			set(tt.off)
			expect(tt.without)
		})
	}
}

// TestSettings_otherProcess: a change made beside the server counts within 5 s.
func TestSettings_otherProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	s := w.website(u, "a.example")
	w.visit(visit{site: s, visitor: "1"}).is(200)
	paths := []string{"/"}
	if _, err := w.sites.Update(t.Context(), s.ID, site.Changes{ExcludedPaths: &paths}); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for i := 2; ; i++ {
		if strings.Contains(w.visit(visit{site: s, visitor: fmt.Sprint(i)}).is(200).body, "excluded_path") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the change did not count within 5 s")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// TestAlerts_withoutMail: a trigger is kept as failed, with the reason.
func TestAlerts_withoutMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	s := w.website(u, "a.example")
	star := w.token(u, "*")
	path := "/api/v1/admin/websites/" + s.ID + "/alerts"
	w.send(star, "POST", path, `{"name":"New sale","trigger":{"goalName":"purchase"},"template":{"message":"Someone bought something."}}`).is(200)
	w.visit(visit{site: s, visitor: "1"}).is(200)
	w.visit(visit{site: s, visitor: "1", goal: "purchase"}).is(200)
	history := w.until(star, path+"/history", `"total":1`)
	history.is(200, `"status":"failed","error":"no mail server is configured; set DATAFAST_SMTP_URL"`, `"counts":{"sent":0,"failed":1,"total":1}`, `"visitorId":"5b0c8a52-0f3e-4d0a-9a51-000000000001"`)
	w.get(star, path).is(200, `"recentLogs":[{"alertId":`)
}

// until asks until the answer contains the text, for up to ten seconds.
func (w *world) until(as, path, text string) answered {
	w.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		got := w.get(as, path)
		if strings.Contains(got.body, text) {
			return got
		}
		if time.Now().After(deadline) {
			w.Fatalf("%s never had %q: %s", path, text, got.body)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestKPI: a goal that the website has seen can become its KPI.
func TestKPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	s := w.website(u, "a.example")
	path := "/api/v1/admin/websites/" + s.ID
	member := w.user("m")
	w.join(s, member, account.RoleMember)
	star := w.token(member, "settings:write")
	w.send(star, "PUT", path, `{"kpi":"signup"}`).is(400, "has not been seen")
	w.visit(visit{site: s, visitor: "1"}).is(200)
	w.visit(visit{site: s, visitor: "1", goal: "signup"}).is(200)
	w.send(star, "PUT", path, `{"kpi":"Signup"}`).is(200, `"kpi":"signup"`)
}

// TestWebsites_currency: changing the currency re-reports what was paid before.
func TestWebsites_currency(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	s := w.website(u, "a.example") // EUR
	star := w.token(u, "*")
	w.send(star, "POST", "/api/v1/payments?websiteId="+s.ID, `{"amount":100,"currency":"EUR","transaction_id":"t"}`).is(200)
	w.get(star, "/api/v1/payments?websiteId="+s.ID).is(200, `"websiteAmount":100,`)
	w.send(star, "PUT", "/api/v1/admin/websites/"+s.ID, `{"currency":"jpy"}`).is(200, `"currency":"JPY"`)
	yen := w.get(star, "/api/v1/payments?websiteId="+s.ID).is(200).value("data.0.websiteAmount").(float64)
	if yen < 1000 {
		t.Errorf("100 EUR are %v JPY", yen)
	}
	w.get(star, "/api/v1/admin/websites/"+s.ID+"/audit-log").is(200, `"before":{"currency":"EUR"},"after":{"currency":"JPY"}`)
}

// TestWebsites_deleteEvents: with a website go its events.
func TestWebsites_deleteEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	s := w.website(u, "a.example")
	w.visit(visit{site: s, visitor: "1"}).is(200)
	key := w.key(s, u)
	w.get(key, "/api/v1/analytics/overview").is(200, `"visitors":1`)
	w.send(w.signIn(u), "DELETE", "/api/app/websites/"+s.ID, `{"domain":"a.example"}`).is(200)
	w.visit(visit{site: s, visitor: "2"}).is(404)
}
