package api_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"datafast/internal/account"
)

const tokensPath = "/api/v1/admin/access-tokens"

func TestTokens_create(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, other := w.user("u"), w.user("other")
	a, b, c := w.website(u, "a.example"), w.website(u, "b.example"), w.website(other, "c.example")
	star := w.token(u, "*")
	narrow := w.token(u, "api-keys:write funnels:write", a)
	soon := w.grant(u, []string{"*"}, time.Now().Add(time.Hour))
	stamp := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }

	tests := []struct {
		name, as, body string
		status         int
		contains       string
	}{
		{"defaults", star, `{}`, 200, `"permissions":["*"],"websiteIds":[]`},
		{"no body at all", star, ``, 200, `"permissions":["*"]`},
		{"name and scope", star, `{"name":" Agent ","permissions":["analytics:read","analytics:read"],"websiteIds":["` + a.TrackingID + `","` + a.ID + `"]}`, 200, `"permissions":["analytics:read"],"websiteIds":["` + a.ID + `"]`},
		{"star swallows the rest", star, `{"permissions":["analytics:read","*"]}`, 200, `"permissions":["*"]`},
		{"unknown permission", star, `{"permissions":["analytics:read","goals:*"]}`, 400, `unknown \"goals:*\"; use analytics:read, goals:read`},
		{"no permission", star, `{"permissions":[]}`, 400, "must not be empty"},
		{"all faults at once", star, `{"name":"` + strings.Repeat("x", 101) + `","permissions":["x"],"websiteIds":["hello"],"expiresAt":"2020-01-01T00:00:00Z"}`, 400, "name: has 101 characters; give 0 to 100; permissions: unknown"},
		{"wrong types at once", star, `{"name":1,"permissions":"*"}`, 400, `name: a JSON number is not a string; permissions: a JSON string is not an array of strings`},
		{"website of others", star, `{"websiteIds":["` + c.ID + `"]}`, 404, "Website not found"},
		{"expiry in the past", star, `{"expiresAt":"2020-01-01T00:00:00Z"}`, 400, "expiresAt: must lie in the future"},
		{"expiry over five years away", star, `{"expiresAt":"2099-01-01T00:00:00Z"}`, 400, "five years"},
		{"all faults with one that cannot be read", star, `{"name":"` + strings.Repeat("x", 101) + `","permissions":["x"],"expiresAt":"soon"}`, 400, `; expiresAt: \"soon\" is not a time with a zone`},
		{"expiry without a zone", star, `{"expiresAt":"2030-01-01T00:00:00"}`, 400, "expiresAt: "},
		{"more than the maker has", narrow, `{"permissions":["alerts:read","funnels:read"],"websiteIds":["` + a.ID + `"]}`, 403, "permissions: this credential cannot give what it does not have: alerts:read"},
		{"everything by omission", narrow, `{}`, 403, "does not have: *"},
		{"read that the maker's write includes", narrow, `{"permissions":["funnels:read"]}`, 200, `"websiteIds":["` + a.ID + `"]`},
		{"outside the maker's list", narrow, `{"permissions":["funnels:read"],"websiteIds":["` + b.ID + `"]}`, 403, "not allowed on b.example"},
		{"all websites from a narrowed maker", narrow, `{"permissions":["funnels:read"],"websiteIds":[]}`, 403, "cannot give all"},
		{"expiry of the maker by default", soon, `{}`, 200, `"expiresAt":"20`},
		{"later than the maker", soon, `{"expiresAt":"` + stamp(2*time.Hour) + `"}`, 403, "cannot be later"},
		{"never, from a maker that ends", soon, `{"expiresAt":null}`, 403, "cannot be later"},
		{"sooner than the maker", soon, `{"expiresAt":"` + stamp(time.Minute) + `"}`, 200, `"expiresAt":"20`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.send(tt.as, "POST", tokensPath, tt.body)
			got.TB = t
			got.is(tt.status, tt.contains)
			if tt.status != 200 {
				return
			}
			id, key := got.text("data.0._id"), got.text("data.0.key")
			if got.text("data.0.id") != id || len(key) != 52 || got.text("data.0.displayKey") != key[:7]+"..."+key[48:] {
				t.Errorf("created %s", got.body)
			}
			w.send(star, "DELETE", tokensPath+"/"+id, "").is(200, `{"status":"success","data":[{"deleted":true}]}`)
			w.get(key, "/api/v1/admin/account").is(401)
		})
	}
}

