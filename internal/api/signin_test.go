package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"datafast/internal/account"
)

// from is a header that makes all of a test's requests come from one address.
func (w *world) from(c call, addr string) answered {
	w.Helper()
	if c.header == nil {
		c.header = http.Header{}
	}
	c.header.Set("X-Forwarded-For", addr)
	return w.do(c)
}

func signInBody(email, password, code string) string {
	return fmt.Sprintf(`{"email":%q,"password":%q,"code":%q}`, email, password, code)
}

func TestFirstRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, err := w.people.FirstRunLink(t.Context())
	w.must(err)
	secret, err := w.people.FirstRunLink(t.Context())
	w.must(err)
	body := func(secret, email, password string) string {
		return fmt.Sprintf(`{"secret":%q,"name":"Ana","email":%q,"password":%q}`, secret, email, password)
	}
	w.get("", "/api/app/state").is(200, `"firstRun":true,"signedIn":false,"mail":false`)
	w.send("", "POST", "/api/auth/first-run", body(old, "ana@example.com", password)).is(403, `"reason":"bad_link"`)
	w.send("", "POST", "/api/auth/first-run", body(secret, "ana", "short")).is(400, "email: ", "password: has 5 characters; give 10 to 200")
	made := w.send("", "POST", "/api/auth/first-run", body(secret, "ana@example.com", password)).is(200)
	cookie := "cookie " + made.cookie()
	w.get(cookie, "/api/v1/admin/account").is(200, `"email":"ana@example.com"`)
	w.get(cookie, "/api/app/state").is(200, `"firstRun":false,"signedIn":true`)
	w.send("", "POST", "/api/auth/first-run", body(secret, "eve@example.com", password)).is(409, "There is an account already")
	if again, err := w.people.FirstRunLink(t.Context()); err != nil || again != "" {
		t.Errorf("a link with an account there: %q, %v", again, err)
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	tests := []struct {
		name, email, password string
		status                int
		contains              string
	}{
		{"right", " U@Example.com", password, 200, u.ID},
		{"wrong password", "u@example.com", "wrong", 401, `"message":"Wrong e-mail address, password or code"`},
		{"unknown address", "nobody@example.com", password, 401, `"message":"Wrong e-mail address, password or code"`},
		{"no address", "", password, 401, `"message":"Wrong e-mail address, password or code"`},
		{"malformed address", "u", password, 401, `"message":"Wrong e-mail address, password or code"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.send("", "POST", "/api/auth/sign-in", signInBody(tt.email, tt.password, ""))
			got.TB = t
			got.is(tt.status, tt.contains)
			if tt.status != 200 && got.header.Get("Set-Cookie") != "" {
				t.Error("a refused sign-in sets a cookie")
			}
		})
	}
	cookie := w.do(call{method: "POST", path: "/api/auth/sign-in", body: signInBody(u.Email, password, "")}).is(200).header.Get("Set-Cookie")
	for _, want := range []string{"datafast_session=", "Path=/", "HttpOnly", "SameSite=Lax", "Expires="} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %q lacks %s", cookie, want)
		}
	}
	w.must(w.people.Disable(t.Context(), u.ID, true))
	w.send("", "POST", "/api/auth/sign-in", signInBody(u.Email, password, "")).is(403, `"reason":"account_disabled"`)
	w.send("", "POST", "/api/auth/sign-in", signInBody(u.Email, "wrong", "")).is(401)
}

func TestSignIn_secureCookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "--base-url", "https://stats.example")
	u := w.user("u")
	got := w.send("", "POST", "/api/auth/sign-in", signInBody(u.Email, password, "")).is(200)
	if !strings.Contains(got.header.Get("Set-Cookie"), "Secure") {
		t.Errorf("cookie over https without Secure: %v", got.header)
	}
	other := http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}
	w.do(call{method: "POST", path: "/api/auth/sign-in", body: signInBody(u.Email, password, ""), header: other}).is(403, "another site")
	w.do(call{as: "cookie " + got.cookie(), method: "POST", path: tokensPath, body: `{}`, header: other}).is(401)
}

func TestSignIn_limits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "--trusted-proxies", "10.0.0.0/8")
	u, v := w.user("u"), w.user("v")
	for range 10 {
		w.from(call{method: "POST", path: "/api/auth/sign-in", body: signInBody("x@example.com", "wrong", "")}, "198.51.100.1").is(401)
	}
	limited := w.from(call{method: "POST", path: "/api/auth/sign-in", body: signInBody(u.Email, password, "")}, "198.51.100.1").is(429, "Too many attempts")
	if limited.header.Get("Retry-After") == "" {
		t.Error("429 without Retry-After")
	}
	w.from(call{method: "POST", path: "/api/auth/sign-in", body: signInBody(u.Email, password, "")}, "198.51.100.2").is(200)
	for i := range 10 {
		w.from(call{method: "POST", path: "/api/auth/sign-in", body: signInBody(v.Email, "wrong", "")}, fmt.Sprintf("198.51.100.%d", 10+i)).is(401)
	}
	w.from(call{method: "POST", path: "/api/auth/sign-in", body: signInBody(v.Email, password, "")}, "198.51.100.99").is(429)
}

// TestSignIn_sameTime: an unknown address takes as long as a known one, which
// its answer would otherwise give away. Not parallel: others would disturb it.
func TestSignIn_sameTime(t *testing.T) {
	w := newWorld(t)
	// A hash as the server makes them, not the cheap one of the test's people.
	secret, err := w.people.FirstRunLink(t.Context())
	w.must(err)
	w.send("", "POST", "/api/auth/first-run", fmt.Sprintf(`{"secret":%q,"name":"Ana","email":"ana@example.com","password":%q}`, secret, password)).is(200)
	fastest := map[string]time.Duration{"ana@example.com": time.Hour, "nobody@example.com": time.Hour}
	for range 9 { // in turns, so that a slow moment meets both; ten would be limited
		for email, best := range fastest {
			start := time.Now()
			w.send("", "POST", "/api/auth/sign-in", signInBody(email, "wrong password", "")).is(401)
			fastest[email] = min(best, time.Since(start))
		}
	}
	known, unknown := fastest["ana@example.com"], fastest["nobody@example.com"]
	if unknown < known/2 || known < unknown/2 {
		t.Errorf("a known address takes %v, an unknown one %v", known, unknown)
	}
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	one, two, three := w.signIn(u), w.signIn(u), w.signIn(u)
	list := w.get(one, "/api/auth/sessions").is(200, `"current":true`)
	if n := len(list.value("data").([]any)); n != 3 {
		t.Fatalf("%d sign-ins, want 3: %s", n, list.body)
	}
	w.send(one, "DELETE", "/api/auth/sessions/"+list.text("data.0._id"), "").is(200) // three: the newest
	w.get(three, "/api/auth/sessions").is(401)
	w.send(one, "DELETE", "/api/auth/sessions/"+list.text("data.0._id"), "").is(404, "Sign-in not found")
	w.send(one, "POST", "/api/auth/sign-out", "").is(200, `"data":{}`)
	w.get(one, "/api/v1/admin/account").is(401)
	w.get(two, "/api/v1/admin/account").is(200)
	four := w.signIn(u)
	w.send(two, "POST", "/api/auth/sign-out-everywhere", "").is(200)
	w.get(two, "/api/v1/admin/account").is(401)
	w.get(four, "/api/v1/admin/account").is(401)
	w.send("", "POST", "/api/auth/sign-out", "").is(200)
	w.get(w.token(u, "*"), "/api/auth/sessions").is(401)
}

func TestPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	one, two := w.signIn(u), w.signIn(u)
	change := func(as, current, next string) answered {
		return w.send(as, "POST", "/api/auth/password", fmt.Sprintf(`{"current":%q,"password":%q}`, current, next))
	}
	change(one, "wrong", "another good one").is(403, `"reason":"wrong_password"`)
	change(one, password, "short").is(400, "password: has 5")
	change(one, password, "another good one").is(200)
	w.get(one, "/api/v1/admin/account").is(200)
	w.get(two, "/api/v1/admin/account").is(401)
	w.send("", "POST", "/api/auth/sign-in", signInBody(u.Email, password, "")).is(401)
	w.send("", "POST", "/api/auth/sign-in", signInBody(u.Email, "another good one", "")).is(200)
	for range 9 { // with the first one, ten
		change(one, "wrong", "another good one").is(403)
	}
	change(one, "another good one", "a third good one").is(429)
}

func TestReset(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	cookie := w.signIn(u)
	w.send("", "POST", "/api/auth/reset", `{"email":"nobody@example.com"}`).is(200, `"mail":false`)
	w.send("", "POST", "/api/auth/reset", `{"email":"u@example.com"}`).is(200, `"mail":false`)
	_, rest, found := strings.Cut(w.log.String(), "http://stats.example/reset#")
	if !found {
		t.Fatalf("without a mail server the link is not in the log:\n%s", w.log)
	}
	secret := rest[:64]
	confirm := func(secret, password string) answered {
		return w.send("", "POST", "/api/auth/reset/confirm", fmt.Sprintf(`{"secret":%q,"password":%q}`, secret, password))
	}
	confirm("x", "another good one").is(403, "bad_link")
	confirm(secret, "short").is(400, "password: has 5")
	confirm(secret, "another good one").is(200)
	confirm(secret, "a third good one").is(403, "bad_link")
	w.get(cookie, "/api/v1/admin/account").is(401)
	w.send("", "POST", "/api/auth/sign-in", signInBody(u.Email, "another good one", "")).is(200)
}

func TestTOTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	cookie := w.signIn(u)
	confirmed := func(path, password string) answered {
		return w.send(cookie, "POST", "/api/auth/"+path, fmt.Sprintf(`{"password":%q}`, password))
	}
	code := func(secret string, shift time.Duration) string {
		c, err := totp.GenerateCode(secret, time.Now().Add(shift))
		w.must(err)
		return fmt.Sprintf(`{"code":%q}`, c)
	}
	confirmed("totp", "wrong").is(403, "wrong_password")
	enrolled := confirmed("totp", password).is(200, "otpauth://totp/", "data:image/png;base64,")
	secret := enrolled.text("data.secret")
	w.send("", "POST", "/api/auth/sign-in", signInBody(u.Email, password, "")).is(200) // not in force yet
	w.send(cookie, "POST", "/api/auth/totp/confirm", `{"code":"000000x"}`).is(400, "code: ")
	codes := w.send(cookie, "POST", "/api/auth/totp/confirm", code(secret, -30*time.Second)).is(200)
	w.get(cookie, "/api/auth/security").is(200, `"totp":true,"recoveryCodesLeft":10`)
	confirmed("totp", password).is(409)

	w.send("", "POST", "/api/auth/sign-in", signInBody(u.Email, password, "")).is(400, `"reason":"code_required"`)
	w.send("", "POST", "/api/auth/sign-in", signInBody(u.Email, "wrong", "")).is(401)
	w.send("", "POST", "/api/auth/sign-in", signInBody(u.Email, password, "000000x")).is(401)
	now, err := totp.GenerateCode(secret, time.Now().Add(30*time.Second))
	w.must(err)
	w.send("", "POST", "/api/auth/sign-in", signInBody(u.Email, password, now)).is(200)
	w.send("", "POST", "/api/auth/sign-in", signInBody(u.Email, password, now)).is(401) // each code once
	recovery := codes.text("data.recoveryCodes.0")
	w.send("", "POST", "/api/auth/sign-in", signInBody(u.Email, password, strings.ToUpper(recovery))).is(200)
	w.send("", "POST", "/api/auth/sign-in", signInBody(u.Email, password, recovery)).is(401)
	w.get(cookie, "/api/auth/security").is(200, `"recoveryCodesLeft":9`)
	renewed := confirmed("totp/recovery-codes", password).is(200)
	w.send("", "POST", "/api/auth/sign-in", signInBody(u.Email, password, codes.text("data.recoveryCodes.1"))).is(401)
	w.send("", "POST", "/api/auth/sign-in", signInBody(u.Email, password, renewed.text("data.recoveryCodes.1"))).is(200)
	confirmed("totp/disable", password).is(200)
	w.send("", "POST", "/api/auth/sign-in", signInBody(u.Email, password, "")).is(200)
	confirmed("totp/recovery-codes", password).is(409)
}

// TestRevocation: what was taken away is refused by the next request.
func TestRevocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, m := w.user("o"), w.user("m")
	s := w.website(o, "a.example")
	w.join(s, m, account.RoleMember)
	member, cookie := w.token(m, "*"), w.signIn(m)
	path := "/api/v1/admin/websites/" + s.ID
	for _, as := range []string{member, cookie} {
		w.send(as, "PUT", path, `{"name":"x"}`).is(200)
	}
	w.send(w.signIn(o), "PATCH", path+"/team/"+m.ID, `{"role":"viewer"}`).is(200)
	for _, as := range []string{member, cookie} {
		w.send(as, "PUT", path, `{"name":"y"}`).is(403, "Your role (viewer)")
		w.get(as, path).is(200)
	}
	w.send(w.signIn(o), "DELETE", path+"/team", `{"userId":"`+m.ID+`"}`).is(200)
	for _, as := range []string{member, cookie} {
		w.get(as, path).is(404)
	}
	w.must(w.people.Disable(t.Context(), m.ID, true))
	for _, as := range []string{member, cookie} {
		w.get(as, "/api/v1/admin/account").is(403, "Account does not have API access")
	}
}

func TestPermissionsVocabulary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.get("", "/api/app/permissions").is(200,
		`{"id":"inspect","name":"Inspect only","permissions":["analytics:read","websites:read","settings:read","alerts:read","funnels:read","goals:read"]}`,
		`{"id":"growth","name":"Growth workflows","permissions":["analytics:read","websites:read","settings:write","funnels:write","alerts:write","api-keys:read"]}`,
		`{"name":"funnels:read","allows":"list funnels","includedBy":"funnels:write"}`)
	if n := len(got.value("data.permissions").([]any)); n != 20 {
		t.Errorf("%d permissions, want the contract's 20", n)
	}
}
