package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/demo"
	"datafast/internal/enrich"
	"datafast/internal/event"
	"datafast/internal/id"
)

const (
	benchClients = 64
	benchTime    = 4 * time.Second
)

// BenchmarkIngest sends events over HTTP from 64 keep-alive clients, and in the
// same run to an empty handler that reads the body. Goals (design.md §8): a rate of
// at least 0.25 of the empty handler's, p99 at most 20 ms; every answer durable. On a
// machine that does other work too, the ratio of processor time by event, the
// clients' included, says more than that of the rates.
func BenchmarkIngest(b *testing.B) {
	in := newInstallation(b, "shop.example", "UTC", "EUR")
	empty := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"status":"success"}`)
	}))
	defer empty.Close()
	real := httptest.NewServer(in.server.Router)
	defer real.Close()
	for b.Loop() {
		spent := ownTime(b, os.Getpid())
		baseline, _ := hammer(b, empty.Listener.Addr().String(), in.website.TrackingID)
		spentEmpty := ownTime(b, os.Getpid()) - spent
		rate, p99 := hammer(b, real.Listener.Addr().String(), in.website.TrackingID)
		costEmpty, cost := perEvent(spentEmpty, baseline), perEvent(ownTime(b, os.Getpid())-spent-spentEmpty, rate)
		b.ReportMetric(costEmpty, "empty-CPU-µs/event")
		b.ReportMetric(cost, "CPU-µs/event")
		b.ReportMetric(costEmpty/cost, "ratio-CPU")
		b.ReportMetric(baseline, "empty/s")
		b.ReportMetric(rate, "events/s")
		b.ReportMetric(rate/baseline, "ratio")
		b.ReportMetric(float64(p99.Microseconds())/1000, "p99-ms")
		b.ReportMetric(0, "ns/op")
	}
}

// perEvent is the processor time of an event in microseconds.
func perEvent(spent time.Duration, perSecond float64) float64 {
	return float64(spent.Microseconds()) / (perSecond * benchTime.Seconds())
}

// hammer sends events for a while and returns the rate and the 99th percentile of
// the answer times.
func hammer(b *testing.B, addr, tracking string) (perSecond float64, p99 time.Duration) {
	b.Helper()
	var count atomic.Int64
	var mu sync.Mutex
	var took []time.Duration
	var clients sync.WaitGroup
	started := time.Now()
	for c := range benchClients {
		clients.Go(func() {
			mine, err := hammerOne(addr, tracking, c, started.Add(benchTime))
			if err != nil {
				b.Error(err)
			}
			count.Add(int64(len(mine)))
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	clients.Wait()
	elapsed := time.Since(started).Seconds()
	slices.Sort(took)
	if len(took) == 0 {
		return 0, 0
	}
	return float64(count.Load()) / elapsed, took[len(took)*99/100]
}

// hammerOne is one keep-alive client, as cheap as can be so that the server has
// the cores. Each event has an address of its own, or the rate limit would end it.
func hammerOne(addr, tracking string, client int, until time.Time) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	var took []time.Duration
	for i := 0; time.Now().Before(until); i++ {
		sent := time.Now()
		if err := sendView(conn, in, tracking, client, i); err != nil {
			return took, err
		}
		took = append(took, time.Since(sent))
	}
	return took, nil
}

// sendView sends the i-th page view of a client and reads the answer.
func sendView(conn net.Conn, in *bufio.Reader, tracking string, client, i int) error {
	v := event.VisitorID{byte(client), byte(i >> 16), byte(i >> 8), byte(i)}.ForceV4()
	body := `{"websiteId":"` + tracking + `","domain":"shop.example","type":"pageview","href":"https://shop.example/p` + strconv.Itoa(i%50) +
		`?utm_source=news","referrer":"https://www.google.com/","viewport":{"width":1280,"height":720},"language":"en-GB","timezone":"Europe/Berlin","visitorId":"` +
		v.String() + `","sessionId":"s` + v.String() + `"}`
	request := fmt.Sprintf("POST /api/events HTTP/1.1\r\nHost: x\r\nUser-Agent: %s\r\nContent-Type: application/json\r\nX-Forwarded-For: 91.%d.%d.%d\r\nContent-Length: %d\r\n\r\n%s",
		chrome, client, i>>8&255, i&255, len(body), body)
	if _, err := io.WriteString(conn, request); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return readAnswer(in)
}

func readAnswer(in *bufio.Reader) error {
	length := 0
	for first := true; ; first = false {
		line, err := in.ReadString('\n')
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		if first && !strings.HasPrefix(line, "HTTP/1.1 200") {
			return fmt.Errorf("answer %q", line)
		}
		if line == "\r\n" {
			break
		}
		if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Content-Length") {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return fmt.Errorf("content length: %w", err)
			}
		}
	}
	_, err := in.Discard(length)
	return err
}

// fillSite stores a year of the made-up shop and returns the number of events.
func fillSite(b *testing.B, in *installation, perDay int) int {
	b.Helper()
	ids, origins := id.NewGenerator(), enrich.NewOrigins()
	newID := func(time.Time) string { return ids.New(time.Now()) }
	shop := demo.New(demo.Options{Seed: 1, Domain: "shop.example", End: time.Now().Add(-time.Hour), Days: 365, PerDay: perDay, Payments: true})
	total := 0
	err := shop.Days(func(hits []demo.Hit, payments []demo.Payment) error {
		batch := make([]*event.Event, len(hits))
		for i := range hits {
			e, err := hits[i].Event(in.website.ID, "shop.example", origins, newID)
			if err != nil {
				return err
			}
			batch[i] = e
		}
		total += len(batch)
		if err := in.server.events.Append(b.Context(), batch); err != nil {
			return err
		}
		_, err := in.server.flow.revenue.RecordAll(b.Context(), in.website, ofShop(payments))
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	// The first question settles the sessions; it is not measured.
	if _, err := in.server.events.Run(b.Context(), []analytics.Query{{WebsiteID: in.website.ID, Zone: time.UTC}}); err != nil {
		b.Fatal(err)
	}
	return total
}
