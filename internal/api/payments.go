package api

import (
	"context"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"datafast/internal/account"
	"datafast/internal/auth"
	"datafast/internal/event"
	"datafast/internal/fault"
	"datafast/internal/revenue"
)

type paymentBody struct {
	Amount            json.RawMessage `json:"amount" doc:"Major units, at least 0; a number or a numeric string"`
	Currency          string          `json:"currency" doc:"ISO 4217, any case"`
	TransactionID     string          `json:"transaction_id" doc:"1 to 255 characters; idempotency key"`
	DatafastVisitorID string          `json:"datafast_visitor_id,omitempty" doc:"UUID v4"`
	VisitorID         string          `json:"visitorId,omitempty" doc:"Alias of datafast_visitor_id"`
	Email             string          `json:"email,omitempty"`
	CustomerEmail     string          `json:"customer_email,omitempty" doc:"Alias of email"`
	Name              string          `json:"name,omitempty"`
	CustomerName      string          `json:"customer_name,omitempty" doc:"Alias of name"`
	CustomerID        string          `json:"customer_id,omitempty" doc:"Joins renewals and trials to the first payment's visitor"`
	Renewal           bool            `json:"renewal,omitempty"`
	Refunded          bool            `json:"refunded,omitempty"`
	IsFreeTrial       bool            `json:"is_free_trial,omitempty" doc:"Inferred when amount is 0"`
	Timestamp         string          `json:"timestamp,omitempty" doc:"ISO 8601; default now"`
}

type recordedPayment struct {
	Message       string   `json:"message"`
	TransactionID string   `json:"transaction_id"`
	Ignored       []string `json:"ignored,omitempty"`
}

type paymentRow struct {
	ID            string   `json:"_id"`
	TransactionID string   `json:"transaction_id"`
	Amount        float64  `json:"amount"`
	Currency      string   `json:"currency"`
	Renewal       bool     `json:"renewal"`
	Refunded      bool     `json:"refunded"`
	IsFreeTrial   bool     `json:"is_free_trial"`
	VisitorID     *string  `json:"datafast_visitor_id"`
	Email         *string  `json:"email"`
	Name          *string  `json:"name"`
	CustomerID    *string  `json:"customer_id"`
	Timestamp     string   `json:"timestamp"`
	WebsiteAmount *float64 `json:"websiteAmount" doc:"In the website's currency; null without a rate"`
	Estimated     bool     `json:"estimated" doc:"An older day's rate stood in"`
}

type deletedPayments struct {
	Message       string    `json:"message"`
	TransactionID string    `json:"transaction_id,omitempty"`
	VisitorID     string    `json:"datafast_visitor_id,omitempty"`
	TimeRange     *timeSpan `json:"timeRange,omitempty"`
	DeletedCount  int       `json:"deletedCount"`
}

func (a *Reporting) paymentRoutes() []Route {
	read := auth.Rule{Kinds: auth.AllKinds, Permission: auth.PaymentsRead, Website: auth.ByQuery, Least: account.RoleViewer}
	return []Route{
		{Method: "POST", Path: "/api/v1/payments", Rule: writes(auth.PaymentsWrite), Handle: a.createPayment, Doc: Doc{
			ID: "createPayment", Tag: "Payments", Summary: "Record a payment, refund, renewal or trial",
			Description: "Idempotent by transaction_id: a repeat changes nothing and names in `ignored` what differs. A refund has its own transaction_id or repeats the payment's, with `refunded: true`.",
			Body:        paymentBody{}, Raw: recordedPayment{},
			BodyExample: `{"amount":29,"currency":"EUR","transaction_id":"txn_1","datafast_visitor_id":"5b0c8a52-0f3e-4d0a-9a51-2f3f4f2f7b11"}`,
			Example:     `{"message":"Payment recorded and attributed successfully","transaction_id":"txn_1"}`,
		}},
		{Method: "GET", Path: "/api/v1/payments", Rule: read, Handle: a.listPayments, Doc: Doc{
			ID: "listPayments", Tag: "Payments", Summary: "List payments, newest first",
			Query: append(rangeParams(Param{Name: "datafast_visitor_id", Description: "Or visitor_id: of this visitor only"}), pageParams("1000")...),
			Data:  []paymentRow{}, Paged: true,
			Example: `{"status":"success","data":[{"_id":"665f0b3c4d2e1a0012345602","transaction_id":"txn_1","amount":29,"currency":"EUR","renewal":false,"refunded":false,"is_free_trial":false,"datafast_visitor_id":"5b0c8a52-0f3e-4d0a-9a51-2f3f4f2f7b11","email":"ana@example.com","name":null,"customer_id":null,"timestamp":"2026-05-21T09:10:00.000Z","websiteAmount":29,"estimated":false}],"pagination":{"limit":100,"offset":0,"total":1,"hasMore":false}}`,
		}},
		{Method: "DELETE", Path: "/api/v1/payments", Rule: writes(auth.PaymentsWrite), Handle: a.deletePayments, Doc: Doc{
			ID: "deletePayments", Tag: "Payments", Summary: "Delete payments",
			Description: "By transaction_id (everything else is then ignored), by visitor, or by range; at least one.",
			Query: []Param{
				{Name: "transaction_id", Description: "Or tx_id"},
				{Name: "datafast_visitor_id", Description: "UUID v4"},
				{Name: "start", Description: "Or startAt; with end."},
				{Name: "end", Description: "Or endAt."},
			},
			Data:    []deletedPayments{},
			Example: `{"status":"success","data":[{"message":"All payments for visitor deleted successfully within time range","datafast_visitor_id":"5b0c8a52-0f3e-4d0a-9a51-2f3f4f2f7b11","timeRange":{"start":"2026-05-01T00:00:00.000Z","end":"2026-05-19T23:59:59.000Z"},"deletedCount":2}]}`,
		}},
	}
}

