package api_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"datafast/internal/account"
	"datafast/internal/api"
	"datafast/internal/auth"
	"datafast/internal/fault"
	"datafast/internal/site"
)

const (
	siteA = "665f0b3c4d2e1a00123456aa"
	siteB = "665f0b3c4d2e1a00123456bb"
)

// door is Access, SignIns and Sites of a router that needs no store.
type door struct {
	bySecret map[string]*auth.Principal
	signedIn *auth.Principal
	roles    map[string]account.Role // website → role of everybody
}

func (d *door) BySecret(_ context.Context, secret string) (*auth.Principal, error) {
	return d.bySecret[secret], nil
}

func (d *door) Role(_ context.Context, _, website string) (account.Role, error) {
	return d.roles[website], nil
}
func (d *door) Used(context.Context, *auth.Principal, auth.Permission, netip.Addr) {}
func (d *door) Principal(context.Context, *http.Request) (*auth.Principal, error) {
	return d.signedIn, nil
}

func (d *door) Find(_ context.Context, ref string) (*site.Website, error) {
	if _, known := d.roles[ref]; known {
		return &site.Website{ID: ref}, nil
	}
	return nil, fault.NotFound("Website not found")
}

func newRouter(t *testing.T, d *door, change func(*api.Config)) *api.Router {
	t.Helper()
	c := api.Config{
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now, NewID: func() string { return "req" },
		Access: d, SignIns: d, Sites: d, RateLimit: 5, FailedLimit: 3, CookieLimit: 100,
		ClientAddr: func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.1") },
	}
	if change != nil {
		change(&c)
	}
	rt := api.NewRouter(c)
	bound := auth.Rule{Kinds: auth.AllKinds, Permission: auth.AnalyticsRead, Website: auth.ByQuery, Least: account.RoleViewer}
	write := auth.Rule{Kinds: auth.AllKinds, Permission: auth.GoalsWrite, Website: auth.ByQuery, Least: account.RoleMember}
	err := rt.Register(
		api.Route{Method: "GET", Path: "/api/v1/x", Rule: bound, Doc: doc("x"), Handle: answer},
		api.Route{Method: "POST", Path: "/api/v1/x", Rule: write, Doc: doc("postX"), Handle: echo},
		api.Route{Method: "GET", Path: "/api/v1/panic", Rule: bound, Doc: doc("panics"), Handle: panics},
		api.Route{Method: "GET", Path: "/api/v1/broken", Rule: bound, Doc: doc("broken"), Handle: broken},
		api.Route{Method: "GET", Path: "/api/v1/batch", Rule: bound, Doc: doc("batch"), Handle: batch},
	)
	if err != nil {
		t.Fatal(err)
	}
	return rt
}

func doc(id string) api.Doc { return api.Doc{ID: id, Summary: "Test", Tag: "Test"} }

func answer(_ context.Context, r *api.Request) (*api.Response, error) {
	return &api.Response{
		Data: []string{r.Website.ID, string(r.Role)}, Pagination: api.Page(1, 0, 2, 1),
		Extra: []api.Field{{Name: "meta", Value: "<&>"}},
	}, nil
}

func echo(_ context.Context, r *api.Request) (*api.Response, error) {
	var body struct {
		Name api.Opt[string] `json:"name"`
		N    api.Opt[int]    `json:"n"`
	}
	if err := r.DecodeStrict(&body); err != nil {
		return nil, err
	}
	return api.OK(body.Name.Value), nil
}

func panics(context.Context, *api.Request) (*api.Response, error) { panic("secret detail") }
func broken(context.Context, *api.Request) (*api.Response, error) {
	return nil, errors.New("secret detail")
}

func batch(ctx context.Context, r *api.Request) (*api.Response, error) {
	body := r.Call(ctx, "/x", url.Values{"websiteId": {siteB}})
	return &api.Response{Raw: string(body)}, nil
}

func member(permissions ...auth.Permission) *auth.Principal {
	return &auth.Principal{Kind: auth.AccountToken, ID: "t", UserID: "u", Permissions: auth.SetOf(permissions...)}
}

