package api_test

import (
	"testing"

	"datafast/internal/account"
)

// TestWorkedExamples is the table of the contract's §2.5: website A, where U is
// owner; B, where U is viewer; C, where U is nobody. T* is U's token with
// everything, TA one with three permissions on A alone, KA a key of A.
func TestWorkedExamples(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, other, m := w.user("u"), w.user("other"), w.user("m")
	a, b, c := w.website(u, "a.example"), w.website(other, "b.example"), w.website(other, "c.example")
	w.join(b, u, account.RoleViewer)
	w.join(a, m, account.RoleMember)
	all, ta, ka := w.token(u, "*"), w.token(u, "analytics:read funnels:write team:write", a), w.key(a, u)
	paid, memberToken := w.token(u, "payments:write"), w.token(m, "*")
	revoked := revokedToken(w, u)
	const valid = `{"name":"F","steps":[{"name":"Home","type":"pageview","url":"/"},{"name":"Sign up","type":"goal","goalName":"signup"}]}`
	nowhere := "665f0b3c4d2e1a0012345678"
	fb := w.send(w.token(other, "*"), "POST", "/api/v1/admin/websites/"+b.ID+"/funnels", valid).is(200).text("data.0._id")

	tests := []struct {
		name, as, method, path, body string
		status                       int
		contains                     string
	}{
		{"no header", "", "GET", "/api/v1/admin/account", "", 401, `"message":"Missing or invalid API key"`},
		{"another scheme", "Basic dTpw", "GET", "/api/v1/admin/account", "", 401, `"message":"Missing or invalid API key"`},
		{"garbage", "xyz", "GET", "/api/v1/admin/account", "", 401, `"message":"Missing or invalid API key"`},
		{"a revoked token", revoked, "GET", "/api/v1/admin/account", "", 401, `"message":"Missing or invalid API key"`},
		{"key lists tokens", ka, "GET", "/api/v1/admin/access-tokens", "", 403, "This needs an account token (dft_), not a website key"},
		{"key creates website", ka, "POST", "/api/v1/admin/websites", `{"domain":"x.example","timezone":"UTC"}`, 403, "account token"},
		{"write includes read", ta, "GET", "/api/v1/admin/websites/" + a.ID + "/funnels", "", 200, "success"},
		{"payments:write does not", paid, "GET", "/api/v1/payments?websiteId=" + a.ID, "", 403, "Missing permission: payments:read"},
		{"permission before scope", ta, "GET", "/api/v1/admin/websites/" + c.ID + "/alerts", "", 403, "Missing permission: alerts:read"},
		{"website not named", all, "GET", "/api/v1/analytics/overview", "", 400, "websiteId is required with an account token"},
		{"website malformed", all, "GET", "/api/v1/analytics/overview?websiteId=hello", "", 400, "hello"},
		{"website of others", all, "GET", "/api/v1/analytics/overview?websiteId=" + c.ID, "", 404, "Website not found"},
		{"website of nobody", all, "GET", "/api/v1/analytics/overview?websiteId=" + nowhere, "", 404, "Website not found"},
		{"outside the token's list", ta, "GET", "/api/v1/analytics/overview?websiteId=" + b.ID, "", 403, "This token is not allowed on this website"},
		{"key alone", ka, "GET", "/api/v1/analytics/overview", "", 200, "success"},
		{"key names its own", ka, "GET", "/api/v1/analytics/overview?websiteId=" + a.ID, "", 200, "success"},
		{"key names its own by tracking id", ka, "GET", "/api/v1/analytics/overview?websiteId=" + a.TrackingID, "", 200, "success"},
		{"key names another", ka, "GET", "/api/v1/analytics/overview?websiteId=" + b.ID, "", 403, "another website"},
		{"key creates funnel", ka, "POST", "/api/v1/admin/websites/" + a.ID + "/funnels", valid, 200, `"slug":"f"`},
		{"key creates funnel elsewhere", ka, "POST", "/api/v1/admin/websites/" + b.ID + "/funnels", valid, 403, "another website"},
		{"key invites", ka, "POST", "/api/v1/admin/websites/" + a.ID + "/team", `{"email":"x@example.com"}`, 403, "account token"},
		{"viewer creates funnel", all, "POST", "/api/v1/admin/websites/" + b.ID + "/funnels", valid, 403, "Your role (viewer) cannot do this"},
		{"viewer creates funnel with a broken body", all, "POST", "/api/v1/admin/websites/" + b.ID + "/funnels", "{", 403, "Your role (viewer) cannot do this"},
		{"viewer sends goal", all, "POST", "/api/v1/goals?websiteId=" + b.ID, `{}`, 403, "Your role (viewer) cannot do this"},
		{"owner invites", ta, "POST", "/api/v1/admin/websites/" + a.ID + "/team", `{"email":"x@example.com"}`, 200, "Invitation created. Send the invite link to the user."},
		{"member invites", memberToken, "POST", "/api/v1/admin/websites/" + a.ID + "/team", `{"email":"y@example.com"}`, 403, "Only the website's owner can do this"},
		{"funnel of another website", all, "GET", "/api/v1/analytics/funnels/" + fb + "?websiteId=" + a.ID, "", 404, "Funnel not found"},
		{"website deletion", all, "DELETE", "/api/v1/admin/websites/" + a.ID, "", 403, "Website deletion is only available in the dashboard"},
		{"token without the permission creates token", ta, "POST", "/api/v1/admin/access-tokens", `{"permissions":["analytics:read"]}`, 403, "Missing permission: api-keys:write"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.do(call{as: tt.as, method: tt.method, path: tt.path, body: tt.body})
			got.TB = t
			got.is(tt.status, tt.contains)
		})
	}

	same := w.get(all, "/api/v1/admin/websites/"+c.ID).is(404)
	if got := w.get(all, "/api/v1/admin/websites/"+nowhere).is(404); got.body != same.body {
		t.Errorf("a website of others and one of nobody differ: %s, %s", same.body, got.body)
	}
	w.get(all, "/api/v1/admin/websites/"+b.ID).is(200)
	w.join(b, u, account.RoleNone)
	w.get(all, "/api/v1/admin/websites/"+b.ID).is(404, "Website not found")
}

// revokedToken makes a token and deletes it.
func revokedToken(w *world, u *account.User) string {
	w.Helper()
	secret := w.token(u, "*")
	a := w.get(secret, "/api/v1/admin/account").is(200)
	id := a.text("data.0.token._id")
	w.send(secret, "DELETE", "/api/v1/admin/access-tokens/"+id, "").is(200, `{"deleted":true}`)
	return secret
}
