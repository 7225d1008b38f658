package api

import (
	"context"
	"math"
	"sync"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/event"
	"datafast/internal/revenue"
	"datafast/internal/site"
)

// prediction is a visitor's conversion likelihood (api.md 8.7.3).
type prediction struct {
	Score          int     `json:"score" doc:"1 to 99; 50 is average"`
	ConversionRate float64 `json:"conversionRate" doc:"Fraction"`
	ExpectedValue  float64 `json:"expectedValue" doc:"Major units of the website's currency"`
	Confidence     float64 `json:"confidence" doc:"0 to 1"`
}

// modelAge is how long a likelihood model is used before it is made again.
const modelAge = time.Hour

// models keeps the likelihood model of each website for an hour.
type models struct {
	mu   sync.Mutex
	made map[string]madeModel
}

type madeModel struct {
	at    time.Time
	model *analytics.LikelihoodModel
}

// model returns the website's model; nil when it is not ready.
func (a *Reporting) model(ctx context.Context, w *site.Website) (*analytics.LikelihoodModel, error) {
	now := a.Now()
	a.models.mu.Lock()
	m, ok := a.models.made[w.ID]
	a.models.mu.Unlock()
	if !ok || now.Sub(m.at) > modelAge {
		made, err := a.Engine.Likelihood(ctx, w.ID, analytics.Range{From: now.Add(-analytics.LikelihoodWindow), To: now})
		if err != nil {
			return nil, err
		}
		m = madeModel{now, made}
		a.models.mu.Lock()
		a.models.made[w.ID] = m
		a.models.mu.Unlock()
	}
	if !m.model.Ready() {
		return nil, nil
	}
	return m.model, nil
}

// predict is the prediction of a visitor's detail; nil for customers and without
// a model.
func (a *Reporting) predict(ctx context.Context, r *Request, d *analytics.VisitorDetail) (*prediction, error) {
	if d.IsCustomer {
		return nil, nil
	}
	m, err := a.model(ctx, r.Website)
	if err != nil || m == nil {
		return nil, err
	}
	var last *event.Session
	for _, s := range d.Sessions {
		if s.Visitor == d.Visitor {
			last = s
		}
	}
	l := m.Predict(last)
	return &prediction{
		Score: l.Score, ConversionRate: roundTo(l.ConversionRate, 4),
		ExpectedValue: roundTo(l.ExpectedMinor/math.Pow10(revenue.Digits(r.Website.Currency)), 3), Confidence: roundTo(l.Confidence, 3),
	}, nil
}

func roundTo(x float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(x*p) / p
}
