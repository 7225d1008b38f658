package analytics

import (
	"slices"
	"time"

	"datafast/internal/event"
)

// VisitorsQuery asks for a list of visitors, last seen first.
type VisitorsQuery struct {
	WebsiteID string
	Range     Range
	Filters   []Filter
	// Goal, when set, keeps the visitors who completed it in the range and shows
	// its time as last seen.
	Goal string
	// Funnel, when it has steps, keeps those who reached Step (from 1) in the range;
	// with Dropped, those who did not reach the next.
	Funnel  *FunnelQuery
	Step    int
	Dropped bool
	// Only, when set, keeps these visitors.
	Only []event.VisitorID
	// OldestFirst orders by first session in place of last seen; After then goes on
	// behind a visitor.
	OldestFirst bool
	After       Cursor
	// Limit 0 means all.
	Limit, Offset int
}

// VisitorRow is one visitor of the list; attributes are those of the latest
// session with a page view in the range.
type VisitorRow struct {
	Visitor    event.VisitorID
	FirstSeen  time.Time
	LastSeen   time.Time
	Session    event.Session
	VisitCount int // sessions with a page view, ever
	IsCustomer bool
	UserID     string // of the profile; empty: not identified
	Traits     string // of the profile, JSON
}

// VisitorsResult is a page of visitors; Total counts all that match.
type VisitorsResult struct {
	Rows  []VisitorRow
	Total int
}

// Profile is an identified user of a website.
type Profile struct {
	ID           string
	UserID       string
	Traits       string // JSON object
	IdentifiedAt time.Time
	Links        []Link // of every visitor who was this user, oldest first
}

// Visitors lists who was this user, whoever first was first.
func (p *Profile) Visitors() []event.VisitorID {
	var out []event.VisitorID
	for _, l := range p.Links {
		if !slices.Contains(out, l.Visitor) {
			out = append(out, l.Visitor)
		}
	}
	return out
}

// Covers reports whether the visitor was this user at some moment from start to
// end. A nil profile covers everything.
func (p *Profile) Covers(v event.VisitorID, start, end time.Time) bool {
	if p == nil {
		return true
	}
	return slices.ContainsFunc(p.Links, func(l Link) bool { return l.Visitor == v && l.Meets(start, end) })
}

// VisitorDetail is everything known about one visitor. Events, Sessions and
// Payments cover all visitors of the profile, oldest first, also from before or
// after they were this user (Profile.Covers).
type VisitorDetail struct {
	Visitor    event.VisitorID
	Sessions   []*event.Session
	Events     []*event.Event
	Payments   []TimelinePayment
	Profile    *Profile // nil: not identified
	IsCustomer bool
}

// TimelinePayment is a payment as a timeline shows it; Kind is new, renewal,
// refund or trial, amounts are in minor units of Currency.
type TimelinePayment struct {
	Visitor     event.VisitorID
	Time        time.Time
	AmountMinor int64
	Currency    string
	Kind        string
}

// FunnelStep is a step to match: a page pattern or a goal.
type FunnelStep struct {
	Hostname string // of a page step; empty: any
	Path     string // of a page step; "*" stands for any run of characters
	Goal     string // of a goal step; empty: a page step
}

// FunnelQuery asks how many visitors reach each step in order.
type FunnelQuery struct {
	WebsiteID       string
	Range           Range
	Filters         []Filter
	Steps           []FunnelStep
	Breakdown       Dimension // ByNothing, ByReferrer or ByCountry
	IncludeRenewals bool
}

// StepResult is one step's numbers. MedianMS is the median time from the step
// before, -1 where there is none; money is in minor units.
type StepResult struct {
	Visitors     int64
	MedianMS     float64
	RevenueMinor int64
	Breakdown    []StepBreakdown
}

// StepBreakdown is a step's share of one value of the breakdown's dimension.
type StepBreakdown struct {
	Value        string
	Visitors     int64
	RevenueMinor int64
}

// FunnelResult holds one StepResult a step.
type FunnelResult struct{ Steps []StepResult }

// GoalPropertiesQuery asks for the recorded parameters of a goal, or, with
// Property, for the values of one.
type GoalPropertiesQuery struct {
	WebsiteID     string
	Range         Range
	Goal          string
	Property      string
	Limit, Offset int
}

// PropertyRow is one parameter or value.
type PropertyRow struct {
	Name        string
	Completions int64
	Visitors    int64
}

// PropertiesResult is a page of parameters or values.
type PropertiesResult struct {
	Rows  []PropertyRow
	Total int
}
