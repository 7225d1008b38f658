package clickhouse_test

import (
	"testing"

	"datafast/internal/clickhousetest"
	"datafast/internal/store/clickhouse"
	"datafast/internal/store/storetest"
)

// TestStore runs the conformance suite on the real engine.
func TestStore(t *testing.T) {
	t.Parallel()
	server := clickhousetest.Start(t)
	databases := map[string]string{}
	storetest.Run(t, func(tb testing.TB) storetest.Store {
		tb.Helper()
		if databases[tb.Name()] == "" {
			databases[tb.Name()] = server.NewDatabase(tb)
		}
		s, err := clickhouse.Open(tb.Context(), clickhouse.Options{URL: server.URL(databases[tb.Name()])})
		if err != nil {
			tb.Fatal(err)
		}
		return s
	})
}
