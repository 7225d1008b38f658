package api_test

import (
	"fmt"
	"strings"
	"testing"

	"datafast/internal/account"
)

func TestWebsites_create(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	star := w.token(u, "*")
	narrow := w.token(u, "websites:write", w.website(u, "taken.example"))
	tests := []struct {
		name, as, body string
		status         int
		contains       string
	}{
		{"all fields", star, `{"domain":" WWW.Shop.Example ","timezone":"Europe/Paris","name":"Shop"}`, 200, `"domain":"www.shop.example"`},
		{"localhost", star, `{"domain":"localhost","timezone":"UTC"}`, 200, `"trackingId":"dfid_`},
		{"taken on this account", star, `{"domain":"taken.example","timezone":"UTC"}`, 409, "domain: taken.example is on this account already"},
		{"all faults at once", star, `{"domain":"https://x.example/","timezone":"Moon","name":"` + strings.Repeat("x", 101) + `"}`, 400, `domain: \"https://x.example/\" has a scheme; give the host alone, as in shop.example; timezone: \"Moon\" is not a time zone; use an IANA name such as Europe/Paris; name: has 101`},
		{"nothing", star, `{}`, 400, "domain: "},
		{"token limited to some websites", narrow, `{"domain":"new.example","timezone":"UTC"}`, 403, "limited to some websites"},
		{"unknown body fields are ignored", star, `{"domain":"more.example","timezone":"UTC","plan":"pro"}`, 200, "more.example"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.send(tt.as, "POST", "/api/v1/admin/websites", tt.body)
			got.TB = t
			got.is(tt.status, tt.contains)
		})
	}
	list := w.get(star, "/api/v1/admin/websites").is(200, `"role":"owner"`)
	var domains []string
	for i := range list.value("data").([]any) {
		domains = append(domains, list.text(fmt.Sprintf("data.%d.domain", i)))
	}
	if got := strings.Join(domains, " "); got != "localhost more.example taken.example www.shop.example" {
		t.Errorf("domains %q are not sorted", got)
	}
	w.get(narrow, "/api/v1/admin/websites").is(200, `"domain":"taken.example"`)
	w.send(w.token(w.user("v"), "*"), "POST", "/api/v1/admin/websites", `{"domain":"taken.example","timezone":"UTC"}`).is(200)
}

// TestWebsites_limit: an operator's limit stops at the number, also at once, and
// counts what one owns.
func TestWebsites_limit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "--websites-per-account", "3")
	u, other := w.user("u"), w.user("other")
	w.join(w.website(other, "other.example"), u, account.RoleMember)
	star := w.token(u, "*")
	create := func(i int) answered {
		return w.send(star, "POST", "/api/v1/admin/websites", fmt.Sprintf(`{"domain":"s%d.example","timezone":"UTC"}`, i))
	}
	made, refused := race(8, func(i int) int { return create(i).status })
	if made != 3 || refused != 5 {
		t.Errorf("%d websites were made, %d refused; want 3 and 5", made, refused)
	}
	create(9).is(403, "An account can own 3 websites on this server", `"reason":"limit_reached"`)
}

