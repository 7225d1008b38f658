package revenue

import (
	"context"
	"fmt"
	"strings"
	"time"

	"datafast/internal/event"
	"datafast/internal/fault"
	"datafast/internal/id"
	"datafast/internal/site"
)

// Store keeps payments.
type Store interface {
	// ChangePayments runs f in one transaction, alone.
	ChangePayments(ctx context.Context, websiteID string, f func(Tx) error) error
	Payments(ctx context.Context, q PaymentsQuery) ([]Payment, int, error)
}

// Tx reads and changes the payments of one website.
type Tx interface {
	// Related returns every payment that shares transaction, customer id, email or
	// visitor with p, and theirs in turn.
	Related(ctx context.Context, p *Payment) ([]*Payment, error)
	// Matching returns the payments that a deletion names.
	Matching(ctx context.Context, d Deletion) ([]*Payment, error)
	All(ctx context.Context) ([]*Payment, error)
	// Put writes rows by id, new or changed.
	Put(ctx context.Context, list []*Payment) error
	Delete(ctx context.Context, ids []string) error
	// VisitorOfEmail is the visitor of an identified profile with the address as
	// its email or user id, else of a payment claim with it within 24 hours; zero
	// for none.
	VisitorOfEmail(ctx context.Context, email string, at time.Time) (event.VisitorID, error)
}

// PaymentsQuery asks for payments, newest first or oldest first.
type PaymentsQuery struct {
	WebsiteID     string
	Visitor       event.VisitorID // zero: all
	From, To      time.Time       // zero: all time
	Limit, Offset int             // Limit 0: all
	OldestFirst   bool
}

// Deletion names payments: by transaction, or by visitor and range.
type Deletion struct {
	TransactionID string
	Visitor       event.VisitorID
	From, To      time.Time
}

// Service records payments. It is safe for concurrent use.
type Service struct {
	store Store
	rates *Rates
	ids   *id.Generator
	now   func() time.Time
}

// NewService makes a service over a store.
func NewService(store Store, rates *Rates, ids *id.Generator, now func() time.Time) *Service {
	return &Service{store: store, rates: rates, ids: ids, now: now}
}

// Outcome is how a payment was recorded.
type Outcome struct {
	Payment   Payment
	Duplicate bool
	Ignored   []string // fields in which a repeat differs from what is stored
}

// Record stores a payment, once per transaction id and kind of row (payment or
// refund). Time and id are filled in where they are missing.
func (s *Service) Record(ctx context.Context, w *site.Website, p Payment) (Outcome, error) {
	p.WebsiteID, p.ID = w.ID, s.ids.New(s.now())
	if p.Time.IsZero() {
		p.Time = s.now()
	}
	p.Time = p.Time.UTC().Truncate(time.Millisecond)
	p.Email = strings.ToLower(p.Email)
	s.convert(&p, w.Currency)
	out := Outcome{Payment: p}
	err := s.store.ChangePayments(ctx, w.ID, func(tx Tx) error {
		group, err := tx.Related(ctx, &p)
		if err != nil {
			return fmt.Errorf("find related payments: %w", err)
		}
		for _, o := range group {
			if o.TransactionID == p.TransactionID && (o.Kind == Refund) == (p.Kind == Refund) {
				out = Outcome{Payment: *o, Duplicate: true, Ignored: differences(&p, o)}
				return nil
			}
		}
		if err := settle(ctx, tx, append(group, &p)); err != nil {
			return err
		}
		out.Payment = p
		return nil
	})
	if err != nil {
		return Outcome{}, fmt.Errorf("record payment: %w", err)
	}
	return out, nil
}

func (s *Service) convert(p *Payment, currency string) {
	p.SiteMinor, p.Estimated, p.HasRate = s.rates.Convert(p.AmountMinor, p.Currency, currency, p.Time)
}

func differences(sent, stored *Payment) []string {
	var out []string
	if sent.AmountMinor != stored.AmountMinor {
		out = append(out, "amount")
	}
	if sent.Currency != stored.Currency {
		out = append(out, "currency")
	}
	if sent.SentVisitor != stored.SentVisitor {
		out = append(out, "datafast_visitor_id")
	}
	if sent.Kind != stored.Kind {
		out = append(out, "kind")
	}
	return out
}

// settle resolves a group and writes it.
func settle(ctx context.Context, tx Tx, group []*Payment) error {
	var failed error
	resolve(group, func(p *Payment) event.VisitorID {
		if p.Email == "" || failed != nil {
			return event.VisitorID{}
		}
		v, err := tx.VisitorOfEmail(ctx, p.Email, p.Time)
		failed = err
		return v
	})
	if failed != nil {
		return fmt.Errorf("find visitor of email: %w", failed)
	}
	if err := tx.Put(ctx, group); err != nil {
		return fmt.Errorf("write payments: %w", err)
	}
	return nil
}

// Delete removes the named payments and resolves what is left of their groups.
// fault.CodeNotFound when nothing matches.
func (s *Service) Delete(ctx context.Context, websiteID string, d Deletion) (int, error) {
	deleted := 0
	err := s.store.ChangePayments(ctx, websiteID, func(tx Tx) error {
		list, err := tx.Matching(ctx, d)
		if err != nil {
			return fmt.Errorf("find payments: %w", err)
		}
		if len(list) == 0 {
			return fault.NotFound("No payments found")
		}
		ids := make([]string, len(list))
		for i, p := range list {
			ids[i] = p.ID
		}
		if err := tx.Delete(ctx, ids); err != nil {
			return fmt.Errorf("delete payments: %w", err)
		}
		deleted = len(list)
		for _, p := range list {
			rest, err := tx.Related(ctx, p)
			if err != nil {
				return fmt.Errorf("find related payments: %w", err)
			}
			if err := settle(ctx, tx, rest); err != nil {
				return err
			}
		}
		return nil
	})
	return deleted, err
}

// retryWindow is how long a payment without a visitor waits for one.
const retryWindow = 7 * 24 * time.Hour

// EmailSeen tries again the recent payments of an address that has just been
// identified or claimed.
func (s *Service) EmailSeen(ctx context.Context, websiteID, email string) error {
	email = strings.ToLower(email)
	return s.store.ChangePayments(ctx, websiteID, func(tx Tx) error {
		group, err := tx.Related(ctx, &Payment{Email: email})
		if err != nil {
			return fmt.Errorf("find payments of email: %w", err)
		}
		for _, p := range group {
			if p.Visitor.IsZero() && s.now().Sub(p.Time) <= retryWindow {
				return settle(ctx, tx, group)
			}
		}
		return nil
	})
}

// CurrencyChanged converts all payments of a website again (product.md §16:
// changing the currency re-reports history).
func (s *Service) CurrencyChanged(ctx context.Context, w *site.Website) error {
	return s.store.ChangePayments(ctx, w.ID, func(tx Tx) error {
		all, err := tx.All(ctx)
		if err != nil {
			return fmt.Errorf("read payments: %w", err)
		}
		for _, p := range all {
			s.convert(p, w.Currency)
		}
		return tx.Put(ctx, all)
	})
}

// List returns payments, newest first, and how many there are in all.
func (s *Service) List(ctx context.Context, q PaymentsQuery) ([]Payment, int, error) {
	return s.store.Payments(ctx, q)
}
