package server

import (
	"context"
	"io"
	"testing"
	"time"

	"datafast/internal/analytics"
)

// TestServer_fillDemo fills a demo and asks it for its totals.
func TestServer_fillDemo(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Settings{Data: t.TempDir(), Listen: "127.0.0.1:0", BaseURL: "http://127.0.0.1", EventsMemoryMB: 512, IngestTrustAny: true, MailFrom: "datafast@example.com"},
		Options{Version: "test", Stdout: io.Discard, Stderr: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.fillDemo(context.Background()); err != nil {
		t.Fatal(err)
	}
	sites, err := s.control.Websites(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.events.Run(t.Context(), []analytics.Query{{WebsiteID: sites[0].ID, Zone: time.UTC}})
	if err != nil {
		t.Fatal(err)
	}
	got := res[0].Rows[0]
	if got.Pageviews < 200_000 || got.Sessions < 80_000 || got.Visitors >= got.Sessions || got.NewPayments < 100 {
		t.Errorf("totals of the demo = %+v", got)
	}
}
