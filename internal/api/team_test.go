package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"datafast/internal/account"
	"datafast/internal/audit"
)

func TestTeam(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, m, v := w.user("o"), w.user("m"), w.user("v")
	s := w.website(o, "a.example")
	w.join(s, m, account.RoleMember)
	w.join(s, v, account.RoleViewer)
	owner, member, viewer := w.token(o, "*"), w.token(m, "*"), w.token(v, "*")
	path := "/api/v1/admin/websites/" + s.ID + "/team"

	list := w.get(viewer, path).is(200)
	if got := list.text("data.0.role") + list.text("data.1.role") + list.text("data.2.role"); got != "ownermemberviewer" {
		t.Errorf("order %s: %s", got, list.body)
	}
	tests := []struct {
		name, as, method, path, body string
		status                       int
		contains                     string
	}{
		{"invite oneself", owner, "POST", path, `{"email":"O@example.com"}`, 400, "is your own address"},
		{"invite a member", owner, "POST", path, `{"email":"m@example.com"}`, 409, "is a member of this website already"},
		{"invite as owner", owner, "POST", path, `{"email":"x@example.com","role":"owner"}`, 400, `role: \"owner\" cannot be given; use viewer or member`},
		{"bad address and role at once", owner, "POST", path, `{"email":"x","role":"king"}`, 400, `is not an e-mail address; its part after @ is no host`},
		{"role of the owner", owner, "PATCH", path + "/" + o.ID, `{"role":"viewer"}`, 400, "is the owner"},
		{"role of nobody", owner, "PATCH", path + "/665f0b3c4d2e1a0012345678", `{"role":"viewer"}`, 404, "Team member not found"},
		{"role to owner", owner, "PATCH", path + "/" + m.ID, `{"role":"owner"}`, 400, "cannot be given"},
		{"raise", owner, "PATCH", path + "/" + v.ID, `{"role":"member"}`, 200, `"role":"member"`},
		{"lower", owner, "PATCH", path + "/" + v.ID, `{"role":"viewer"}`, 200, `"role":"viewer"`},
		{"remove oneself", owner, "DELETE", path, `{"userId":"` + o.ID + `"}`, 400, "is yourself"},
		{"remove nobody", owner, "DELETE", path, `{"userId":"665f0b3c4d2e1a0012345678"}`, 404, "Team member not found"},
		{"remove without saying whom", owner, "DELETE", path, `{}`, 400, "userId"},
		{"remove", owner, "DELETE", path + "?userId=" + v.ID, ``, 200, `"message":"Team member removed successfully"`},
		{"removed member", viewer, "GET", path, ``, 404, "Website not found"},
		{"hand over to nobody", owner, "POST", path + "/owner", `{"userId":"` + v.ID + `"}`, 404, "Team member not found"},
		{"hand over", owner, "POST", path + "/owner", `{"userId":"` + m.ID + `"}`, 200, `"role":"owner"`},
		{"the old owner is a member", owner, "POST", path, `{"email":"y@example.com"}`, 403, "Only the website's owner"},
		{"the new owner rules", member, "POST", path, `{"email":"y@example.com"}`, 200, `"inviteUrl":"http://stats.example/invite#`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.send(tt.as, tt.method, tt.path, tt.body)
			got.TB = t
			if tt.name == "bad address and role at once" {
				tt.contains = `role: \"king\" cannot be given`
			}
			got.is(tt.status, tt.contains)
		})
	}
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, known := w.user("o"), w.user("known")
	s := w.website(o, "a.example")
	owner := w.token(o, "*")
	path := "/api/v1/admin/websites/" + s.ID + "/team"
	secretOf := func(a answered) string {
		_, secret, _ := strings.Cut(a.text("data.0.inviteUrl"), "#")
		return secret
	}
	view := func(secret string) answered {
		return w.send("", "POST", "/api/auth/invitations/view", fmt.Sprintf(`{"secret":%q}`, secret))
	}

	first := w.send(owner, "POST", path, `{"email":" New@Example.com "}`).is(200, `"email":"new@example.com"`, `"role":"viewer"`)
	w.send(owner, "POST", path, `{"email":"new@example.com"}`).is(409, "is invited already")
	w.get(owner, path).is(200)
	id := first.text("data.0.invitationId")
	w.get(owner, path+"/invitations").is(200, `"invitationId":"`+id+`"`)
	second := w.send(owner, "POST", path+"/invitations/"+id+"/resend", "").is(200)
	view(secretOf(first)).is(403, `"reason":"bad_link"`)
	view(secretOf(second)).is(200, `"email":"new@example.com"`, `"domain":"a.example"`, `"accountExists":false`, `"signedInAs":null`, `"name":"o"`)

	t.Run("as somebody new", func(t *testing.T) {
		accept := func(name, password string) answered {
			return w.send("", "POST", "/api/auth/invitations/accept", fmt.Sprintf(`{"secret":%q,"name":%q,"password":%q}`, secretOf(second), name, password))
		}
		accept("New", "short").is(400, "password: has 5 characters; give 10 to 200")
		joined := accept("New", password).is(200, `"websiteId":"`+s.ID+`"`)
		w.get("cookie "+joined.cookie(), "/api/v1/admin/websites/"+s.ID).is(200, `"role":"viewer"`)
		accept("New", password).is(403, "bad_link")
	})
	t.Run("with an account", func(t *testing.T) {
		secret := secretOf(w.send(owner, "POST", path, `{"email":"known@example.com","role":"member"}`).is(200))
		body := fmt.Sprintf(`{"secret":%q}`, secret)
		w.send("", "POST", "/api/auth/invitations/accept", body).is(401, `"reason":"sign_in_required"`)
		w.send(w.signIn(o), "POST", "/api/auth/invitations/accept", body).is(401, "Sign in as known@example.com")
		cookie := w.signIn(known)
		w.send(cookie, "POST", "/api/auth/invitations/view", body).is(200, `"accountExists":true`, `"signedInAs":"known@example.com"`)
		w.send(cookie, "POST", "/api/auth/invitations/accept", body).is(200)
		w.get(cookie, "/api/v1/admin/websites/"+s.ID).is(200, `"role":"member"`)
	})
	t.Run("withdrawn", func(t *testing.T) {
		a := w.send(owner, "POST", path, `{"email":"gone@example.com"}`).is(200)
		w.send(owner, "DELETE", path+"/invitations/"+a.text("data.0.invitationId"), "").is(200, `{"deleted":true}`)
		view(secretOf(a)).is(403, "bad_link")
		w.send(owner, "DELETE", path+"/invitations/"+a.text("data.0.invitationId"), "").is(404, "Invitation not found")
	})
	t.Run("fifty pending and no more, and one per address", func(t *testing.T) {
		made, refused := race(20, func(int) int { return w.send(owner, "POST", path, `{"email":"same@example.com"}`).status })
		if made != 1 || refused != 19 {
			t.Errorf("one address got %d invitations, %d were refused", made, refused)
		}
		made, refused = race(55, func(i int) int {
			return w.send(owner, "POST", path, fmt.Sprintf(`{"email":"n%d@example.com"}`, i)).status
		})
		if made != 49 || refused != 6 {
			t.Errorf("%d more were made, %d refused; want 49 and 6", made, refused)
		}
	})
}

