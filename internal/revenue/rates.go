package revenue

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed tables/rates.txt.gz
var rateTable []byte

// rateEpoch is day 0 of the table.
func rateEpoch() time.Time { return time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC) }

// dayOf is the table's number of a day in UTC.
func dayOf(at time.Time) int { return int(at.UTC().Sub(rateEpoch()).Hours() / 24) }

// dayRate is how many units of a currency one US dollar was worth on a day.
type dayRate struct {
	day  int
	rate float64
}

// Rates converts money at the rate of a day. It is safe for concurrent use.
type Rates struct {
	mu     sync.RWMutex
	series map[string][]dayRate
}

// LoadRates reads the bundled daily history.
func LoadRates() (*Rates, error) {
	zr, err := gzip.NewReader(bytes.NewReader(rateTable))
	if err != nil {
		return nil, fmt.Errorf("open rate table: %w", err)
	}
	r := &Rates{series: map[string][]dayRate{}}
	scan := bufio.NewScanner(zr)
	scan.Buffer(nil, 4<<20)
	for scan.Scan() {
		code, text, ok := strings.Cut(scan.Text(), " ")
		if !ok || code == "#" {
			continue
		}
		if r.series[code], err = readSeries(text); err != nil {
			return nil, fmt.Errorf("read rates of %s: %w", code, err)
		}
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("read rate table: %w", err)
	}
	return r, nil
}

func readSeries(text string) ([]dayRate, error) {
	var out []dayRate
	day := 0
	for pair := range strings.SplitSeq(text, " ") {
		d, v, _ := strings.Cut(pair, ":")
		step, err := strconv.Atoi(d)
		if err != nil {
			return nil, fmt.Errorf("day %q: %w", d, err)
		}
		rate, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return nil, fmt.Errorf("rate %q: %w", v, err)
		}
		day += step
		out = append(out, dayRate{day, rate})
	}
	return out, nil
}

// Convert turns minor units of one currency into another at the rate of a day. A
// day without a rate takes the last one before it, and estimated is true. ok is
// false when a currency has no rate at all.
func (r *Rates) Convert(minor int64, from, to string, at time.Time) (converted int64, estimated, ok bool) {
	if from == to {
		return minor, false, true
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	day := dayOf(at)
	a, exactA, okA := r.perDollar(from, day)
	b, exactB, okB := r.perDollar(to, day)
	if !okA || !okB {
		return 0, false, false
	}
	major := float64(minor) / math.Pow10(Digits(from)) / a * b
	return Minor(major, to), !exactA || !exactB, true
}

func (r *Rates) perDollar(currency string, day int) (rate float64, exact, ok bool) {
	if currency == "USD" {
		return 1, true, true
	}
	s := r.series[currency]
	if len(s) == 0 {
		return 0, false, false
	}
	i := sort.Search(len(s), func(i int) bool { return s[i].day > day }) - 1
	if i < 0 {
		return s[0].rate, false, true
	}
	return s[i].rate, s[i].day == day, true
}
