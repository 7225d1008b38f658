package api

import (
	"context"
	"slices"
)

type metadataRow struct {
	Domain         string  `json:"domain"`
	Timezone       string  `json:"timezone"`
	Name           string  `json:"name"`
	Logo           *string `json:"logo"`
	KPIColorScheme string  `json:"kpiColorScheme"`
	KPI            *string `json:"kpi"`
	Currency       string  `json:"currency" doc:"ISO 4217"`
}

func metadataFields() []string {
	return []string{"domain", "timezone", "name", "logo", "kpiColorScheme", "kpi", "currency"}
}

func (a *Reporting) metadataRoutes() []Route {
	return []Route{{Method: "GET", Path: "/api/v1/analytics/metadata", Rule: reads(), Handle: a.metadata, Doc: Doc{
		ID: "getMetadata", Tag: "Analytics", Summary: "What is shown of a website",
		Query: []Param{fieldsParam(metadataFields()...)}, Data: []metadataRow{},
		Example: `{"status":"success","data":[{"domain":"shop.example","timezone":"Europe/Bucharest","name":"Shop","logo":null,"kpiColorScheme":"orange","kpi":"signup","currency":"EUR"}]}`,
	}}}
}

func (a *Reporting) metadata(_ context.Context, r *Request) (*Response, error) {
	fields, err := fieldList(r, metadataFields()...)
	if err != nil {
		return nil, err
	}
	w := r.Website
	scheme := w.KPIColorScheme
	if scheme == "" {
		scheme = "orange"
	}
	all := ordered{
		{"domain", w.Domain},
		{"timezone", w.Timezone},
		{"name", w.DisplayName()},
		{"logo", orNull(w.Logo)},
		{"kpiColorScheme", scheme},
		{"kpi", orNull(w.KPI)},
		{"currency", w.Currency},
	}
	if fields != nil {
		all = slices.DeleteFunc(all, func(f Field) bool { return !slices.Contains(fields, f.Name) })
	}
	return One(all), nil
}
