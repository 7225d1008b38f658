package api_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestFunnels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	s, other := w.website(u, "a.example"), w.website(u, "b.example")
	star := w.token(u, "*")
	path := "/api/v1/admin/websites/" + s.ID + "/funnels"
	body := func(name string) string {
		return fmt.Sprintf(`{"name":%q,"steps":[{"name":"Landing","type":"pageview","url":"/"},{"name":"Landing","type":"goal","goalName":"signup"}]}`, name)
	}
	made := w.send(star, "POST", path, body("Signup funnel")).is(200, `"slug":"signup-funnel"`, `"isActive":true`,
		`"steps":[{"id":"landing","name":"Landing","type":"pageview","url":"/"},{"id":"landing-2","name":"Landing","type":"goal","goalName":"signup"}]`)
	id := made.text("data.0._id")
	tests := []struct {
		name, method, path, body string
		status                   int
		contains                 string
	}{
		{"name taken in another case", "POST", path, body("signup FUNNEL"), 409, `there is a funnel named \"Signup funnel\" already`},
		{"same name on another website", "POST", strings.Replace(path, s.ID, other.ID, 1), body("Signup funnel"), 200, `"slug":"signup-funnel"`},
		{"no steps", "POST", path, `{"name":"x"}`, 400, "steps: there are 0; a funnel has 2 to 8"},
		{"nine steps", "POST", path, `{"name":"x","steps":[` + strings.Repeat(`{"name":"a","type":"pageview","url":"/"},`, 8) + `{"name":"a","type":"pageview","url":"/"}]}`, 400, "there are 9"},
		{"all faults at once", "POST", path, `{"name":"","steps":[{"name":"","type":"click"},{"name":"a","type":"pageview","url":"pricing"},{"name":"b","type":"goal","goalName":"Sign Up"}]}`, 400, `name: must not be empty; give 1 to 100 characters; steps[0].name: must not be empty; give 1 to 100 characters; steps[0].type: \"click\" is not known; use pageview or goal; steps[1].url: \"pricing\" is neither a path`},
		{"steps of a wrong type", "POST", path, `{"name":"x","steps":"a"}`, 400, "steps: a JSON string is not an array of objects"},
		{"full URL and accents", "POST", path, `{"name":"Été à Paris","steps":[{"name":"A","type":"pageview","url":"https://shop.example/p*"},{"name":"B","type":"pageview","url":"/b"}]}`, 200, `"slug":"ete-a-paris"`},
		{"nothing to change", "PUT", path + "/" + id, `{}`, 400, "Send name, steps or isActive"},
		{"unknown funnel and bad body", "PUT", path + "/665f0b3c4d2e1a0012345678", `{"name":""}`, 400, "name: must not be empty"},
		{"unknown funnel", "PUT", path + "/665f0b3c4d2e1a0012345678", `{"name":"x"}`, 404, "Funnel not found"},
		{"malformed id", "PUT", path + "/x", `{"name":"x"}`, 400, "funnelId"},
		{"of another website", "PUT", strings.Replace(path, s.ID, other.ID, 1) + "/" + id, `{"name":"x"}`, 404, "Funnel not found"},
		{"rename", "PUT", path + "/" + id, `{"name":"Sign-up"}`, 200, `"slug":"sign-up"`},
		{"hide", "PUT", path + "/" + id, `{"isActive":false}`, 200, `"isActive":false`},
		{"its name is free now", "POST", path, body("Sign-up"), 200, `"slug":"sign-up-2"`},
		{"so it cannot come back", "PUT", path + "/" + id, `{"isActive":true}`, 409, "there is a funnel named"},
		{"hidden", "GET", path, ``, 200, `"slug":"sign-up-2"`},
		{"shown on demand", "GET", path + "?includeInactive=true", ``, 200, `"_id":"` + id + `"`},
		{"on demand, badly", "GET", path + "?includeInactive=1", ``, 400, "neither true nor false"},
		{"delete", "DELETE", path + "/" + id, ``, 200, `{"deleted":true}`},
		{"delete again", "DELETE", path + "/" + id, ``, 404, "Funnel not found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.send(star, tt.method, tt.path, tt.body)
			got.TB = t
			got.is(tt.status, tt.contains)
			if tt.name == "hidden" && strings.Contains(got.body, id) {
				t.Errorf("a hidden funnel is listed: %s", got.body)
			}
		})
	}
	made50, refused := race(60, func(i int) int { return w.send(star, "POST", path, body(fmt.Sprint("f", i))).status })
	if made50 != 48 || refused != 12 {
		t.Errorf("%d more were made, %d refused; want 48 and 12", made50, refused)
	}
}

