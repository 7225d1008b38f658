package api_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestRoutes_common: every operation of the API answers with a request id, and
// those that take tokens with the state of the rate limit; refusals of all are in
// the envelope.
func TestRoutes_common(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "--rate-limit", "1000")
	u := w.user("u")
	s := w.website(u, "a.example")
	star := w.token(u, "*")
	for _, route := range w.server.Router.Routes() {
		if route.Path == "/api/v1/analytics/realtime/stream" {
			continue // its body never ends; the router's own test streams
		}
		path := strings.ReplaceAll(route.Path, "{websiteId}", s.ID)
		path = regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, "665f0b3c4d2e1a0012345678") + "?websiteId=" + s.ID
		name := route.Method + " " + route.Path
		for _, as := range []string{"", star} {
			got := w.send(as, route.Method, path, map[bool]string{true: "", false: "{broken"}[route.Method == "GET"])
			if got.header.Get("X-Request-Id") == "" {
				t.Errorf("%s: no request id", name)
			}
			metered := got.header.Get("X-RateLimit-Limit") == "1000" && got.header.Get("X-RateLimit-Remaining") != "" && got.header.Get("X-RateLimit-Reset") != ""
			if !metered && as != "" && strings.HasPrefix(route.Path, "/api/v1/") || metered && as == "" {
				t.Errorf("%s as %.4q: metered %v: %v", name, as, metered, got.header)
			}
			var envelope struct {
				Status string
				Error  struct {
					Code    int
					Message string
				}
			}
			if got.status < 400 {
				continue
			}
			if err := json.Unmarshal([]byte(got.body), &envelope); err != nil || envelope.Status != "error" || envelope.Error.Code != got.status || envelope.Error.Message == "" {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		}
	}
}

// TestRoutes_headerAlone: a token counts in the Authorization header and nowhere
// else (rule 2.1.1).
func TestRoutes_headerAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.token(w.user("u"), "*")
	const path = "/api/v1/admin/account"
	w.get(token, path).is(200)
	for _, query := range []string{"token", "access_token", "api_key", "key", "Authorization"} {
		w.get("", path+"?"+query+"="+token).is(401)
	}
	for name, value := range map[string]string{
		"X-Api-Key": token, "X-Authorization": "Bearer " + token, "Proxy-Authorization": "Bearer " + token,
		"Cookie": "datafast_session=" + token + "; token=" + token,
	} {
		w.do(call{method: "GET", path: path, header: http.Header{name: {value}}}).is(401)
	}
}
