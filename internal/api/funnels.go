package api

import (
	"context"

	"datafast/internal/account"
	"datafast/internal/auth"
	"datafast/internal/fault"
	"datafast/internal/funnel"
)

type funnelRow struct {
	ID        string    `json:"_id"`
	WebsiteID string    `json:"websiteId"`
	Name      string    `json:"name"`
	Slug      string    `json:"slug"`
	Steps     []stepRow `json:"steps"`
	IsActive  bool      `json:"isActive"`
	CreatedAt string    `json:"createdAt"`
	UpdatedAt string    `json:"updatedAt"`
}

type stepRow struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Type     string `json:"type" enum:"pageview,goal"`
	URL      string `json:"url,omitempty"`
	GoalName string `json:"goalName,omitempty"`
}

type funnelBody struct {
	Name     Opt[string]     `json:"name,omitzero" doc:"1 to 100 characters, unique among the active funnels"`
	Steps    Opt[[]stepBody] `json:"steps,omitzero" doc:"2 to 8, in order; replaces all"`
	IsActive Opt[bool]       `json:"isActive,omitzero" doc:"false hides the funnel, true brings it back; on update"`
}

type stepBody struct {
	Name     string `json:"name" doc:"1 to 100 characters"`
	Type     string `json:"type" enum:"pageview,goal"`
	URL      string `json:"url,omitempty" doc:"Of a pageview step: a path or a full URL; * is any run of characters"`
	GoalName string `json:"goalName,omitempty" doc:"Of a goal step"`
}

const (
	funnelExample     = `{"status":"success","data":[{"_id":"665f0b3c4d2e1a0012345640","websiteId":"665f0b3c4d2e1a0012345678","name":"Signup funnel","slug":"signup-funnel","steps":[{"id":"landing","name":"Landing","type":"pageview","url":"/"},{"id":"signup","name":"Signup","type":"goal","goalName":"signup"}],"isActive":true,"createdAt":"2026-05-21T00:00:00.000Z","updatedAt":"2026-05-21T00:00:00.000Z"}]}`
	funnelBodyExample = `{"name":"Signup funnel","steps":[{"name":"Landing","type":"pageview","url":"/"},{"name":"Signup","type":"goal","goalName":"signup"}]}`
)

func (a *Account) funnelRoutes() []Route {
	read := auth.Rule{Kinds: auth.AllKinds, Permission: auth.FunnelsRead, Website: auth.ByPath, Least: account.RoleViewer}
	write := auth.Rule{Kinds: auth.AllKinds, Permission: auth.FunnelsWrite, Website: auth.ByPath, Least: account.RoleMember}
	const path = "/api/v1/admin/websites/{websiteId}/funnels"
	return []Route{
		{Method: "GET", Path: path, Rule: read, Handle: a.listFunnels, Doc: Doc{
			ID: "listFunnels", Tag: "Funnels", Summary: "List a website's funnels",
			Query: []Param{{Name: "includeInactive", Type: "boolean", Description: "true shows hidden ones as well"}},
			Data:  []funnelRow{}, Example: funnelExample,
		}},
		{Method: "POST", Path: path, Rule: write, Handle: a.createFunnel, Doc: Doc{
			ID: "createFunnel", Tag: "Funnels", Summary: "Create a funnel", Description: "At most 50 active ones.",
			Body: funnelBody{}, Data: []funnelRow{}, Example: funnelExample, BodyExample: funnelBodyExample,
		}},
		{Method: "PUT", Path: path + "/{funnelId}", Rule: write, Handle: a.updateFunnel, Doc: Doc{
			ID: "updateFunnel", Tag: "Funnels", Summary: "Change a funnel", Description: "Partial; `steps` replaces all.",
			Body: funnelBody{}, Data: []funnelRow{}, Example: funnelExample, BodyExample: `{"isActive":false}`,
		}},
		{Method: "DELETE", Path: path + "/{funnelId}", Rule: write, Handle: a.deleteFunnel, Doc: Doc{
			ID: "deleteFunnel", Tag: "Funnels", Summary: "Delete a funnel", Data: []deletedRow{},
		}},
	}
}

func (a *Account) listFunnels(ctx context.Context, r *Request) (*Response, error) {
	hidden, err := r.boolean("includeInactive")
	if err != nil {
		return nil, err
	}
	funnels, err := a.Funnels.List(ctx, r.Website.ID, hidden)
	if err != nil {
		return nil, err
	}
	rows := make([]funnelRow, len(funnels))
	for i, f := range funnels {
		rows[i] = funnelOf(f)
	}
	return OK(rows), nil
}

func (a *Account) createFunnel(ctx context.Context, r *Request) (*Response, error) {
	in, err := r.funnelInput()
	if err != nil {
		return nil, err
	}
	in.Active = nil
	f, err := a.Funnels.Create(ctx, r.Website.ID, in)
	if err != nil {
		return nil, err
	}
	return One(funnelOf(f)), nil
}

func (a *Account) updateFunnel(ctx context.Context, r *Request) (*Response, error) {
	id, err := r.objectID("funnelId")
	if err != nil {
		return nil, err
	}
	in, err := r.funnelInput()
	if err != nil {
		return nil, err
	}
	f, err := a.Funnels.Update(ctx, r.Website.ID, id, in)
	if err != nil {
		return nil, err
	}
	return One(funnelOf(f)), nil
}

func (a *Account) deleteFunnel(ctx context.Context, r *Request) (*Response, error) {
	id, err := r.objectID("funnelId")
	if err != nil {
		return nil, err
	}
	if err := a.Funnels.Delete(ctx, r.Website.ID, id); err != nil {
		return nil, err
	}
	return One(deletedRow{true}), nil
}

func (r *Request) funnelInput() (funnel.Input, error) {
	var body funnelBody
	if err := r.Decode(&body); err != nil {
		return funnel.Input{}, err
	}
	var faults fault.List
	in := funnel.Input{Name: noNull("name", body.Name, &faults), Active: noNull("isActive", body.IsActive, &faults)}
	if steps := noNull("steps", body.Steps, &faults); steps != nil {
		list := make([]funnel.Step, len(*steps))
		for i, s := range *steps {
			list[i] = funnel.Step{Name: s.Name, Type: funnel.StepType(s.Type), URL: s.URL, GoalName: s.GoalName}
		}
		in.Steps = &list
	}
	return in, faults.Err()
}

func funnelOf(f funnel.Funnel) funnelRow {
	steps := make([]stepRow, len(f.Steps))
	for i, s := range f.Steps {
		steps[i] = stepRow{s.ID, s.Name, string(s.Type), s.URL, s.GoalName}
	}
	return funnelRow{f.ID, f.WebsiteID, f.Name, f.Slug, steps, f.Active, Stamp(f.CreatedAt), Stamp(f.UpdatedAt)}
}
