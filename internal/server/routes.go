package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"datafast/docs"
	"datafast/internal/api"
	"datafast/internal/docsite"
	"datafast/internal/mcp"
	"datafast/internal/store"
	"datafast/internal/store/control"
)

// Limits of the API that are not settings (api.md §7.2.5, §10).
const (
	failedAuthPerMinute = 30
	cookiePerMinute     = 6000
)

// routes registers everything that is served.
func (s *Server) routes(version string) (*api.Router, error) {
	p := s.people
	secure := strings.HasPrefix(s.BaseURL, "https://")
	cookies := api.NewCookies(control.Sessions{Store: s.control.Store}, s.control, secure, time.Now, p.newID)
	rt := api.NewRouter(api.Config{
		Log: s.log, Now: time.Now, NewID: p.newID, Access: p.keeper, SignIns: cookies, Sites: p.directory, SiteOf: s.control,
		ClientAddr: api.StrictAddr(s.TrustedProxies), Origin: s.BaseURL, Observe: s.metrics.observe, Away: store.EventsOptions{URL: s.EventsURL}.Away,
		RateLimit: s.RateLimit, FailedLimit: failedAuthPerMinute, CookieLimit: cookiePerMinute,
	})
	account := api.NewAccount(api.AccountConfig{
		Log: s.log, Now: time.Now, People: p.people, Teams: p.teams, Keeper: p.keeper, Devices: p.devices, Sites: p.sites, SiteOf: s.control,
		Funnels: p.funnels, Alerts: p.alerts, Notes: p.notes, Customizations: p.customs,
		Cookies: cookies, SignIns: s.control, Audit: p.audit, Mail: s.post, BaseURL: s.BaseURL, Version: version,
	})
	if err := rt.Register(account.Routes()...); err != nil {
		return nil, err
	}
	f := s.flow
	reporting := api.NewReporting(api.ReportingConfig{
		Log: s.log, Now: time.Now, Engine: f.events, Events: f.events, Ingest: f.ingest, Revenue: f.revenue, Live: f.live,
		Funnels: p.funnels, Looks: p.customs, BaseURL: s.BaseURL, Paid: f.paid,
	})
	if err := rt.Register(reporting.Routes()...); err != nil {
		return nil, err
	}
	public := append(api.EventEndpoints(f.ingest), rt.Reference(version, s.BaseURL)...)
	public = append(public, staticFiles()...)
	pages, err := docsite.New(docsite.Config{
		Files: docs.Files, BaseURL: s.BaseURL, Document: func() *huma.OpenAPI { return rt.Document(version, s.BaseURL) },
	})
	if err != nil {
		return nil, fmt.Errorf("read the docs: %w", err)
	}
	public = append(public, pages.Endpoints()...)
	agents, err := mcp.Endpoint(mcp.Config{Log: s.log, Router: rt, Docs: manual{pages}, Version: version, BaseURL: s.BaseURL})
	if err != nil {
		return nil, fmt.Errorf("offer tools to agents: %w", err)
	}
	public = append(public, agents)
	if err := rt.Public(public...); err != nil {
		return nil, err
	}
	return rt, rt.Public(
		api.Public{Methods: []string{"GET"}, Path: "/healthz", Why: "tells only that the process lives", Handler: http.HandlerFunc(alive)},
		api.Public{Methods: []string{"GET"}, Path: "/readyz", Why: "tells only that the stores answer", Handler: s.ready()},
	)
}

// manual offers the documentation to agents.
type manual struct{ *docsite.Site }

// List implements mcp.Docs.
func (m manual) List() []mcp.Page {
	var pages []mcp.Page
	for _, p := range m.Site.List() {
		pages = append(pages, mcp.Page(p))
	}
	return pages
}

func alive(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") }

// ready answers 503 while a store does not.
func (s *Server) ready() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		if err := errors.Join(s.control.Ping(ctx), s.events.Ping(ctx)); err != nil {
			s.log.Error("not ready", "error", err)
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		alive(w, r)
	})
}
