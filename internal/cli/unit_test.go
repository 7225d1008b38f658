package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestBounds(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Bucharest")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 31, 0, 30, 0, 0, zone) // a Tuesday; still the 30th in UTC
	sunday := time.Date(2026, 3, 1, 12, 0, 0, 0, zone)
	for _, tt := range []struct {
		period     string
		now        time.Time
		start, end string
	}{
		{"today", now, "2026-03-31", "2026-03-31"},
		{"yesterday", now, "2026-03-30", "2026-03-30"},
		{"last24h", now, "2026-03-29T21:30:00Z", "2026-03-30T21:30:00Z"},
		{"last7d", now, "2026-03-25", "2026-03-31"},
		{"last30d", now, "2026-03-02", "2026-03-31"},
		{"last12m", now, "2025-04-01", "2026-03-31"},
		{"week", now, "2026-03-30", "2026-03-31"},
		{"week", sunday, "2026-02-23", "2026-03-01"},
		{"month", now, "2026-03-01", "2026-03-31"},
		{"year", now, "2026-01-01", "2026-03-31"},
	} {
		if start, end := bounds(tt.period, tt.now); start != tt.start || end != tt.end {
			t.Errorf("%s of %s: %s to %s, want %s to %s", tt.period, tt.now, start, end, tt.start, tt.end)
		}
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	row, err := parseJSON([]byte(`{"n":1234567.5,"small":-12,"money":-1234.5,"p":1.56,"ms":184250.5,"hour":7322000,"at":"2026-05-21T21:00:00.000Z","yes":true,"none":null,"list":["a","b"],"empty":[],"text":"a\u001b[31mb"}`))
	if err != nil {
		t.Fatal(err)
	}
	zone := time.FixedZone("", 3*3600)
	for _, tt := range []struct {
		path, symbol string
		kind         kind
		want         string
	}{
		{"n", "", number, "1,234,567.5"},
		{"small", "", number, "-12"},
		{"money", "$", money, "-$1,234.50"},
		{"money", "€", money, "-€1,234.50"},
		{"money", "RON", money, "-1,234.50 RON"},
		{"money", "", money, "-1,234.50"},
		{"p", "", percent, "1.56%"},
		{"ms", "", millis, "3m 4s"},
		{"hour", "", millis, "2h 2m"},
		{"at", "", moment, "2026-05-22 00:00"},
		{"yes", "", yesNo, "yes"},
		{"none", "", number, "–"},
		{"empty", "", plain, "–"},
		{"list", "", plain, "a, b"},
		{"text", "", plain, "a [31mb"},
	} {
		c := column{path: tt.path, kind: tt.kind}
		o, _ := row.(object)
		if got := (look{tt.symbol, zone}).show(c, c.value(o)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.path, got, tt.want)
		}
	}
}

func TestGrid_fit(t *testing.T) {
	t.Parallel()
	g := grid{head: []string{"PAGE", "VISITORS"}, rows: [][]string{{"/a/very/long/path/that/does/not/fit", "12"}, {"/日本語のとても長いページ", "3"}}, right: []bool{false, true}}
	for _, width := range []int{20, 30, 200, 0} {
		var b strings.Builder
		g.write(&b, width, func(s string) string { return s })
		for line := range strings.Lines(b.String()) {
			columns := 0
			for _, r := range strings.TrimSuffix(line, "\n") {
				columns++
				if r > 0x2fff {
					columns++
				}
			}
			if width > 0 && columns > width {
				t.Errorf("%d columns in %d: %q", columns, width, line)
			}
		}
		if cut := strings.Contains(b.String(), "…"); cut != (width > 0 && width < 100) {
			t.Errorf("width %d: cut %v\n%s", width, cut, &b)
		}
	}
}

// TestGrid_firm: text is cut before ids and numbers are.
func TestGrid_firm(t *testing.T) {
	t.Parallel()
	row := object{{"_id", "665f0b3c4d2e1a0012345678"}, {"name", "a name that goes on and on"}, {"visitors", json.Number("1234567")}}
	g := look{}.gridOf([]column{{path: "_id"}, {path: "name"}, {path: "visitors", kind: number}}, []object{row}, nil)
	var b strings.Builder
	g.write(&b, 45, func(s string) string { return s })
	if want := "ID                        NAME       VISITORS\n665f0b3c4d2e1a0012345678  a name …  1,234,567\n"; b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"json", "jq", "table", "no-input", "website"}
	for typed, want := range map[string]string{"jsno": "json", "tabel": "table", "webs": "website", "noinput": "no-input", "xyzzy": "", "q": "jq"} {
		if got := nearest(typed, names); got != want {
			t.Errorf("%s: %q, want %q", typed, got, want)
		}
	}
}

// TestConfigFile: other keys stay, credentials are told by prefix, profiles apart.
func TestConfigFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	getenv := func(name string) string { return map[string]string{"XDG_CONFIG_HOME": dir}[name] }
	path := filepath.Join(dir, "datafast", "config.json")
	write := func(text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func(profile string) (*configFile, settings) {
		t.Helper()
		c, err := openConfig(getenv, profile)
		if err != nil {
			t.Fatal(err)
		}
		s, err := c.settings()
		if err != nil {
			t.Fatal(err)
		}
		return c, s
	}
	for text, want := range map[string]settings{
		`{"token":"dft_1","apiBase":"https://a.example"}`: {Token: "dft_1", APIBase: "https://a.example"},
		`{"api_key":"df_1"}`:                              {SiteKey: "df_1"},
		`{"api_key":"dft_1"}`:                             {Token: "dft_1"},
		`{"accessToken":"dft_1","token":"dft_2"}`:         {Token: "dft_2"},
		`{"token":"df_1","siteKey":"df_2"}`:               {SiteKey: "df_2"},
		`{"token":null,"keyring":true}`:                   {Keyring: true},
		`{"profiles":{"x":{"token":"dft_9"}}}`:            {},
	} {
		write(text)
		if _, got := read(""); got != want {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
	write(`{"theme":"dark","token":"dft_1"}`)
	c, _ := read("work")
	if err := c.change(map[string]any{keyToken: "dft_2", keyBase: "https://b.example"}); err != nil {
		t.Fatal(err)
	}
	c, top := read("")
	names, err := c.profileNames()
	if err != nil || !slices.Equal(names, []string{"work"}) || top.Token != "dft_1" || string(c.all["theme"]) != `"dark"` {
		t.Errorf("profiles %v, %v; top %+v; theme %s", names, err, top, c.all["theme"])
	}
	if _, work := read("work"); work != (settings{Token: "dft_2", APIBase: "https://b.example"}) {
		t.Errorf("work: %+v", work)
	}
	left, err := filepath.Glob(filepath.Join(dir, "datafast", ".config-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
