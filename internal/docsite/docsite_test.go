package docsite

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/danielgtaylor/huma/v2"
)

func TestPrefersMarkdown(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]bool{
		"":                              false,
		"*/*":                           false,
		"text/html,*/*;q=0.8":           false,
		"text/markdown":                 true,
		"Text/Markdown, text/html":      true,
		"text/markdown;q=0.4,text/html": false,
		"text/markdown;q=0":             false,
		"text/html;q=0.5, text/markdown; charset=utf-8; q=0.9": true,
	} {
		if got := prefersMarkdown(accept); got != want {
			t.Errorf("Accept: %q: %v, want %v", accept, got, want)
		}
	}
}

func TestServed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ file, target, want string }{
		{"goals.md", "funnels.md", "/docs/funnels"},
		{"goals.md", "metrics.md#attribution", "/docs/metrics#attribution"},
		{"api/index.md", "../authentication.md", "/docs/authentication"},
		{"api/get-pages.md", "playground.md?operation=getPages", "/docs/api/playground?operation=getPages"},
		{"goals.md", "api/index.md#errors", "/docs/api#errors"},
		{"goals.md", "index.md", "/docs"},
		{"goals.md", "openapi.json", "/openapi.json"},
		{"goals.md", "#read-them", "#read-them"},
		{"goals.md", "/llms.txt", "/llms.txt"},
		{"goals.md", "mailto:a@example.com", "mailto:a@example.com"},
		{"goals.md", "https://shop.example/x", "https://shop.example/x"},
	} {
		if got := served(tt.file, tt.target); got != tt.want {
			t.Errorf("%s in %s leads to %s, want %s", tt.target, tt.file, got, tt.want)
		}
	}
}

func TestSlug(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Access tokens": "access-tokens", "createAccessToken": "create-access-token", "getOS": "get-os", "Analytics": "analytics",
	} {
		if got := slug(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}

func TestParsePage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, raw, title, description, starts string }{
		{"front matter", "---\ntitle: Goals\ndescription: \"What: people do\"\n---\n\n# Goals\n\nText.", "Goals", "What: people do", "# Goals"},
		{"heading alone", "# Goals\n\nWhat people do. And more.", "Goals", "What people do.", "# Goals"},
		{"generated", "<!-- Code generated. -->\n\n# Settings\n\nAll.", "Settings", "All.", "# Settings"},
		{"front matter without heading", "---\ntitle: Goals\n---\nText.", "Goals", "", "# Goals\n\nText."},
	} {
		p, err := parsePage("x.md", tt.raw)
		if err != nil || p.title != tt.title || p.description != tt.description || !strings.HasPrefix(p.text, tt.starts) {
			t.Errorf("%s: %+v, %v", tt.name, p, err)
		}
	}
	if _, err := parsePage("x.md", "no heading"); err == nil {
		t.Error("a page without title was taken")
	}
}

func TestNew_missingPage(t *testing.T) {
	t.Parallel()
	_, err := New(Config{
		Files: fstest.MapFS{"index.md": {Data: []byte("# x")}}, BaseURL: "http://a.example",
		Document: func() *huma.OpenAPI { return &huma.OpenAPI{OpenAPI: "3.1.0", Info: &huma.Info{}} },
	})
	if err == nil || !strings.Contains(err.Error(), "getting-started.md") {
		t.Errorf("got %v, want the page that is missing", err)
	}
}
