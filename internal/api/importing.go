package api

import (
	"compress/gzip"
	"context"
	"io"

	"datafast/internal/account"
	"datafast/internal/auth"
	"datafast/internal/fault"
	"datafast/internal/ingest"
)

func (a *Reporting) importRoutes() []Route {
	return []Route{{
		Method: "POST", Path: "/api/v1/admin/websites/{websiteId}/import/events", Handle: a.importEvents, MaxBody: -1,
		Rule: auth.Rule{Kinds: auth.Tokens, Permission: auth.SettingsWrite, Website: auth.ByPath, Least: account.RoleMember},
		Doc: Doc{
			ID: "importEvents", Tag: "Exports", Summary: "Bring in a history of events", Data: []ingest.Imported{}, ContentType: "application/x-ndjson",
			Description: "One JSON event a line, as `POST /api/events` takes them without websiteId, with `timestamp` and optionally `id` (makes the line idempotent), `userAgent`, `ip` or `country`, `region`, `city`. gzip is accepted. No size limit.",
			Example:     `{"status":"success","data":[{"received":4,"stored":2,"duplicates":1,"dropped":{"bot":1},"rejected":[]}]}`,
		},
	}}
}

func (a *Reporting) importEvents(ctx context.Context, r *Request) (*Response, error) {
	var body io.Reader = r.HTTP.Body
	if r.HTTP.Header.Get("Content-Encoding") == "gzip" {
		zr, err := gzip.NewReader(body)
		if err != nil {
			return nil, fault.New(fault.CodeInvalid, "The body is not gzip although Content-Encoding says so")
		}
		body = zr
	}
	report, err := a.Ingest.Backfill(ctx, r.Website, body, a.Events)
	if err != nil {
		return nil, err
	}
	return One(report), nil
}