const (
	maxText   = 255
	maxAmount = 1e12
)

// payment checks the body and turns it into a payment.
func (b *paymentBody) payment(now time.Time) (revenue.Payment, error) {
	var errs fault.List
	p := revenue.Payment{TransactionID: strings.TrimSpace(b.TransactionID), CustomerID: b.CustomerID, Kind: revenue.New}
	p.Email, p.Name = pickVisitor(b.Email, b.CustomerEmail), pickVisitor(b.Name, b.CustomerName)
	amount, err := parseAmount(b.Amount)
	errs.Add(err)
	if p.Currency, err = revenue.ParseCurrency("currency", b.Currency); err != nil {
		errs.Add(err)
	} else {
		p.AmountMinor = revenue.Minor(amount, p.Currency)
	}
	if n := len(p.TransactionID); n < 1 || n > maxText {
		errs.Add(fault.Invalid("transaction_id", "is required: 1 to %d characters", maxText))
	}
	for field, v := range map[string]string{"email": p.Email, "name": p.Name, "customer_id": p.CustomerID} {
		if len(v) > maxText {
			errs.Add(fault.Invalid(field, "is %d bytes long; at most %d are allowed", len(v), maxText))
		}
	}
	if id := pickVisitor(b.DatafastVisitorID, b.VisitorID); id != "" {
		p.SentVisitor, err = event.ParseVisitorID("datafast_visitor_id", id)
		errs.Add(err)
	}
	switch {
	case b.Refunded:
		p.Kind = revenue.Refund
	case b.IsFreeTrial || amount == 0:
		p.Kind = revenue.Trial
	case b.Renewal:
		p.Kind = revenue.Renewal
	}
	p.Time, err = paymentTime(b.Timestamp, now)
	errs.Add(err)
	return p, errs.Err()
}

func paymentTime(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return now, nil
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return now, fault.Invalid("timestamp", "%.40q is not a time; use ISO 8601 with Z or an offset", s)
	}
	return at, nil
}

func parseAmount(raw json.RawMessage) (float64, error) {
	text := strings.Trim(string(raw), `" `)
	if text == "" || text == "null" {
		return 0, fault.Invalid("amount", "is required: a number of major units, such as 29.90")
	}
	amount, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.IsNaN(amount) || math.IsInf(amount, 0):
		return 0, fault.Invalid("amount", "%.40q is not a number; give major units, such as 29.90", text)
	case amount < 0:
		return 0, fault.Invalid("amount", "%v is negative; a refund has a positive amount and refunded: true", amount)
	case amount > maxAmount:
		return 0, fault.Invalid("amount", "%v is too large; at most %v", amount, maxAmount)
	}
	return amount, nil
}

func (a *Reporting) createPayment(ctx context.Context, r *Request) (*Response, error) {
	var body paymentBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	p, err := body.payment(a.Now())
	if err != nil {
		return nil, err
	}
	if r.Website.IsCookieless {
		p.Email, p.Name = "", "" // tracker.md §6.5: a customer's address is not kept
	}
	if p, err = a.withoutBot(ctx, r, p); err != nil {
		return nil, err
	}
	out, err := a.Revenue.Record(ctx, r.Website, p)
	if err != nil {
		return nil, err
	}
	if goal := goalOfPayment(out.Payment.Kind.String()); goal != "" && !out.Duplicate {
		a.Paid(r.Website, out.Payment, goal)
	}
	answer := recordedPayment{Message: "Payment recorded", TransactionID: p.TransactionID}
	switch {
	case out.Duplicate:
		answer.Message, answer.Ignored = "Payment already recorded", out.Ignored
	case !out.Payment.Visitor.IsZero():
		known, err := a.Events.LastSession(ctx, r.Website.ID, out.Payment.Visitor)
		if err != nil {
			return nil, err
		}
		if known != nil {
			answer.Message = "Payment recorded and attributed successfully"
		}
	}
	return &Response{Raw: answer}, nil
}