func TestAlerts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	s := w.website(u, "a.example")
	star := w.token(u, "*")
	path := "/api/v1/admin/websites/" + s.ID + "/alerts"
	const body = `{"name":"New sale","trigger":{"goalName":" Purchase "},"template":{"message":"Someone bought something."}}`
	made := w.send(star, "POST", path, body).is(200, `"name":"New sale","trigger":{"type":"goal","goalName":"purchase"},"destination":{"type":"email"},"template":{"subject":null,"message":"Someone bought something."},"isEnabled":true,"recentLogs":[]`)
	id := made.text("data.0._id")
	tests := []struct {
		name, method, path, body string
		status                   int
		contains                 string
	}{
		{"all faults at once", "POST", path, `{"name":"","trigger":{"goalName":"a b"},"template":{"message":"short","subject":"` + strings.Repeat("x", 201) + `"}}`, 400, `name: must not be empty; give 1 to 100 characters; trigger.goalName: \"a b\" is not a goal name`},
		{"missing everything", "POST", path, `{}`, 400, "template.message: has 0 characters; give 10 to 2000"},
		{"nested wrong types", "POST", path, `{"name":"x","trigger":{"goalName":1},"template":{"message":2}}`, 400, "trigger.goalName: a JSON number is not a string; template.message: a JSON number is not a string"},
		{"another trigger", "POST", path, `{"name":"x","trigger":{"type":"payment","goalName":"x"},"template":{"message":"Long enough."}}`, 400, `trigger.type: \"payment\" is not known; use goal`},
		{"another destination", "POST", path, `{"name":"x","trigger":{"goalName":"x"},"destination":{"type":"slack"},"template":{"message":"Long enough."}}`, 400, `use email`},
		{"get", "GET", path + "/" + id, ``, 200, `"_id":"` + id + `"`},
		{"list", "GET", path, ``, 200, `"_id":"` + id + `"`},
		{"disable", "PUT", path + "/" + id, `{"isEnabled":false}`, 200, `"isEnabled":false`},
		{"change subject alone", "PUT", path + "/" + id, `{"template":{"subject":"Hurray"}}`, 200, `"template":{"subject":"Hurray","message":"Someone bought something."}`},
		{"clear subject", "PUT", path + "/" + id, `{"template":{"subject":null}}`, 200, `"subject":null`},
		{"nothing to change", "PUT", path + "/" + id, `{}`, 400, "Send name"},
		{"unknown and bad body", "PUT", path + "/665f0b3c4d2e1a0012345678", `{"name":""}`, 400, "name: must not be empty"},
		{"unknown", "PUT", path + "/665f0b3c4d2e1a0012345678", `{"name":"x"}`, 404, "Alert not found"},
		{"history before id", "GET", path + "/history", ``, 200, `"data":[],"counts":{"sent":0,"failed":0,"total":0}`},
		{"history of a malformed id", "GET", path + "/history?alertId=x", ``, 400, "alertId"},
		{"delete", "DELETE", path + "/" + id, ``, 200, `"message":"Alert deleted successfully"`},
		{"delete again", "DELETE", path + "/" + id, ``, 404, "Alert not found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.send(star, tt.method, tt.path, tt.body)
			got.TB = t
			got.is(tt.status, tt.contains)
		})
	}
	made25, refused := race(30, func(int) int { return w.send(star, "POST", path, body).status })
	if made25 != 25 || refused != 5 {
		t.Errorf("%d alerts were made, %d refused; want 25 and 5", made25, refused)
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	s := w.website(u, "a.example") // Europe/Bucharest, UTC+3 in May
	star, key := w.token(u, "*"), w.key(s, u)
	path := "/api/v1/admin/websites/" + s.ID + "/notes"
	made := w.send(key, "POST", path, `{"text":" New landing page live ","timestamp":"2026-05-21","idempotencyKey":"k:1"}`).
		is(201, `"text":"New landing page live","timestamp":"2026-05-20T21:00:00.000Z","author":{"id":"`+u.ID+`","name":"u","image":null}`)
	id := made.text("data.0.id")
	tests := []struct {
		name, method, path, body string
		status                   int
		contains                 string
	}{
		{"replay", "POST", path, `{"text":"New landing page live","timestamp":"2026-05-20T21:00:00Z","idempotencyKey":"k:1"}`, 200, `"id":"` + id + `"`},
		{"key reused with other input", "POST", path, `{"text":"Other","timestamp":"2026-05-21","idempotencyKey":"k:1"}`, 409, "idempotencyKey"},
		{"unknown field", "POST", path, `{"text":"x","timestamp":"2026-05-21","author":"me"}`, 400, `\"author\" is not a field here; use text, timestamp, idempotencyKey`},
		{"all faults at once", "POST", path, `{"text":"` + strings.Repeat("x", 501) + `","timestamp":"yesterday","idempotencyKey":"a b"}`, 400, `text: has 501 characters; give 1 to 500; timestamp: \"yesterday\" is neither a day`},
		{"missing fields", "POST", path, `{}`, 400, "text: is required; give 1 to 500 characters; timestamp: is required"},
		{"time without a zone", "POST", path, `{"text":"x","timestamp":"2026-05-21T10:00:00"}`, 400, "timestamp"},
		{"body over 4 KB", "POST", path, `{"text":"` + strings.Repeat("x", 5000) + `"}`, 413, "over 4096 bytes"},
		{"another one", "POST", path, `{"text":"100% off","timestamp":"2026-06-01T10:00:00+02:00"}`, 201, `"timestamp":"2026-06-01T08:00:00.000Z"`},
		{"newest first", "GET", path, ``, 200, `"data":[{"id":"`},
		{"a range", "GET", path + "?startAt=2026-05-21&endAt=2026-05-21", ``, 200, `"pagination":{"limit":100,"offset":0,"total":1,"hasMore":false}`},
		{"searched literally", "GET", path + "?q=0%25+OFF", ``, 200, `"total":1,`},
		{"wildcards are text", "GET", path + "?q=_", ``, 200, `"total":0,`},
		{"paged", "GET", path + "?limit=1&order=asc", ``, 200, `"text":"New landing page live"`},
		{"clamped", "GET", path + "?limit=5000", ``, 200, `"limit":1000`},
		{"unknown parameter", "GET", path + "?foo=1", ``, 400, `\"foo\" is not a parameter here`},
		{"repeated parameter", "GET", path + "?q=a&q=b", ``, 400, `is given 2 times`},
		{"bad order and limit at once", "GET", path + "?order=up&limit=x", ``, 400, `limit: \"x\" is not a whole number of at least 1; order: \"up\" is not an order`},
		{"half a range", "GET", path + "?endAt=2026-05-21", ``, 400, "startAt and endAt must be given together"},
		{"range the wrong way round", "GET", path + "?startAt=2026-05-22&endAt=2026-05-21", ``, 400, "startAt"},
		{"update", "PUT", path + "/" + id, `{"text":"Second try"}`, 200, `"text":"Second try","timestamp":"2026-05-20T21:00:00.000Z"`},
		{"update nothing", "PUT", path + "/" + id, `{}`, 400, "Send text, timestamp or both"},
		{"update with unknown field", "PUT", path + "/" + id, `{"text":"x","id":"y"}`, 400, `\"id\" is not a field`},
		{"delete", "DELETE", path + "/" + id, ``, 200, `{"deleted":true}`},
		{"delete again", "DELETE", path + "/" + id, ``, 404, "Note not found"},
		{"the key is free again", "POST", path, `{"text":"Fresh","timestamp":"2026-05-21","idempotencyKey":"k:1"}`, 201, "Fresh"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.send(star, tt.method, tt.path, tt.body)
			got.TB = t
			got.is(tt.status, tt.contains)
		})
	}
}