func TestWebsites_update(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	s := w.website(u, "a.example")
	w.website(u, "b.example")
	star := w.token(u, "*")
	tests := []struct {
		name, body string
		status     int
		contains   []string
	}{
		{"name", `{"name":" Shop "}`, 200, []string{`"name":"Shop"`}},
		{"name cleared", `{"name":null}`, 200, []string{`"name":"a.example"`}},
		{"lists replace and are tidied", `{"excludedIps":["203.0.113.7"," 203.0.113.77/24 ","::ffff:203.0.113.7"],"excludedCountries":["fr","Germany","FR"],"excludedPaths":["/admin","/admin/*"],"excludedHostnames":["*.Vercel.app"],"allowedHostnames":["WWW.a.example"]}`, 200, []string{
			`"excludedIps":["203.0.113.7","203.0.113.0/24"]`, `"excludedCountries":["FR","DE"]`, `"excludedPaths":["/admin","/admin/*"]`, `"excludedHostnames":["*.vercel.app"]`, `"allowedHostnames":["www.a.example"]`,
		}},
		{"switches", `{"isCookieless":true,"respectGpc":true,"isAttackModeEnabled":true,"includeRenewalRevenue":false,"isAllHostnamesAllowed":true}`, 200, []string{`"isCookieless":true`, `"respectGpc":true`, `"isAttackModeEnabled":true`, `"includeRenewalRevenue":false`, `"isAllHostnamesAllowed":true`}},
		{"choices", `{"kpiColorScheme":"teal","revenueMetric":"mrr","attribution":"first_touch","currency":"usd","timezone":"Asia/Calcutta"}`, 200, []string{`"kpiColorScheme":"teal"`, `"revenueMetric":"mrr"`, `"attribution":"first_touch"`, `"currency":"USD"`, `"timezone":"Asia/Calcutta"`}},
		{"automatic goal as KPI", `{"kpi":"payment"}`, 200, []string{`"kpi":"payment"`}},
		{"KPI cleared", `{"kpi":""}`, 200, []string{`"kpi":null`}},
		{"KPI never seen", `{"kpi":"nope"}`, 400, []string{`the goal \"nope\" has not been seen`}},
		{"nothing known", `{"colour":"red"}`, 400, []string{"names no setting"}},
		{"domain of another website", `{"domain":"b.example"}`, 409, []string{"b.example is on this account already"}},
		{"domain", `{"domain":"c.example"}`, 200, []string{`"domain":"c.example"`}},
		{"null where nothing clears", `{"timezone":null,"excludedIps":null}`, 400, []string{"timezone: must not be null", "excludedIps: must not be null"}},
		{"all faults at once", `{"currency":"EURO","kpiColorScheme":"mauve","revenueMetric":"x","attribution":"x","excludedIps":["1.2.3"],"excludedPaths":["admin"],"excludedCountries":["Narnia"],"excludedHostnames":["a b"],"allowedHostnames":["x"],"isCookieless":"yes"}`, 400, []string{`isCookieless: a JSON string is not true or false`}},
		{"all values at once", `{"currency":"EURO","kpiColorScheme":"mauve","revenueMetric":"x","attribution":"x","excludedIps":["1.2.3"],"excludedPaths":["admin"],"excludedCountries":["Narnia"],"excludedHostnames":["a b"],"allowedHostnames":["x"]}`, 400, []string{"currency: ", "kpiColorScheme: ", "revenueMetric: ", "attribution: ", "excludedIps: ", "excludedPaths: ", "excludedCountries: ", "excludedHostnames: ", "allowedHostnames: "}},
		{"too many", `{"excludedHostnames":[` + strings.Repeat(`"x.example",`, 100) + `"y.example"]}`, 400, []string{"has 101 entries; give at most 100"}},
		{"malformed", `{"name":"x"`, 400, []string{"Malformed JSON at byte 11"}},
	}
	path := "/api/v1/admin/websites/" + s.ID
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := w.get(star, path).is(200).body
			got := w.send(star, "PUT", path, tt.body)
			got.TB = t
			got.is(tt.status, tt.contains...)
			after := w.get(star, path).is(200).body
			if tt.status != 200 && after != before {
				t.Errorf("refused and yet changed: %s", after)
			}
			if tt.status == 200 && after != got.body {
				t.Errorf("the next reader sees something else than the answer:\n%s\n%s", after, got.body)
			}
		})
	}
	w.get(w.key(s, u), "/api/v1/admin/websites/"+s.TrackingID).is(200, `"_id":"`+s.ID+`"`, `"role":"member"`)
}

func TestWebsites_delete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	s := w.website(u, "a.example")
	star, key, cookie := w.token(u, "*"), w.key(s, u), w.signIn(u)
	path := "/api/app/websites/" + s.ID
	w.send(star, "DELETE", path, `{"domain":"a.example"}`).is(401)
	w.send(cookie, "DELETE", path, `{"domain":"b.example"}`).is(400, "type a.example to delete it")
	w.send(cookie, "DELETE", path, `{"domain":"A.example"}`).is(200, `{"deleted":true}`)
	w.get(star, "/api/v1/admin/websites/"+s.ID).is(404)
	w.get(key, "/api/v1/admin/account").is(401)
	w.get(star, "/api/v1/admin/audit-log").is(200, `"action":"website.delete"`)
}

func TestAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	star := w.token(u, "*")
	w.get(star, "/api/v1/admin/account").is(200, `"hasAccess":true`, `"planType":"self-hosted"`, `"image":null`, `"kind":"account","permissions":["*"],"websiteIds":[]`)
	w.get(w.signIn(u), "/api/v1/admin/account/").is(200, `"token":{"_id":null,"kind":"session","permissions":["*"],"websiteIds":[],"name":null}`)
	w.send(star, "PUT", "/api/v1/admin/account", `{"name":"  Ana  "}`).is(200, `"name":"Ana"`)
	w.send(star, "PUT", "/api/v1/admin/account", `{"name":" "}`).is(400, "name: must not be empty")
	w.send(star, "PUT", "/api/v1/admin/account", `{"name":"a\u0000b"}`).is(400, "control character")
	w.send(star, "PATCH", "/api/v1/admin/account", `{}`).is(405)
	w.must(w.people.Disable(t.Context(), u.ID, true))
	w.get(star, "/api/v1/admin/account").is(403, "Account does not have API access")
	w.must(w.people.Disable(t.Context(), u.ID, false))
	w.get(star, "/api/v1/admin/account").is(200)
}
