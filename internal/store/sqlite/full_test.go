package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"datafast/internal/store/sqlite"
)

// TestFull: what SQLite says when there is no more room is told apart.
func TestFull(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "small.db")+"?_pragma=max_page_count(2)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE t (x BLOB)`); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `INSERT INTO t VALUES (zeroblob(100000))`); !sqlite.Full(err) {
		t.Errorf("beyond the last page: %v", err)
	}
	if _, err := db.ExecContext(t.Context(), `INSERT INTO nowhere VALUES (1)`); err == nil || sqlite.Full(err) {
		t.Errorf("into no table: %v, and taken for a full disk", err)
	}
}
