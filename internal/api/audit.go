package api

import (
	"context"

	"datafast/internal/account"
	"datafast/internal/audit"
	"datafast/internal/auth"
	"datafast/internal/fault"
)

type auditRow struct {
	ID        string     `json:"id"`
	Timestamp string     `json:"timestamp"`
	Actor     auditActor `json:"actor"`
	IP        *string    `json:"ip" doc:"Whole for 30 days, then cut to /24 or /48"`
	Action    string     `json:"action"`
	Target    *string    `json:"target"`
	Before    any        `json:"before"`
	After     any        `json:"after"`
}

type auditActor struct {
	UserID *string     `json:"userId" doc:"null: the operator on the command line, or nobody known"`
	Name   *string     `json:"name"`
	Email  *string     `json:"email"`
	Token  *auditToken `json:"token" doc:"null: signed in"`
}

type auditToken struct {
	DisplayKey string `json:"displayKey"`
	Kind       string `json:"kind" enum:"account,website"`
}

const auditExample = `{"status":"success","data":[{"id":"665f0b3c4d2e1a0012345690","timestamp":"2026-05-21T09:13:00.000Z","actor":{"userId":"665f0b3c4d2e1a0012345601","name":"Ana Pop","email":"ana@example.com","token":{"displayKey":"dft_ab1...xyz9","kind":"account"}},"ip":"198.51.100.7","action":"role.change","target":"m@example.com","before":{"role":"viewer"},"after":{"role":"member"}}],"pagination":{"limit":100,"offset":0,"total":1,"hasMore":false}}`

func (a *Account) auditRoutes() []Route {
	query := []Param{
		{Name: "startAt", Description: "YYYY-MM-DD, or ISO 8601 with a zone; with endAt"},
		{Name: "endAt", Description: "Likewise; a day is meant whole"},
		{Name: "limit", Type: "integer", Description: "Default 100, at most 1000"},
		{Name: "offset", Type: "integer", Description: "Default 0"},
	}
	return []Route{
		{
			Method: "GET", Path: "/api/v1/admin/websites/{websiteId}/audit-log", Handle: a.websiteAudit,
			Rule: auth.Rule{Kinds: auth.Tokens, Permission: auth.TeamRead, Website: auth.ByPath, Least: account.RoleOwner},
			Doc: Doc{
				ID: "listWebsiteAuditLog", Tag: "Audit log", Summary: "List changes of access and settings of a website",
				Description: "Newest first.", Query: query, Data: []auditRow{}, Paged: true, Example: auditExample,
			},
		},
		{
			Method: "GET", Path: "/api/v1/admin/audit-log", Handle: a.accountAudit,
			Rule: auth.Rule{Kinds: auth.Tokens, Permission: auth.TeamRead, NotNarrowed: true},
			Doc: Doc{
				ID: "listAuditLog", Tag: "Audit log", Summary: "List changes of access and settings of my account",
				Description: "Newest first: what concerns the caller (sign-ins, tokens, profile) and the websites that the caller owns.",
				Query:       query, Data: []auditRow{}, Paged: true, Example: auditExample,
			},
		},
	}
}

func (a *Account) websiteAudit(ctx context.Context, r *Request) (*Response, error) {
	return r.auditPage(r.Website.Timezone, func(q audit.Range) ([]audit.Entry, int, error) {
		return a.Audit.WebsiteAudit(ctx, r.Website.ID, q)
	})
}

func (a *Account) accountAudit(ctx context.Context, r *Request) (*Response, error) {
	return r.auditPage("UTC", func(q audit.Range) ([]audit.Entry, int, error) {
		return a.Audit.AccountAudit(ctx, r.Principal.UserID, q)
	})
}

func (r *Request) auditPage(zone string, read func(audit.Range) ([]audit.Entry, int, error)) (*Response, error) {
	var q audit.Range
	var faults fault.List
	var err error
	q.Limit, q.Offset, err = r.Paging(100, 1000)
	faults.Add(err)
	q.From, q.To, err = r.instants(zone)
	faults.Add(err)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	entries, total, err := read(q)
	if err != nil {
		return nil, err
	}
	rows := make([]auditRow, len(entries))
	for i, e := range entries {
		rows[i] = auditOf(e)
	}
	return &Response{Data: rows, Pagination: Page(q.Limit, q.Offset, total, len(rows))}, nil
}

func auditOf(e audit.Entry) auditRow {
	row := auditRow{
		ID: e.ID, Timestamp: Stamp(e.At), IP: orNull(e.IP), Action: e.Action, Target: orNull(e.Target),
		Before: rawJSON(e.Before), After: rawJSON(e.After),
		Actor: auditActor{UserID: orNull(e.Actor.UserID), Name: orNull(e.ActorName), Email: orNull(e.ActorEmail)},
	}
	if e.Actor.DisplayKey != "" {
		row.Actor.Token = &auditToken{e.Actor.DisplayKey, e.Actor.Kind}
	}
	return row
}
