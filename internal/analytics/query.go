package analytics

import (
	"context"
	"time"

	"datafast/internal/event"
	"datafast/internal/fault"
)

// Dimension is an attribute to group by. The zero value groups by nothing.
type Dimension string

// The dimensions of api.md §8.4.
const (
	ByNothing   Dimension = ""
	ByPage      Dimension = "page" // keys: hostname, path
	ByEntryPage Dimension = "entry_page"
	ByHostname  Dimension = "hostname"
	ByReferrer  Dimension = "referrer"
	ByChannel   Dimension = "channel"
	ByCountry   Dimension = "country"
	ByRegion    Dimension = "region"
	ByCity      Dimension = "city"
	ByDevice    Dimension = "device"
	ByBrowser   Dimension = "browser"
	ByOS        Dimension = "operating_system"
	ByCampaign  Dimension = "campaign" // keys: Query.CampaignKeys
	ByGoal      Dimension = "goal"
	ByExitLink  Dimension = "url"
)

// CampaignKeys are the URL parameters of a campaign, in the order of api.md 8.4.2.
func CampaignKeys() []string {
	return []string{"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "ref", "source", "via"}
}

// Interval is the size of a time bucket. The zero value asks for no buckets.
type Interval string

// The intervals of api.md §8.2. Weeks start on Monday.
const (
	NoInterval Interval = ""
	Hour       Interval = "hour"
	Day        Interval = "day"
	Week       Interval = "week"
	Month      Interval = "month"
)

// ParseInterval reads the interval parameter.
func ParseInterval(s string) (Interval, error) {
	switch i := Interval(s); i {
	case Hour, Day, Week, Month:
		return i, nil
	}
	return NoInterval, fault.Invalid("interval", "%q is not an interval; use hour, day, week or month", s)
}

// Attribution is the rule by which a payment's session is chosen (product.md §5).
type Attribution string

// The models.
const (
	LastNonDirect Attribution = "last_non_direct"
	FirstTouch    Attribution = "first_touch"
	LastTouch     Attribution = "last_touch"
)

// AttributionWindow is how far before a payment the default model looks.
const AttributionWindow = 30 * 24 * time.Hour

// ParseAttribution reads the attribution parameter; "" gives the website's choice.
func ParseAttribution(s, websiteDefault string) (Attribution, error) {
	if s == "" {
		s = websiteDefault
	}
	switch a := Attribution(s); a {
	case LastNonDirect, FirstTouch, LastTouch:
		return a, nil
	case "":
		return LastNonDirect, nil
	}
	return "", fault.Invalid("attribution", "%q is not a model; use last_non_direct, first_touch or last_touch", s)
}

// Query is one question about one website. An overview groups by nothing, a time
// series has an Interval, a breakdown a Dimension.
type Query struct {
	WebsiteID    string
	Range        Range
	Zone         *time.Location
	Interval     Interval
	Dimension    Dimension
	CampaignKeys []string // of ByCampaign; nil means all
	Filters      []Filter
	Attribution  Attribution
	// IncludeRenewals counts renewals as payments and revenue, by the website's setting.
	IncludeRenewals bool
	// Rows of a breakdown: at most Limit from Offset on; Limit 0 means all.
	Limit, Offset int
	// SkipMoney says that no money is asked for, which saves attribution.
	SkipMoney bool
}

// Totals are the numbers of a row, a bucket or the whole range. Money is in minor
// units of the website's currency.
type Totals struct {
	Visitors   int64 // distinct, with a page view or goal
	Sessions   int64
	Pageviews  int64
	Bounces    int64
	DurationMS int64 // sum over sessions
	Converted  int64 // visitors with a new payment

	Payments        int64 // counted rows: no refunds, no trials
	NewPayments     int64
	RenewalPayments int64
	NewMinor        int64
	RenewalMinor    int64
	RefundMinor     int64 // positive, all refunds

	Completions int64 // of goals: times reached; of exit links: clicks
}

// RevenueMinor is new and, when counted, renewal money less all refunds.
func (t Totals) RevenueMinor(includeRenewals bool) int64 {
	sum := t.NewMinor - t.RefundMinor
	if includeRenewals {
		sum += t.RenewalMinor
	}
	return sum
}

// CountedPayments is the number of payments under the renewal setting.
func (t Totals) CountedPayments(includeRenewals bool) int64 {
	if includeRenewals {
		return t.NewPayments + t.RenewalPayments
	}
	return t.NewPayments
}

// BounceRate is the share of sessions that bounced in percent, two decimals; 0
// without sessions.
func (t Totals) BounceRate() float64 { return Percent(t.Bounces, t.Sessions) }

// ConversionRate is the share of visitors with a new payment in percent (api.md §8.1).
func (t Totals) ConversionRate() float64 { return Percent(t.Converted, t.Visitors) }

// AvgSessionDuration is in milliseconds, two decimals, bounces counting 0.
func (t Totals) AvgSessionDuration() float64 { return ratio(t.DurationMS, t.Sessions) }

// Percent is part of whole in percent, two decimals; 0 of nothing.
func Percent(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return Round2(100 * float64(part) / float64(whole))
}

func ratio(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return Round2(float64(part) / float64(whole))
}

// Row is one row of an answer. Keys are the dimension's values in the order of
// api.md §8.4, as stored (codes, empty for unknown); Bucket is set in a time
// series, the start of the bucket.
type Row struct {
	Keys   []string
	Bucket time.Time
	Totals
}

// Result is the answer to a Query. An overview has one row; a time series a row
// per bucket, zeros included, and Totals over the window.
type Result struct {
	Rows         []Row
	Total        int // rows before paging
	Totals       Totals
	Unattributed Totals // money to which no session can be given
}

// Engine answers questions. A batch sees the store at one time.
type Engine interface {
	Run(ctx context.Context, queries []Query) ([]Result, error)
	Visitors(ctx context.Context, q VisitorsQuery) (VisitorsResult, error)
	Visitor(ctx context.Context, websiteID string, v event.VisitorID) (*VisitorDetail, error)
	Funnel(ctx context.Context, q FunnelQuery) (FunnelResult, error)
	GoalProperties(ctx context.Context, q GoalPropertiesQuery) (PropertiesResult, error)
	// Likelihood counts what the likelihood model is made of; nil without payments.
	Likelihood(ctx context.Context, websiteID string, r Range) (*LikelihoodModel, error)
}
