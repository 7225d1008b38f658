package duckdb_test

import (
	"path/filepath"
	"testing"
	"time"

	"datafast/internal/event"
	"datafast/internal/id"
	"datafast/internal/store/duckdb"
)

func TestStore_reopens(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "events.duckdb")
	ids := id.NewGenerator()
	now := time.Now().UTC().Truncate(time.Millisecond)
	s, err := duckdb.Open(t.Context(), duckdb.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	e := &event.Event{ID: ids.New(now), WebsiteID: ids.New(now), Time: now, Visitor: event.VisitorID{1}.ForceV4(), Kind: event.Pageview, Hostname: "shop.example", Path: "/"}
	if err := s.Append(t.Context(), []*event.Event{e}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = duckdb.Open(t.Context(), duckdb.Options{Path: path, MustExist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, err := s.LastEvents(t.Context(), now.Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || *got[0] != *e {
		t.Fatalf("LastEvents = %+v, want %+v", got, e)
	}
}
