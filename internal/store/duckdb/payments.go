package duckdb

import (
	"context"
	"strings"
	"time"

	"datafast/internal/event"
	"datafast/internal/revenue"
	"datafast/internal/store/eventsql"
)

// ChangePayments runs f in one transaction of the writer, alone.
func (s *Store) ChangePayments(ctx context.Context, websiteID string, f func(revenue.Tx) error) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	site, err := s.number(ctx, websiteID)
	if err != nil {
		return err
	}
	return s.inTx(ctx, func() error { return f(&paymentTx{s: s, site: site, websiteID: websiteID}) })
}

// paymentTx is the writer's view of one website's payments.
type paymentTx struct {
	s         *Store
	site      uint32
	websiteID string
}

// Related returns every payment that shares transaction, customer id, email or
// visitor with p, and theirs in turn.
func (t *paymentTx) Related(ctx context.Context, p *revenue.Payment) ([]*revenue.Payment, error) {
	known, asked := map[string]*revenue.Payment{}, map[shared]bool{}
	next := []*revenue.Payment{p}
	var out []*revenue.Payment
	for {
		condition, args := sharing(next, asked)
		if condition == "" {
			return out, nil
		}
		found, err := t.query(ctx, condition, args...)
		if err != nil {
			return nil, err
		}
		next = nil
		for _, o := range found {
			if known[o.ID] == nil {
				known[o.ID] = o
				out = append(out, o)
				next = append(next, o)
			}
		}
	}
}

// shared is something that payments may have in common: a column and its value.
type shared struct{ column, value string }

// sharing is the condition that a payment shares something with one of a list that
// was not asked for before; "" when there is no such thing.
func sharing(list []*revenue.Payment, asked map[shared]bool) (string, []any) {
	values := map[string][]string{}
	for _, p := range list {
		of := []shared{{"transaction_id", p.TransactionID}, {"customer_id", p.CustomerID}, {"email", p.Email}}
		if !p.SentVisitor.IsZero() {
			of = append(of, shared{"sent_visitor::VARCHAR", p.SentVisitor.String()})
		}
		for _, one := range of {
			if one.value != "" && !asked[one] {
				asked[one] = true
				values[one.column] = append(values[one.column], one.value)
			}
		}
	}
	var conditions []string
	var args []any
	for column, list := range values {
		conditions = append(conditions, "list_contains(?::VARCHAR[], "+column+")")
		args = append(args, list)
	}
	return strings.Join(conditions, " OR "), args
}

// Matching returns the payments that a deletion names.
func (t *paymentTx) Matching(ctx context.Context, d revenue.Deletion) ([]*revenue.Payment, error) {
	if d.TransactionID != "" {
		return t.query(ctx, `transaction_id = ?`, d.TransactionID)
	}
	condition, args := t.s.PaymentConditions(d.Visitor, d.From, d.To)
	return t.query(ctx, condition, args...)
}

// All returns every payment of the website.
func (t *paymentTx) All(ctx context.Context) ([]*revenue.Payment, error) { return t.query(ctx, "TRUE") }

func (t *paymentTx) query(ctx context.Context, condition string, args ...any) ([]*revenue.Payment, error) {
	return eventsql.ReadPayments(ctx, t.s.writer, t.websiteID, `site = ? AND (`+condition+`)`, append([]any{t.site}, args...)...)
}

// Update writes changed rows by id.
func (t *paymentTx) Update(ctx context.Context, list []*revenue.Payment) error {
	ids := make([]string, len(list))
	for i, p := range list {
		ids[i] = p.ID
	}
	if err := t.Delete(ctx, ids); err != nil {
		return err
	}
	for _, p := range list {
		if err := t.Insert(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// Insert writes a new row.
func (t *paymentTx) Insert(ctx context.Context, p *revenue.Payment) error {
	id, err := eventsql.PackID(p.ID)
	if err != nil {
		return err
	}
	var site any
	if p.HasRate {
		site = p.SiteMinor
	}
	return t.s.exec(ctx, `INSERT INTO payments (site, `+eventsql.PaymentColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		t.site, id.String(), p.TransactionID, uint8(p.Kind), p.AmountMinor, p.Currency, site, p.Estimated, eventsql.Millis(p.Time),
		visitorOrNull(p.Visitor), visitorOrNull(p.SentVisitor), eventsql.Millis(p.AttributedAt), p.Email, p.Name, p.CustomerID, p.RefundOf)
}

func visitorOrNull(v event.VisitorID) any {
	if v.IsZero() {
		return nil
	}
	return v.String()
}

// Delete removes rows by id.
func (t *paymentTx) Delete(ctx context.Context, ids []string) error {
	packed := make([]string, len(ids))
	for i, id := range ids {
		u, err := eventsql.PackID(id)
		if err != nil {
			return err
		}
		packed[i] = u.String()
	}
	if len(packed) == 0 {
		return nil
	}
	return t.s.exec(ctx, `DELETE FROM payments WHERE site = ? AND id IN (SELECT unnest(?::VARCHAR[])::UUID)`, t.site, packed)
}

// VisitorOfEmail finds the visitor that an email address leads to.
func (t *paymentTx) VisitorOfEmail(ctx context.Context, email string, at time.Time) (event.VisitorID, error) {
	return t.s.VisitorOfEmail(ctx, t.s.writer, t.websiteID, email, at)
}
