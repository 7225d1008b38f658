package api_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"datafast/internal/account"
	"datafast/internal/auth"
	"datafast/internal/site"
)

// granted remembers the tokens that rows asked for, by user and permissions.
func (s *stage) grantTo(name string, permissions []string) string {
	s.Helper()
	key := name + " " + strings.Join(permissions, ",")
	if secret, known := s.ids[key]; known {
		return secret
	}
	u, err := s.people.ByEmail(s.Context(), name+"@example.com")
	s.must(err)
	s.ids[key] = s.grant(u, permissions, time.Time{})
	return s.ids[key]
}

func strangeToken() string { return auth.NewSecret(auth.AccountToken) }

func revokedKey(w *world, s *site.Website, creator *account.User) string {
	w.Helper()
	secret := w.key(s, creator)
	id := w.get(secret, "/api/v1/admin/account").is(200).text("data.0.token._id")
	w.send(secret, "DELETE", "/api/v1/admin/websites/"+s.ID+"/apikeys/"+id, "").is(200, `{"deleted":true}`)
	return secret
}

func (w *world) expiredKey(s *site.Website, creator *account.User) string {
	w.Helper()
	now := time.Now()
	c := &auth.Credential{
		ID: w.newID.New(now), Kind: auth.WebsiteKey, UserID: creator.ID, WebsiteID: s.ID, CreatedAt: now, ExpiresAt: now.Add(-time.Second),
	}
	secret := auth.NewSecret(c.Kind)
	w.must(w.store.InsertCredential(w.Context(), c, auth.HashSecret(secret)))
	return secret
}

// furnish makes one of everything that a path or a body can name.
func (s *stage) furnish(member *account.User) {
	s.Helper()
	token := s.good
	s.visit(visit{site: s.website, visitor: stageVisitor[24:]}).is(200)
	s.visit(visit{site: s.website, visitor: stageVisitor[24:], goal: "signup"}).is(200)
	s.send(token, "POST", "/api/v1/payments?websiteId="+s.website.ID, `{"amount":1,"currency":"EUR","transaction_id":"t"}`).is(200)
	base := "/api/v1/admin/websites/" + s.website.ID
	make := func(path, body, at string) string {
		s.Helper()
		a := s.send(token, "POST", path, body)
		if a.status != 200 && a.status != 201 {
			s.Fatalf("make %s: %d %s", path, a.status, a.body)
		}
		return a.text("data.0." + at)
	}
	s.ids = map[string]string{
		"websiteId":    s.website.ID,
		"visitorId":    stageVisitor,
		"userId":       member.ID,
		"funnelId":     make(base+"/funnels", `{"name":"F","steps":[{"name":"Home","type":"pageview","url":"/"},{"name":"Sign up","type":"goal","goalName":"signup"}]}`, "_id"),
		"alertId":      make(base+"/alerts", `{"name":"Sale","trigger":{"goalName":"purchase"},"template":{"message":"Someone bought something."}}`, "_id"),
		"noteId":       make(base+"/notes", `{"text":"Launch","timestamp":"2026-05-21"}`, "id"),
		"apiKeyId":     make(base+"/apikeys", `{}`, "_id"),
		"tokenId":      make("/api/v1/admin/access-tokens", `{"name":"spare"}`, "_id"),
		"invitationId": make(base+"/team", `{"email":"guest@example.com"}`, "invitationId"),
	}
}

// stageVisitor is who has been on the stage's website.
const stageVisitor = "5b0c8a52-0f3e-4d0a-9a51-2f3f4f2f7b11"

// events is what the event store holds of the website: events, payments and
// the visitor with their profile.
func (s *stage) events() string {
	s.Helper()
	var all strings.Builder
	for _, path := range []string{"exports/events", "exports/payments", "visitors/" + stageVisitor} {
		all.WriteString(s.get(s.good, "/api/v1/"+path+"?websiteId="+s.website.ID).is(200).body)
	}
	return regexp.MustCompile(`"timeSince\w+":\d+`).ReplaceAllString(all.String(), "")
}

// sample is what to send to an operation: a query that reads need, and a body
// with which a change would happen.
type sample struct{ query, body string }

