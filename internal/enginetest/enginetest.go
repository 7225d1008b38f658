// Package enginetest runs tests of the whole server again on PostgreSQL and
// ClickHouse: Again starts both and the test binary once more, in which Databases
// gives out addresses. DashboardQueries are the questions of benchmarks.
//
// It may be imported by tests only.
package enginetest

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"datafast/internal/clickhousetest"
	"datafast/internal/postgrestest"
)

// variable makes installations of tests use PostgreSQL and ClickHouse.
const variable = "DATAFAST_TEST_SCALE_OUT"

// Databases returns new databases on both engines in a run that Again started, and
// nothing in any other: the embedded engines then.
func Databases(tb testing.TB) (databaseURL, eventsURL string) {
	tb.Helper()
	if os.Getenv(variable) == "" {
		return "", ""
	}
	events := clickhousetest.Start(tb)
	return postgrestest.Start(tb).NewDatabase(tb), events.URL(events.NewDatabase(tb))
}

// Again runs the named tests of this test binary on both engines. Each has to be
// there and to pass.
func Again(t *testing.T, names ...string) {
	t.Helper()
	control, events := postgrestest.Start(t), clickhousetest.Start(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^("+strings.Join(names, "|")+")$", "-test.v", "-test.timeout", "9m")
	cmd.Env = append(os.Environ(), variable+"=1", "DATAFAST_TEST_POSTGRES_URL="+control.URL("postgres"), "DATAFAST_TEST_CLICKHOUSE_URL="+events.URL(""))
	out, err := cmd.CombinedOutput()
	for _, name := range names {
		if !strings.Contains(string(out), "--- PASS: "+name+" ") {
			t.Errorf("%s did not pass", name)
		}
	}
	if err != nil || t.Failed() {
		t.Errorf("%v\n%s", err, out)
	}
}
