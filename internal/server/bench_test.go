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
	benchRounds  = 4
	benchTime    = 4 * time.Second
)

// BenchmarkIngest sends events over HTTP from 64 keep-alive clients, and in turns
// with it to an empty handler that reads the body. Goals (design.md §8): a rate of
// at least 0.25 of the empty handler's, p99 at most 20 ms; every answer durable. On a
// machine that does other work too, the ratio of processor time by event, the
// clients' included, says more than that of the rates. What is left to make rows and
// sessions of at the end of a turn is in the processor time of its events.
func BenchmarkIngest(b *testing.B) {
	in := newInstallation(b, "shop.example", "UTC", "EUR")
	empty := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"status":"success"}`)
	}))
	defer empty.Close()
	real := httptest.NewServer(in.server.Router)
	defer real.Close()
	var baseline, events hammered
	for b.Loop() {
		for range benchRounds {
			baseline.add(b, empty.Listener.Addr().String(), in.website.TrackingID, func() {})
			events.add(b, real.Listener.Addr().String(), in.website.TrackingID, func() { settleAll(b, in) })
		}
	}
	b.ReportMetric(baseline.cost(), "empty-CPU-µs/event")
	b.ReportMetric(events.cost(), "CPU-µs/event")
	b.ReportMetric(baseline.cost()/events.cost(), "ratio-CPU")
	b.ReportMetric(baseline.rate(), "empty/s")
	b.ReportMetric(events.rate(), "events/s")
	b.ReportMetric(events.rate()/baseline.rate(), "ratio")
	b.ReportMetric(baseline.percentile(99), "empty-p99-ms")
	b.ReportMetric(events.percentile(99), "p99-ms")
	b.ReportMetric(0, "ns/op")
}

// settleAll makes rows and sessions of every event of the installation's website.
func settleAll(b *testing.B, in *installation) {
	b.Helper()
	if _, err := in.server.events.Run(b.Context(), []analytics.Query{{WebsiteID: in.website.ID, Zone: time.UTC}}); err != nil {
		b.Fatal(err)
	}
}

// hammered is what came of sending events for a while, once or more.
type hammered struct {
	took    []time.Duration // of each answer
	elapsed time.Duration
	spent   time.Duration // processor time, the clients' included
	rounds  int
}

func (h *hammered) rate() float64 { return float64(len(h.took)) / h.elapsed.Seconds() }

// cost is the processor time of an event in microseconds.
func (h *hammered) cost() float64 { return float64(h.spent.Microseconds()) / float64(len(h.took)) }

// percentile is one of the answer times, in milliseconds.
func (h *hammered) percentile(n int) float64 {
	slices.Sort(h.took)
	return float64(h.took[len(h.took)*n/100].Microseconds()) / 1000
}

// add sends events to an address for benchTime.
func (h *hammered) add(b *testing.B, addr, tracking string, finish func()) {
	b.Helper()
	var mu sync.Mutex
	var clients sync.WaitGroup
	spent, started := ownTime(b, os.Getpid()), time.Now()
	h.rounds++
	for c := range benchClients {
		clients.Go(func() {
			mine, err := hammerOne(addr, tracking, h.rounds<<8+c, started.Add(benchTime))
			if err != nil {
				b.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			h.took = append(h.took, mine...)
		})
	}
	clients.Wait()
	h.elapsed += time.Since(started)
	finish()
	h.spent += ownTime(b, os.Getpid()) - spent
	if len(h.took) == 0 {
		b.Fatal("no event was answered")
	}
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
	v := event.VisitorID{byte(client >> 8), byte(client), byte(i >> 16), byte(i >> 8), byte(i)}.ForceV4()
	body := `{"websiteId":"` + tracking + `","domain":"shop.example","type":"pageview","href":"https://shop.example/p` + strconv.Itoa(i%50) +
		`?utm_source=news","referrer":"https://www.google.com/","viewport":{"width":1280,"height":720},"language":"en-GB","timezone":"Europe/Berlin","visitorId":"` +
		v.String() + `","sessionId":"s` + v.String() + `"}`
	request := fmt.Sprintf("POST /api/events HTTP/1.1\r\nHost: x\r\nUser-Agent: %s\r\nContent-Type: application/json\r\nX-Forwarded-For: %d.%d.%d.%d\r\nContent-Length: %d\r\n\r\n%s",
		chrome, 90+client>>8, client&255, i>>8&255, i&255, len(body), body)
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

// fillSite stores a year of the made-up shop and returns the number of events. Some
// 6,700 payments are recorded, the last ones: each is as a call, and takes milliseconds.
func fillSite(b *testing.B, in *installation, perDay int) int {
	b.Helper()
	ids, origins := id.NewGenerator(), enrich.NewOrigins()
	newID := func(time.Time) string { return ids.New(time.Now()) }
	shop := demo.New(demo.Options{Seed: 1, Domain: "shop.example", End: time.Now().Add(-time.Hour), Days: 365, PerDay: perDay, Payments: true})
	paid := time.Now().AddDate(0, 0, -min(365, 120_000/perDay))
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
		payments = slices.DeleteFunc(payments, func(p demo.Payment) bool { return p.Time.Before(paid) })
		_, err := in.server.flow.revenue.RecordAll(b.Context(), in.website, ofShop(payments))
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	settleAll(b, in) // not measured
	return total
}
