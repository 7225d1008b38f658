package ingest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"datafast/internal/enrich"
	"datafast/internal/event"
	"datafast/internal/fault"
	"datafast/internal/id"
	"datafast/internal/site"
)

// failingStore refuses while broken is set: what a full disk does.
type failingStore struct {
	mu     sync.Mutex
	broken bool
	stored []*event.Event
}

func (s *failingStore) Append(_ context.Context, batch []*event.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return errors.New("no space left on device")
	}
	s.stored = append(s.stored, batch...)
	return nil
}

func (s *failingStore) LastEvents(context.Context, time.Time) ([]*event.Event, error) {
	return nil, nil
}

func (s *failingStore) set(broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
}

// TestCommitter_fullDisk: a refused event gets 503 with a time to wait, and its
// repeat is stored, not taken for a duplicate.
func TestCommitter_fullDisk(t *testing.T) {
	t.Parallel()
	store := &failingStore{broken: true}
	c, err := newCommitter(t.Context(), store, id.NewGenerator(), time.Now, func([]*event.Event) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	page := func() *event.Event {
		return &event.Event{WebsiteID: "w", Visitor: event.VisitorID{1}, Kind: event.Pageview, DuplicateHash: 7}
	}
	_, err = c.submit(t.Context(), page(), true)
	var e *fault.Error
	if !errors.As(err, &e) || e.Code != fault.CodeUnavailable || e.RetryAfter <= 0 {
		t.Fatalf("on a full disk: %v, want unavailable with a time to wait", err)
	}
	store.set(false)
	if reason, err := c.submit(t.Context(), page(), true); reason != Kept || err != nil {
		t.Fatalf("the repeat: %q, %v", reason, err)
	}
	if reason, err := c.submit(t.Context(), page(), true); reason != DropDuplicate || err != nil {
		t.Fatalf("a second repeat: %q, %v; want a duplicate", reason, err)
	}
	if len(store.stored) != 1 {
		t.Errorf("%d events stored, want 1", len(store.stored))
	}
}

func TestIsDuplicate(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 21, 9, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name string
		kind event.Kind
		hash uint64
		gap  time.Duration
		want bool
	}{
		{"page view within 45 seconds", event.Pageview, 7, 45 * time.Second, true},
		{"page view later", event.Pageview, 7, 45*time.Second + time.Millisecond, false},
		{"another page", event.Pageview, 8, time.Second, false},
		{"goal within 8 seconds", event.Goal, 7, 8 * time.Second, true},
		{"goal later", event.Goal, 7, 9 * time.Second, false},
		{"payment claim never", event.PaymentClaim, 7, time.Second, false},
		{"without a hash never", event.Pageview, 0, time.Second, false},
	} {
		e := &event.Event{Kind: tt.kind, DuplicateHash: tt.hash, Time: at.Add(tt.gap)}
		seen := lastSeen{hash: 7, at: at}
		if tt.hash == 0 {
			seen.hash = 0
		}
		if got := isDuplicate(e, seen); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestTrust_ClientAddr(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, tt := range []struct {
		name   string
		trust  Trust
		header map[string]string
		remote string
		want   string
	}{
		{"socket", Trust{Any: true}, nil, "203.0.113.9:443", "203.0.113.9"},
		{"own header first", Trust{Any: true}, map[string]string{"X-Datafast-Real-Ip": "198.51.100.1", "X-Forwarded-For": "8.8.8.8"}, "10.0.0.1:1", "198.51.100.1"},
		{"cloudflare", Trust{Any: true}, map[string]string{"Cf-Connecting-Ip": "198.51.100.2"}, "10.0.0.1:1", "198.51.100.2"},
		{"left-most public address", Trust{Any: true}, map[string]string{"X-Forwarded-For": "192.168.1.5, 8.8.8.8, 9.9.9.9"}, "10.0.0.1:1", "8.8.8.8"},
		{"only private ones", Trust{Any: true}, map[string]string{"X-Forwarded-For": "192.168.1.5"}, "203.0.113.9:1", "203.0.113.9"},
		{"a liar", Trust{Proxies: proxies}, map[string]string{"X-Forwarded-For": "8.8.8.8"}, "203.0.113.9:1", "203.0.113.9"},
		{"a trusted proxy", Trust{Proxies: proxies}, map[string]string{"X-Forwarded-For": "8.8.8.8"}, "10.1.2.3:1", "8.8.8.8"},
		{"IPv6 with a port", Trust{Any: true}, map[string]string{"X-Forwarded-For": "[2001:db8::1]:443"}, "10.0.0.1:1", "2001:db8::1"},
		{"mapped IPv4", Trust{Any: true}, nil, "[::ffff:203.0.113.9]:1", "203.0.113.9"},
	} {
		h := http.Header{}
		for k, v := range tt.header {
			h.Set(k, v)
		}
		if got := tt.trust.ClientAddr(h, tt.remote); got.String() != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestMatchPath(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule, path string
		want       bool
	}{
		{"/admin", "/admin", true},
		{"/admin", "/admin/x", false},
		{"/admin/", "/admin", true},
		{"/admin/*", "/admin", true},
		{"/admin/*", "/admin/x/y", true},
		{"/admin/*", "/administrator", false},
		{"/", "/", true},
		{"/", "/a", false},
		{"/*", "/a", true},
		{"/u/*/edit", "/u/7/edit", true},
		{"/u/*/edit", "/u/7/view", false},
	} {
		if got := matchPath(tt.rule, tt.path); got != tt.want {
			t.Errorf("matchPath(%q, %q) = %v", tt.rule, tt.path, got)
		}
	}
}

// oneWebsite knows one website.
type oneWebsite struct{ w *site.Website }

func (o oneWebsite) ByTrackingID(_ context.Context, trackingID string) (*site.Website, error) {
	if trackingID != o.w.TrackingID {
		return nil, fault.NotFound("Website not found")
	}
	return o.w, nil
}

// fixedSecrets are the same at every call.
type fixedSecrets struct{}

func (fixedSecrets) Secret(context.Context, string) ([]byte, error) { return make([]byte, 32), nil }

func (fixedSecrets) DailySalt(context.Context, string) ([]byte, error) { return make([]byte, 32), nil }

type noDrops struct{}

func (noDrops) AddDrops(context.Context, Drops) error { return nil }

type noApps struct{}

func (noApps) HasBrowser(context.Context, string, string) (bool, error) { return false, nil }

// FuzzAccept: whatever a body holds, it is stored, ignored or refused, never an
// internal error.
func FuzzAccept(f *testing.F) {
	systems, err := enrich.NewSystems()
	if err != nil {
		f.Fatal(err)
	}
	geo, err := enrich.OpenGeo()
	if err != nil {
		f.Fatal(err)
	}
	in, err := Open(f.Context(), Config{
		Websites: oneWebsite{&site.Website{ID: "w", TrackingID: "dfid_1", Domain: "shop.example"}},
		Store:    &failingStore{}, Drops: noDrops{}, Apps: noApps{}, Secrets: fixedSecrets{}, Systems: systems, Geo: geo, Origins: enrich.NewOrigins(),
		Trust: Trust{Any: true}, Now: time.Now, IDs: id.NewGenerator(), Log: slog.New(slog.DiscardHandler), Stored: func([]*event.Event) {},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = in.Close() })
	const rest = `"domain":"shop.example","href":"https://shop.example/","visitorId":"6f1d2c3b-8a90-4b7e-9c1d-2e3f4a5b6c7d","sessionId":"s"`
	f.Add(`{"websiteId":"dfid_1","type":"pageview",` + rest + `}`)
	f.Add(`{"websiteId":"dfid_1","type":"custom","extraData":{"eventName":"a","k":[1]},` + rest + `}`)
	f.Add(`{"websiteId":"dfid_1","type":"identify","extraData":{"user_id":1e999},` + rest + `}`)
	f.Fuzz(func(t *testing.T, body string) {
		h := http.Header{"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}}
		_, err := in.Accept(t.Context(), Request{Body: []byte(body), Header: h, Remote: "203.0.113.9:1"})
		if err != nil && fault.CodeOf(err) == fault.CodeInternal {
			t.Errorf("%q: %v", body, err)
		}
		if err != nil && strings.Contains(err.Error(), "panic") {
			t.Error(err)
		}
	})
}
