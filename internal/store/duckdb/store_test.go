package duckdb_test

import (
	"path/filepath"
	"testing"

	"datafast/internal/store/duckdb"
	"datafast/internal/store/storetest"
)

// TestStore runs the conformance suite.
func TestStore(t *testing.T) {
	t.Parallel()
	dirs := map[string]string{}
	storetest.Run(t, func(tb testing.TB) storetest.Store {
		tb.Helper()
		dir := dirs[tb.Name()]
		if dir == "" {
			dir = tb.TempDir()
			dirs[tb.Name()] = dir
		}
		s, err := duckdb.Open(tb.Context(), duckdb.Options{Path: filepath.Join(dir, "events.duckdb"), Threads: 1})
		if err != nil {
			tb.Fatal(err)
		}
		return s
	})
}
