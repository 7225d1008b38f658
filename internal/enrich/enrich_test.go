package enrich_test

import (
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"datafast/internal/enrich"
	"datafast/internal/event"
)

func TestParsePage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, href, domain string
		hash               bool
		host, path         string
		ok                 bool
	}{
		{"plain", "https://Shop.Example/pricing?x=1#top", "", false, "shop.example", "/pricing", true},
		{"www is kept", "https://www.shop.example/", "", false, "www.shop.example", "/", true},
		{"port is dropped", "http://shop.example:8080/a/", "", false, "shop.example", "/a", true},
		{"decoded once", "https://shop.example/blog/hello%20world/%2541", "", false, "shop.example", "/blog/hello world/%41", true},
		{"umlaut", "https://shop.example/blog/%C3%BCber-uns", "", false, "shop.example", "/blog/über-uns", true},
		{"hash build", "https://shop.example/app#/inbox", "", true, "shop.example", "/app#/inbox", true},
		{"hash build without fragment", "https://shop.example/app", "", true, "shop.example", "/app", true},
		{"app screen", "datafast://ios/Home", "com.acme.app", false, "com.acme.app", "/__app/ios/Home", true},
		{"file", "file:///C:/index.html", "", false, "", "/C:/index.html", true},
		{"stray percent", "https://shop.example/100%", "", false, "shop.example", "/100%", true},
		{"ftp", "ftp://shop.example/", "", false, "", "", false},
		{"no host", "https:///x", "", false, "", "", false},
		{"words", "hello", "", false, "", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, ok := enrich.ParsePage(tt.href, tt.domain, tt.hash)
			if ok != tt.ok || p.Hostname != tt.host || p.Path != tt.path {
				t.Errorf("ParsePage(%q) = %q %q %v, want %q %q %v", tt.href, p.Hostname, p.Path, ok, tt.host, tt.path, tt.ok)
			}
		})
	}
}

func TestParsePage_params(t *testing.T) {
	t.Parallel()
	p, _ := enrich.ParsePage("https://shop.example/?utm_source=news%20letter&gclid=Cj0K&ref=friend&token=secret&session_id=cs_1&fbclid=F", "", false)
	if p.Params.UTMSource != "news letter" || p.Params.Ref != "friend" {
		t.Errorf("params = %+v", p.Params)
	}
	if p.Params.ClickIDs != "gclid=Cj0K&fbclid=F" {
		t.Errorf("click ids = %q", p.Params.ClickIDs)
	}
}

