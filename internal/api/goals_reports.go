package api

import (
	"context"

	"datafast/internal/account"
	"datafast/internal/analytics"
	"datafast/internal/auth"
	"datafast/internal/fault"
	"datafast/internal/site"
)

type goalRow struct {
	Goal        string `json:"goal"`
	Completions int64  `json:"completions"`
	Visitors    int64  `json:"visitors"`
}

type goalPropertyRow struct {
	Property    string `json:"property,omitempty" doc:"Without propertyName"`
	Value       string `json:"value,omitempty" doc:"With propertyName"`
	Completions int64  `json:"completions"`
	Visitors    int64  `json:"visitors"`
}

type trackedGoalRow struct {
	GoalName    string  `json:"goalName"`
	Completions int64   `json:"completions"`
	Visitors    int64   `json:"visitors"`
	DisplayName *string `json:"displayName"`
	Color       *string `json:"color"`
	Description *string `json:"description"`
	FirstSeenAt string  `json:"firstSeenAt"`
	LastSeenAt  string  `json:"lastSeenAt"`
}

func (a *Reporting) goalReportRoutes() []Route {
	return []Route{
		{
			Method: "GET", Path: "/api/v1/analytics/goals", Rule: reads(),
			Handle: a.counted(analytics.ByGoal, "goal", []string{"name", "completions", "visitors"}, "completions"),
			Doc: Doc{
				ID: "getGoals", Tag: "Analytics", Summary: "Goals by completions",
				Description: "Goals that were sent; those that payments raise are left out. `name` comes back as `goal`.",
				Query:       append(append(rangeParams(fieldsParam("name", "completions", "visitors")), pageParams("1000")...), filterParams()...),
				Data:        []goalRow{}, Paged: true,
				Example: `{"status":"success","data":[{"goal":"signup","completions":120,"visitors":97}],"pagination":{"limit":100,"offset":0,"total":1,"hasMore":false}}`,
			},
		},
		{Method: "GET", Path: "/api/v1/analytics/goals/properties", Rule: reads(), Handle: a.goalProperties, Doc: Doc{
			ID: "getGoalProperties", Tag: "Analytics", Summary: "Parameters of a goal, or the values of one",
			Description: "Without dates: the last 30 calendar days.",
			Query: append(rangeParams(
				Param{Name: "eventName", Required: true, Description: "Exact goal name"},
				Param{Name: "propertyName", Description: "A parameter, case-sensitive: its values are listed"},
			), pageParams("1000")...),
			Data: []goalPropertyRow{}, Paged: true,
			Example: `{"status":"success","data":[{"property":"plan","completions":120,"visitors":97}],"pagination":{"limit":100,"offset":0,"total":1,"hasMore":false}}`,
		}},
		{
			Method: "GET", Path: "/api/v1/admin/websites/{websiteId}/goals", Handle: a.trackedGoals,
			Rule: auth.Rule{Kinds: auth.AllKinds, Permission: auth.SettingsRead, Website: auth.ByPath, Least: account.RoleViewer},
			Doc: Doc{
				ID: "listTrackedGoals", Tag: "Goals", Summary: "Goals that the website has seen, over all time", Data: []trackedGoalRow{},
				Example: `{"status":"success","data":[{"goalName":"signup","completions":120,"visitors":97,"displayName":null,"color":null,"description":null,"firstSeenAt":"2026-05-19T10:00:00.000Z","lastSeenAt":"2026-05-21T09:13:00.000Z"}]}`,
			},
		},
	}
}

func (a *Reporting) goalProperties(ctx context.Context, r *Request) (*Response, error) {
	var errs fault.List
	errs.Add(r.OnlyQuery("eventName", "propertyName", "startAt", "endAt", "timezone", "limit", "offset"))
	q := analytics.GoalPropertiesQuery{WebsiteID: r.Website.ID, Goal: r.Query.Get("eventName"), Property: r.Query.Get("propertyName")}
	if q.Goal == "" {
		errs.Add(fault.Invalid("eventName", "is required: the goal's exact name"))
	}
	rng, zone := timeRange(r, &errs)
	limit, offset, err := r.Paging(100, 1000)
	errs.Add(err)
	if err := errs.Err(); err != nil {
		return nil, err
	}
	if rng.IsAll() {
		rng = analytics.LastDays(30, a.Now(), zone)
	}
	q.Range, q.Limit, q.Offset = rng, limit, offset
	res, err := within(ctx, func(ctx context.Context) (analytics.PropertiesResult, error) { return a.Engine.GoalProperties(ctx, q) })
	if err != nil {
		return nil, err
	}
	key := "property"
	if q.Property != "" {
		key = "value"
	}
	rows := make([]ordered, len(res.Rows))
	for i, p := range res.Rows {
		rows[i] = ordered{{key, p.Name}, {"completions", p.Completions}, {"visitors", p.Visitors}}
	}
	return &Response{Data: rows, Pagination: Page(limit, offset, res.Total, len(rows))}, nil
}

func (a *Reporting) trackedGoals(ctx context.Context, r *Request) (*Response, error) {
	goals, err := within(ctx, func(ctx context.Context) ([]analytics.TrackedGoal, error) {
		return a.Events.TrackedGoals(ctx, r.Website.ID)
	})
	if err != nil {
		return nil, err
	}
	list, err := a.Looks.List(ctx, r.Website.ID, "")
	if err != nil {
		return nil, err
	}
	looks := make(map[string]site.Customization, len(list))
	for _, c := range list {
		looks[c.GoalName] = c
	}
	rows := make([]trackedGoalRow, len(goals))
	for i, g := range goals {
		look := looks[g.Name]
		rows[i] = trackedGoalRow{
			GoalName: g.Name, Completions: g.Completions, Visitors: g.Visitors,
			DisplayName: orNull(look.DisplayName), Color: orNull(look.Color), Description: orNull(look.Description),
			FirstSeenAt: Stamp(g.FirstSeen), LastSeenAt: Stamp(g.LastSeen),
		}
	}
	return OK(rows), nil
}
