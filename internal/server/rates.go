package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"datafast/internal/revenue"
)

const (
	ratesFact    = "exchange_rates" // the last days fetched, as JSON
	ratesEvery   = 6 * time.Hour    // they are published once a working day
	ratesTimeout = 30 * time.Second
	ratesMost    = 16 << 20 // bytes of a file of rates
)

// openRates reads the bundled exchange rates and those that were fetched last. With
// an address to fetch from it keeps them fresh until the server is closed.
func (s *Server) openRates(ctx context.Context) (*revenue.Rates, error) {
	rates, err := revenue.LoadRates()
	if err != nil {
		return nil, err
	}
	kept, err := s.control.Fact(ctx, ratesFact)
	if err != nil {
		return nil, fmt.Errorf("read exchange rates: %w", err)
	}
	if kept != "" {
		var days []revenue.DayRates
		if err := json.Unmarshal([]byte(kept), &days); err != nil {
			return nil, fmt.Errorf("read exchange rates: %w", err)
		}
		rates.Add(days)
	}
	if s.RatesURL == "" {
		return rates, nil
	}
	background, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(ratesEvery)
		defer tick.Stop()
		for {
			if err := s.fetchRates(background, rates); err != nil && background.Err() == nil {
				s.log.Error("exchange rates not fetched", "error", err)
			}
			select {
			case <-background.Done():
				return
			case <-tick.C:
			}
		}
	}()
	s.onClose(func() error {
		stop()
		<-done
		return nil
	})
	return rates, nil
}

func (s *Server) fetchRates(ctx context.Context, rates *revenue.Rates) error {
	ctx, cancel := context.WithTimeout(ctx, ratesTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.RatesURL, nil)
	if err != nil {
		return fmt.Errorf("ask for exchange rates: %w", err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("ask for exchange rates: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask for exchange rates: the answer is %s", resp.Status)
	}
	days, err := revenue.ParseRates(io.LimitReader(resp.Body, ratesMost))
	if err != nil {
		return err
	}
	rates.Add(days)
	text, err := json.Marshal(days)
	if err != nil {
		return fmt.Errorf("keep exchange rates: %w", err)
	}
	return s.control.SetFact(ctx, ratesFact, string(text))
}
