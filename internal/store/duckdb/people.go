package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/duckdb/duckdb-go/v2"

	"datafast/internal/analytics"
	"datafast/internal/event"
	"datafast/internal/place"
	"datafast/internal/store/sqlgen"
)

// Visitors lists visitors, last seen first.
func (s *Store) Visitors(ctx context.Context, q analytics.VisitorsQuery) (analytics.VisitorsResult, error) {
	var out analytics.VisitorsResult
	if err := s.settle(ctx, q.WebsiteID); err != nil {
		return out, err
	}
	err := s.read(ctx, func(tx *sql.Tx) error {
		facts, err := s.facts(ctx, tx, q.WebsiteID)
		if err != nil {
			return err
		}
		st := sqlgen.Visitors(sqlgen.DuckDB(), facts, q)
		rows, err := tx.QueryContext(ctx, st.SQL, st.Args...)
		if err != nil {
			return fmt.Errorf("list visitors: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var visitor duckdb.UUID
			var seen, started int64
			if err := rows.Scan(&visitor, &seen, &started, &out.Total); err != nil {
				return fmt.Errorf("scan visitor: %w", err)
			}
			out.Rows = append(out.Rows, analytics.VisitorRow{
				Visitor: event.VisitorID(visitor), LastSeen: fromMillis(seen), Session: event.Session{Start: fromMillis(started)},
			})
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return fmt.Errorf("list visitors: %w", err)
		}
		return s.describeVisitors(ctx, tx, q.WebsiteID, facts, out.Rows)
	})
	return out, err
}

// describeVisitors fills in what the page of a list shows of each visitor.
func (s *Store) describeVisitors(ctx context.Context, tx *sql.Tx, websiteID string, facts sqlgen.Facts, list []analytics.VisitorRow) error {
	if len(list) == 0 {
		return nil
	}
	index := make(map[event.VisitorID]*analytics.VisitorRow, len(list))
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].Visitor.String()
		index[list[i].Visitor] = &list[i]
	}
	rows, err := tx.QueryContext(ctx, `SELECT `+sessionColumns+` FROM sessions WHERE site = ? AND visitor IN (SELECT unnest(?::VARCHAR[])::UUID) ORDER BY started_at`, facts.Site, ids)
	if err != nil {
		return fmt.Errorf("read sessions of visitors: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		session, err := scanSession(rows, websiteID)
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
	if err := s.markCustomers(ctx, tx, facts, index); err != nil {
		return err
	}
	return s.addProfiles(ctx, tx, facts, ids, index)
}

func (s *Store) markCustomers(ctx context.Context, tx *sql.Tx, facts sqlgen.Facts, index map[event.VisitorID]*analytics.VisitorRow) error {
	if !facts.HasPayments {
		return nil
	}
	st := sqlgen.Customers(sqlgen.DuckDB(), facts)
	rows, err := tx.QueryContext(ctx, st.SQL, st.Args...)
	if err != nil {
		return fmt.Errorf("find customers: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var visitor duckdb.UUID
		if err := rows.Scan(&visitor); err != nil {
			return fmt.Errorf("scan customer: %w", err)
		}
		if row := index[event.VisitorID(visitor)]; row != nil {
			row.IsCustomer = true
		}
	}
	return rows.Err()
}

func (s *Store) addProfiles(ctx context.Context, tx *sql.Tx, facts sqlgen.Facts, ids []string, index map[event.VisitorID]*analytics.VisitorRow) error {
	if !facts.HasProfiles {
		return nil
	}
	rows, err := tx.QueryContext(ctx, `SELECT v.visitor, p.user_id, p.traits FROM profile_visitors v JOIN profiles p ON p.site = v.site AND p.user_id = v.user_id
		WHERE v.site = ? AND v.until = ? AND v.visitor IN (SELECT unnest(?::VARCHAR[])::UUID)`, facts.Site, int64(analytics.Always), ids)
	if err != nil {
		return fmt.Errorf("read profiles: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var visitor duckdb.UUID
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
func (s *Store) Visitor(ctx context.Context, websiteID string, v event.VisitorID) (*analytics.VisitorDetail, error) {
	if err := s.settle(ctx, websiteID); err != nil {
		return nil, err
	}
	out := &analytics.VisitorDetail{Visitor: v}
	site := s.numOf(websiteID)
	profile, err := s.profileOf(ctx, s.db, site, v)
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
	const ofThese = ` WHERE site = ? AND visitor IN (SELECT unnest(?::VARCHAR[])::UUID) `
	if out.Events, err = s.readEvents(ctx, `SELECT site, `+eventColumns+` FROM events`+ofThese+`ORDER BY time, id`, site, ids); err != nil {
		return nil, err
	}
	if out.Sessions, err = s.readSessions(ctx, `SELECT site, `+sessionColumns+` FROM sessions`+ofThese+`ORDER BY started_at`, site, ids); err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, `SELECT `+paymentColumns+` FROM payments`+ofThese+`ORDER BY time, id`, site, ids)
	if err != nil {
		return nil, fmt.Errorf("read payments of visitor: %w", err)
	}
	payments, err := scanPayments(rows, websiteID)
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
	out.IsCustomer, err = s.isCustomer(ctx, websiteID, v)
	return out, err
}

func (s *Store) isCustomer(ctx context.Context, websiteID string, v event.VisitorID) (bool, error) {
	row := analytics.VisitorRow{Visitor: v}
	err := s.read(ctx, func(tx *sql.Tx) error {
		facts, err := s.facts(ctx, tx, websiteID)
		if err != nil {
			return err
		}
		return s.markCustomers(ctx, tx, facts, map[event.VisitorID]*analytics.VisitorRow{v: &row})
	})
	return row.IsCustomer, err
}

func (s *Store) readSessions(ctx context.Context, query string, args ...any) ([]*event.Session, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	defer rows.Close()
	var out []*event.Session
	for rows.Next() {
		var num uint32
		session, err := scanSession(prefixed{rows, []any{&num}}, "")
		if err != nil {
			return nil, err
		}
		session.WebsiteID = s.idOf(num)
		out = append(out, session)
	}
	return out, rows.Err()
}

// GoalProperties lists a goal's parameters, or the values of one.
func (s *Store) GoalProperties(ctx context.Context, q analytics.GoalPropertiesQuery) (analytics.PropertiesResult, error) {
	var out analytics.PropertiesResult
	st := sqlgen.GoalProperties(sqlgen.DuckDB(), sqlgen.Facts{Site: s.numOf(q.WebsiteID)}, q)
	rows, err := s.db.QueryContext(ctx, st.SQL, st.Args...)
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
func (s *Store) Funnel(ctx context.Context, q analytics.FunnelQuery) (analytics.FunnelResult, error) {
	out := analytics.FunnelResult{Steps: make([]analytics.StepResult, len(q.Steps))}
	if err := s.settle(ctx, q.WebsiteID); err != nil {
		return out, err
	}
	err := s.read(ctx, func(tx *sql.Tx) error {
		facts, err := s.facts(ctx, tx, q.WebsiteID)
		if err != nil {
			return err
		}
		if err := funnelSteps(ctx, tx, sqlgen.Funnel(sqlgen.DuckDB(), facts, q), &out); err != nil {
			return err
		}
		if q.Breakdown == analytics.ByNothing {
			return nil
		}
		return funnelBreakdown(ctx, tx, sqlgen.FunnelBreakdown(sqlgen.DuckDB(), facts, q), q.Breakdown, &out)
	})
	return out, err
}

func funnelSteps(ctx context.Context, tx *sql.Tx, st sqlgen.Statement, out *analytics.FunnelResult) error {
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

func funnelBreakdown(ctx context.Context, tx *sql.Tx, st sqlgen.Statement, by analytics.Dimension, out *analytics.FunnelResult) error {
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