func samples(s *stage) map[string]sample {
	const visitor = stageVisitor
	return map[string]sample{
		"GET /analytics/timeseries":                               {query: "fields=visitors&interval=day"},
		"GET /analytics/goals/properties":                         {query: "eventName=signup"},
		"POST /analytics/query":                                   {body: `{"queries":[{"path":"/analytics/overview","params":{}}]}`},
		"POST /goals":                                             {body: `{"datafast_visitor_id":"` + visitor + `","name":"signup"}`},
		"DELETE /goals":                                           {query: "name=signup"},
		"POST /payments":                                          {body: `{"amount":1,"currency":"EUR","transaction_id":"new"}`},
		"DELETE /payments":                                        {query: "transaction_id=t"},
		"POST /identify":                                          {body: `{"datafast_visitor_id":"` + visitor + `","user_id":"u"}`},
		"PUT /admin/account":                                      {body: `{"name":"Changed"}`},
		"POST /admin/access-tokens":                               {body: `{"permissions":["analytics:read"]}`},
		"POST /admin/websites":                                    {body: `{"domain":"new.example","timezone":"UTC"}`},
		"PUT /admin/websites/{websiteId}":                         {body: `{"name":"Changed"}`},
		"POST /admin/websites/{websiteId}/team":                   {body: `{"email":"new@example.com"}`},
		"DELETE /admin/websites/{websiteId}/team":                 {body: `{"userId":"` + s.ids["userId"] + `"}`},
		"PATCH /admin/websites/{websiteId}/team/{userId}":         {body: `{"role":"viewer"}`},
		"POST /admin/websites/{websiteId}/team/owner":             {body: `{"userId":"` + s.ids["userId"] + `"}`},
		"POST /admin/websites/{websiteId}/import/events":          {body: `{"type":"pageview","visitorId":"` + visitor + `","href":"https://a.example/","timestamp":"2026-05-21T00:00:00Z"}`},
		"PATCH /admin/websites/{websiteId}/goals/customizations":  {body: `{"goalName":"signup","displayName":"Changed"}`},
		"DELETE /admin/websites/{websiteId}/goals/customizations": {query: "goalName=signup"},
		"POST /admin/websites/{websiteId}/funnels":                {body: `{"name":"New","steps":[{"name":"A","type":"pageview","url":"/"},{"name":"B","type":"pageview","url":"/b"}]}`},
		"PUT /admin/websites/{websiteId}/funnels/{funnelId}":      {body: `{"name":"Changed"}`},
		"POST /admin/websites/{websiteId}/alerts":                 {body: `{"name":"New","trigger":{"goalName":"x"},"template":{"message":"Long enough."}}`},
		"PUT /admin/websites/{websiteId}/alerts/{alertId}":        {body: `{"name":"Changed"}`},
		"POST /admin/websites/{websiteId}/notes":                  {body: `{"text":"New","timestamp":"2026-05-21"}`},
		"PUT /admin/websites/{websiteId}/notes/{noteId}":          {body: `{"text":"Changed"}`},
	}
}

// play lets one caller try one operation. Whoever is to be refused tries with
// everything that would succeed; whoever is to be let in, with a body or an id
// that stops the change just after the door.
func (s *stage) play(t *testing.T, r row, c candidate, state *string) {
	t.Helper()
	status, text := c.verdict(r)
	read := r.reads()
	wanted := samples(s)[r.name()]
	name := r.name() + " as " + c.name
	request := call{as: c.as, method: r.method, path: s.address(r, wanted.query, status != 0 || read), body: wanted.body}
	if status == 0 && !read {
		request.body = "{broken"
	}
	if r.path == "/analytics/realtime/stream" {
		request.method = "HEAD" // its body never ends
	}
	got := s.do(request)
	if status == 0 {
		letIn(t, name, r, read, got)
		return
	}
	if got.status != status || request.method != "HEAD" && !strings.Contains(got.body, text) {
		t.Errorf("%s: %d %s, want %d with %q", name, got.status, got.body, status, text)
	}
	if read {
		return
	}
	if after := s.dump(); after != *state {
		t.Errorf("%s was refused and yet changed something:\n%s", name, difference(*state, after))
		*state = after
	}
}

// letIn checks that a caller passed the door.
func letIn(t *testing.T, name string, r row, read bool, got answered) {
	t.Helper()
	fine := []int{400, 404}
	switch {
	case r.name() == "DELETE /admin/websites/{websiteId}":
		fine = []int{403}
		if !strings.Contains(got.body, "only available in the dashboard") {
			t.Errorf("%s: %s", name, got.body)
		}
	case r.path == "/admin/websites/{websiteId}/import/events":
		fine = []int{200, 400}
	case read:
		fine = []int{200}
	}
	if !slices.Contains(fine, got.status) || strings.Contains(got.body, "Website not found") {
		t.Errorf("%s: %d %s, want one of %v", name, got.status, got.body, fine)
	}
}

// address fills in a row's path; real says whether the ids are to exist.
func (s *stage) address(r row, query string, real bool) string {
	path := "/api/v1" + r.path
	for name, value := range s.ids {
		if !real && name != "websiteId" {
			value = "000000000000000000000000"
		}
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	if !real {
		query = ""
	}
	if r.bound() && !strings.Contains(r.path, "{websiteId}") {
		query = "websiteId=" + s.website.ID + "&" + query
	}
	return path + "?" + query
}

// difference lists the lines of b that a lacks and the other way round.
func difference(a, b string) string {
	var out strings.Builder
	before, after := strings.Split(a, "\n"), strings.Split(b, "\n")
	for _, line := range after {
		if !slices.Contains(before, line) {
			fmt.Fprintf(&out, "+ %s\n", line)
		}
	}
	for _, line := range before {
		if !slices.Contains(after, line) {
			fmt.Fprintf(&out, "- %s\n", line)
		}
	}
	return out.String()
}