func TestOrigins_Of(t *testing.T) {
	t.Parallel()
	origins := enrich.NewOrigins()
	own := func(host string) bool { return host == "shop.example" || strings.HasSuffix(host, ".shop.example") }
	tests := []struct {
		name, referrer string
		p              enrich.Params
		ref, source    string
		channel        string
	}{
		{"direct", "", enrich.Params{}, "", "", enrich.ChannelDirect},
		{"own host is internal", "https://app.shop.example/x", enrich.Params{}, "", "", enrich.ChannelDirect},
		{"payment host is internal", "https://checkout.stripe.com/c/pay", enrich.Params{}, "", "", enrich.ChannelDirect},
		{"sign-in host is internal", "https://accounts.google.com/", enrich.Params{}, "", "", enrich.ChannelDirect},
		{"google", "https://www.google.co.uk/", enrich.Params{}, "Google", "Google", enrich.ChannelOrganicSearch},
		{"gmail", "https://mail.google.com/", enrich.Params{}, "Gmail", "Gmail", enrich.ChannelEmail},
		{"gemini", "https://gemini.google.com/app", enrich.Params{}, "Gemini", "Gemini", enrich.ChannelAI},
		{"chatgpt", "https://chatgpt.com/", enrich.Params{}, "ChatGPT", "ChatGPT", enrich.ChannelAI},
		{"t.co", "https://t.co/a1", enrich.Params{}, "X", "X", enrich.ChannelOrganicSocial},
		{"android app", "android-app://com.twitter.android/", enrich.Params{}, "X", "X", enrich.ChannelOrganicSocial},
		{"hacker news", "https://news.ycombinator.com/", enrich.Params{}, "Hacker News", "Hacker News", enrich.ChannelOrganicSocial},
		{"youtube", "https://youtu.be/1", enrich.Params{}, "YouTube", "YouTube", enrich.ChannelOrganicVideo},
		{"unknown host", "https://www.blog.test/p", enrich.Params{}, "blog.test", "blog.test", enrich.ChannelReferral},
		{"ad id wins over referrer", "https://www.google.com/", enrich.Params{ClickIDs: "gclid=1"}, "Google", "Google Ads", enrich.ChannelPaidSearch},
		{"tag wins over ad id", "", enrich.Params{UTMSource: "google", UTMMedium: "cpc", ClickIDs: "gclid=1"}, "", "google", enrich.ChannelPaidSearch},
		{"paid social by medium", "", enrich.Params{UTMSource: "facebook", UTMMedium: "paid_social"}, "", "facebook", enrich.ChannelPaidSocial},
		{"fbclid alone is organic", "https://l.facebook.com/", enrich.Params{ClickIDs: "fbclid=1"}, "Facebook", "Facebook/Instagram", enrich.ChannelOrganicSocial},
		{"fbclid with paid medium", "", enrich.Params{UTMMedium: "cpc", ClickIDs: "fbclid=1"}, "", "Facebook/Instagram", enrich.ChannelPaidSocial},
		{"twclid", "", enrich.Params{ClickIDs: "twclid=1"}, "", "X", enrich.ChannelPaidSocial},
		{"display", "", enrich.Params{UTMSource: "adnet", UTMMedium: "banner"}, "", "adnet", enrich.ChannelDisplay},
		{"affiliate by via", "", enrich.Params{Via: "friend"}, "", "friend", enrich.ChannelAffiliate},
		{"newsletter", "", enrich.Params{UTMSource: "weekly-letter", UTMMedium: "email"}, "", "weekly-letter", enrich.ChannelEmail},
		{"ref of an unknown site", "", enrich.Params{Ref: "friend"}, "", "friend", enrich.ChannelReferral},
		{"ref names a host", "", enrich.Params{Ref: "producthunt"}, "", "producthunt", enrich.ChannelOrganicSocial},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := origins.Of(tt.referrer, tt.p, own)
			if got.Referrer != tt.ref || got.Source != tt.source || got.Channel != tt.channel {
				t.Errorf("Of = %q %q %q, want %q %q %q", got.Referrer, got.Source, got.Channel, tt.ref, tt.source, tt.channel)
			}
		})
	}
}

func TestSystems_Read(t *testing.T) {
	t.Parallel()
	systems, err := enrich.NewSystems()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, ua string
		want     event.System
		bot      bool
	}{
		{
			"mac chrome", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
			event.System{Browser: "Chrome", BrowserVersion: "126.0", OS: "Mac OS", OSVersion: "10.15", Device: "desktop"},
			false,
		},
		{
			"ipad", "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
			event.System{Browser: "Mobile Safari", BrowserVersion: "17.5", OS: "iOS", OSVersion: "17.5", Device: "tablet"},
			false,
		},
		{
			"firefox linux", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
			event.System{Browser: "Firefox", BrowserVersion: "128.0", OS: "Linux", Device: "desktop"},
			false,
		},
		{
			"ios app of the SDK", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) DataFast/1.0.0 Mobile",
			event.System{Browser: "Mobile Safari UI/WKWebView", OS: "iOS", OSVersion: "17.5", Device: "mobile"},
			false,
		},
		{
			"headless", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36",
			event.System{Browser: "HeadlessChrome", BrowserVersion: "126.0", OS: "Linux", Device: "desktop"},
			true,
		},
		{
			"googlebot", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
			event.System{Browser: "Googlebot", BrowserVersion: "2.1", Device: "desktop"},
			true,
		},
		{"curl", "curl/8.5.0", event.System{Browser: "curl", BrowserVersion: "8.5", Device: "desktop"}, true},
		{"empty", "", event.System{Device: "desktop"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := systems.Read(tt.ua)
			if got.Bot != tt.bot || got.System != tt.want {
				t.Errorf("Read = %+v, want %+v bot %v", got, tt.want, tt.bot)
			}
		})
	}
}

func TestWithHints(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	h.Set("Sec-CH-UA", `"Brave";v="126", "Chromium";v="126"`)
	h.Set("Sec-CH-UA-Mobile", "?1")
	got := enrich.WithHints(event.System{Browser: "Chrome", Device: "desktop"}, h)
	if got.Browser != "Brave" || got.Device != "mobile" {
		t.Errorf("WithHints = %+v", got)
	}
}

