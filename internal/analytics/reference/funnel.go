package reference

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/event"
)

// moment is something that a funnel step may match: an event, or a payment that
// raised a goal.
type moment struct {
	at    time.Time
	id    string
	event *event.Event // nil: a payment
	goal  string       // that the payment raised
}

// Funnel answers a funnel: a visitor enters at their first match of step 1 in the
// range, must do each later step after the one before, and counts once. Filters
// ask about the session that holds step 1.
func (w *World) Funnel(q analytics.FunnelQuery) analytics.FunnelResult {
	out := analytics.FunnelResult{Steps: make([]analytics.StepResult, len(q.Steps))}
	gaps := make([][]float64, len(q.Steps))
	rq := &analytics.Query{Range: q.Range, Filters: q.Filters}
	for _, v := range w.visitors {
		times := w.walk(q, rq, v)
		for i := range times {
			out.Steps[i].Visitors++
			out.Steps[i].RevenueMinor += w.earned(q, v.id)
			if i > 0 {
				gaps[i] = append(gaps[i], float64(times[i].Sub(times[i-1]).Milliseconds()))
			}
		}
	}
	for i := range out.Steps {
		out.Steps[i].MedianMS = median(gaps[i])
	}
	return out
}

// walk returns when the visitor reached each step, as far as they came.
func (w *World) walk(q analytics.FunnelQuery, rq *analytics.Query, v *visitor) []time.Time {
	var reached []time.Time
	for _, m := range w.moments(q, v) {
		if len(reached) == len(q.Steps) || !stepMatches(q.Steps[len(reached)], m) {
			continue
		}
		if len(reached) == 0 && !w.passesAt(rq, v, m.at) {
			return nil
		}
		reached = append(reached, m.at)
	}
	return reached
}

// passesAt: the session that holds a moment passes; without filters every moment
// does, also a payment outside any session.
func (w *World) passesAt(q *analytics.Query, v *visitor, at time.Time) bool {
	if len(q.Filters) == 0 {
		return true
	}
	for _, s := range v.sessions {
		if !at.Before(s.Start) && !at.After(s.End) {
			return w.passes(q, s)
		}
	}
	return false
}

func (w *World) moments(q analytics.FunnelQuery, v *visitor) []moment {
	var out []moment
	for _, e := range v.events {
		if within(q.Range, e.Time) {
			out = append(out, moment{at: e.Time, id: e.ID, event: e})
		}
	}
	raises := map[string]string{"new": "payment", "renewal": "subscription_renewed", "trial": "free_trial"}
	for _, p := range w.Payments {
		if p.Visitor == v.id && raises[p.Kind] != "" && within(q.Range, p.Time) {
			out = append(out, moment{at: p.Time, id: p.ID, goal: raises[p.Kind]})
		}
	}
	slices.SortStableFunc(out, func(a, b moment) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return strings.Compare(a.id, b.id)
	})
	return out
}

func stepMatches(s analytics.FunnelStep, m moment) bool {
	if m.event == nil {
		return s.Goal == m.goal
	}
	if s.Goal != "" {
		return m.event.Kind == event.Goal && m.event.Name == s.Goal
	}
	if m.event.Kind != event.Pageview || s.Hostname != "" && s.Hostname != m.event.Hostname {
		return false
	}
	pattern := strings.ReplaceAll(regexp.QuoteMeta(s.Path), `\*`, `.*`)
	return regexp.MustCompile(`(?s)^` + pattern + `$`).MatchString(m.event.Path)
}

// earned is a visitor's money in the range.
func (w *World) earned(q analytics.FunnelQuery, id event.VisitorID) int64 {
	var t analytics.Totals
	for _, p := range w.Payments {
		if p.Visitor == id && within(q.Range, p.Time) {
			addMoney(&t, p)
		}
	}
	return t.RevenueMinor(q.IncludeRenewals)
}

// median is the mean of the two in the middle of an even number; -1 of none.
func median(list []float64) float64 {
	if len(list) == 0 {
		return -1
	}
	slices.Sort(list)
	n := len(list)
	return (list[(n-1)/2] + list[n/2]) / 2
}
