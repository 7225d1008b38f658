package revenue

import (
	_ "embed"
	"math"
	"strconv"
	"strings"
	"sync"

	"datafast/internal/fault"
)

//go:embed tables/currencies.tsv
var currencyTable string

// digits of each ISO 4217 currency, read at first use.
var digits = sync.OnceValue(func() map[string]int { //nolint:gochecknoglobals // immutable table, read once
	out := map[string]int{}
	for line := range strings.SplitSeq(currencyTable, "\n") {
		code, n, ok := strings.Cut(line, "\t")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		out[code], _ = strconv.Atoi(n)
	}
	return out
})

// ParseCurrency reads an ISO 4217 code in any case.
func ParseCurrency(field, s string) (string, error) {
	code := strings.ToUpper(strings.TrimSpace(s))
	if _, ok := digits()[code]; !ok {
		return "", fault.Invalid(field, "%.20q is not an ISO 4217 currency; use a code such as EUR", s)
	}
	return code, nil
}

// Digits is the number of decimal digits of a currency's minor unit; 2 for codes
// that are not known.
func Digits(currency string) int {
	if n, ok := digits()[currency]; ok {
		return n
	}
	return 2
}

// Minor turns major units into minor ones, rounded half away from zero.
func Minor(major float64, currency string) int64 {
	return int64(math.Round(major * math.Pow10(Digits(currency))))
}

// Major turns minor units into major ones, rounded to two decimals as the API
// prints money (api.md 1.12).
func Major(minor int64, currency string) float64 {
	return math.Round(float64(minor)/math.Pow10(Digits(currency))*100) / 100
}

// Symbol is the sign of a currency, or its code where it has none of its own.
func Symbol(currency string) string {
	switch currency {
	case "USD":
		return "$"
	case "EUR":
		return "€"
	case "GBP":
		return "£"
	case "JPY":
		return "¥"
	case "CNY":
		return "CN¥"
	case "INR":
		return "₹"
	case "KRW":
		return "₩"
	case "BRL":
		return "R$"
	case "CAD":
		return "CA$"
	case "AUD":
		return "A$"
	case "NZD":
		return "NZ$"
	case "HKD":
		return "HK$"
	case "MXN":
		return "MX$"
	case "TWD":
		return "NT$"
	case "ILS":
		return "₪"
	case "VND":
		return "₫"
	case "PHP":
		return "₱"
	case "UAH":
		return "₴"
	case "NGN":
		return "₦"
	case "TRY":
		return "₺"
	case "RUB":
		return "₽"
	case "PLN":
		return "zł"
	}
	return currency
}