// TestLinks_lifetime: an invitation works for seven days and a link for a new
// password for an hour, and neither a moment longer.
func TestLinks_lifetime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.user("o")
	s := w.website(o, "a.example")
	// ago is the services of a server whose clock is behind by that much.
	ago := func(d time.Duration) (*account.People, *account.Teams) {
		now := func() time.Time { return time.Now().Add(-d) }
		newID := func() string { return w.newID.New(time.Now()) }
		log := audit.NewLog(w.store, now, newID)
		people := account.NewPeople(w.store, log, account.NewHasher(64, 1, 4), now, newID)
		return people, account.NewTeams(w.store, log, people, now, newID)
	}
	const week = 7 * 24 * time.Hour
	for name, tt := range map[string]struct {
		age    time.Duration
		status int
	}{"young": {week - time.Minute, 200}, "old": {week, 403}} {
		_, teams := ago(tt.age)
		_, secret, err := teams.Invite(t.Context(), s.ID, o.ID, name+"@example.com", account.RoleViewer)
		w.must(err)
		w.send("", "POST", "/api/auth/invitations/view", fmt.Sprintf(`{"secret":%q}`, secret)).is(tt.status)
	}
	w.get(w.token(o, "*"), "/api/v1/admin/websites/"+s.ID+"/team/invitations").is(200, "young@example.com")
	w.send(w.token(o, "*"), "POST", "/api/v1/admin/websites/"+s.ID+"/team", `{"email":"old@example.com"}`).is(200) // pending no more
	for _, tt := range []struct {
		age    time.Duration
		status int
	}{{time.Hour, 403}, {time.Hour - time.Minute, 200}} {
		people, _ := ago(tt.age)
		secret, _, err := people.ResetLink(t.Context(), o.Email)
		w.must(err)
		w.send("", "POST", "/api/auth/reset/confirm", fmt.Sprintf(`{"secret":%q,"password":"another good one"}`, secret)).is(tt.status)
	}
}

