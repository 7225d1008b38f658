package server

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"datafast/internal/enginetest"
	"datafast/internal/event"
	"datafast/internal/id"
)

// BenchmarkUnderLoad sends 1,000 events a second to a site of a million events,
// first alone, then while the 19 questions of a dashboard are asked in a loop, and
// asks those alone too.
func BenchmarkUnderLoad(b *testing.B) {
	in := newInstallation(b, "shop.example", "UTC", "EUR")
	fillSite(b, in, 900)
	server := httptest.NewServer(in.server.Router)
	defer server.Close()
	queries := enginetest.DashboardQueries(in.website.ID, 30)
	ask := func(until time.Time) (took []time.Duration) {
		for time.Now().Before(until) {
			started := time.Now()
			if _, err := in.server.events.Run(b.Context(), queries); err != nil {
				b.Error(err)
				return took
			}
			took = append(took, time.Since(started))
		}
		return took
	}
	for b.Loop() {
		asked := ask(time.Now().Add(benchTime))
		sent := steady(b, server.Listener.Addr().String(), in.website.TrackingID, 0)
		var askedLoaded []time.Duration
		var asking sync.WaitGroup
		asking.Go(func() { askedLoaded = ask(time.Now().Add(benchTime)) })
		sentLoaded := steady(b, server.Listener.Addr().String(), in.website.TrackingID, 100)
		asking.Wait()
		b.ReportMetric(percentile(sent, 99), "ingest-p99-ms")
		b.ReportMetric(percentile(sentLoaded, 99), "ingest-p99-loaded-ms")
		b.ReportMetric(percentile(asked, 95), "queries-p95-ms")
		b.ReportMetric(percentile(askedLoaded, 95), "queries-p95-loaded-ms")
		b.ReportMetric(0, "ns/op")
	}
}

func percentile(took []time.Duration, p int) float64 {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return float64(took[len(took)*p/100].Microseconds()) / 1000
}

// steady sends 1,000 events a second from 20 connections, each at its own beat, and
// returns the times from the beat to the answer: one that waits for the one before
// counts its wait.
func steady(b *testing.B, addr, tracking string, first int) []time.Duration {
	b.Helper()
	const connections, every = 20, 20 * time.Millisecond
	var mu sync.Mutex
	var all []time.Duration
	var clients sync.WaitGroup
	for c := range connections {
		clients.Go(func() {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			in := bufio.NewReader(conn)
			beat := time.Now().Add(every * time.Duration(c) / connections)
			var took []time.Duration
			for i := range int(benchTime / every) {
				time.Sleep(time.Until(beat))
				if err := sendView(conn, in, tracking, first+c, i); err != nil {
					b.Error(err)
					return
				}
				took = append(took, time.Since(beat))
				beat = beat.Add(every)
			}
			mu.Lock()
			all = append(all, took...)
			mu.Unlock()
		})
	}
	clients.Wait()
	return all
}

// BenchmarkRealtime asks for the counter and the map of a site with 10,000 visitors
// in the last ten minutes.
func BenchmarkRealtime(b *testing.B) {
	in := newInstallation(b, "shop.example", "UTC", "EUR")
	ids, now := id.NewGenerator(), time.Now()
	batch := make([]*event.Event, 30_000)
	for i := range batch {
		batch[i] = &event.Event{
			ID: ids.New(now), WebsiteID: in.website.ID, Kind: event.Pageview, Hostname: "shop.example", Path: "/" + strconv.Itoa(i%50),
			Time: now.Add(-9 * time.Minute).Add(time.Duration(i) * 9 * time.Minute / 30_000), Origin: event.Origin{Channel: "Direct"},
			Visitor: event.VisitorID{byte(i % 10_000), byte(i % 10_000 >> 8)}.ForceV4(), Place: event.Place{Country: "DE"},
		}
	}
	if err := in.server.events.Append(context.Background(), batch); err != nil {
		b.Fatal(err)
	}
	in.server.flow.live.Add(batch)
	query := url.Values{"websiteId": {in.website.ID}}
	in.mustCall(http.MethodGet, "/api/v1/analytics/realtime/map", query, nil, jsonType) // settles the sessions
	for _, path := range []string{"/api/v1/analytics/realtime", "/api/v1/analytics/realtime/map"} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				in.mustCall(http.MethodGet, path, query, nil, jsonType)
			}
		})
	}
}

// BenchmarkServed starts a process on a year of ten million events (a million with
// -short) and asks the reports of a dashboard over HTTP. Goals (design.md §8):
// serving within 1 s, idle below 120 MB, served below 700 MB.
func BenchmarkServed(b *testing.B) {
	perDay := 9000
	if testing.Short() {
		perDay = 900
	}
	dir := b.TempDir()
	in := openInstallation(b, dir, "shop.example", "UTC", "EUR")
	fillSite(b, in, perDay)
	if err := in.server.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		listen, started := freeAddress(b), time.Now()
		process := startServer(b, dir, listen)
		b.ReportMetric(time.Since(started).Seconds(), "start-s")
		b.ReportMetric(memory(process.Process.Pid, "VmRSS"), "idle-MB")
		started = time.Now()
		for _, path := range []string{
			"overview", "pages", "entry-pages", "referrers", "channels", "campaigns", "countries", "regions", "cities", "devices", "browsers",
			"operating-systems", "hostnames", "goals",
		} {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "http://"+listen+"/api/v1/analytics/"+path+"?period=last365d&websiteId="+in.website.ID, nil)
			if err != nil {
				b.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+in.token)
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				b.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				b.Errorf("%s: %s", path, resp.Status)
			}
		}
		b.ReportMetric(time.Since(started).Seconds(), "reports-s")
		b.ReportMetric(memory(process.Process.Pid, "VmHWM"), "served-MB")
		b.ReportMetric(0, "ns/op")
		if err := process.Process.Kill(); err != nil {
			b.Fatal(err)
		}
		_ = process.Wait()
	}
}

// memory is a figure of a process's status, in MB; 0 where the system does not tell.
func memory(pid int, name string) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	var kb float64
	if i := bytes.Index(status, []byte(name+":")); i >= 0 {
		_, _ = fmt.Sscan(string(status[i+len(name)+1:]), &kb)
	}
	return kb / 1024
}
