package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"datafast/internal/account"
	"datafast/internal/api"
	"datafast/internal/auth"
)

// endless streams until its request is over.
func endless(ctx context.Context, _ *api.Request) (*api.Response, error) {
	return &api.Response{Stream: func(http.ResponseWriter) error {
		<-ctx.Done()
		return nil
	}}, nil
}

// TestRouter_streamEnds: a stream runs for as long as its caller may read it, and
// no more than five seconds longer.
func TestRouter_streamEnds(t *testing.T) {
	t.Parallel()
	disabled := member(auth.AnalyticsRead)
	disabled.Disabled = true
	changes := map[string]func(d *door){
		"token revoked":         func(d *door) { delete(d.bySecret, "good") },
		"account disabled":      func(d *door) { d.bySecret["good"] = disabled },
		"removed from the team": func(d *door) { d.roles[siteA] = account.RoleNone },
		"website deleted":       func(d *door) { delete(d.roles, siteA) },
		"signed out":            func(d *door) { d.signedIn = nil },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &door{
					bySecret: map[string]*auth.Principal{"good": member(auth.AnalyticsRead)},
					signedIn: auth.SignedIn("s", "u", false),
					roles:    map[string]account.Role{siteA: account.RoleMember},
				}
				rt := newRouter(t, d, nil)
				rule := auth.Rule{Kinds: auth.AllKinds, Permission: auth.AnalyticsRead, Website: auth.ByQuery, Least: account.RoleViewer}
				if err := rt.Register(api.Route{Method: "GET", Path: "/api/v1/endless", Rule: rule, Doc: doc("endless"), Handle: endless}); err != nil {
					t.Fatal(err)
				}
				r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/endless?websiteId="+siteA, nil)
				if name != "signed out" {
					r.Header.Set("Authorization", "Bearer good")
				}
				ended := make(chan struct{})
				go func() {
					rt.ServeHTTP(httptest.NewRecorder(), r)
					close(ended)
				}()
				select {
				case <-ended:
					t.Fatal("ended although nothing was taken away")
				case <-time.After(time.Minute):
				}
				d.roles[siteA] = account.RoleViewer // may still read
				synctest.Wait()
				change(d)
				select {
				case <-ended:
				case <-time.After(5 * time.Second):
					t.Error("still running after five seconds")
				}
			})
		})
	}
}
