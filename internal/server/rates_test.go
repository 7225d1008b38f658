package server

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"datafast/internal/site"
)

// TestRates fetches rates in the European Central Bank's form; a payment of that
// day is converted by them, also after a restart without the net.
func TestRates(t *testing.T) {
	t.Parallel()
	today := time.Now().UTC().Format(time.DateOnly)
	bank := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<gesmes:subject>Reference rates</gesmes:subject><Cube><Cube time="%s"><Cube currency="USD" rate="4"/><Cube currency="JPY" rate="800"/></Cube></Cube></gesmes:Envelope>`, today)
	}))
	settings := Settings{
		Data: t.TempDir(), Listen: "127.0.0.1:0", BaseURL: "http://stats.example.com", EventsMemoryMB: 512, IngestTrustAny: true, MailFrom: "datafast@example.com",
		RatesURL: bank.URL + "/rates.xml",
	}
	var website *site.Website
	var token string
	for round, fetches := range []bool{true, false} {
		if !fetches {
			bank.Close()
			settings.RatesURL = ""
		}
		s, err := Open(t.Context(), settings, Options{Version: "test", Stdout: io.Discard, Stderr: testWriter{t}})
		if err != nil {
			t.Fatal(err)
		}
		in := &installation{t: t, server: s, website: website, token: token}
		if fetches {
			in.website, in.token = in.addOwner("owner@example.com", "shop.example", "UTC", "EUR")
			website, token = in.website, in.token
			for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
				kept, err := s.control.Fact(t.Context(), ratesFact)
				if err != nil {
					t.Fatal(err)
				}
				if kept != "" {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("no rates were fetched")
				}
			}
		}
		query := url.Values{"websiteId": {in.website.ID}}
		in.mustCall("POST", "/api/v1/payments", query, fmt.Appendf(nil, `{"amount":8,"currency":"USD","transaction_id":"t%d"}`, round), jsonType)
		query.Set("fields", "revenue")
		row, _ := in.mustCall("GET", "/api/v1/analytics/overview", query, nil, jsonType)["data"].([]any)[0].(map[string]any)
		if want := float64(2 * (round + 1)); row["revenue"] != want { // 8 dollars are 2 euros
			t.Errorf("revenue %v, want %v", row["revenue"], want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