// TestAuditLog_everyChange: each change of access is written with what was before
// and what is now, as the last entry of the owner's log.
func TestAuditLog_everyChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, m := w.user("o"), w.user("m")
	s := w.website(o, "a.example")
	owner, cookie := w.token(o, "*"), w.signIn(o)
	site := "/api/v1/admin/websites/" + s.ID
	token := w.send(owner, "POST", tokensPath, `{"name":"t","permissions":["notes:read"],"expiresAt":"`+time.Now().AddDate(1, 0, 0).UTC().Format(time.RFC3339)+`"}`).is(200).text("data.0._id")
	key := w.send(owner, "POST", site+"/apikeys", `{"name":"k"}`).is(200).text("data.0._id")
	invited := w.send(owner, "POST", site+"/team", `{"email":"x@example.com"}`).is(200).text("data.0.invitationId")
	w.join(s, m, account.RoleViewer)
	w.signIn(o)
	other := w.get(cookie, "/api/auth/sessions").text("data.0._id")
	tests := []struct{ as, method, path, body, action, before, after string }{
		{owner, "PUT", tokensPath + "/" + token, `{"graceSeconds":60}`, "token.roll", `{"displayKey":"dft_`, `"previousKeyValidUntil":"20`},
		{owner, "DELETE", tokensPath + "/" + token, ``, "token.delete", `"expiresAt":"20`, `null`},
		{owner, "POST", tokensPath, `{"name":"new"}`, "token.create", `null`, `"permissions":["*"]`},
		{owner, "PUT", site + "/apikeys/" + key, ``, "key.roll", `{"displayKey":"df_`, `{"displayKey":"df_`},
		{owner, "DELETE", site + "/apikeys/" + key, ``, "key.delete", `"name":"k"`, `null`},
		{owner, "POST", site + "/team", `{"email":"y@example.com"}`, "member.invite", `null`, `{"role":"viewer"}`},
		{owner, "POST", site + "/team/invitations/" + invited + "/resend", ``, "member.invite_again", `{"expiresAt":"20`, `{"expiresAt":"20`},
		{owner, "DELETE", site + "/team/invitations/" + invited, ``, "member.invite_withdraw", `{"role":"viewer"}`, `null`},
		{owner, "PATCH", site + "/team/" + m.ID, `{"role":"member"}`, "role.change", `{"role":"viewer"}`, `{"role":"member"}`},
		{owner, "DELETE", site + "/team", `{"userId":"` + m.ID + `"}`, "member.remove", `{"role":"member"}`, `null`},
		{owner, "PUT", site, `{"isCookieless":true}`, "settings.update", `{"isCookieless":false}`, `{"isCookieless":true}`},
		{owner, "PUT", "/api/v1/admin/account", `{"name":"Ana"}`, "profile.update", `{"name":"o"}`, `{"name":"Ana"}`},
		{cookie, "DELETE", "/api/auth/sessions/" + other, ``, "sign_out", `null`, `null`},
		{cookie, "POST", "/api/auth/sign-out", ``, "sign_out", `null`, `null`},
	}
	for _, tt := range tests {
		t.Run(tt.action, func(t *testing.T) {
			got := w.send(tt.as, tt.method, tt.path, tt.body)
			got.TB = t
			got.is(200)
			last := w.get(owner, "/api/v1/admin/audit-log?limit=1").is(200)
			var log struct {
				Data []struct {
					Action        string
					Actor         struct{ UserID string }
					Before, After json.RawMessage
				}
			}
			if err := json.Unmarshal([]byte(last.body), &log); err != nil {
				t.Fatal(err)
			}
			e := log.Data[0]
			if e.Action != tt.action || e.Actor.UserID != o.ID || !strings.Contains(string(e.Before), tt.before) || !strings.Contains(string(e.After), tt.after) {
				t.Errorf("last entry %s\nwant %s, before %s, after %s", last.body, tt.action, tt.before, tt.after)
			}
		})
	}
}

func TestAuditLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, m := w.user("o"), w.user("m")
	s := w.website(o, "a.example")
	w.join(s, m, account.RoleViewer)
	owner := w.token(o, "*")
	site := "/api/v1/admin/websites/" + s.ID
	w.send(owner, "PUT", site, `{"excludedPaths":["/admin"]}`).is(200)
	w.send(owner, "PATCH", site+"/team/"+m.ID, `{"role":"member"}`).is(200)
	w.send(owner, "POST", site+"/apikeys", `{"name":"Prod"}`).is(200)
	w.signIn(o)

	log := w.get(owner, site+"/audit-log?limit=2").is(200, `"pagination":{"limit":2,"offset":0,"total":`)
	if log.text("data.0.action") != "key.create" || log.text("data.1.action") != "role.change" {
		t.Errorf("newest first: %s", log.body)
	}
	for path, want := range map[string]string{
		"data.1.actor.email": "o@example.com", "data.1.target": "m@example.com", "data.1.before.role": "viewer", "data.1.after.role": "member",
		"data.1.actor.token.displayKey": owner[:7] + "..." + owner[48:], "data.1.actor.token.kind": "account",
	} {
		if got := log.text(path); got != want {
			t.Errorf("%s = %q, want %q", path, got, want)
		}
	}
	w.get(owner, site+"/audit-log").is(200, `"action":"settings.update"`, `"before":{"excludedPaths":[]},"after":{"excludedPaths":["/admin"]}`)
	mine := w.get(owner, "/api/v1/admin/audit-log").is(200, `"action":"sign_in"`, `"action":"role.change"`, `"action":"token.create"`)
	if !strings.HasPrefix(mine.text("data.0.ip"), "10.") {
		t.Errorf("no address: %s", mine.body)
	}
	w.get(owner, site+"/audit-log?startAt=2020-01-01").is(400, "startAt and endAt must be given together")
	w.get(owner, site+"/audit-log?startAt=2020-01-01&endAt=2020-01-02").is(200, `"data":[]`, `"total":0`)
	w.get(owner, site+"/audit-log?limit=0").is(400, `limit: \"0\" is not a whole number of at least 1`)
	w.get(w.token(o, "team:read", s), "/api/v1/admin/audit-log").is(403, "limited to some websites")
	w.get(w.token(m, "*"), "/api/v1/admin/audit-log").is(200)
}
