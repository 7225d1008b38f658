package api

import (
	"context"

	"datafast/internal/account"
	"datafast/internal/analytics"
	"datafast/internal/auth"
	"datafast/internal/event"
	"datafast/internal/fault"
)

// EventStore is what the Website API needs of the event store beside reports.
type EventStore interface {
	LastSession(ctx context.Context, websiteID string, v event.VisitorID) (*event.Session, error)
	IsBot(ctx context.Context, websiteID string, v event.VisitorID) (bool, error)
	DeleteGoals(ctx context.Context, websiteID string, d analytics.GoalDeletion) (int, error)
	TrackedGoals(ctx context.Context, websiteID string) ([]analytics.TrackedGoal, error)
	Tracking(ctx context.Context, websiteID string) (analytics.Tracking, error)
	Identify(ctx context.Context, in analytics.Identity) (profileID string, created bool, err error)
	ImportedIDs(ctx context.Context, websiteID string, ids []string) (map[string]bool, error)
	ExportEvents(ctx context.Context, q analytics.ExportQuery, emit func(*event.Event) error) error
	ExportSessions(ctx context.Context, q analytics.ExportQuery, emit func(s *event.Session, bounce bool) error) error
}

type goalEventBody struct {
	DatafastVisitorID string         `json:"datafast_visitor_id" doc:"UUID v4 of a visitor with a page view on the website"`
	VisitorID         string         `json:"visitorId,omitempty" doc:"Alias of datafast_visitor_id"`
	Name              string         `json:"name" doc:"1 to 64 of a-z, 0-9, _, : and -; made lower case, blanks become _"`
	Description       string         `json:"description,omitempty" doc:"At most 500 characters"`
	Metadata          map[string]any `json:"metadata,omitempty" doc:"At most 10 keys"`
}

// visitor is the visitor id of a body that takes two names for it.
func pickVisitor(canonical, alias string) string {
	if canonical == "" {
		return alias
	}
	return canonical
}

type createdGoal struct {
	Message string `json:"message"`
	EventID string `json:"eventId"`
}

type deletedGoals struct {
	Message      string    `json:"message"`
	GoalName     string    `json:"goal_name,omitempty"`
	VisitorID    string    `json:"datafast_visitor_id,omitempty"`
	TimeRange    *timeSpan `json:"timeRange,omitempty"`
	DeletedCount int       `json:"deletedCount"`
}

type timeSpan struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

// writes is the rule of a route that writes a website's event data.
func writes(p auth.Permission) auth.Rule {
	return auth.Rule{Kinds: auth.AllKinds, Permission: p, Website: auth.ByQuery, Least: account.RoleMember}
}

func (a *Reporting) goalEventRoutes() []Route {
	return []Route{
		{Method: "POST", Path: "/api/v1/goals", Rule: writes(auth.GoalsWrite), Handle: a.createGoal, Doc: Doc{
			ID: "createGoal", Tag: "Goals", Summary: "Record a goal from your server",
			Description: "The visitor needs a page view on the website. Each call is one completion at the time of the call.",
			Body:        goalEventBody{}, Data: []createdGoal{},
			BodyExample: `{"datafast_visitor_id":"5b0c8a52-0f3e-4d0a-9a51-2f3f4f2f7b11","name":"signup","metadata":{"plan":"pro"}}`,
			Example:     `{"status":"success","data":[{"message":"Custom event created successfully","eventId":"665f0b3c4d2e1a0012345678"}]}`,
		}},
		{Method: "DELETE", Path: "/api/v1/goals", Rule: writes(auth.GoalsWrite), Handle: a.deleteGoals, Doc: Doc{
			ID: "deleteGoals", Tag: "Goals", Summary: "Delete goal events",
			Description: "By visitor, name, range, or several of them; at least one. Without a range: all time.",
			Query: []Param{
				{Name: "datafast_visitor_id", Description: "UUID v4"},
				{Name: "name", Description: "Goal name"},
				{Name: "start", Description: "Or startAt; with end."},
				{Name: "end", Description: "Or endAt."},
			},
			Data:    []deletedGoals{},
			Example: `{"status":"success","data":[{"message":"Goal events deleted successfully within time range","goal_name":"signup","timeRange":{"start":"2026-05-01T00:00:00.000Z","end":"2026-05-19T23:59:59.000Z"},"deletedCount":3}]}`,
		}},
	}
}

const maxDescription = 500

