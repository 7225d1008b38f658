package revenue

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// DayRates are the rates of one day: how many units of each currency one euro was
// worth.
type DayRates struct {
	Day     time.Time          `json:"day"`
	PerEuro map[string]float64 `json:"perEuro"`
}

// ParseRates reads daily rates in the form that the European Central Bank publishes
// (eurofxref-hist-90d.xml and its like). Rates that are no positive numbers are left
// out; a file without any is an error.
func ParseRates(r io.Reader) ([]DayRates, error) {
	var file struct {
		Days []struct {
			Time  string `xml:"time,attr"`
			Rates []struct {
				Currency string  `xml:"currency,attr"`
				Rate     float64 `xml:"rate,attr"`
			} `xml:"Cube"`
		} `xml:"Cube>Cube"`
	}
	if err := xml.NewDecoder(r).Decode(&file); err != nil {
		return nil, fmt.Errorf("read exchange rates: %w", err)
	}
	var out []DayRates
	for _, d := range file.Days {
		day, err := time.Parse(time.DateOnly, d.Time)
		if err != nil {
			return nil, fmt.Errorf("read exchange rates: %q is not a day", d.Time)
		}
		rates := DayRates{day, map[string]float64{}}
		for _, one := range d.Rates {
			if _, err := ParseCurrency("currency", one.Currency); err == nil && one.Rate > 0 && !math.IsInf(one.Rate, 0) {
				rates.PerEuro[one.Currency] = one.Rate
			}
		}
		if rates.PerEuro["USD"] > 0 {
			out = append(out, rates)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("read exchange rates: there are none for the dollar")
	}
	return out, nil
}

// Add puts the rates of days into the history, in place of what it has of them.
func (r *Rates) Add(days []DayRates) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range days {
		dollar := d.PerEuro["USD"]
		if dollar <= 0 {
			continue
		}
		day := dayOf(d.Day)
		r.set("EUR", dayRate{day, 1 / dollar})
		for code, rate := range d.PerEuro {
			if code != "USD" {
				r.set(code, dayRate{day, rate / dollar})
			}
		}
	}
}

func (r *Rates) set(code string, rate dayRate) {
	i, found := slices.BinarySearchFunc(r.series[code], rate, func(a, b dayRate) int { return a.day - b.day })
	if found {
		r.series[code][i] = rate
		return
	}
	r.series[code] = slices.Insert(r.series[code], i, rate)
}
