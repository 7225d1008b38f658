package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"datafast/internal/admin"
	"datafast/internal/analytics"
	"datafast/internal/clickhousetest"
	"datafast/internal/enginetest"
	"datafast/internal/postgrestest"
)

// interrupter ends a context after some lines.
type interrupter struct {
	lines int
	stop  context.CancelFunc
}

func (w *interrupter) Write(b []byte) (int, error) {
	if w.lines -= bytes.Count(b, []byte("\n")); w.lines <= 0 {
		w.stop()
	}
	return len(b), nil
}

// migrate runs the command; with lines it is interrupted after so many of progress.
func migrate(t testing.TB, lines int, args ...string) (map[string]any, error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	cmd := admin.Command()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(append([]string{"migrate", "--json"}, args...))
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	if lines > 0 {
		cmd.SetErr(&interrupter{lines, stop})
	}
	if err := cmd.ExecuteContext(ctx); err != nil {
		return nil, err
	}
	done := map[string]any{}
	if err := json.Unmarshal(out.Bytes(), &done); err != nil {
		t.Fatalf("%q: %v", out.String(), err)
	}
	return done, nil
}

// TestMigrate moves the demo to PostgreSQL and ClickHouse and back again, with
// interruptions. The 19 questions of a dashboard have the same answers, byte for byte.
func TestMigrate(t *testing.T) {
	t.Parallel()
	dir, back := t.TempDir(), filepath.Join(t.TempDir(), "back")
	postgres, clickhouse := postgrestest.Start(t), clickhousetest.Start(t)
	databaseURL, eventsURL := postgres.NewDatabase(t), clickhouse.URL(clickhouse.NewDatabase(t))
	scaled := testSettings(t.TempDir())
	scaled.DatabaseURL, scaled.EventsURL, scaled.EventsMemoryMB = databaseURL, eventsURL, 2048
	urls := []string{"--database-url", databaseURL, "--events-url", eventsURL}
	there, home := append([]string{"--from", dir}, urls...), append([]string{"--to", back}, urls...)

	if _, err := migrate(t, 0, there...); err == nil || !strings.Contains(err.Error(), "no installation") {
		t.Errorf("moving out of an empty directory: %v", err)
	}
	want := answers(t, testSettings(dir), true)
	for _, lines := range []int{1, 4} {
		if _, err := migrate(t, lines, there...); err == nil {
			t.Fatal("an interrupted move says that it is done")
		}
		if s, err := Open(t.Context(), scaled, Options{Version: "test", Stdout: io.Discard, Stderr: io.Discard}); err == nil || !strings.Contains(err.Error(), "admin migrate") {
			t.Errorf("a server on half an installation: %v, %v", s, err)
		}
	}
	started := time.Now()
	done, err := migrate(t, 0, there...)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("there: %v in %.1f s", done, time.Since(started).Seconds())
	if rows, copied := done["event_rows"].(float64), done["event_rows_copied"].(float64); copied >= rows || rows < 300_000 {
		t.Errorf("%v of %v rows were copied after interruptions; want what was left", copied, rows)
	}
	same(t, "there", want, answers(t, scaled, false))
	if _, err := migrate(t, 0, there...); err == nil || !strings.Contains(err.Error(), "holds an installation") {
		t.Errorf("moving into an installation: %v", err)
	}

	if _, err := migrate(t, 3, home...); err == nil {
		t.Fatal("an interrupted move says that it is done")
	}
	started = time.Now()
	if done, err = migrate(t, 0, home...); err != nil {
		t.Fatal(err)
	}
	t.Logf("back: %v in %.1f s", done, time.Since(started).Seconds())
	same(t, "back", want, answers(t, testSettings(back), false))
	if info, err := os.Stat(filepath.Join(back, "control.db")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("control store after the move back: %v, %v", info, err)
	}
}

func same(t *testing.T, where string, want, got map[string][]byte) {
	t.Helper()
	for name, answer := range want {
		if !bytes.Equal(answer, got[name]) {
			t.Errorf("%s: %s differs: %.300s instead of %.300s", where, name, got[name], answer)
		}
	}
}

// answers opens an installation, fills it with the demo if told, and asks it.
func answers(t *testing.T, s Settings, fill bool) map[string][]byte {
	t.Helper()
	srv, err := Open(t.Context(), s, Options{Version: "test", Stdout: io.Discard, Stderr: testWriter{t}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	}()
	if fill {
		if err := srv.fillDemo(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	sites, err := srv.control.Websites(t.Context())
	if err != nil || len(sites) != 1 {
		t.Fatalf("%d websites, %v", len(sites), err)
	}
	out := map[string][]byte{}
	for _, days := range []int{30, 90} {
		for i, q := range enginetest.DashboardQueries(sites[0].ID, days) {
			res, err := srv.events.Run(t.Context(), []analytics.Query{q})
			if err != nil {
				t.Fatal(err)
			}
			if out[fmt.Sprintf("question %d of %d days", i, days)], err = json.Marshal(res); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out
}
