// Package docsite serves the documentation at /docs: hand-written Markdown pages,
// and one page for each operation of the API, made from the routes' OpenAPI
// document. Every page is also Markdown, at ….md and by Accept: text/markdown.
//
// Read New, then page.go (what a page is), nav.go (their order), reference.go
// (pages of operations), render.go (Markdown to HTML), serve.go.
//
// It may import api. It must not open a store or read who asks: what depends on a
// signed-in reader happens in the browser (assets/docs.js).
package docsite

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// The installation that pages are written for; serving puts in the real one.
const (
	sampleBase = "https://stats.example.com"
	sampleHost = "stats.example.com"
)

// Config is what a Site is made of.
type Config struct {
	Files fs.FS // Markdown below it, as in package docs
	// Document describes the API; it is asked once, after all routes are registered.
	Document func() *huma.OpenAPI
	BaseURL  string // of this installation, without a slash at the end
}

// Site is the documentation of one installation.
type Site struct {
	pages    []*page // in reading order
	byPath   map[string]*page
	sections []section
	base     *strings.Replacer
	index    []entry
	layout   *template.Template
}

// New reads all pages. A page without title is an error, as is one that is named
// in the navigation and missing.
func New(c Config) (*Site, error) {
	host := c.BaseURL
	if u, err := url.Parse(c.BaseURL); err == nil && u.Host != "" {
		host = u.Host
	}
	s := &Site{byPath: map[string]*page{}, base: strings.NewReplacer(sampleBase, c.BaseURL, sampleHost, host)}
	var err error
	if s.layout, err = template.ParseFS(assets, "assets/layout.html"); err != nil {
		return nil, fmt.Errorf("read the layout: %w", err)
	}
	written, err := readPages(c.Files)
	if err != nil {
		return nil, err
	}
	doc, err := plainDocument(c.Document())
	if err != nil {
		return nil, err
	}
	reference := operationPages(doc)
	if s.sections, err = arrange(written, reference); err != nil {
		return nil, err
	}
	for _, sec := range s.sections {
		for _, p := range sec.pages {
			if s.byPath[p.path] != nil {
				return nil, fmt.Errorf("two pages at %s", p.path)
			}
			p.text = s.base.Replace(p.text)
			s.byPath[p.path] = p
			s.pages = append(s.pages, p)
		}
	}
	for _, p := range s.pages {
		s.index = append(s.index, entriesOf(p)...)
	}
	return s, nil
}

// plainDocument is the document as a reader of /openapi.json sees it.
func plainDocument(doc *huma.OpenAPI) (map[string]any, error) {
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("encode the API's document: %w", err)
	}
	var out map[string]any
	return out, json.Unmarshal(raw, &out)
}

// Page is what others may know of a page.
type Page struct{ Path, Title, Description string }

// List returns all pages in reading order.
func (s *Site) List() []Page {
	list := make([]Page, len(s.pages))
	for i, p := range s.pages {
		list[i] = Page{p.path, p.title, p.description}
	}
	return list
}

// Markdown returns the page at a path such as "/docs/goals"; false when there is
// none.
func (s *Site) Markdown(path string) (string, bool) {
	p := s.byPath[path]
	if p == nil {
		return "", false
	}
	return p.text, true
}
