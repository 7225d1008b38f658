package api_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"datafast/internal/account"
	"datafast/internal/auth"
	"datafast/internal/site"
)

// TestEscalation: whatever account token a token makes or rolls, it can do
// nothing on any route of any website that its maker cannot, and not for longer.
func TestEscalation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, other := w.user("u"), w.user("other")
	sites := []*site.Website{w.website(u, "a.example"), w.website(u, "b.example"), w.website(other, "c.example")}
	w.join(sites[2], u, account.RoleViewer)
	spare := w.send(w.token(u, "*"), "POST", tokensPath, `{}`).is(200).text("data.0._id")
	permissions := append(auth.Names(), "*")

	rapid.Check(t, func(rt *rapid.T) {
		held := append(rapid.SliceOfN(rapid.SampledFrom(permissions), 0, 5).Draw(rt, "held"), "api-keys:write")
		var ends time.Time
		if rapid.Bool().Draw(rt, "ends") {
			ends = time.Now().Add(time.Hour)
		}
		maker := w.grant(u, held, ends, pickSites(rt, sites, "list")...)
		request := map[string]any{}
		if rapid.Bool().Draw(rt, "names permissions") {
			request["permissions"] = rapid.SliceOfN(rapid.SampledFrom(permissions), 1, 4).Draw(rt, "wanted")
		}
		if rapid.Bool().Draw(rt, "names websites") {
			ids := []string{}
			for _, s := range pickSites(rt, sites, "wanted list") {
				ids = append(ids, s.ID)
			}
			request["websiteIds"] = ids
		}
		body, err := json.Marshal(request)
		w.must(err)
		got := w.send(maker, "POST", tokensPath, string(body))
		if rapid.Bool().Draw(rt, "roll") {
			got = w.send(maker, "PUT", tokensPath+"/"+spare, "")
		}
		if got.status != 200 {
			return
		}
		made := got.text("data.0.key")
		if escaped := w.beyond(made, maker, sites); escaped != "" {
			rt.Errorf("a token with %v made or rolled one that may %s: %s", held, escaped, got.body)
		}
		if id := got.text("data.0._id"); id != spare {
			w.must(w.store.DeleteCredential(w.Context(), id))
		}
	})
}

func pickSites(rt *rapid.T, sites []*site.Website, label string) []*site.Website {
	var picked []*site.Website
	for i, s := range sites {
		if rapid.Bool().Draw(rt, fmt.Sprint(label, i)) {
			picked = append(picked, s)
		}
	}
	return picked
}

// beyond names something that one token may do and another may not; empty when
// there is nothing.
func (w *world) beyond(made, maker string, sites []*site.Website) string {
	w.Helper()
	principals := make([]*auth.Principal, 2)
	for i, secret := range []string{made, maker} {
		p, err := w.keeper.BySecret(w.Context(), secret)
		w.must(err)
		principals[i] = p
	}
	if last := principals[1].ExpiresAt; !last.IsZero() && (principals[0].ExpiresAt.IsZero() || principals[0].ExpiresAt.After(last)) {
		return "work after its maker has ended"
	}
	for _, route := range w.server.Router.Routes() {
		for _, s := range sites {
			role, err := w.keeper.Role(w.Context(), principals[0].UserID, s.ID)
			w.must(err)
			var may [2]bool
			for i, p := range principals {
				_, refusal := auth.Decide(route.Rule, auth.Facts{Principal: p, Named: s.ID, WebsiteID: s.ID, Role: role})
				may[i] = refusal == nil
			}
			if may[0] && !may[1] {
				return route.Method + " " + route.Path + " on " + s.Domain
			}
		}
	}
	return ""
}

// TestReads: no permission that ends in :read changes anything, on any route.
func TestReads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	posts := []string{"/api/v1/analytics/query"} // a read, whatever its method
	for _, route := range w.server.Router.Routes() {
		if route.Rule.Permission.IsRead() && route.Method != "GET" && !slices.Contains(posts, route.Path) {
			t.Errorf("%s %s needs only %s", route.Method, route.Path, route.Rule.Permission)
		}
		if !strings.HasPrefix(route.Path, "/api/v1/") && route.Rule.Kinds&(auth.AccountToken|auth.WebsiteKey) != 0 {
			t.Errorf("%s %s takes tokens outside /api/v1", route.Method, route.Path)
		}
	}
}
