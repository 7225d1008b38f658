package revenue

import (
	"time"

	"datafast/internal/event"
)

// Kind says what a payment row is. Values are stored; store/sqlgen has the same.
type Kind uint8

// The kinds.
const (
	New     Kind = 1
	Renewal Kind = 2
	Refund  Kind = 3
	Trial   Kind = 4
)

// String is the kind as a timeline shows it.
func (k Kind) String() string {
	switch k {
	case New:
		return "new"
	case Renewal:
		return "renewal"
	case Refund:
		return "refund"
	case Trial:
		return "trial"
	}
	return "unknown"
}

// Payment is one row of money: positive minor units of its currency, also for a
// refund, whose kind says that they are subtracted.
type Payment struct {
	ID            string // 24 hex
	WebsiteID     string
	TransactionID string // with Kind: idempotency key per website
	Kind          Kind
	AmountMinor   int64
	Currency      string // ISO 4217
	Time          time.Time
	Email         string // lower case
	Name          string
	CustomerID    string
	SentVisitor   event.VisitorID // as the caller gave it; zero: none

	// SiteMinor is the amount in the website's currency at the day's rate; HasRate
	// false says that there is none and the row counts nothing. Estimated marks a
	// day without a rate of its own.
	SiteMinor int64
	HasRate   bool
	Estimated bool

	// Settled by resolve.
	Visitor      event.VisitorID // whose payment it is; zero: nobody known
	AttributedAt time.Time       // the moment from which attribution looks back
	RefundOf     string          // transaction id of the refunded payment
}
