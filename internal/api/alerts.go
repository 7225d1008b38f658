package api

import (
	"context"

	"datafast/internal/account"
	"datafast/internal/alert"
	"datafast/internal/auth"
	"datafast/internal/fault"
)

type alertRow struct {
	ID          string           `json:"_id"`
	WebsiteID   string           `json:"websiteId"`
	Name        string           `json:"name"`
	Trigger     alertTrigger     `json:"trigger"`
	Destination alertDestination `json:"destination"`
	Template    alertTemplate    `json:"template"`
	IsEnabled   bool             `json:"isEnabled"`
	RecentLogs  []alertLogRow    `json:"recentLogs" doc:"The newest five"`
}

type alertTrigger struct {
	Type     string `json:"type" enum:"goal"`
	GoalName string `json:"goalName"`
}

type alertDestination struct {
	Type string `json:"type" enum:"email"`
}

type alertTemplate struct {
	Subject *string `json:"subject"`
	Message string  `json:"message"`
}

type alertLogRow struct {
	AlertID     string  `json:"alertId"`
	AlertName   string  `json:"alertName"`
	GoalName    string  `json:"goalName"`
	Status      string  `json:"status" enum:"sent,failed"`
	Error       *string `json:"error"`
	VisitorID   *string `json:"visitorId"`
	TriggeredAt string  `json:"triggeredAt"`
}

type alertCounts struct {
	Sent   int `json:"sent"`
	Failed int `json:"failed"`
	Total  int `json:"total"`
}

type alertExtra struct {
	Counts alertCounts `json:"counts" doc:"Of all triggers, before the limit"`
}

type alertBody struct {
	Name        Opt[string]               `json:"name,omitzero" doc:"1 to 100 characters"`
	Trigger     Opt[alertTriggerBody]     `json:"trigger,omitzero"`
	Destination Opt[alertDestinationBody] `json:"destination,omitzero"`
	Template    Opt[alertTemplateBody]    `json:"template,omitzero"`
	IsEnabled   Opt[bool]                 `json:"isEnabled,omitzero" doc:"Default true"`
}

type alertTriggerBody struct {
	Type     Opt[string] `json:"type,omitzero" doc:"goal"`
	GoalName Opt[string] `json:"goalName,omitzero"`
}

type alertDestinationBody struct {
	Type Opt[string] `json:"type,omitzero" doc:"email: to the website's owner"`
}

type alertTemplateBody struct {
	Subject Opt[string] `json:"subject,omitzero" doc:"At most 200 characters"`
	Message Opt[string] `json:"message,omitzero" doc:"10 to 2000 characters; {{goal}} {{visitor}} {{source}} {{country}} {{page}} {{amount}} are filled in"`
}

const (
	alertExample     = `{"status":"success","data":[{"_id":"665f0b3c4d2e1a0012345620","websiteId":"665f0b3c4d2e1a0012345678","name":"New sale","trigger":{"type":"goal","goalName":"purchase"},"destination":{"type":"email"},"template":{"subject":null,"message":"Someone bought something."},"isEnabled":true,"recentLogs":[]}]}`
	alertBodyExample = `{"name":"New sale","trigger":{"goalName":"purchase"},"template":{"message":"Someone bought something."}}`
	historyExample   = `{"status":"success","data":[{"alertId":"665f0b3c4d2e1a0012345620","alertName":"New sale","goalName":"purchase","status":"sent","error":null,"visitorId":"5b0c8a52-0f3e-4d0a-9a51-2f3f4f2f7b11","triggeredAt":"2026-05-21T09:13:00.000Z"}],"counts":{"sent":1,"failed":0,"total":1}}`
)

func (a *Account) alertRoutes() []Route {
	read := auth.Rule{Kinds: auth.AllKinds, Permission: auth.AlertsRead, Website: auth.ByPath, Least: account.RoleViewer}
	write := auth.Rule{Kinds: auth.AllKinds, Permission: auth.AlertsWrite, Website: auth.ByPath, Least: account.RoleMember}
	const path = "/api/v1/admin/websites/{websiteId}/alerts"
	return []Route{
		{Method: "GET", Path: path, Rule: read, Handle: a.listAlerts, Doc: Doc{
			ID: "listAlerts", Tag: "Alerts", Summary: "List a website's alerts", Data: []alertRow{}, Example: alertExample,
		}},
		{Method: "POST", Path: path, Rule: write, Handle: a.createAlert, Doc: Doc{
			ID: "createAlert", Tag: "Alerts", Summary: "Create an alert",
			Description: "The website's owner gets a mail when a visitor completes the goal: at most one a minute, then a digest. At most 25 alerts.",
			Body:        alertBody{}, Data: []alertRow{}, Example: alertExample, BodyExample: alertBodyExample,
		}},
		{Method: "GET", Path: path + "/history", Rule: read, Handle: a.alertHistory, Doc: Doc{
			ID: "listAlertHistory", Tag: "Alerts", Summary: "List when alerts went off",
			Query: []Param{
				{Name: "alertId", Description: "Of one alert alone"},
				{Name: "limit", Type: "integer", Description: "Default 50, at most 100"},
			},
			Data: []alertLogRow{}, Extra: alertExtra{}, Example: historyExample,
		}},
		{Method: "GET", Path: path + "/{alertId}", Rule: read, Handle: a.getAlert, Doc: Doc{
			ID: "getAlert", Tag: "Alerts", Summary: "Get an alert", Data: []alertRow{}, Example: alertExample,
		}},
		{Method: "PUT", Path: path + "/{alertId}", Rule: write, Handle: a.updateAlert, Doc: Doc{
			ID: "updateAlert", Tag: "Alerts", Summary: "Change an alert", Description: "Partial.",
			Body: alertBody{}, Data: []alertRow{}, Example: alertExample, BodyExample: `{"isEnabled":false}`,
		}},
		{Method: "DELETE", Path: path + "/{alertId}", Rule: write, Handle: a.deleteAlert, Doc: Doc{
			ID: "deleteAlert", Tag: "Alerts", Summary: "Delete an alert", Data: []messageRow{},
		}},
	}
}