func TestGeo_Find(t *testing.T) {
	t.Parallel()
	if _, err := enrich.OpenGeo("nowhere.mmdb"); err == nil || !strings.Contains(err.Error(), "nowhere.mmdb") {
		t.Fatalf("missing file: %v", err)
	}
	geo, err := enrich.OpenGeo()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = geo.Close() })
	for addr, want := range map[string]string{"8.8.8.8": "US", "91.66.0.1": "DE", "2001:4860:4860::8888": "US", "127.0.0.1": "", "10.0.0.1": ""} {
		for range 2 { // the second answer comes from the cache
			if got := geo.Find(netip.MustParseAddr(addr)).Country; got != want {
				t.Errorf("Find(%s) = %q, want %q", addr, got, want)
			}
		}
	}
}

func FuzzParsePage(f *testing.F) {
	f.Add("https://shop.example/a?utm_source=x#y")
	f.Add("datafast://ios/%zz")
	f.Fuzz(func(t *testing.T, href string) {
		p, ok := enrich.ParsePage(href, "shop.example", true)
		if ok && !strings.HasPrefix(p.Path, "/") {
			t.Errorf("path %q does not start with /", p.Path)
		}
	})
}

func FuzzSystems(f *testing.F) {
	systems, err := enrich.NewSystems()
	if err != nil {
		f.Fatal(err)
	}
	f.Add("Mozilla/5.0 (X11; Linux x86_64)")
	f.Fuzz(func(t *testing.T, ua string) {
		if d := systems.Read(ua).System.Device; d != "desktop" && d != "mobile" && d != "tablet" {
			t.Errorf("device %q", d)
		}
	})
}

// TestGeo_Find_own reads files of the layouts that operators have, made here, one
// address in each; behind them stands the embedded country file.
func TestGeo_Find_own(t *testing.T) {
	t.Parallel()
	english := func(name string) mmdbtype.Map {
		return mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(name)}}
	}
	for _, tt := range []struct {
		layout string
		record mmdbtype.Map
		want   event.Place
	}{
		{"GeoLite2-City", mmdbtype.Map{
			"country":      mmdbtype.Map{"iso_code": mmdbtype.String("FR")},
			"subdivisions": mmdbtype.Slice{mmdbtype.Map{"iso_code": mmdbtype.String("IDF"), "names": mmdbtype.Map{"en": mmdbtype.String("Île-de-France")}}},
			"city":         english("Paris"),
			"location":     mmdbtype.Map{"latitude": mmdbtype.Float64(48.85), "longitude": mmdbtype.Float64(2.35)},
		}, event.Place{Country: "FR", Region: "FR-IDF", City: "Paris", Latitude: 48.85, Longitude: 2.35}},
		{"DBIP-City-Lite", mmdbtype.Map{ // regions without a code
			"country":      mmdbtype.Map{"iso_code": mmdbtype.String("US")},
			"subdivisions": mmdbtype.Slice{english("California")},
			"city":         english("Oakland"),
			"location":     mmdbtype.Map{"latitude": mmdbtype.Float64(37.8), "longitude": mmdbtype.Float64(-122.25)},
		}, event.Place{Country: "US", Region: "US-CA", City: "Oakland", Latitude: 37.8, Longitude: -122.25}},
		{"ipinfo standard_location", mmdbtype.Map{
			"country": mmdbtype.String("DE"), "region": mmdbtype.String("Berlin"), "city": mmdbtype.String("Berlin"),
			"lat": mmdbtype.String("52.52"), "lng": mmdbtype.String("13.40"),
		}, event.Place{Country: "DE", Region: "DE-BE", City: "Berlin", Latitude: 52.52, Longitude: 13.4}},
		{"ipinfo lite", mmdbtype.Map{"country_code": mmdbtype.String("JP"), "country": mmdbtype.String("Japan")}, event.Place{Country: "JP"}},
	} {
		t.Run(tt.layout, func(t *testing.T) {
			t.Parallel()
			geo, err := enrich.OpenGeo(writeMMDB(t, tt.layout, "203.0.113.0/24", tt.record))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = geo.Close() })
			if got := geo.Find(netip.MustParseAddr("203.0.113.9")); got != tt.want {
				t.Errorf("Find = %+v, want %+v", got, tt.want)
			}
			if got := geo.Find(netip.MustParseAddr("91.66.0.1")).Country; got != "DE" {
				t.Errorf("an address that the file does not know: %q, want DE of the country file", got)
			}
		})
	}
}

func writeMMDB(t *testing.T, layout, network string, record mmdbtype.Map) string {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: layout, RecordSize: 24, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	_, block, err := net.ParseCIDR(network)
	if err != nil {
		t.Fatal(err)
	}
	if err := tree.Insert(block, record); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "own.mmdb"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := tree.WriteTo(f); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}
