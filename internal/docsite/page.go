package docsite

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// page is one page as Markdown, without front matter.
type page struct {
	path        string // "/docs/goals"; "/docs" is the first
	file        string // "goals.md"; of a generated page where it would lie
	title       string
	description string
	text        string
	group       string // tag of an operation's page; empty for written ones
}

// readPages reads the Markdown files below root, but those of design/.
func readPages(root fs.FS) (map[string]*page, error) {
	pages := map[string]*page{}
	err := fs.WalkDir(root, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (name == "design" || name == "images"):
			return fs.SkipDir
		case e.IsDir() || path.Ext(name) != ".md" || name == "architecture.md":
			return nil
		}
		raw, err := fs.ReadFile(root, name)
		if err != nil {
			return fmt.Errorf("read page %s: %w", name, err)
		}
		p, err := parsePage(name, string(raw))
		pages[name] = p
		return err
	})
	return pages, err
}

// parsePage splits front matter (lines "key: value" between ---) from the text. A
// page without a title there takes it from its first heading.
func parsePage(name, raw string) (*page, error) {
	p := &page{file: name, path: address(name), text: raw}
	if front, rest, found := strings.Cut(strings.TrimPrefix(raw, "---\n"), "\n---\n"); found && strings.HasPrefix(raw, "---\n") {
		p.text = strings.TrimLeft(rest, "\n")
		for line := range strings.SplitSeq(front, "\n") {
			key, value, _ := strings.Cut(line, ":")
			value = strings.Trim(strings.TrimSpace(value), `"`)
			switch strings.TrimSpace(key) {
			case "title":
				p.title = value
			case "description":
				p.description = value
			case "name":
				if p.title == "" {
					p.title = value
				}
			}
		}
	}
	if strings.HasPrefix(p.text, "<!--") {
		_, after, _ := strings.Cut(p.text, "-->")
		p.text = strings.TrimLeft(after, "\n")
	}
	first, rest, _ := strings.Cut(p.text, "\n")
	if heading, ok := strings.CutPrefix(first, "# "); ok {
		if p.title == "" {
			p.title = heading
		}
		if p.description == "" {
			p.description = firstSentence(rest)
		}
	} else {
		p.text = "# " + p.title + "\n\n" + p.text
	}
	if p.title == "" {
		return nil, fmt.Errorf("page %s has no title", name)
	}
	return p, nil
}

// firstSentence is the beginning of a text, for lists of pages.
func firstSentence(text string) string {
	paragraph, _, _ := strings.Cut(strings.TrimSpace(text), "\n\n")
	paragraph = strings.Join(strings.Fields(paragraph), " ")
	if sentence, _, found := strings.Cut(paragraph, ". "); found {
		return sentence + "."
	}
	return paragraph
}

// address is where a file is served: "install/next.md" at /docs/install/next,
// "index.md" at /docs, "api/index.md" at /docs/api.
func address(name string) string {
	name = strings.TrimSuffix(name, ".md")
	if name == "index" {
		return "/docs"
	}
	return "/docs/" + strings.TrimSuffix(name, "/index")
}
