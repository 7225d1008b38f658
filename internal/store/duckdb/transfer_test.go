package duckdb

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"datafast/internal/store/eventsql"
)

// TestTables: every table and column of the schema moves.
func TestTables(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "events.duckdb")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	want := map[string]string{}
	rows, err := s.db.QueryContext(t.Context(), `SELECT table_name, string_agg(column_name, ' ' ORDER BY column_name) FROM information_schema.columns
		WHERE table_schema = 'main' AND table_catalog <> 'temp' AND column_name <> 'site' AND table_name NOT IN ('meta', 'websites') GROUP BY table_name`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var table, columns string
		if err := rows.Scan(&table, &columns); err != nil {
			t.Fatal(err)
		}
		want[table] = columns
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, table := range eventsql.Tables() {
		names := map[string]bool{}
		for _, c := range table.Columns {
			names[c.Name] = true
		}
		for _, name := range strings.Fields(want[table.Name]) {
			if names[name] {
				got[table.Name] += " " + name
				delete(names, name)
			}
		}
		got[table.Name] = strings.TrimSpace(got[table.Name])
		for name := range names {
			t.Errorf("table %s has no column %s", table.Name, name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("schema (-) and what moves (+):\n%s", diff)
	}
}
