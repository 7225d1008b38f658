package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"datafast/internal/event"
	"datafast/internal/revenue"
	"datafast/internal/store/eventsql"
)

// ChangePayments runs f alone, over the website's lock. What f changes is sent as
// one block afterwards: all of it or nothing.
func (s *Store) ChangePayments(ctx context.Context, websiteID string, f func(revenue.Tx) error) (err error) {
	unlock, err := s.lock(ctx, "payments/"+websiteID)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	list, err := eventsql.ReadPayments(ctx, s.db, websiteID, `site = ?`, websiteID)
	if err != nil {
		return err
	}
	tx := &paymentTx{s: s, websiteID: websiteID, now: map[string]*revenue.Payment{}, changed: map[string]bool{}, removed: map[string]*revenue.Payment{}}
	for _, p := range list {
		tx.now[p.ID] = p
	}
	if err := f(tx); err != nil {
		return err
	}
	return tx.send(ctx)
}

// paymentTx is a website's payments in memory, with what has changed.
type paymentTx struct {
	s         *Store
	websiteID string
	now       map[string]*revenue.Payment // by id
	changed   map[string]bool
	removed   map[string]*revenue.Payment
}

// matching returns copies of those that match, by id.
func (t *paymentTx) matching(match func(*revenue.Payment) bool) []*revenue.Payment {
	var out []*revenue.Payment
	for _, id := range slices.Sorted(maps.Keys(t.now)) {
		if p := t.now[id]; match(p) {
			c := *p
			out = append(out, &c)
		}
	}
	return out
}

// Related returns every payment that shares transaction, customer id, email or
// visitor with p, and theirs in turn.
func (t *paymentTx) Related(_ context.Context, p *revenue.Payment) ([]*revenue.Payment, error) {
	shared := map[string]bool{}
	add := func(p *revenue.Payment) (grew bool) {
		for _, mark := range marks(p) {
			grew = grew || !shared[mark]
			shared[mark] = true
		}
		return grew
	}
	add(p)
	for {
		grew := false
		found := t.matching(func(o *revenue.Payment) bool {
			return slices.ContainsFunc(marks(o), func(mark string) bool { return shared[mark] })
		})
		for _, o := range found {
			grew = add(o) || grew
		}
		if !grew {
			return found, nil
		}
	}
}

// marks are what makes payments related, each with its kind in front.
func marks(p *revenue.Payment) []string {
	var out []string
	for kind, v := range map[string]string{"t:": p.TransactionID, "c:": p.CustomerID, "e:": p.Email} {
		if v != "" {
			out = append(out, kind+v)
		}
	}
	if !p.SentVisitor.IsZero() {
		out = append(out, "v:"+p.SentVisitor.String())
	}
	return out
}

// Matching returns the payments that a deletion names.
func (t *paymentTx) Matching(_ context.Context, d revenue.Deletion) ([]*revenue.Payment, error) {
	return t.matching(func(p *revenue.Payment) bool {
		if d.TransactionID != "" {
			return p.TransactionID == d.TransactionID
		}
		return (d.Visitor.IsZero() || p.Visitor == d.Visitor) && (d.From.IsZero() || !p.Time.Before(d.From) && p.Time.Before(d.To))
	}), nil
}

// All returns every payment of the website.
func (t *paymentTx) All(context.Context) ([]*revenue.Payment, error) {
	return t.matching(func(*revenue.Payment) bool { return true }), nil
}

// Insert implements revenue.Tx.
func (t *paymentTx) Insert(ctx context.Context, p *revenue.Payment) error {
	return t.Update(ctx, []*revenue.Payment{p})
}

// Update implements revenue.Tx.
func (t *paymentTx) Update(_ context.Context, list []*revenue.Payment) error {
	for _, p := range list {
		c := *p
		c.Time, c.AttributedAt = c.Time.Truncate(time.Millisecond), c.AttributedAt.Truncate(time.Millisecond)
		t.now[p.ID], t.changed[p.ID] = &c, true
	}
	return nil
}

// Delete implements revenue.Tx.
func (t *paymentTx) Delete(_ context.Context, ids []string) error {
	for _, id := range ids {
		if p := t.now[id]; p != nil {
			t.removed[id] = p
		}
		delete(t.now, id)
		delete(t.changed, id)
	}
	return nil
}

// VisitorOfEmail finds the visitor that an email address leads to.
func (t *paymentTx) VisitorOfEmail(ctx context.Context, email string, at time.Time) (event.VisitorID, error) {
	return t.s.VisitorOfEmail(ctx, t.s.db, t.websiteID, email, at)
}

// send writes the new versions of what changed.
func (t *paymentTx) send(ctx context.Context) error {
	if len(t.changed)+len(t.removed) == 0 {
		return nil
	}
	t.s.mu.Lock()
	number := t.s.nextVersion()
	t.s.mu.Unlock()
	return t.s.insert(ctx, "payments", func(add func(...any) error) error {
		for id := range t.changed {
			if err := t.append(add, t.now[id], number, 0); err != nil {
				return err
			}
		}
		for id, p := range t.removed {
			if t.now[id] == nil {
				if err := t.append(add, p, number, 1); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (t *paymentTx) append(add func(...any) error, p *revenue.Payment, number uint64, deleted uint8) error {
	id, err := eventsql.PackID(p.ID)
	if err != nil {
		return err
	}
	var site *int64
	if p.HasRate {
		site = &p.SiteMinor
	}
	err = add(t.websiteID, t.s.format.ID(id), p.TransactionID, uint8(p.Kind), p.AmountMinor, p.Currency, site, p.Estimated,
		eventsql.Millis(p.Time), t.visitor(p.Visitor), t.visitor(p.SentVisitor), eventsql.Millis(p.AttributedAt),
		p.Email, p.Name, p.CustomerID, p.RefundOf, number, deleted)
	if err != nil {
		return fmt.Errorf("append payment: %w", err)
	}
	return nil
}

func (t *paymentTx) visitor(v event.VisitorID) *string {
	if v.IsZero() {
		return nil
	}
	text := string(v[:])
	return &text
}
