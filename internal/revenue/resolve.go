package revenue

import (
	"cmp"
	"slices"

	"datafast/internal/event"
)

// resolve settles visitor, moment of attribution and refunded payment of every
// row of a group: all payments that share a customer, an address, a visitor or a
// transaction. found is the visitor that an email address leads to, zero for none.
//
// Rules (product.md §5, §6.3): a payment's own visitor first; else the visitor of
// another payment of the customer, trials included; else the one its email leads
// to. Renewals and refunds keep the visitor and the session of the customer's
// first payment, a refund those of the payment it refunds.
func resolve(group []*Payment, found func(*Payment) event.VisitorID) {
	slices.SortFunc(group, func(a, b *Payment) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID))
	})
	for _, p := range group {
		p.Visitor, p.AttributedAt, p.RefundOf = p.SentVisitor, p.Time, ""
		if p.Kind == New || p.Kind == Trial {
			p.Visitor = ownVisitor(p, group, found)
		}
	}
	for _, p := range group {
		switch p.Kind {
		case Renewal:
			inherit(p, firstPayment(p, group), found)
		case Refund:
			original := refunded(p, group)
			if original != nil {
				p.RefundOf = original.TransactionID
				if original.Kind == Renewal {
					inherit(original, firstPayment(original, group), found)
				}
			}
			inherit(p, original, found)
		case New, Trial:
		}
	}
}

func ownVisitor(p *Payment, group []*Payment, found func(*Payment) event.VisitorID) event.VisitorID {
	if !p.SentVisitor.IsZero() {
		return p.SentVisitor
	}
	for _, o := range group {
		if o != p && !o.SentVisitor.IsZero() && sameCustomer(p, o) {
			return o.SentVisitor
		}
	}
	return found(p)
}

func sameCustomer(a, b *Payment) bool {
	if a.CustomerID != "" && a.CustomerID == b.CustomerID {
		return true
	}
	return a.Email != "" && a.Email == b.Email
}

// inherit takes visitor and moment from the payment that p follows.
func inherit(p, from *Payment, found func(*Payment) event.VisitorID) {
	if from != nil && from != p && !from.Visitor.IsZero() {
		p.Visitor, p.AttributedAt = from.Visitor, from.AttributedAt
		return
	}
	if from != nil && from != p {
		p.AttributedAt = from.AttributedAt
	}
	if p.Visitor.IsZero() {
		p.Visitor = found(p)
	}
}

// firstPayment is the customer's first payment above zero; nil without one.
func firstPayment(p *Payment, group []*Payment) *Payment {
	for _, o := range group {
		if o != p && o.Kind == New && o.AmountMinor > 0 && isOf(p, o) {
			return o
		}
	}
	return nil
}

// isOf reports whether two payments are one customer's.
func isOf(p, o *Payment) bool {
	if p.CustomerID != "" && o.CustomerID != "" {
		return p.CustomerID == o.CustomerID
	}
	if p.Email != "" && o.Email != "" {
		return p.Email == o.Email
	}
	return p.CustomerID == "" && p.Email == "" && !p.SentVisitor.IsZero() && p.SentVisitor == o.SentVisitor
}

// refunded is the payment that a refund takes back: the one with its id, else the
// customer's first.
func refunded(p *Payment, group []*Payment) *Payment {
	for _, o := range group {
		if o.Kind != Refund && o.TransactionID == p.TransactionID {
			return o
		}
	}
	return firstPayment(p, group)
}
