package analytics

import (
	"math"
	"time"

	"datafast/internal/event"
)

// The constants of the likelihood model (product.md §9).
const (
	LikelihoodWindow = 90 * 24 * time.Hour
	minCustomers     = 20  // below that there is no model
	minValueVisitors = 30  // below that a value says nothing
	minValuePayers   = 5   // below that a value's mean payment is the baseline's
	priorVisitors    = 200 // weight of the baseline in a value's rate
)

// LikelihoodDimensions are looked at, in the order in which they are reported.
func LikelihoodDimensions() []Dimension {
	return []Dimension{ByDevice, ByOS, ByBrowser, ByCountry, ByReferrer}
}

// LikelihoodCount is how many visitors of a value are customers, and the mean of
// their first payments in minor units.
type LikelihoodCount struct {
	Visitors, Customers int64
	MeanMinor           float64
}

// LikelihoodModel predicts whether a visitor becomes a customer.
type LikelihoodModel struct {
	All     LikelihoodCount
	ByValue map[Dimension]map[string]LikelihoodCount
}

// Likelihood is a prediction. Score is 1 to 99, 50 the average; ConversionRate a
// fraction; values are in minor units; Confidence is 0 to 1.
type Likelihood struct {
	Score          int
	ConversionRate float64
	AverageMinor   float64
	ExpectedMinor  float64
	Confidence     float64
	Matches        []Dimension
}

// Ready reports whether there are payments from enough customers.
func (m *LikelihoodModel) Ready() bool { return m != nil && m.All.Customers >= minCustomers }

// BaselineRate is customers ÷ visitors.
func (m *LikelihoodModel) BaselineRate() float64 {
	return float64(m.All.Customers) / math.Max(1, float64(m.All.Visitors))
}

// Predict applies the model to a visitor's session. The model must be ready.
func (m *LikelihoodModel) Predict(s *event.Session) Likelihood {
	b, v := m.BaselineRate(), m.All.MeanMinor
	shift, weights, values := 0.0, 0.0, v
	var out Likelihood
	for _, d := range LikelihoodDimensions() {
		c := m.ByValue[d][ValueOf(s, d)]
		if c.Visitors < minValueVisitors {
			continue
		}
		n := float64(c.Visitors)
		w := n / (n + priorVisitors)
		r := (float64(c.Customers) + priorVisitors*b) / (n + priorVisitors)
		mean := v
		if c.Customers >= minValuePayers {
			mean = c.MeanMinor
		}
		shift += w * (logit(r) - logit(b))
		weights += w
		values += w * mean
		out.Matches = append(out.Matches, d)
	}
	rate := logistic(logit(b) + 0.6*shift)
	out.ConversionRate = math.Min(math.Max(rate, 0.1*b), 10*b)
	out.AverageMinor = values / (1 + weights)
	out.ExpectedMinor = out.ConversionRate * out.AverageMinor
	out.Score = int(math.Round(50 * out.ExpectedMinor / (b * v)))
	out.Score = min(max(out.Score, 1), 99)
	out.Confidence = weights / float64(len(LikelihoodDimensions()))
	return out
}

// ValueOf is a session's value of one of the likelihood's dimensions.
func ValueOf(s *event.Session, d Dimension) string {
	switch d {
	case ByDevice:
		return s.System.Device
	case ByOS:
		return s.System.OS
	case ByBrowser:
		return s.System.Browser
	case ByCountry:
		return s.Place.Country
	}
	return s.Origin.Referrer
}

func logit(p float64) float64 {
	p = math.Min(math.Max(p, 1e-9), 1-1e-9)
	return math.Log(p / (1 - p))
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
