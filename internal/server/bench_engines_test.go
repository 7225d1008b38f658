package server

import (
	"io"
	"io/fs"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"datafast/internal/clickhousetest"
	"datafast/internal/enginetest"
	"datafast/internal/postgrestest"
)

// BenchmarkEngines asks the 19 questions of a dashboard and takes in events, on
// SQLite and DuckDB and on PostgreSQL and ClickHouse, in one run: a year of ten
// million events, a million with -short. Bytes are those of the event store.
func BenchmarkEngines(b *testing.B) {
	perDay := 9000
	if testing.Short() {
		perDay = 300
	}
	pair := map[string]map[string]float64{}
	for _, engines := range []string{"embedded", "servers"} {
		b.Run(engines, func(b *testing.B) {
			settings := Settings{
				Data: b.TempDir(), Listen: "127.0.0.1:0", BaseURL: "http://stats.example.com", EventsMemoryMB: 2048, IngestTrustAny: true, MailFrom: "datafast@example.com",
			}
			bytesOf := func() float64 { return sizeOf(b, settings.Data) }
			if engines == "servers" {
				events := clickhousetest.Start(b)
				settings.DatabaseURL, settings.EventsURL = postgrestest.Start(b).NewDatabase(b), events.URL(events.NewDatabase(b))
				bytesOf = func() float64 { return sizeOf(b, events.Dir()) }
			}
			s, err := Open(b.Context(), settings, Options{Version: "test", Stdout: io.Discard, Stderr: testWriter{b}})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = s.Close() })
			in := &installation{t: b, server: s}
			in.website, in.token = in.addOwner("owner@example.com", "shop.example", "UTC", "EUR")
			events := fillSite(b, in, perDay)
			server := httptest.NewServer(s.Router)
			defer server.Close()
			for b.Loop() {
				is := map[string]float64{"bytes/event": bytesOf() / float64(events)}
				for name, days := range map[string]int{"30d-ms": 30, "365d-ms": 365} {
					best := time.Hour
					for range 3 {
						started := time.Now()
						if _, err := s.events.Run(b.Context(), enginetest.DashboardQueries(in.website.ID, days)); err != nil {
							b.Fatal(err)
						}
						best = min(best, time.Since(started))
					}
					is[name] = float64(best.Microseconds()) / 1000
				}
				is["events/s"], _ = hammer(b, server.Listener.Addr().String(), in.website.TrackingID)
				pair[engines] = is
				for name, value := range is {
					b.ReportMetric(value, name)
					if other := pair["embedded"][name]; engines != "embedded" && other > 0 {
						b.ReportMetric(value/other, name+"-ratio")
					}
				}
				b.ReportMetric(0, "ns/op")
			}
		})
	}
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