func TestRouter(t *testing.T) {
	t.Parallel()
	d := &door{
		bySecret: map[string]*auth.Principal{"good": member(auth.AnalyticsRead, auth.GoalsWrite)},
		roles:    map[string]account.Role{siteA: account.RoleMember, siteB: account.RoleViewer},
	}
	tests := []struct {
		name, method, path, authorization, body string
		status                                  int
		contains                                string
	}{
		{"envelope with siblings in order", "GET", "/api/v1/x?websiteId=" + siteA, "Bearer good", "", 200, `{"status":"success","data":["` + siteA + `","member"],"pagination":{"limit":1,"offset":0,"total":2,"hasMore":true},"meta":"<&>"}`},
		{"scheme in any case and blanks", "GET", "/api/v1/x?websiteId=" + siteA, "  bEARER   good ", "", 200, "success"},
		{"trailing slash", "GET", "/api/v1/x/?websiteId=" + siteA, "Bearer good", "", 200, "success"},
		{"no credential", "GET", "/api/v1/x", "", "", 401, `{"status":"error","error":{"code":401,"message":"Missing or invalid API key"}}`},
		{"wrong scheme", "GET", "/api/v1/x", "Basic good", "", 401, "Missing or invalid"},
		{"unknown path before authentication", "GET", "/api/v1/y", "", "", 404, `"code":404`},
		{"doubled slash is no path", "GET", "/api/v1//x", "Bearer good", "", 404, `"code":404`},
		{"dots are no path", "GET", "/api/v1/y/../x", "Bearer good", "", 404, `"code":404`},
		{"unknown method before authentication", "PUT", "/api/v1/x", "", "", 405, "GET, HEAD, POST"},
		{"website missing", "GET", "/api/v1/x", "Bearer good", "", 400, "websiteId is required with an account token"},
		{"role before body", "POST", "/api/v1/x?websiteId=" + siteB, "Bearer good", "{broken", 403, "viewer"},
		{"malformed body with position", "POST", "/api/v1/x?websiteId=" + siteA, "Bearer good", `{"name":`, 400, "byte 8"},
		{"all field errors at once", "POST", "/api/v1/x?websiteId=" + siteA, "Bearer good", `{"name":1,"n":"x","z":1}`, 400, `\"z\" is not a field here; use name, n; name: a JSON number is not a string; n: a JSON string is not a whole number`},
		{"body too large", "POST", "/api/v1/x?websiteId=" + siteA, "Bearer good", `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "1048576"},
		{"body ignored on GET", "GET", "/api/v1/x?websiteId=" + siteA, "Bearer good", "{}", 200, "success"},
		{"malformed query", "GET", "/api/v1/x?websiteId=" + siteA + "&a=%zz", "Bearer good", "", 400, "query string"},
		{"panic tells nothing", "GET", "/api/v1/panic?websiteId=" + siteA, "Bearer good", "", 500, `"Internal server error"`},
		{"internal error tells nothing", "GET", "/api/v1/broken?websiteId=" + siteA, "Bearer good", "", 500, `"Internal server error"`},
		{"call within a batch", "GET", "/api/v1/batch?websiteId=" + siteA, "Bearer good", "", 200, siteB},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rt := newRouter(t, d, nil)
			r := httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body))
			if tt.authorization != "" {
				r.Header.Set("Authorization", tt.authorization)
			}
			w := httptest.NewRecorder()
			rt.ServeHTTP(w, r)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.contains) {
				t.Errorf("%d %s\nwant %d containing %s", w.Code, w.Body, tt.status, tt.contains)
			}
			if w.Header().Get("X-Request-Id") == "" || w.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("headers %v: want a request id and no CORS", w.Header())
			}
			if strings.Contains(w.Body.String(), "secret detail") {
				t.Errorf("body tells an internal detail: %s", w.Body)
			}
		})
	}
}

func TestRouter_rateLimit(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1779321600000)
	d := &door{bySecret: map[string]*auth.Principal{"good": member(auth.AnalyticsRead)}, roles: map[string]account.Role{siteA: account.RoleMember}}
	rt := newRouter(t, d, func(c *api.Config) { c.Now = func() time.Time { return now } })
	ask := func(token string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/api/v1/x?websiteId="+siteA, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		rt.ServeHTTP(w, r)
		return w
	}
	for i := range 5 {
		if w := ask("good"); w.Code != 200 || w.Header().Get("X-RateLimit-Remaining") != string(rune('4'-i)) {
			t.Fatalf("request %d: %d, headers %v", i+1, w.Code, w.Header())
		}
	}
	w := ask("good")
	want := `{"status":"error","error":{"code":429,"message":"Rate limit exceeded. Try again in 60 seconds."},"limit":5,"remaining":0,"reset":1779321660000}`
	if w.Code != 429 || w.Body.String() != want || w.Header().Get("Retry-After") == "" {
		t.Errorf("sixth request: %d %s", w.Code, w.Body)
	}
	now = now.Add(time.Minute)
	if w := ask("good"); w.Code != 200 {
		t.Errorf("next window: %d", w.Code)
	}
	for range 3 {
		if w := ask("bad"); w.Code != 401 {
			t.Fatalf("failed authentication: %d", w.Code)
		}
	}
	if w := ask("bad"); w.Code != 429 {
		t.Errorf("fourth failure: %d, want 429", w.Code)
	}
	if w := ask("good"); w.Code != 200 {
		t.Errorf("a good token from the same address: %d", w.Code)
	}
}

func TestRouter_cookie(t *testing.T) {
	t.Parallel()
	session := &auth.Principal{Kind: auth.Session, ID: "s", UserID: "u", Permissions: auth.Full}
	d := &door{signedIn: session, roles: map[string]account.Role{siteA: account.RoleOwner}}
	tests := []struct {
		name   string
		header http.Header
		status int
	}{
		{"no hint of a browser", http.Header{}, 200},
		{"same origin", http.Header{"Sec-Fetch-Site": {"same-origin"}}, 200},
		{"cross site", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 401},
		{"other origin of an old browser", http.Header{"Origin": {"https://evil.example"}}, 401},
		{"our origin behind a proxy", http.Header{"Origin": {"https://stats.example"}, "Sec-Fetch-Site": {"cross-site"}}, 200},
		{"a bad token beats the cookie", http.Header{"Authorization": {"Bearer nope"}}, 401},
		{"an empty Authorization beats the cookie", http.Header{"Authorization": {""}}, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rt := newRouter(t, d, func(c *api.Config) { c.Origin = "https://stats.example" })
			r := httptest.NewRequest("GET", "/api/v1/x?websiteId="+siteA, nil)
			r.Header = tt.header
			w := httptest.NewRecorder()
			rt.ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Errorf("%d %s, want %d", w.Code, w.Body, tt.status)
			}
		})
	}
}

func TestRouter_Register_refuses(t *testing.T) {
	t.Parallel()
	valid := auth.Rule{Kinds: auth.Tokens, Permission: auth.SettingsRead}
	tests := []struct {
		name  string
		route api.Route
		want  string
	}{
		{"no rule", api.Route{Method: "GET", Path: "/p", Doc: doc("p"), Handle: answer}, "no rule"},
		{"no permission", api.Route{Method: "GET", Path: "/p", Doc: doc("p"), Handle: answer, Rule: auth.Rule{Kinds: auth.Tokens}}, "needs a permission"},
		{"a read permission that changes", api.Route{Method: "POST", Path: "/p", Doc: doc("p"), Handle: answer, Rule: valid}, "never changes"},
		{"no handler", api.Route{Method: "GET", Path: "/p", Doc: doc("p"), Rule: valid}, "no handler"},
		{"twice", api.Route{Method: "GET", Path: "/api/v1/x", Doc: doc("p"), Handle: answer, Rule: valid}, "twice"},
		{"no description", api.Route{Method: "GET", Path: "/p", Handle: answer, Rule: valid}, "Doc"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := newRouter(t, &door{}, nil).Register(tt.route)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Register = %v, want an error with %q", err, tt.want)
			}
		})
	}
}