func (a *Account) listAlerts(ctx context.Context, r *Request) (*Response, error) {
	alerts, err := a.Alerts.List(ctx, r.Website.ID)
	if err != nil {
		return nil, err
	}
	rows := make([]alertRow, len(alerts))
	for i, x := range alerts {
		rows[i] = alertOf(x)
	}
	return OK(rows), nil
}

func (a *Account) getAlert(ctx context.Context, r *Request) (*Response, error) {
	id, err := r.objectID("alertId")
	if err != nil {
		return nil, err
	}
	x, err := a.Alerts.Get(ctx, r.Website.ID, id)
	if err != nil {
		return nil, err
	}
	return One(alertOf(x)), nil
}

func (a *Account) createAlert(ctx context.Context, r *Request) (*Response, error) {
	in, err := r.alertInput()
	if err != nil {
		return nil, err
	}
	x, err := a.Alerts.Create(ctx, r.Website.ID, in)
	if err != nil {
		return nil, err
	}
	return One(alertOf(x)), nil
}

func (a *Account) updateAlert(ctx context.Context, r *Request) (*Response, error) {
	id, err := r.objectID("alertId")
	if err != nil {
		return nil, err
	}
	in, err := r.alertInput()
	if err != nil {
		return nil, err
	}
	x, err := a.Alerts.Update(ctx, r.Website.ID, id, in)
	if err != nil {
		return nil, err
	}
	return One(alertOf(x)), nil
}

func (a *Account) deleteAlert(ctx context.Context, r *Request) (*Response, error) {
	id, err := r.objectID("alertId")
	if err != nil {
		return nil, err
	}
	if err := a.Alerts.Delete(ctx, r.Website.ID, id); err != nil {
		return nil, err
	}
	return One(messageRow{"Alert deleted successfully"}), nil
}

func (a *Account) alertHistory(ctx context.Context, r *Request) (*Response, error) {
	limit, _, err := r.Paging(50, 100)
	if err != nil {
		return nil, err
	}
	id := r.Query.Get("alertId")
	if id != "" {
		if _, err := checkID("alertId", id); err != nil {
			return nil, err
		}
	}
	logs, counts, err := a.Alerts.History(ctx, r.Website.ID, id, limit)
	if err != nil {
		return nil, err
	}
	total := counts.Sent + counts.Failed
	return &Response{Data: logsOf(logs), Extra: []Field{{"counts", alertCounts{counts.Sent, counts.Failed, total}}}}, nil
}

// alertInput reads a body; only goals and e-mail can be asked for.
func (r *Request) alertInput() (alert.Input, error) {
	var body alertBody
	if err := r.Decode(&body); err != nil {
		return alert.Input{}, err
	}
	var faults fault.List
	trigger, template := body.Trigger.Value, body.Template.Value
	if t := trigger.Type.Ptr(); t != nil && *t != "goal" {
		faults.Add(fault.Invalid("trigger.type", "%q is not known; use goal", *t))
	}
	if d := body.Destination.Value.Type.Ptr(); d != nil && *d != "email" {
		faults.Add(fault.Invalid("destination.type", "%q is not known; use email", *d))
	}
	in := alert.Input{
		Name:     noNull("name", body.Name, &faults),
		GoalName: noNull("trigger.goalName", trigger.GoalName, &faults),
		Subject:  orClear(template.Subject),
		Message:  noNull("template.message", template.Message, &faults),
		Enabled:  noNull("isEnabled", body.IsEnabled, &faults),
	}
	return in, faults.Err()
}

func alertOf(a alert.Alert) alertRow {
	return alertRow{
		ID: a.ID, WebsiteID: a.WebsiteID, Name: a.Name, Trigger: alertTrigger{"goal", a.GoalName},
		Destination: alertDestination{"email"}, Template: alertTemplate{orNull(a.Subject), a.Message},
		IsEnabled: a.Enabled, RecentLogs: logsOf(a.Recent),
	}
}

func logsOf(logs []alert.Log) []alertLogRow {
	rows := make([]alertLogRow, len(logs))
	for i, l := range logs {
		rows[i] = alertLogRow{l.AlertID, l.AlertName, l.GoalName, string(l.Status), orNull(l.Error), orNull(l.VisitorID), Stamp(l.TriggeredAt)}
	}
	return rows
}
