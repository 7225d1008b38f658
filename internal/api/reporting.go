package api

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"datafast/internal/account"
	"datafast/internal/analytics"
	"datafast/internal/auth"
	"datafast/internal/fault"
	"datafast/internal/funnel"
	"datafast/internal/ingest"
	"datafast/internal/revenue"
	"datafast/internal/site"
)

// ReportingConfig is what the Website API (api.md §8) needs.
type ReportingConfig struct {
	Log     *slog.Logger
	Now     func() time.Time
	Engine  analytics.Engine
	Events  EventStore
	Ingest  *ingest.Ingest
	Revenue *revenue.Service
	Live    Live
	Funnels *funnel.Funnels
	Looks   *site.Customizations
	BaseURL string // without a final slash
	// Paid is told of every new payment, renewal and trial, for alerts on the goal
	// that it raises.
	Paid func(w *site.Website, p revenue.Payment, goal string)
}

// Reporting serves the Website API.
type Reporting struct {
	ReportingConfig
	models models
}

// NewReporting returns the Website API.
func NewReporting(c ReportingConfig) *Reporting {
	return &Reporting{ReportingConfig: c, models: models{made: map[string]madeModel{}}}
}

// Routes lists the operations of the Website API.
func (a *Reporting) Routes() []Route {
	var all []Route
	for _, group := range [][]Route{
		a.overviewRoutes(), a.timeseriesRoutes(), a.breakdownRoutes(), a.metadataRoutes(), a.realtimeRoutes(),
		a.visitorRoutes(), a.goalEventRoutes(), a.goalReportRoutes(), a.paymentRoutes(), a.identifyRoutes(),
		a.funnelReportRoutes(), a.mentionRoutes(), a.batchRoutes(), a.exportRoutes(), a.importRoutes(), a.trackingRoutes(),
	} {
		all = append(all, group...)
	}
	return all
}

// queryTimeout is how long a question may take before 504.
const queryTimeout = 25 * time.Second

// reads is the rule of a route that reads reports.
func reads() auth.Rule {
	return auth.Rule{Kinds: auth.AllKinds, Permission: auth.AnalyticsRead, Website: auth.ByQuery, Least: account.RoleViewer}
}

// within runs a question with the time limit of reports.
func within[T any](ctx context.Context, ask func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	out, err := ask(ctx)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fault.New(fault.CodeTimeout, "The query took longer than %d seconds; ask for a shorter range", int(queryTimeout.Seconds()))
	}
	return out, err
}

// run answers one question.
func (a *Reporting) run(ctx context.Context, q analytics.Query) (analytics.Result, error) {
	results, err := within(ctx, func(ctx context.Context) ([]analytics.Result, error) {
		return a.Engine.Run(ctx, []analytics.Query{q})
	})
	if err != nil {
		return analytics.Result{}, err
	}
	return results[0], nil
}

// question reads what all reports have in common: range, zone, filters and
// attribution. Errors of all of them are collected.
func (a *Reporting) question(r *Request, errs *fault.List) analytics.Query {
	w := r.Website
	q := analytics.Query{WebsiteID: w.ID, IncludeRenewals: w.IncludeRenewalRevenue}
	q.Range, q.Zone = timeRange(r, errs)
	var err error
	q.Filters, err = analytics.ParseFilters(r.Query)
	errs.Add(err)
	q.Attribution, err = analytics.ParseAttribution(r.Query.Get("attribution"), w.Attribution)
	errs.Add(err)
	return q
}

// timeRange reads startAt, endAt and timezone.
func timeRange(r *Request, errs *fault.List) (analytics.Range, *time.Location) {
	zone, err := analytics.ParseZone(r.Query.Get("timezone"), r.Website.Timezone)
	errs.Add(err)
	if zone == nil {
		zone = time.UTC
	}
	rng, err := analytics.ParseRange("startAt", r.Query.Get("startAt"), "endAt", r.Query.Get("endAt"), zone)
	errs.Add(err)
	return rng, zone
}

// fieldList reads fields: valid names in the order asked, nil when not given.
// Unknown names are ignored as long as a valid one remains (rule 6.5).
func fieldList(r *Request, valid ...string) ([]string, error) {
	raw := r.Query.Get("fields")
	if strings.TrimSpace(raw) == "" {
		return nil, nil
	}
	known := map[string]bool{}
	for _, v := range valid {
		known[v] = true
	}
	var out []string
	for name := range strings.SplitSeq(raw, ",") {
		if name = strings.TrimSpace(name); known[name] {
			out = append(out, name)
			known[name] = false
		}
	}
	if len(out) == 0 {
		return nil, fault.Invalid("fields", "%.60q names no field of this report; use %s", raw, strings.Join(valid, ", "))
	}
	return out, nil
}

// rangeParams documents the parameters that question reads.
func rangeParams(more ...Param) []Param {
	return append([]Param{
		{Name: "startAt", Description: "First day (YYYY-MM-DD, in the reporting zone) or instant (ISO 8601 with zone). With endAt; neither: see the report."},
		{Name: "endAt", Description: "Last day or instant, itself included."},
		{Name: "timezone", Description: "IANA zone of the report; default the website's."},
	}, more...)
}

// filterParams documents the filters of api.md §4.
func filterParams() []Param {
	var out []Param
	for _, name := range analytics.FilterNames() {
		out = append(out, Param{
			Name: "filter_" + name, Repeated: true,
			Description: "`[operator:]value[,value…]`; operators " + strings.Join(analytics.FilterOperators(name), ", ") + ". Repeated: all must match.",
		})
	}
	return append(out, Param{
		Name: "attribution", Enum: []string{"last_non_direct", "first_touch", "last_touch"},
		Description: "Which session gets the credit for a payment; default the website's choice.",
	})
}

func pageParams(most string) []Param {
	return []Param{
		{Name: "limit", Type: "integer", Description: "Rows at most; default 100, at most " + most + "."},
		{Name: "offset", Type: "integer", Description: "Rows to leave out; default 0."},
	}
}

func fieldsParam(valid ...string) Param {
	return Param{Name: "fields", Description: "Comma-separated: " + strings.Join(valid, ", ") + ". Default all."}
}

// money is an amount in major units of the website's currency.
func (r *Request) money(minor int64) float64 { return revenue.Major(minor, r.Website.Currency) }