func TestGoalCustomizations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	s := w.website(u, "a.example")
	star := w.token(u, "*")
	path := "/api/v1/admin/websites/" + s.ID + "/goals/customizations"
	tests := []struct {
		name, method, path, body string
		status                   int
		contains                 string
	}{
		{"set", "PATCH", path, `{"goalName":"Signup Started","displayName":"Signup started","color":"#8DCDFF"}`, 200, `"goalName":"signup_started","displayName":"Signup started","color":"#8dcdff","description":null`},
		{"partial", "PATCH", path, `{"goalName":"signup_started","description":"First step"}`, 200, `"displayName":"Signup started","color":"#8dcdff","description":"First step"`},
		{"clear one", "PATCH", path, `{"goalName":"signup_started","color":null}`, 200, `"color":null,"description":"First step"`},
		{"nothing", "PATCH", path, `{"goalName":"signup_started"}`, 400, "Send displayName, color or description"},
		{"all faults at once", "PATCH", path, `{"goalName":"?","displayName":"` + strings.Repeat("x", 81) + `","color":"#123456","description":"` + strings.Repeat("x", 301) + `"}`, 400, `displayName: has 81 characters; give 0 to 80; description: has 301 characters; give 0 to 300; color: \"#123456\" is not in the palette`},
		{"too large", "PATCH", path, `{"goalName":"` + strings.Repeat("x", 5000) + `"}`, 413, "4096"},
		{"list with palette", "GET", path, ``, 200, `"colors":[{"color":"#f97316","family":"orange","label":"Orange"},{"color":"#8dcdff","family":"blue","label":"Light blue"}`},
		{"one goal", "GET", path + "?goalName=other", ``, 200, `"data":[]`},
		{"reset", "DELETE", path + "?goalName=signup_started", ``, 200, `{"deleted":true}`},
		{"reset again", "DELETE", path + "?goalName=signup_started", ``, 200, `{"deleted":false}`},
		{"reset what", "DELETE", path, ``, 400, "goalName"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.send(star, tt.method, tt.path, tt.body)
			got.TB = t
			got.is(tt.status, tt.contains)
		})
	}
}
