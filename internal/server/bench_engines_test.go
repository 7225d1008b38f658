package server

import (
	"io"
	"io/fs"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"datafast/internal/clickhousetest"
	"datafast/internal/enginetest"
	"datafast/internal/postgrestest"
)

// BenchmarkEngines asks the 19 questions of a dashboard and takes in events, on
// SQLite and DuckDB, and then, moved there, on PostgreSQL and ClickHouse, in one
// run: a year of ten million events, a third of a million with -short. Bytes are
// those of the event store.
func BenchmarkEngines(b *testing.B) {
	perDay := 9000
	if testing.Short() {
		perDay = 300
	}
	embedded := Settings{
		Data: b.TempDir(), Listen: "127.0.0.1:0", BaseURL: "http://stats.example.com", EventsMemoryMB: 2048, IngestTrustAny: true, MailFrom: "datafast@example.com",
	}
	in, closed := openBench(b, embedded)
	in.website, in.token = in.addOwner("owner@example.com", "shop.example", "UTC", "EUR")
	events := fillSite(b, in, perDay)
	is := map[string]float64{}
	b.Run("embedded", func(b *testing.B) {
		for b.Loop() {
			is = measure(b, in)
		}
		is["bytes/event"] = sizeOf(b, embedded.Data) / float64(events)
		report(b, is, nil)
	})
	closed()

	store := clickhousetest.Start(b)
	servers := embedded
	servers.Data, servers.DatabaseURL, servers.EventsURL = b.TempDir(), postgrestest.Start(b).NewDatabase(b), store.URL(store.NewDatabase(b))
	if _, err := migrate(b, 0, "--from", embedded.Data, "--database-url", servers.DatabaseURL, "--events-url", servers.EventsURL); err != nil {
		b.Fatal(err)
	}
	moved, closed := openBench(b, servers)
	defer closed()
	moved.website, moved.token = in.website, in.token
	b.Run("servers", func(b *testing.B) {
		var are map[string]float64
		for b.Loop() {
			are = measure(b, moved)
		}
		are["bytes/event"] = sizeOf(b, store.Dir()) / float64(events)
		report(b, are, is)
	})
}

func openBench(b *testing.B, settings Settings) (in *installation, closed func()) {
	b.Helper()
	s, err := Open(b.Context(), settings, Options{Version: "test", Stdout: io.Discard, Stderr: testWriter{b}})
	if err != nil {
		b.Fatal(err)
	}
	return &installation{t: b, server: s}, sync.OnceFunc(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
}

// measure is the best of three batches of questions for each range, and the rate of
// page views over HTTP.
func measure(b *testing.B, in *installation) map[string]float64 {
	b.Helper()
	is := map[string]float64{}
	for name, days := range map[string]int{"30d-ms": 30, "365d-ms": 365} {
		best := time.Hour
		for range 3 {
			started := time.Now()
			if _, err := in.server.events.Run(b.Context(), enginetest.DashboardQueries(in.website.ID, days)); err != nil {
				b.Fatal(err)
			}
			best = min(best, time.Since(started))
		}
		is[name] = float64(best.Microseconds()) / 1000
	}
	server := httptest.NewServer(in.server.Router)
	defer server.Close()
	var events hammered
	events.add(b, server.Listener.Addr().String(), in.website.TrackingID, func() {})
	is["events/s"] = events.rate()
	return is
}

// report prints what was measured, and its ratio to the same of another engine.
func report(b *testing.B, is, other map[string]float64) {
	b.Helper()
	for name, value := range is {
		b.ReportMetric(value, name)
		if other[name] > 0 {
			b.ReportMetric(value/other[name], name+"-ratio")
		}
	}
	b.ReportMetric(0, "ns/op")
}

// sizeOf is the size of all files below a directory.
func sizeOf(b *testing.B, dir string) float64 {
	b.Helper()
	var total int64
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil //nolint:nilerr // the engine may remove a file meanwhile
		}
		if info, err := entry.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return float64(total)
}
