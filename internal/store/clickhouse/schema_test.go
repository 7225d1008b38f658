package clickhouse

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestMigrations_cluster holds the statements for a cluster, which the library
// cannot run, against a file. A server named by DATAFAST_TEST_CLICKHOUSE_URL runs
// those without a cluster in the other tests.
func TestMigrations_cluster(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	for _, statements := range migrations("analytics") {
		for _, s := range statements {
			got.WriteString(strings.Join(strings.Fields(s), " ") + ";\n")
		}
	}
	file := filepath.Join("testdata", "cluster.sql")
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("the statements changed; a schema in use needs a migration of its own\n%s", diff)
	}
}

func TestTooOld(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"26.5.1.1": false, "25.1.0": false, "24.8.1.2": false, "24.10.3": false, "24.7.9.9": true, "23.12.1": true, "21.8.4": true, "head": false,
	} {
		if got := tooOld(version); got != want {
			t.Errorf("tooOld(%s) = %v", version, got)
		}
	}
}
