package api_test

import (
	"fmt"
	"testing"

	"datafast/internal/account"
)

// startDevice starts a login and returns its two codes.
func (w *world) startDevice() (deviceCode, userCode string) {
	w.Helper()
	a := w.send("", "POST", "/api/cli/device", `{"program":"datafast on build-7"}`).is(200,
		`"verification_uri":"http://stats.example/device"`, `"expires_in":600`, `"interval":5`)
	return a.text("data.device_code"), a.text("data.user_code")
}

func pollBody(deviceCode string) string { return fmt.Sprintf(`{"device_code":%q}`, deviceCode) }

func TestDeviceLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	s := w.website(u, "a.example")
	as := w.signIn(u)
	device, code := w.startDevice()
	const poll, page = "/api/cli/device/token", "/api/app/devices/"
	w.send("", "POST", poll, pollBody(device)).is(400, `"reason":"authorization_pending"`)
	w.send("", "POST", poll, pollBody(device)).is(400, `"reason":"slow_down"`)
	w.get(as, page+code).is(200, `"program":"datafast on build-7"`, `"askedFrom":"10.`)
	w.get(as, page+"bcdf%20ghjk").is(404, "No program waits with this code")
	typed := string([]byte{code[0] | 0x20}) + code[1:4] + "%20" + code[5:]
	w.get(as, page+typed).is(200, `"userCode":"`+code+`"`)
	w.get(w.token(u, "*"), page+code).is(401)
	w.send("", "POST", page+code, `{}`).is(401)
	w.send(as, "POST", page+code, `{"permissions":["nothing:read"]}`).is(400, "nothing:read")
	w.send(as, "POST", page+code, `{"permissions":["analytics:read"],"websiteIds":["665f0b3c4d2e1a0012345678"]}`).is(404, "Website not found")
	w.send(as, "POST", page+code, fmt.Sprintf(`{"name":"Build","permissions":["analytics:read"],"websiteIds":[%q]}`, s.ID)).is(200)
	w.send(as, "POST", page+code, `{"permissions":["*"]}`).is(404)
	got := w.send("", "POST", poll, pollBody(device)).is(200, `"permissions":["analytics:read"],"websiteIds":["`+s.ID+`"]`)
	token := got.text("data.token")
	w.get(token, "/api/v1/admin/account").is(200, `"name":"Build"`)
	w.get(token, "/api/v1/admin/websites").is(403, "Missing permission: websites:read")
	w.send("", "POST", poll, pollBody(device)).is(400, `"reason":"expired_token"`)
	w.get(w.token(u, "team:read"), "/api/v1/admin/audit-log").is(200, `"action":"device.approve"`, `"action":"token.create"`, `"askedFrom":"10.`)
}

func TestDeviceLogin_refused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "--trusted-proxies", "10.0.0.0/8")
	u := w.user("u")
	s := w.website(w.user("o"), "a.example")
	w.join(s, u, account.RoleViewer)
	as := w.signIn(u)
	const poll, page = "/api/cli/device/token", "/api/app/devices/"
	device, code := w.startDevice()
	w.send(as, "DELETE", page+code, "").is(200, `"deleted":true`)
	w.send("", "POST", poll, pollBody(device)).is(400, `"reason":"access_denied"`)
	w.send("", "POST", poll, pollBody(device)).is(400, `"reason":"expired_token"`)
	w.send("", "POST", poll, `{}`).is(400, `"reason":"expired_token"`)
	w.send("", "POST", "/api/cli/device", fmt.Sprintf(`{"program":"%0101d"}`, 1)).is(400, "program")

	device, code = w.startDevice()
	w.send(as, "POST", page+code, `{"permissions":["*"]}`).is(200)
	w.must(w.people.Disable(w.Context(), u.ID, true))
	w.send("", "POST", poll, pollBody(device)).is(403, "Account does not have API access")

	v := w.user("v")
	as = w.signIn(v)
	for range 10 {
		w.get(as, page+"BCDF-GHJK").is(404)
	}
	w.get(as, page+"BCDF-GHJK").is(429)
	for range 10 {
		w.from(call{method: "POST", path: "/api/cli/device", body: `{}`}, "198.51.100.1").is(200)
	}
	w.from(call{method: "POST", path: "/api/cli/device", body: `{}`}, "198.51.100.1").is(429, "Too many attempts")
}
