package api

import (
	"context"

	"datafast/internal/account"
	"datafast/internal/auth"
	"datafast/internal/site"
)

type customizationRow struct {
	GoalName    string  `json:"goalName"`
	DisplayName *string `json:"displayName"`
	Color       *string `json:"color"`
	Description *string `json:"description"`
	UpdatedAt   string  `json:"updatedAt"`
}

type customizationExtra struct {
	Colors []site.Color `json:"colors" doc:"The palette"`
}

type customizationBody struct {
	GoalName    Opt[string] `json:"goalName"`
	DisplayName Opt[string] `json:"displayName,omitzero" doc:"At most 80 characters; null clears"`
	Color       Opt[string] `json:"color,omitzero" doc:"Of the palette; null clears"`
	Description Opt[string] `json:"description,omitzero" doc:"At most 300 characters; null clears"`
}

// smallBody is the limit of goal customizations and notes (rule 1.19).
const smallBody = 4 << 10

func (a *Account) customizationRoutes() []Route {
	read := auth.Rule{Kinds: auth.AllKinds, Permission: auth.GoalsRead, Website: auth.ByPath, Least: account.RoleViewer}
	write := auth.Rule{Kinds: auth.AllKinds, Permission: auth.GoalsWrite, Website: auth.ByPath, Least: account.RoleMember}
	const path = "/api/v1/admin/websites/{websiteId}/goals/customizations"
	const example = `{"status":"success","data":[{"goalName":"signup_started","displayName":"Signup started","color":"#8dcdff","description":null,"updatedAt":"2026-05-21T00:00:00.000Z"}],"colors":[{"color":"#ef4444","family":"red","label":"Red"}]}`
	return []Route{
		{Method: "GET", Path: path, Rule: read, Handle: a.listCustomizations, Doc: Doc{
			ID: "listGoalCustomizations", Tag: "Goals", Summary: "List how goals are shown",
			Query: []Param{{Name: "goalName", Description: "Of one goal alone"}},
			Data:  []customizationRow{}, Extra: customizationExtra{}, Example: example,
		}},
		{Method: "PATCH", Path: path, Rule: write, MaxBody: smallBody, Handle: a.setCustomization, Doc: Doc{
			ID: "setGoalCustomization", Tag: "Goals", Summary: "Change how a goal is shown",
			Description: "Partial. The goal need not have events yet.",
			Body:        customizationBody{}, Data: []customizationRow{}, BodyExample: `{"goalName":"signup_started","displayName":"Signup started","color":"#8dcdff"}`,
		}},
		{Method: "DELETE", Path: path, Rule: write, Handle: a.deleteCustomization, Doc: Doc{
			ID: "deleteGoalCustomization", Tag: "Goals", Summary: "Reset how a goal is shown",
			Query: []Param{{Name: "goalName", Required: true, Description: "Which goal"}}, Data: []deletedRow{},
		}},
	}
}

func (a *Account) listCustomizations(ctx context.Context, r *Request) (*Response, error) {
	name := r.Query.Get("goalName")
	if name != "" {
		checked, err := a.Customizations.GoalName(name)
		if err != nil {
			return nil, err
		}
		name = checked
	}
	all, err := a.Customizations.List(ctx, r.Website.ID, name)
	if err != nil {
		return nil, err
	}
	rows := make([]customizationRow, len(all))
	for i, c := range all {
		rows[i] = customizationOf(c)
	}
	return &Response{Data: rows, Extra: []Field{{"colors", site.Palette()}}}, nil
}

func (a *Account) setCustomization(ctx context.Context, r *Request) (*Response, error) {
	var body customizationBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	c, err := a.Customizations.Set(ctx, r.Website.ID, site.CustomizationInput{
		GoalName: body.GoalName.Value, DisplayName: orClear(body.DisplayName), Color: orClear(body.Color), Description: orClear(body.Description),
	})
	if err != nil {
		return nil, err
	}
	return One(customizationOf(c)), nil
}

func (a *Account) deleteCustomization(ctx context.Context, r *Request) (*Response, error) {
	found, err := a.Customizations.Delete(ctx, r.Website.ID, r.Query.Get("goalName"))
	if err != nil {
		return nil, err
	}
	return One(deletedRow{found}), nil
}

func customizationOf(c site.Customization) customizationRow {
	return customizationRow{c.GoalName, orNull(c.DisplayName), orNull(c.Color), orNull(c.Description), Stamp(c.UpdatedAt)}
}
