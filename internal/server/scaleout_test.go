package server

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"datafast/internal/clickhousetest"
	"datafast/internal/postgrestest"
)

// scaleOutVariable makes installations of tests use PostgreSQL and ClickHouse.
const scaleOutVariable = "DATAFAST_TEST_SCALE_OUT"

// scaledOut returns new databases on both engines, or nothing for the embedded ones.
func scaledOut(tb testing.TB) (databaseURL, eventsURL string) {
	tb.Helper()
	if os.Getenv(scaleOutVariable) == "" {
		return "", ""
	}
	events := clickhousetest.Start(tb)
	return postgrestest.Start(tb).NewDatabase(tb), events.URL(events.NewDatabase(tb))
}

// TestScaleOut runs tests of the whole server again, on PostgreSQL and ClickHouse.
func TestScaleOut(t *testing.T) {
	t.Parallel()
	again := []string{
		"TestWorld", "TestClients_websiteAPI", "TestServerCalls", "TestBots", "TestExport_roundTrip", "TestBatch", "TestRealtime",
		"TestEvents_answers", "TestEvents_attackModeKnowsApps", "TestRealtimeStream", "TestIdentify_moves",
	}
	control, events := postgrestest.Start(t), clickhousetest.Start(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^("+strings.Join(again, "|")+")$", "-test.v", "-test.timeout", "9m")
	cmd.Env = append(os.Environ(), scaleOutVariable+"=1", "DATAFAST_TEST_POSTGRES_URL="+control.URL("postgres"), "DATAFAST_TEST_CLICKHOUSE_URL="+events.URL(""))
	out, err := cmd.CombinedOutput()
	for _, name := range again {
		if !strings.Contains(string(out), "--- PASS: "+name+" ") {
			t.Errorf("%s did not pass", name)
		}
	}
	if err != nil || t.Failed() {
		t.Errorf("%v\n%s", err, out)
	}
}
