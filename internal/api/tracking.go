package api

import (
	"context"

	"datafast/internal/account"
	"datafast/internal/analytics"
	"datafast/internal/auth"
)

type trackingRow struct {
	FirstEventAt *string          `json:"firstEventAt"`
	LastEventAt  *string          `json:"lastEventAt"`
	Dropped      map[string]int64 `json:"dropped" doc:"Events not stored in the last 30 days, by reason"`
	RefusedHosts []string         `json:"refusedHosts" doc:"Hosts that the hostname rule turned away, newest first"`
}

func (a *Reporting) trackingRoutes() []Route {
	return []Route{{
		Method: "GET", Path: "/api/v1/admin/websites/{websiteId}/tracking", Handle: a.tracking,
		Rule: auth.Rule{Kinds: auth.AllKinds, Permission: auth.SettingsRead, Website: auth.ByPath, Least: account.RoleViewer},
		Doc: Doc{
			ID: "getTracking", Tag: "Websites", Summary: "Whether events arrive, and what became of them", Data: []trackingRow{},
			Example: `{"status":"success","data":[{"firstEventAt":"2026-05-19T10:00:00.000Z","lastEventAt":"2026-05-21T09:13:00.000Z","dropped":{"bot":12,"hostname":3},"refusedHosts":["staging.shop.test"]}]}`,
		},
	}}
}

func (a *Reporting) tracking(ctx context.Context, r *Request) (*Response, error) {
	if err := a.Ingest.FlushDrops(ctx); err != nil {
		return nil, err
	}
	t, err := within(ctx, func(ctx context.Context) (analytics.Tracking, error) { return a.Events.Tracking(ctx, r.Website.ID) })
	if err != nil {
		return nil, err
	}
	if t.RefusedHosts == nil {
		t.RefusedHosts = []string{}
	}
	return One(trackingRow{
		FirstEventAt: StampOrNull(t.FirstEvent), LastEventAt: StampOrNull(t.LastEvent),
		Dropped: t.Dropped, RefusedHosts: t.RefusedHosts,
	}), nil
}