func (a *Reporting) createGoal(ctx context.Context, r *Request) (*Response, error) {
	var body goalEventBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	var errs fault.List
	v, err := event.ParseVisitorID("datafast_visitor_id", pickVisitor(body.DatafastVisitorID, body.VisitorID))
	errs.Add(err)
	name, err := event.ParseGoalName("name", body.Name)
	errs.Add(err)
	params, err := event.CleanParams("metadata", body.Metadata)
	errs.Add(err)
	if n := len([]rune(body.Description)); n > maxDescription {
		errs.Add(fault.Invalid("description", "has %d characters; at most %d are allowed", n, maxDescription))
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	if r.Website.Suspended {
		return nil, fault.New(fault.CodeForbidden, "Tracking is suspended for this website")
	}
	last, err := a.knownVisitor(ctx, r, v)
	if err != nil {
		return nil, err
	}
	e := &event.Event{
		WebsiteID: r.Website.ID, Visitor: v, Kind: event.Goal, Server: true, Name: name, Data: params,
		Hostname: last.ExitHostname, Path: last.ExitPath, System: last.System, Place: last.Place,
		Viewport: last.Viewport, Language: last.Language,
	}
	if err := a.Ingest.Record(ctx, e); err != nil {
		return nil, err
	}
	return One(createdGoal{Message: "Custom event created successfully", EventID: e.ID}), nil
}

// knownVisitor returns the last session of a visitor with a page view; 400 for a
// bot, 404 for one that was never seen.
func (a *Reporting) knownVisitor(ctx context.Context, r *Request, v event.VisitorID) (*event.Session, error) {
	if err := a.refuseBot(ctx, r, v); err != nil {
		return nil, err
	}
	last, err := a.Events.LastSession(ctx, r.Website.ID, v)
	if err != nil {
		return nil, err
	}
	if last == nil {
		return nil, visitorNotFound()
	}
	return last, nil
}

func visitorNotFound() error {
	return fault.NotFound("Visitor not found: it has no page view on this website")
}

func (a *Reporting) refuseBot(ctx context.Context, r *Request, v event.VisitorID) error {
	if err := a.Ingest.FlushDrops(ctx); err != nil {
		return err
	}
	bot, err := a.Events.IsBot(ctx, r.Website.ID, v)
	if err != nil {
		return err
	}
	if bot {
		return fault.Invalid("datafast_visitor_id", "belongs to a bot; bots are not tracked")
	}
	return nil
}

// deletionRange reads startAt and endAt, or start and end. given says whether
// there is a range at all.
func deletionRange(r *Request, errs *fault.List) (rng analytics.Range, given bool) {
	zone, err := analytics.ParseZone(r.Query.Get("timezone"), r.Website.Timezone)
	errs.Add(err)
	if err != nil {
		return rng, false
	}
	startName, endName := "startAt", "endAt"
	if r.Query.Has("start") || r.Query.Has("end") {
		startName, endName = "start", "end"
	}
	rng, err = analytics.ParseRange(startName, r.Query.Get(startName), endName, r.Query.Get(endName), zone)
	errs.Add(err)
	return rng, !rng.IsAll()
}

// span is a deletion's range as the answer shows it; nil without one.
func span(rng analytics.Range, given bool) *timeSpan {
	if !given {
		return nil
	}
	return &timeSpan{Start: Stamp(rng.From), End: Stamp(rng.To.Add(-1e6))}
}

func (a *Reporting) deleteGoals(ctx context.Context, r *Request) (*Response, error) {
	var errs fault.List
	var d analytics.GoalDeletion
	id := pickVisitor(r.Query.Get("datafast_visitor_id"), r.Query.Get("visitorId"))
	if id != "" {
		var err error
		d.Visitor, err = event.ParseVisitorID("datafast_visitor_id", id)
		errs.Add(err)
	}
	d.Name = event.FormatGoalName(r.Query.Get("name"))
	rng, given := deletionRange(r, &errs)
	d.Range = rng
	if len(errs) == 0 && id == "" && d.Name == "" && !given {
		errs.Add(fault.New(fault.CodeInvalid, "Give datafast_visitor_id, name, or start and end: nothing says which goal events to delete"))
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	n, err := a.Events.DeleteGoals(ctx, r.Website.ID, d)
	if err != nil {
		return nil, err
	}
	out := deletedGoals{Message: "Goal events deleted successfully", GoalName: d.Name, TimeRange: span(rng, given), DeletedCount: n}
	if given {
		out.Message += " within time range"
	}
	if id != "" {
		out.VisitorID = d.Visitor.String()
	}
	return One(out), nil
}
