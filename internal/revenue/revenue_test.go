package revenue

import (
	"testing"
	"time"

	"datafast/internal/event"
)

func TestMoney(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		major    float64
		currency string
		minor    int64
	}{{29.9, "EUR", 2990}, {0.295, "EUR", 30}, {1000, "JPY", 1000}, {1.234, "KWD", 1234}} {
		if got := Minor(tt.major, tt.currency); got != tt.minor {
			t.Errorf("Minor(%v %s) = %d, want %d", tt.major, tt.currency, got, tt.minor)
		}
	}
	if got := Major(1234, "KWD"); got != 1.23 {
		t.Errorf("Major of fils = %v, want two decimals", got)
	}
	if code, err := ParseCurrency("currency", " eur "); code != "EUR" || err != nil {
		t.Errorf("ParseCurrency = %q, %v", code, err)
	}
	if _, err := ParseCurrency("currency", "EURO"); err == nil {
		t.Error("EURO is taken for a currency")
	}
}

func TestRates_Convert(t *testing.T) {
	t.Parallel()
	rates, err := LoadRates()
	if err != nil {
		t.Fatal(err)
	}
	day := func(s string) time.Time {
		at, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	if got, estimated, ok := rates.Convert(100, "EUR", "EUR", day("2030-01-01")); got != 100 || estimated || !ok {
		t.Errorf("same currency: %d %v %v", got, estimated, ok)
	}
	friday, estimated, ok := rates.Convert(10_000, "EUR", "USD", day("2024-12-20"))
	if !ok || estimated || friday < 9_500 || friday > 12_500 {
		t.Errorf("on a day with a rate: %d %v %v", friday, estimated, ok)
	}
	saturday, estimated, ok := rates.Convert(10_000, "EUR", "USD", day("2024-12-21"))
	if !ok || !estimated || saturday != friday {
		t.Errorf("on the day after: %d %v %v, want %d as an estimate", saturday, estimated, ok, friday)
	}
	if _, _, ok := rates.Convert(100, "XTS", "EUR", day("2024-12-20")); ok {
		t.Error("a currency without any rate is converted")
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	a, b := event.VisitorID{1}, event.VisitorID{2}
	at := func(day int) time.Time { return time.Date(2026, 3, day, 10, 0, 0, 0, time.UTC) }
	nobody := func(*Payment) event.VisitorID { return event.VisitorID{} }
	for _, tt := range []struct {
		name    string
		group   []*Payment // the last one is looked at
		found   func(*Payment) event.VisitorID
		visitor event.VisitorID
		from    time.Time
		of      string
	}{
		{"own visitor", []*Payment{{ID: "1", Kind: New, AmountMinor: 1, Time: at(1), SentVisitor: a}}, nobody, a, at(1), ""},
		{"customer's other payment", []*Payment{
			{ID: "1", Kind: New, AmountMinor: 1, Time: at(1), SentVisitor: a, CustomerID: "c"}, {ID: "2", Kind: New, AmountMinor: 1, Time: at(2), CustomerID: "c"},
		}, nobody, a, at(2), ""},
		{"a trial's visitor", []*Payment{
			{ID: "1", Kind: Trial, Time: at(1), SentVisitor: a, Email: "x"}, {ID: "2", Kind: New, AmountMinor: 1, Time: at(2), Email: "x"},
		}, nobody, a, at(2), ""},
		{"email of a profile", []*Payment{{ID: "1", Kind: New, AmountMinor: 1, Time: at(1), Email: "x"}}, func(*Payment) event.VisitorID { return b }, b, at(1), ""},
		{"a renewal keeps the first payment's visitor and moment", []*Payment{
			{ID: "1", Kind: New, AmountMinor: 1, Time: at(1), SentVisitor: a, CustomerID: "c"}, {ID: "2", Kind: Renewal, AmountMinor: 1, Time: at(9), SentVisitor: b, CustomerID: "c"},
		}, nobody, a, at(1), ""},
		{"a renewal without a first payment", []*Payment{{ID: "2", Kind: Renewal, AmountMinor: 1, Time: at(9), SentVisitor: b, CustomerID: "c"}}, nobody, b, at(9), ""},
		{"a refund of the same id", []*Payment{
			{ID: "1", Kind: New, AmountMinor: 1, Time: at(1), SentVisitor: a, TransactionID: "t"}, {ID: "2", Kind: Refund, AmountMinor: 1, Time: at(9), TransactionID: "t"},
		}, nobody, a, at(1), "t"},
		{"a refund of a renewal goes on to the first payment", []*Payment{
			{ID: "1", Kind: New, AmountMinor: 1, Time: at(1), SentVisitor: a, TransactionID: "t", CustomerID: "c"},
			{ID: "2", Kind: Renewal, AmountMinor: 1, Time: at(5), TransactionID: "r", CustomerID: "c"},
			{ID: "3", Kind: Refund, AmountMinor: 1, Time: at(9), TransactionID: "r"},
		}, nobody, a, at(1), "r"},
		{"two customers of one visitor stay two", []*Payment{
			{ID: "1", Kind: New, AmountMinor: 1, Time: at(1), SentVisitor: a, CustomerID: "c"}, {ID: "2", Kind: Renewal, AmountMinor: 1, Time: at(9), SentVisitor: a, CustomerID: "d"},
		}, nobody, a, at(9), ""},
	} {
		last := tt.group[len(tt.group)-1]
		resolve(tt.group, tt.found)
		if last.Visitor != tt.visitor || !last.AttributedAt.Equal(tt.from) || last.RefundOf != tt.of {
			t.Errorf("%s: visitor %v from %v of %q; want %v from %v of %q", tt.name, last.Visitor[0], last.AttributedAt, last.RefundOf, tt.visitor[0], tt.from, tt.of)
		}
	}
}