// withoutBot leaves a bot's payment to nobody (tracker.md §9).
func (a *Reporting) withoutBot(ctx context.Context, r *Request, p revenue.Payment) (revenue.Payment, error) {
	if p.SentVisitor.IsZero() {
		return p, nil
	}
	if err := a.Ingest.FlushDrops(ctx); err != nil {
		return p, err
	}
	bot, err := a.Events.IsBot(ctx, r.Website.ID, p.SentVisitor)
	if bot {
		p.SentVisitor = event.VisitorID{}
	}
	return p, err
}

func (a *Reporting) listPayments(ctx context.Context, r *Request) (*Response, error) {
	var errs fault.List
	q := revenue.PaymentsQuery{WebsiteID: r.Website.ID}
	rng, _ := timeRange(r, &errs)
	q.From, q.To = rng.From, rng.To
	var err error
	q.Limit, q.Offset, err = r.Paging(100, 1000)
	errs.Add(err)
	if id := pickVisitor(r.Query.Get("datafast_visitor_id"), pickVisitor(r.Query.Get("visitor_id"), r.Query.Get("visitorId"))); id != "" {
		q.Visitor, err = event.ParseVisitorID("datafast_visitor_id", id)
		errs.Add(err)
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	list, total, err := a.Revenue.List(ctx, q)
	if err != nil {
		return nil, err
	}
	rows := make([]paymentRow, len(list))
	for i := range list {
		rows[i] = paymentRowOf(&list[i], r.Website.Currency)
	}
	return &Response{Data: rows, Pagination: Page(q.Limit, q.Offset, total, len(rows))}, nil
}

func paymentRowOf(p *revenue.Payment, currency string) paymentRow {
	row := paymentRow{
		ID: p.ID, TransactionID: p.TransactionID, Amount: revenue.Major(p.AmountMinor, p.Currency), Currency: p.Currency,
		Renewal: p.Kind == revenue.Renewal, Refunded: p.Kind == revenue.Refund, IsFreeTrial: p.Kind == revenue.Trial,
		Email: orNull(p.Email), Name: orNull(p.Name), CustomerID: orNull(p.CustomerID), Timestamp: Stamp(p.Time), Estimated: p.Estimated,
	}
	if !p.Visitor.IsZero() {
		row.VisitorID = orNull(p.Visitor.String())
	}
	if p.HasRate {
		amount := revenue.Major(p.SiteMinor, currency)
		row.WebsiteAmount = &amount
	}
	return row
}

func (a *Reporting) deletePayments(ctx context.Context, r *Request) (*Response, error) {
	d := revenue.Deletion{TransactionID: pickVisitor(r.Query.Get("transaction_id"), r.Query.Get("tx_id"))}
	if d.TransactionID != "" {
		n, err := a.Revenue.Delete(ctx, r.Website.ID, d)
		if err != nil {
			return nil, err
		}
		return One(deletedPayments{Message: "Payment deleted successfully", TransactionID: d.TransactionID, DeletedCount: n}), nil
	}
	var errs fault.List
	id := pickVisitor(r.Query.Get("datafast_visitor_id"), r.Query.Get("visitorId"))
	if id != "" {
		var err error
		d.Visitor, err = event.ParseVisitorID("datafast_visitor_id", id)
		errs.Add(err)
	}
	rng, given := deletionRange(r, &errs)
	d.From, d.To = rng.From, rng.To
	if len(errs) == 0 && id == "" && !given {
		errs.Add(fault.New(fault.CodeInvalid, "Give transaction_id, datafast_visitor_id, or start and end: nothing says which payments to delete"))
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	n, err := a.Revenue.Delete(ctx, r.Website.ID, d)
	if err != nil {
		return nil, err
	}
	out := deletedPayments{Message: "Payments deleted successfully", TimeRange: span(rng, given), DeletedCount: n}
	if id != "" {
		out.Message, out.VisitorID = "All payments for visitor deleted successfully", d.Visitor.String()
	}
	if given {
		out.Message += " within time range"
	}
	return One(out), nil
}
