package eventsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"datafast/internal/event"
	"datafast/internal/revenue"
	"datafast/internal/store/sqlgen"
)

// ReadPayments reads the payments of a website that a condition on them picks, with
// what follows WHERE in the query.
func ReadPayments(ctx context.Context, db sqlgen.DB, websiteID, condition string, args ...any) ([]*revenue.Payment, error) {
	rows, err := db.QueryContext(ctx, `SELECT `+PaymentColumns+` FROM payments WHERE `+condition, args...)
	if err != nil {
		return nil, fmt.Errorf("read payments: %w", err)
	}
	defer rows.Close()
	var out []*revenue.Payment
	for rows.Next() {
		p, err := scanPayment(rows, websiteID)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

func scanPayment(r Scanner, websiteID string) (*revenue.Payment, error) {
	p := &revenue.Payment{WebsiteID: websiteID}
	var id ID
	var kind uint8
	var at, attributed int64
	var site sql.NullInt64
	var visitor, sent *ID
	err := r.Scan(&id, &p.TransactionID, &kind, &p.AmountMinor, &p.Currency, &site, &p.Estimated, &at,
		&visitor, &sent, &attributed, &p.Email, &p.Name, &p.CustomerID, &p.RefundOf)
	if err != nil {
		return nil, fmt.Errorf("scan payment: %w", err)
	}
	p.ID, p.Kind, p.Time, p.AttributedAt = UnpackID(id), revenue.Kind(kind), FromMillis(at), FromMillis(attributed)
	p.SiteMinor, p.HasRate = site.Int64, site.Valid
	if visitor != nil {
		p.Visitor = event.VisitorID(*visitor)
	}
	if sent != nil {
		p.SentVisitor = event.VisitorID(*sent)
	}
	return p, nil
}

// Payments returns a page of payments, newest first, and how many there are.
func (rd *Reader) Payments(ctx context.Context, q revenue.PaymentsQuery) ([]revenue.Payment, int, error) {
	condition, args := rd.PaymentConditions(q.Visitor, q.From, q.To)
	args = append([]any{rd.Sites.Key(q.WebsiteID)}, args...)
	var total int
	if err := rd.DB.QueryRowContext(ctx, `SELECT count(*) FROM payments WHERE site = ? AND `+condition, args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count payments: %w", err)
	}
	order := ` ORDER BY time DESC, id DESC`
	if q.OldestFirst {
		order = ` ORDER BY time, id`
	}
	if q.Limit > 0 {
		order, args = order+` LIMIT ? OFFSET ?`, append(args, q.Limit, q.Offset)
	}
	list, err := ReadPayments(ctx, rd.DB, q.WebsiteID, `site = ? AND `+condition+order, args...)
	if err != nil {
		return nil, 0, err
	}
	out := make([]revenue.Payment, len(list))
	for i, p := range list {
		out[i] = *p
	}
	return out, total, nil
}

// PaymentConditions is the condition that a payment is of a visitor (zero: any) and
// in a range of time (zero: any).
func (rd *Reader) PaymentConditions(v event.VisitorID, from, to time.Time) (string, []any) {
	conditions, args := []string{"TRUE"}, []any{}
	if !v.IsZero() {
		conditions, args = append(conditions, "visitor = "+rd.Dialect.ID("?")), append(args, v.String())
	}
	if !from.IsZero() {
		conditions, args = append(conditions, "time >= ?", "time < ?"), append(args, from.UnixMilli(), to.UnixMilli())
	}
	return strings.Join(conditions, " AND "), args
}

// claimWindow is how far from a payment a claim with its address may lie
// (product.md §6.2).
const claimWindow = 24 * time.Hour

// VisitorOfEmail finds the visitor that an email address leads to, for
// revenue.Tx: of an identified profile, else of a payment claim about that time.
// It reads through db, which may be a transaction.
func (rd *Reader) VisitorOfEmail(ctx context.Context, db DB, websiteID, email string, at time.Time) (event.VisitorID, error) {
	d := rd.Dialect
	address := func(json string) string { return d.Lower + "(" + d.JSONText(json, "'email'") + ") = ?" }
	var visitor ID
	err := db.QueryRowContext(ctx, `SELECT v.visitor FROM profiles p JOIN profile_visitors v ON v.site = p.site AND v.user_id = p.user_id
		WHERE p.site = ? AND (`+d.Lower+`(p.user_id) = ? OR `+address("p.traits")+`)
		ORDER BY v.until DESC, v.linked_at DESC LIMIT 1`, rd.Sites.Key(websiteID), email, email).Scan(&visitor)
	if errors.Is(err, sql.ErrNoRows) {
		err = db.QueryRowContext(ctx, `SELECT visitor FROM events WHERE site = ? AND kind = ? AND time BETWEEN ? AND ?
			AND `+address("data")+` ORDER BY abs(time - ?) LIMIT 1`,
			rd.Sites.Key(websiteID), uint8(event.PaymentClaim), at.Add(-claimWindow).UnixMilli(), at.Add(claimWindow).UnixMilli(), email, at.UnixMilli()).
			Scan(&visitor)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return event.VisitorID{}, nil
	}
	if err != nil {
		return event.VisitorID{}, fmt.Errorf("find visitor of email: %w", err)
	}
	return event.VisitorID(visitor), nil
}
