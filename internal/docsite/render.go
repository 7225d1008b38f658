package docsite

import (
	"bytes"
	"fmt"
	"path"
	"strings"
	"sync"

	chroma "github.com/alecthomas/chroma/v2/formatters/html"
	"github.com/yuin/goldmark"
	highlighting "github.com/yuin/goldmark-highlighting/v2"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown is the one converter: tables, anchors, highlighting by class names
// (colours are in docs.css). Raw HTML in pages is left out.
var markdown = sync.OnceValue(func() goldmark.Markdown { //nolint:gochecknoglobals // made once, never changed
	return goldmark.New(
		goldmark.WithExtensions(extension.GFM, highlighting.NewHighlighting(
			highlighting.WithFormatOptions(chroma.WithClasses(true)),
		)),
		goldmark.WithParserOptions(parser.WithAutoHeadingID(), parser.WithASTTransformers(util.Prioritized(linker{}, 100))),
	)
})

// fileKey carries the page's file to the linker.
var fileKey = parser.NewContextKey() //nolint:gochecknoglobals // a key

// linker turns links between files into links between pages.
type linker struct{}

// Transform implements parser.ASTTransformer.
func (linker) Transform(doc *ast.Document, _ text.Reader, pc parser.Context) {
	file, _ := pc.Get(fileKey).(string)
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if link, ok := n.(*ast.Link); ok && entering {
			link.Destination = []byte(served(file, string(link.Destination)))
		}
		return ast.WalkContinue, nil
	})
}

// served is where a link of a file leads on the site.
func served(file, target string) string {
	if target == "" || target[0] == '#' || target[0] == '/' || strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return target
	}
	name, anchor, hasAnchor := strings.Cut(target, "#")
	name, query, hasQuery := strings.Cut(name, "?")
	name = path.Join(path.Dir(file), name)
	out := "/docs/" + name
	switch {
	case strings.HasSuffix(name, ".md"):
		out = address(name)
	case name == "openapi.json":
		out = "/openapi.json"
	}
	if hasQuery {
		out += "?" + query
	}
	if hasAnchor {
		out += "#" + anchor
	}
	return out
}

// html converts a page's text.
func (p *page) html() (string, error) {
	pc := parser.NewContext()
	pc.Set(fileKey, p.file)
	var out bytes.Buffer
	if err := markdown().Convert([]byte(p.text), &out, parser.WithContext(pc)); err != nil {
		return "", fmt.Errorf("convert %s: %w", p.file, err)
	}
	// What can be wider than a phone scrolls on its own, also by keyboard.
	wide := strings.NewReplacer(
		"<table>", `<div class="wide" role="group" aria-label="Table" tabindex="0"><table>`,
		"</table>", "</table></div>",
		"<th></th>", "<td></td>",
		`<pre class="chroma">`, `<pre class="chroma" tabindex="0">`,
		"<pre><code", `<pre tabindex="0"><code`,
	)
	return wide.Replace(out.String()), nil
}
