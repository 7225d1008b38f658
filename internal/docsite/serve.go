package docsite

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"datafast/internal/api"
)

//go:embed assets
var assets embed.FS

// policy lets a page load from this server alone.
const policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

const playgroundPath = "/docs/api/playground"

// Endpoints are the addresses of the documentation.
func (s *Site) Endpoints() []api.Public {
	get := []string{http.MethodGet}
	const why = "the documentation holds no data"
	return []api.Public{
		{Methods: get, Path: "/docs", Why: why, Handler: http.HandlerFunc(s.servePage)},
		{Methods: get, Path: "/docs.md", Why: why, Handler: http.HandlerFunc(s.servePage)},
		{Methods: get, Path: "/docs/", Why: why, Handler: http.HandlerFunc(s.servePage)},
		{Methods: get, Path: "/docs/search", Why: why, Handler: http.HandlerFunc(s.serveSearch)},
		{Methods: get, Path: "/docs/assets/", Why: why, Handler: http.HandlerFunc(serveAsset)},
		{Methods: get, Path: "/llms.txt", Why: why, Handler: textHandler(s.llms())},
		{Methods: get, Path: "/llms-full.txt", Why: why, Handler: textHandler(s.llmsFull())},
	}
}

// view is what the template shows.
type view struct {
	Title, Description string
	Sections           []navSection
	Body               template.HTML
	Markdown           string // path of the page as Markdown; empty: none
	File               string
	Playground         bool
	Question           string
	Results            []found
	IsSearch           bool
}

type navSection struct {
	Title string
	Open  bool
	Links []navLink
}

type navLink struct {
	Title, Path string
	Current     bool
}

// servePage answers with a page as HTML or Markdown, and 404 with a page that
// helps on.
func (s *Site) servePage(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimSuffix(r.URL.Path, "/")
	asMarkdown := strings.HasSuffix(name, ".md")
	if asMarkdown {
		name = address(strings.TrimPrefix(strings.Replace(name, "/docs.md", "/docs/index.md", 1), "/docs/"))
	} else {
		w.Header().Add("Vary", "Accept")
	}
	p := s.byPath[name]
	switch {
	case p == nil:
		s.send(w, r, http.StatusNotFound, "text/html; charset=utf-8", s.page(view{
			Title: "Not found", Body: "<h1>Not found</h1><p>There is no such page. Search, or see the list.</p>",
		}, ""))
	case asMarkdown || prefersMarkdown(r.Header.Get("Accept")):
		s.send(w, r, http.StatusOK, "text/markdown; charset=utf-8", []byte(p.text))
	default:
		s.serveHTML(w, r, p)
	}
}

func (s *Site) serveHTML(w http.ResponseWriter, r *http.Request, p *page) {
	body, err := p.html()
	if err != nil {
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	s.send(w, r, http.StatusOK, "text/html; charset=utf-8", s.page(view{
		Title: p.title, Description: p.description, Markdown: markdownPath(p), File: p.file, Playground: p.path == playgroundPath,
		Body: template.HTML(body), //nolint:gosec // of our own pages, whose raw HTML the converter leaves out
	}, p.path))
}

// markdownPath is where a page is Markdown: the file below /docs.
func markdownPath(p *page) string { return "/docs/" + p.file }

func (s *Site) serveSearch(w http.ResponseWriter, r *http.Request) {
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	if len(q) > 200 {
		q = q[:200]
	}
	w.Header().Set("X-Robots-Tag", "noindex")
	s.send(w, r, http.StatusOK, "text/html; charset=utf-8", s.page(view{Title: "Search", IsSearch: true, Question: q, Results: s.search(q)}, ""))
}

// page fills the layout; current is the path of the page shown.
func (s *Site) page(v view, current string) []byte {
	for _, sec := range s.sections {
		n := navSection{Title: sec.title}
		for _, p := range sec.pages {
			n.Links = append(n.Links, navLink{p.title, p.path, p.path == current})
			n.Open = n.Open || p.path == current
		}
		v.Sections = append(v.Sections, n)
	}
	var out bytes.Buffer
	if err := s.layout.Execute(&out, v); err != nil {
		return []byte("The page cannot be shown.")
	}
	return out.Bytes()
}

// send answers with an ETag of the content, so that a page seen before costs
// nothing.
func (s *Site) send(w http.ResponseWriter, r *http.Request, status int, kind string, body []byte) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	sendTagged(w, r, status, kind, body)
}

func sendTagged(w http.ResponseWriter, r *http.Request, status int, kind string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-cache")
	sum := sha256.Sum256(body)
	etag := `"` + hex.EncodeToString(sum[:8]) + `"`
	h.Set("ETag", etag)
	if status == http.StatusOK && r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the reader has gone: nothing to tell them
	}
}

func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/docs/")
	kinds := map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
	body, err := fs.ReadFile(assets, name)
	kind := kinds[path.Ext(name)]
	if err != nil || kind == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	sendTagged(w, r, http.StatusOK, kind, body)
}

func textHandler(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sendTagged(w, r, http.StatusOK, "text/plain; charset=utf-8", []byte(text))
	})
}

// prefersMarkdown reads an Accept header: text/markdown counts when it is named
// and not liked less than HTML.
func prefersMarkdown(accept string) bool {
	markdown, html := quality(accept, "text/markdown"), quality(accept, "text/html")
	return markdown > 0 && markdown >= html
}

// quality is the weight that an Accept header gives to exactly this type.
func quality(accept, kind string) float64 {
	for part := range strings.SplitSeq(accept, ",") {
		fields := strings.Split(part, ";")
		if !strings.EqualFold(strings.TrimSpace(fields[0]), kind) {
			continue
		}
		q := 1.0
		for _, f := range fields[1:] {
			if value, ok := strings.CutPrefix(strings.TrimSpace(f), "q="); ok {
				if n, err := strconv.ParseFloat(value, 64); err == nil {
					q = n
				}
			}
		}
		return q
	}
	return 0
}

// llms is the list of all pages for language models (llmstxt.org's shape).
func (s *Site) llms() string {
	var b strings.Builder
	b.WriteString(s.base.Replace("# datafast\n\n> Web analytics that you host yourself, with revenue by source. Each page below is Markdown; the API is described at " + sampleBase + "/openapi.json, the tools for agents are at " + sampleBase + "/api/mcp.\n"))
	for _, sec := range s.sections {
		b.WriteString("\n## " + sec.title + "\n\n")
		for _, p := range sec.pages {
			b.WriteString("- [" + p.title + "](" + s.base.Replace(sampleBase) + markdownPath(p) + ")")
			if p.description != "" {
				b.WriteString(": " + p.description)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// llmsFull is all pages in one text.
func (s *Site) llmsFull() string {
	parts := make([]string, 0, len(s.pages))
	for _, p := range slices.Clone(s.pages) {
		parts = append(parts, "<!-- "+s.base.Replace(sampleBase)+markdownPath(p)+" -->\n\n"+strings.TrimSpace(p.text))
	}
	return strings.Join(parts, "\n\n---\n\n") + "\n"
}