func TestTokens_list(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	a, b := w.website(u, "a.example"), w.website(u, "b.example")
	star := w.token(u, "*")
	made := w.send(star, "POST", tokensPath, `{"name":"made"}`).is(200)
	narrow := w.token(u, "api-keys:write", a)
	w.token(u, "*", b)

	all := w.get(star, tokensPath).is(200)
	if n := len(all.value("data").([]any)); n != 4 {
		t.Fatalf("%d tokens, want 4: %s", n, all.body)
	}
	if all.text("data.2.name") != "made" || all.text("data.2.createdBy.token") != star[:7]+"..."+star[48:] {
		t.Errorf("third newest is not the one that a token made: %s", all.body)
	}
	if strings.Contains(all.body, `"key"`) || strings.Contains(all.body, `"id"`) || strings.Contains(all.body, made.text("data.0.key")) {
		t.Errorf("the list tells a raw value: %s", all.body)
	}
	if all.value("data.3.lastUsedAt") == nil || !strings.HasSuffix(all.text("data.3.lastUsedIp"), "/24") {
		t.Errorf("a used token looks unused: %s", all.body)
	}
	mine := w.get(narrow, tokensPath).is(200)
	if n := len(mine.value("data").([]any)); n != 1 {
		t.Errorf("a narrowed token sees %d tokens, want itself alone: %s", n, mine.body)
	}
	w.send(narrow, "DELETE", tokensPath+"/"+made.text("data.0._id"), "").is(404, "Token not found")
	w.send(star, "DELETE", tokensPath+"/xyz", "").is(400, "24 lower-case hex")
}

func TestTokens_roll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	star, weak := w.token(u, "*"), w.token(u, "api-keys:write")
	made := w.send(star, "POST", tokensPath, `{"name":"n","permissions":["funnels:read"]}`).is(200)
	path := tokensPath + "/" + made.text("data.0._id")
	old := made.text("data.0.key")

	w.send(weak, "PUT", path, "").is(403, "Rolling this token would give you permissions that you lack: funnels:read")
	soon := w.grant(u, []string{"*"}, time.Now().Add(time.Hour))
	w.send(soon, "PUT", path, "").is(403, "works for longer than yours", `"reason":"expires_too_late"`)
	self := w.get(soon, "/api/v1/admin/account").text("data.0.token._id")
	w.send(soon, "PUT", tokensPath+"/"+self, "").is(200)
	w.send(star, "PUT", path, `{"graceSeconds":604801}`).is(400, "graceSeconds: 604801 is out of range; give 0 to 604800")
	w.send(star, "PUT", path, `{"graceSeconds":-1}`).is(400)
	w.send(star, "PUT", path, `{"graceSeconds":1.5}`).is(400, "graceSeconds: a JSON number 1.5 is not a whole number")
	rolled := w.send(star, "PUT", path, `{"graceSeconds":3600}`).is(200, `"name":"n"`, `"permissions":["funnels:read"]`, `"previousKeyValidUntil":"20`)
	within := w.get(old, "/api/v1/admin/account")
	if within.status != 403 || within.header.Get("X-Datafast-Key-Valid-Until") == "" {
		t.Errorf("old value within its grace: %d %v", within.status, within.header)
	}
	fresh := rolled.text("data.0.key")
	if got := w.get(fresh, "/api/v1/admin/account"); got.header.Get("X-Datafast-Key-Valid-Until") != "" {
		t.Error("the new value is announced to end")
	}
	again := w.send(star, "PUT", path, "").is(200, `"previousKeyValidUntil":null`)
	for _, dead := range []string{old, fresh} {
		w.get(dead, "/api/v1/admin/account").is(401)
	}
	w.get(again.text("data.0.key"), "/api/v1/admin/websites").is(403, "Missing permission: websites:read")
}

