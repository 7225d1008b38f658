package eventsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"datafast/internal/analytics"
	"datafast/internal/event"
	"datafast/internal/place"
	"datafast/internal/store/sqlgen"
)

// Visitors lists visitors, last seen first.
func (rd *Reader) Visitors(ctx context.Context, q analytics.VisitorsQuery) (analytics.VisitorsResult, error) {
	var out analytics.VisitorsResult
	if err := rd.Settle(ctx, q.WebsiteID); err != nil {
		return out, err
	}
	err := rd.Snapshot(ctx, func(tx DB) error {
		facts, err := rd.facts(ctx, tx, q.WebsiteID)
		if err != nil {
			return err
		}
		st := sqlgen.Visitors(rd.Dialect, facts, q)
		rows, err := tx.QueryContext(ctx, st.SQL, st.Args...)
		if err != nil {
			return fmt.Errorf("list visitors: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var visitor ID
			var seen, started int64
			if err := rows.Scan(&visitor, &seen, &started, &out.Total); err != nil {
				return fmt.Errorf("scan visitor: %w", err)
			}
			out.Rows = append(out.Rows, analytics.VisitorRow{
				Visitor: event.VisitorID(visitor), LastSeen: FromMillis(seen), Session: event.Session{Start: FromMillis(started)},
			})
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return fmt.Errorf("list visitors: %w", err)
		}
		return rd.describeVisitors(ctx, tx, q.WebsiteID, facts, out.Rows)
	})
	return out, err
}

// describeVisitors fills in what the page of a list shows of each visitor.
func (rd *Reader) describeVisitors(ctx context.Context, tx DB, websiteID string, facts sqlgen.Facts, list []analytics.VisitorRow) error {
	if len(list) == 0 {
		return nil
	}
	index := make(map[event.VisitorID]*analytics.VisitorRow, len(list))
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].Visitor.String()
		index[list[i].Visitor] = &list[i]
	}
	rows, err := tx.QueryContext(ctx, `SELECT `+SessionColumns+` FROM sessions WHERE site = ? AND visitor IN `+rd.Dialect.IDs("?")+` ORDER BY started_at`, facts.Site, ids)
	if err != nil {
		return fmt.Errorf("read sessions of visitors: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		session, err := ScanSession(rows, websiteID)
		if err != nil {
			return err
		}
		row := index[session.Visitor]
		if row.FirstSeen.IsZero() {
			row.FirstSeen = session.Start
		}
		if session.Pageviews > 0 {
			row.VisitCount++
		}
		if !session.Start.After(row.Session.Start) {
			row.Session = *session
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("read sessions of visitors: %w", err)
	}
	if err := rd.markCustomers(ctx, tx, facts, index); err != nil {
		return err
	}
	return rd.addProfiles(ctx, tx, facts, ids, index)
}

func (rd *Reader) markCustomers(ctx context.Context, tx DB, facts sqlgen.Facts, index map[event.VisitorID]*analytics.VisitorRow) error {
	if !facts.HasPayments {
		return nil
	}
	st := sqlgen.Customers(rd.Dialect, facts)
	rows, err := tx.QueryContext(ctx, st.SQL, st.Args...)
	if err != nil {
		return fmt.Errorf("find customers: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var visitor ID
		if err := rows.Scan(&visitor); err != nil {
			return fmt.Errorf("scan customer: %w", err)
		}
		if row := index[event.VisitorID(visitor)]; row != nil {
			row.IsCustomer = true
		}
	}
	return rows.Err()
}

func (rd *Reader) addProfiles(ctx context.Context, tx DB, facts sqlgen.Facts, ids []string, index map[event.VisitorID]*analytics.VisitorRow) error {
	if !facts.HasProfiles {
		return nil
	}
	rows, err := tx.QueryContext(ctx, `SELECT v.visitor, p.user_id, p.traits FROM profile_visitors v JOIN profiles p ON p.site = v.site AND p.user_id = v.user_id
		WHERE v.site = ? AND v.until = ? AND v.visitor IN `+rd.Dialect.IDs("?")+``, facts.Site, int64(analytics.Always), ids)
	if err != nil {
		return fmt.Errorf("read profiles: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var visitor ID
		var userID, traits string
		if err := rows.Scan(&visitor, &userID, &traits); err != nil {
			return fmt.Errorf("scan profile: %w", err)
		}
		if row := index[event.VisitorID(visitor)]; row != nil {
			row.UserID, row.Traits = userID, traits
		}
	}
	return rows.Err()
}

// Visitor returns everything known about a visitor and the others of their
// profile; nil when the website has no page view of it.
func (rd *Reader) Visitor(ctx context.Context, websiteID string, v event.VisitorID) (*analytics.VisitorDetail, error) {
	if err := rd.Settle(ctx, websiteID); err != nil {
		return nil, err
	}
	out := &analytics.VisitorDetail{Visitor: v}
	site := rd.Sites.Key(websiteID)
	profile, err := rd.profileOf(ctx, rd.DB, site, v)
	if err != nil {
		return nil, err
	}
	out.Profile = profile
	ids := []string{v.String()}
	if profile != nil {
		ids = ids[:0]
		for _, o := range profile.Visitors() {
			ids = append(ids, o.String())
		}
	}
	ofThese := ` site = ? AND visitor IN ` + rd.Dialect.IDs("?") + ` `
	if out.Events, err = rd.ReadEvents(ctx, rd.DB, `SELECT site, `+EventColumns+` FROM events WHERE`+ofThese+`ORDER BY time, id`, site, ids); err != nil {
		return nil, err
	}
	if out.Sessions, err = rd.ReadSessions(ctx, rd.DB, `SELECT site, `+SessionColumns+` FROM sessions WHERE`+ofThese+`ORDER BY started_at`, site, ids); err != nil {
		return nil, err
	}
	payments, err := ReadPayments(ctx, rd.DB, websiteID, ofThese+`ORDER BY time, id`, site, ids)
	if err != nil {
		return nil, err
	}
	for _, p := range payments {
		out.Payments = append(out.Payments, analytics.TimelinePayment{
			Visitor: p.Visitor, Time: p.Time, AmountMinor: p.AmountMinor, Currency: p.Currency, Kind: p.Kind.String(),
		})
	}
	viewed := false
	for _, e := range out.Events {
		viewed = viewed || e.Kind == event.Pageview && e.Visitor == v
	}
	if !viewed {
		return nil, nil
	}
	out.IsCustomer, err = rd.isCustomer(ctx, websiteID, v)
	return out, err
}

func (rd *Reader) isCustomer(ctx context.Context, websiteID string, v event.VisitorID) (bool, error) {
	row := analytics.VisitorRow{Visitor: v}
	err := rd.Snapshot(ctx, func(tx DB) error {
		facts, err := rd.facts(ctx, tx, websiteID)
		if err != nil {
			return err
		}
		return rd.markCustomers(ctx, tx, facts, map[event.VisitorID]*analytics.VisitorRow{v: &row})
	})
	return row.IsCustomer, err
}

// GoalProperties lists a goal's parameters, or the values of one.
func (rd *Reader) GoalProperties(ctx context.Context, q analytics.GoalPropertiesQuery) (analytics.PropertiesResult, error) {
	var out analytics.PropertiesResult
	if err := rd.Flush(ctx); err != nil {
		return out, err
	}
	st := sqlgen.GoalProperties(rd.Dialect, sqlgen.Facts{Site: rd.Sites.Key(q.WebsiteID)}, q)
	rows, err := rd.DB.QueryContext(ctx, st.SQL, st.Args...)
	if err != nil {
		return out, fmt.Errorf("ask for goal properties: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r analytics.PropertyRow
		if err := rows.Scan(&r.Name, &r.Completions, &r.Visitors, &out.Total); err != nil {
			return out, fmt.Errorf("scan goal property: %w", err)
		}
		out.Rows = append(out.Rows, r)
	}
	return out, rows.Err()
}

// Funnel answers a funnel and, when asked, its breakdown.
func (rd *Reader) Funnel(ctx context.Context, q analytics.FunnelQuery) (analytics.FunnelResult, error) {
	out := analytics.FunnelResult{Steps: make([]analytics.StepResult, len(q.Steps))}
	if err := rd.Settle(ctx, q.WebsiteID); err != nil {
		return out, err
	}
	err := rd.Snapshot(ctx, func(tx DB) error {
		facts, err := rd.facts(ctx, tx, q.WebsiteID)
		if err != nil {
			return err
		}
		if err := funnelSteps(ctx, tx, sqlgen.Funnel(rd.Dialect, facts, q), &out); err != nil {
			return err
		}
		if q.Breakdown == analytics.ByNothing {
			return nil
		}
		return funnelBreakdown(ctx, tx, sqlgen.FunnelBreakdown(rd.Dialect, facts, q), q.Breakdown, &out)
	})
	return out, err
}

func funnelSteps(ctx context.Context, tx DB, st sqlgen.Statement, out *analytics.FunnelResult) error {
	rows, err := tx.QueryContext(ctx, st.SQL, st.Args...)
	if err != nil {
		return fmt.Errorf("ask for funnel: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var step int
		var r analytics.StepResult
		var median sql.NullFloat64
		if err := rows.Scan(&step, &r.Visitors, &median, &r.RevenueMinor); err != nil {
			return fmt.Errorf("scan funnel step: %w", err)
		}
		r.MedianMS = -1
		if median.Valid {
			r.MedianMS = median.Float64
		}
		out.Steps[step-1] = r
	}
	return rows.Err()
}

// shownValues is how many values of a funnel's breakdown are given (api.md §8.12).
const shownValues = 50

func funnelBreakdown(ctx context.Context, tx DB, st sqlgen.Statement, by analytics.Dimension, out *analytics.FunnelResult) error {
	rows, err := tx.QueryContext(ctx, st.SQL, st.Args...)
	if err != nil {
		return fmt.Errorf("ask for funnel breakdown: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var step int
		var b analytics.StepBreakdown
		if err := rows.Scan(&step, &b.Value, &b.Visitors, &b.RevenueMinor); err != nil {
			return fmt.Errorf("scan funnel breakdown: %w", err)
		}
		switch {
		case by == analytics.ByCountry:
			b.Value = place.CountryName(b.Value)
		case b.Value == "":
			b.Value = analytics.Direct
		}
		if list := &out.Steps[step-1].Breakdown; len(*list) < shownValues {
			*list = append(*list, b)
		}
	}
	return rows.Err()
}
