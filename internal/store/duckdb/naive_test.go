package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/demo"
	"datafast/internal/enrich"
	"datafast/internal/event"
	"datafast/internal/id"
	"datafast/internal/store/sqlgen"
)

// naiveSessions derives sessions from raw events inside the query, as a store
// without a row per session would have to. It is the baseline of BenchmarkNaive.
func naiveSessions(site uint32, from int64) string {
	part := func(column string, n int) string {
		return fmt.Sprintf("coalesce(split_part(arg_min(%s, time) FILTER (WHERE kind = 1), chr(31), %d), '')", column, n)
	}
	var columns []string
	for n, name := range map[int]string{
		2: "referrer", 5: "utm_source", 6: "utm_medium", 7: "utm_campaign", 8: "utm_term", 9: "utm_content", 10: "ref", 11: "source_param", 12: "via",
	} {
		columns = append(columns, part("origin", n)+" AS "+name)
	}
	for n, name := range map[int]string{1: "browser", 3: "os", 5: "device", 6: "country", 7: "region", 8: "city"} {
		columns = append(columns, part("client", n)+" AS "+name)
	}
	return fmt.Sprintf(`gaps AS (SELECT *, CASE WHEN time - lag(time) OVER w <= 1800000 THEN 0 ELSE 1 END AS opens FROM events
		WHERE site = %d AND time >= %d WINDOW w AS (PARTITION BY visitor ORDER BY time, id)),
	numbered AS (SELECT *, sum(opens) OVER (PARTITION BY visitor ORDER BY time, id ROWS UNBOUNDED PRECEDING) AS number FROM gaps),
	sessions AS (SELECT any_value(site) AS site, visitor, min(time) AS started_at, max(time) AS ended_at,
		count(*) FILTER (WHERE kind = 1) AS pageviews, count(*) FILTER (WHERE kind = 2) AS goals,
		coalesce(arg_min(hostname, time) FILTER (WHERE kind = 1), '') AS entry_hostname, coalesce(arg_min(path, time) FILTER (WHERE kind = 1), '') AS entry_path,
		CASE WHEN arg_min(origin, time) FILTER (WHERE kind = 1) = 'Direct' THEN 'Direct' ELSE %s END AS channel, %s
		FROM numbered GROUP BY visitor, number)`, site, from, part("origin", 4), strings.Join(columns, ", "))
}

// BenchmarkNaive asks the reports of a dashboard over a million events of one
// site, through the row per session and, in the same run, with sessions derived
// from raw events. Goal (design.md §2): at most 0.6 of the naive time.
func BenchmarkNaive(b *testing.B) {
	s, website := benchStore(b, 900)
	site := s.numOf(website)
	for _, days := range []int{30, 365} {
		r := analytics.LastDays(days, time.Now(), time.UTC)
		for _, d := range []analytics.Dimension{analytics.ByNothing, analytics.ByReferrer, analytics.ByCountry, analytics.ByBrowser, analytics.ByEntryPage} {
			name := string(d)
			if d == analytics.ByNothing {
				name = "overview"
			}
			b.Run(fmt.Sprintf("%dd/%s", days, name), func(b *testing.B) {
				q := analytics.Query{WebsiteID: website, Range: r, Zone: time.UTC, Dimension: d, Limit: 10}
				st := sqlgen.Compile(sqlgen.DuckDB(), sqlgen.Facts{Site: site}, q).Rows
				naive := st
				naive.SQL = "WITH " + naiveSessions(site, r.From.Add(-24*time.Hour).UnixMilli()) + ",\n" + strings.TrimPrefix(st.SQL, "WITH ")
				for b.Loop() {
					rows, raw := bestOf(b, s.db, st), bestOf(b, s.db, naive)
					b.ReportMetric(float64(rows.Microseconds())/1000, "ms")
					b.ReportMetric(float64(raw.Microseconds())/1000, "naive-ms")
					b.ReportMetric(float64(rows)/float64(raw), "ratio")
					b.ReportMetric(0, "ns/op")
				}
			})
		}
	}
}

