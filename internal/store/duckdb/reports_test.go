package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"datafast/internal/enginetest"
	"datafast/internal/store/eventsql"
)

// BenchmarkReports asks the 19 questions of a dashboard over sites of one million
// and ten million events, and counts the rows that the engine scans for them; -short
// leaves the large one out.
func BenchmarkReports(b *testing.B) {
	for _, size := range []struct {
		name   string
		perDay int
	}{{"1M", 900}, {"10M", 9000}} {
		if size.perDay > 1000 && testing.Short() {
			continue
		}
		b.Run(size.name, func(b *testing.B) {
			s, website := benchStore(b, size.perDay)
			var events float64
			if err := s.db.QueryRowContext(b.Context(), `SELECT count(*) FROM events`).Scan(&events); err != nil {
				b.Fatal(err)
			}
			for _, days := range []int{30, 365} {
				b.Run(fmt.Sprintf("%dd", days), func(b *testing.B) {
					queries := enginetest.DashboardQueries(website, days)
					for b.Loop() {
						best := time.Hour
						for range 3 {
							started := time.Now()
							if _, err := s.Run(b.Context(), queries); err != nil {
								b.Fatal(err)
							}
							best = min(best, time.Since(started))
						}
						profiled, scanned := s.profiled(b)
						if _, err := profiled.Run(b.Context(), queries); err != nil {
							b.Fatal(err)
						}
						b.ReportMetric(float64(best.Microseconds())/1000, "ms-19-queries")
						b.ReportMetric(float64(scanned()), "rows-scanned")
						b.ReportMetric(events, "events")
						b.ReportMetric(peakMB(b), "peak-MB")
						b.ReportMetric(0, "ns/op")
					}
				})
			}
		})
	}
}

// profiled is a reader of the store on a connection that counts, and the number of
// rows that its questions made the engine scan.
func (s *Store) profiled(b *testing.B) (rd *eventsql.Reader, scanned func() int) {
	b.Helper()
	conn, err := s.db.Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	for _, setting := range []string{`SET enable_profiling = 'no_output'`, `SET custom_profiling_settings = '{"CUMULATIVE_ROWS_SCANNED": "true"}'`} {
		if _, err := conn.ExecContext(b.Context(), setting); err != nil {
			b.Fatal(err)
		}
	}
	db := &countingDB{b: b, Conn: conn}
	reader := *s.Reader
	reader.Snapshot = func(_ context.Context, f func(eventsql.DB) error) error { return f(db) }
	return &reader, func() int { db.count(); return db.scanned }
}

// countingDB adds up what the engine scanned for each statement. The profile of one
// is complete when its rows were read: it is looked at before the next.
type countingDB struct {
	*sql.Conn

	b       *testing.B
	asked   bool
	scanned int
}

func (c *countingDB) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	c.count()
	c.asked = true
	return c.Conn.QueryContext(ctx, query, args...)
}

func (c *countingDB) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	c.count()
	c.asked = true
	return c.Conn.QueryRowContext(ctx, query, args...)
}

func (c *countingDB) count() {
	if !c.asked {
		return
	}
	c.asked = false
	info, err := duckdb.GetProfilingInfo(c.Conn)
	if err != nil {
		c.b.Fatal(err)
	}
	rows, err := strconv.Atoi(info.Metrics["CUMULATIVE_ROWS_SCANNED"])
	if err != nil {
		c.b.Fatalf("profile without rows scanned: %v", info.Metrics)
	}
	c.scanned += rows
}

// peakMB is the most memory that the process had at once.
func peakMB(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text)
	if found == nil {
		b.Fatal("no VmHWM")
	}
	kb, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return kb / 1024
}