// TestTokens_race: fifty at once stop at twenty.
func TestTokens_race(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	cookie := w.signIn(u)
	made, refused := race(50, func(int) int { return w.send(cookie, "POST", tokensPath, `{}`).status })
	if made != 20 || refused != 30 {
		t.Errorf("%d tokens were made, %d refused; want 20 and 30", made, refused)
	}
	w.send(cookie, "POST", tokensPath, `{}`).is(403, `"reason":"limit_reached"`, "20")
}

// race runs do n times at once and counts answers of 200 and of 403 or 409.
func race(n int, do func(i int) int) (made, refused int) {
	var wg sync.WaitGroup
	statuses := make(chan int, n)
	for i := range n {
		wg.Go(func() { statuses <- do(i) })
	}
	wg.Wait()
	close(statuses)
	for s := range statuses {
		switch s {
		case 200:
			made++
		case 403, 409:
			refused++
		}
	}
	return made, refused
}

func TestKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, m := w.user("u"), w.user("m")
	a, b := w.website(u, "a.example"), w.website(u, "b.example")
	w.join(a, m, account.RoleMember)
	star, member := w.token(u, "*"), w.token(m, "*")
	path := "/api/v1/admin/websites/" + a.ID + "/apikeys"

	made := w.send(member, "POST", path, `{"name":"Prod"}`).is(200, `"name":"Prod"`, `"websiteId":"`+a.ID+`"`)
	key, id := made.text("data.0.key"), made.text("data.0._id")
	w.get(key, "/api/v1/admin/account").is(200, `"websiteId":"`+a.ID+`"`, `"email":"u@example.com"`, `"kind":"website"`)
	w.get(key, "/api/v1/admin/websites").is(200, `"_id":"`+a.ID+`"`, `"role":"member"`)
	child := w.send(key, "POST", path, `{}`).is(200).text("data.0._id")
	list := w.get(star, path).is(200)
	if list.text("data.0.createdBy.userId") != m.ID || list.text("data.0.createdBy.token") != key[:7]+"..."+key[47:] {
		t.Errorf("a key made by a key has its creator: %s", list.body)
	}
	w.send(star, "POST", path, `{"name":"`+strings.Repeat("x", 101)+`","expiresAt":"soon"}`).is(400, "name: has 101 characters; give 0 to 100; expiresAt: ")
	w.send(star, "PUT", "/api/v1/admin/websites/"+b.ID+"/apikeys/"+id, "").is(404, "API key not found")
	w.send(star, "DELETE", path+"/"+child, "").is(200)

	rolled := w.send(key, "PUT", path+"/"+id, "").is(200, `"_id":"`+id+`"`, `"name":"Prod"`)
	w.get(key, "/api/v1/admin/account").is(401)
	key = rolled.text("data.0.key")
	w.join(a, m, account.RoleNone)
	w.get(key, "/api/v1/admin/account").is(200) // outlives its creator's membership
	w.send(key, "DELETE", path+"/"+id, "").is(200, `{"deleted":true}`)
	w.get(key, "/api/v1/admin/account").is(401)

	made2, refused := race(15, func(int) int { return w.send(star, "POST", path, `{}`).status })
	if made2 != 10 || refused != 5 {
		t.Errorf("%d keys were made, %d refused; want 10 and 5", made2, refused)
	}
}

func TestUnusedPermissions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	s := w.website(u, "a.example")
	star := w.token(u, "*")
	made := w.send(star, "POST", tokensPath, `{"permissions":["funnels:read","alerts:read"]}`).is(200, `"unusedPermissions":null`)
	w.get(made.text("data.0.key"), "/api/v1/admin/websites/"+s.ID+"/funnels").is(200)
	w.age(made.text("data.0._id"), 31*24*time.Hour)
	list := w.get(star, tokensPath).is(200)
	if got := fmt.Sprint(list.value("data.0.unusedPermissions")); !strings.Contains(list.body, `"unusedPermissions":["alerts:read"]`) {
		t.Errorf("unused permissions %s: %s", got, list.body)
	}
}