// BenchmarkNeighbours asks the same reports of one small site alone and among 50
// others of its size and more, as they arrived and as the nightly job leaves them. Goal (design.md §8): less than 1.2 times the time.
func BenchmarkNeighbours(b *testing.B) {
	alone, site := benchStore(b, 50)
	among, small := benchStore(b, 50)
	others := id.NewGenerator().New(time.Now())
	fill(b, among, others, 40, 75_000)
	for _, t := range [][2]string{{"events", "time"}, {"sessions", "started_at"}} {
		_, err := among.db.ExecContext(b.Context(), fmt.Sprintf(`CREATE TEMP TABLE arrived AS SELECT * FROM %[1]s; DELETE FROM %[1]s;
			UPDATE arrived SET site = 100 + hash(visitor) %% 50 WHERE site = %[3]d;
			INSERT INTO %[1]s SELECT * FROM arrived ORDER BY %[2]s; DROP TABLE arrived; CHECKPOINT`, t[0], t[1], among.numOf(others)))
		if err != nil {
			b.Fatal(err)
		}
	}
	ask := func(s *Store, website string) time.Duration {
		q := analytics.Query{WebsiteID: website, Range: analytics.LastDays(30, time.Now(), time.UTC), Zone: time.UTC, Limit: 10}
		best := time.Hour
		for range 15 {
			started := time.Now()
			for _, d := range []analytics.Dimension{analytics.ByReferrer, analytics.ByPage} {
				q.Dimension = d
				if _, err := s.Run(b.Context(), []analytics.Query{q}); err != nil {
					b.Fatal(err)
				}
			}
			best = min(best, time.Since(started))
		}
		return best
	}
	for b.Loop() {
		one, arrived := ask(alone, site), ask(among, small)
		started := time.Now()
		if err := among.Cluster(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(started).Seconds(), "clustering-s")
		if _, err := among.db.ExecContext(b.Context(), `CHECKPOINT`); err != nil {
			b.Fatal(err)
		}
		clustered := ask(among, small)
		b.ReportMetric(float64(one.Microseconds())/1000, "alone-ms")
		b.ReportMetric(float64(clustered.Microseconds())/1000, "among-ms")
		b.ReportMetric(float64(arrived)/float64(one), "ratio-as-arrived")
		b.ReportMetric(float64(clustered)/float64(one), "ratio")
		b.ReportMetric(0, "ns/op")
	}
}

// BenchmarkLists pages through visitors, runs a funnel of five steps and exports.
func BenchmarkLists(b *testing.B) {
	s, website := benchStore(b, 900)
	measure := func(name string, f func() error) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for _, offset := range []int{0, 100_000} {
		measure(fmt.Sprintf("visitors at %d", offset), func() error {
			_, err := s.Visitors(context.Background(), analytics.VisitorsQuery{WebsiteID: website, Limit: 100, Offset: offset})
			return err
		})
	}
	measure("funnel of five steps", func() error {
		_, err := s.Funnel(context.Background(), analytics.FunnelQuery{WebsiteID: website, Steps: []analytics.FunnelStep{
			{Path: "/"}, {Path: "/pricing"}, {Path: "/signup"}, {Goal: "signup"}, {Path: "/checkout"},
		}})
		return err
	})
	b.Run("export", func(b *testing.B) {
		for b.Loop() {
			started, n := time.Now(), 0
			err := s.ExportEvents(context.Background(), analytics.ExportQuery{WebsiteID: website, Limit: 200_000}, func(*event.Event) error { n++; return nil })
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(n)/time.Since(started).Seconds(), "rows/s")
		}
	})
}

// bestOf is the best of three runs of a statement, its rows read.
func bestOf(b *testing.B, db *sql.DB, st sqlgen.Statement) time.Duration {
	b.Helper()
	best := time.Hour
	for range 3 {
		best = min(best, timeOf(b, db, st))
	}
	return best
}

func timeOf(b *testing.B, db *sql.DB, st sqlgen.Statement) time.Duration {
	b.Helper()
	started := time.Now()
	rows, err := db.QueryContext(b.Context(), st.SQL, st.Args...)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	for n := 0; rows.Next(); n++ {
		if n > 1e6 {
			b.Fatal("more rows than a report has")
		}
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	return time.Since(started)
}

// benchStore is a store with a year of the made-up shop.
func benchStore(b *testing.B, perDay int) (*Store, string) {
	b.Helper()
	s, err := Open(b.Context(), Options{Path: filepath.Join(b.TempDir(), "events.duckdb"), MemoryMB: 2048})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	website := id.NewGenerator().New(time.Now())
	fill(b, s, website, 365, perDay)
	return s, website
}

func fill(b *testing.B, s *Store, website string, days, perDay int) {
	b.Helper()
	ids, origins := id.NewGenerator(), enrich.NewOrigins()
	shop := demo.New(demo.Options{Seed: 1, Domain: "shop.example", End: time.Now().Add(-time.Hour), Days: days, PerDay: perDay})
	err := shop.Days(func(hits []demo.Hit, _ []demo.Payment) error {
		batch := make([]*event.Event, len(hits))
		for i := range hits {
			e, err := hits[i].Event(website, "shop.example", origins, func(time.Time) string { return ids.New(time.Now()) })
			if err != nil {
				return err
			}
			batch[i] = e
		}
		return s.Append(b.Context(), batch)
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := s.settle(b.Context(), website); err != nil {
		b.Fatal(err)
	}
}
