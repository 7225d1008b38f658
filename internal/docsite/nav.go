package docsite

import (
	"fmt"
	"slices"
	"strings"
)

// section is a group of the navigation.
type section struct {
	title string
	pages []*page
}

// outline names the written pages in reading order. A name that ends in / takes
// all pages of that folder which are not named before, its index first. Pages
// that no section takes stand under "More": nothing is lost by forgetting it here.
func outline() []struct {
	title string
	files []string
} {
	return []struct {
		title string
		files []string
	}{
		{"Start", []string{"index.md", "getting-started.md"}},
		{"Install the script", []string{"install/"}},
		{"Track", []string{"script-options.md", "tracking.md", "goals.md", "funnels.md", "revenue.md", "attribution.md", "metrics.md"}},
		{"Access", []string{"authentication.md", "access.md", "access-matrix.md"}},
		{"API", []string{"api/index.md", "api/playground.md"}},
		{"Command line", []string{"cli.md", "cli/"}},
		{"Agents", []string{"mcp.md", "agents/"}},
		{"Run it yourself", []string{"self-hosting.md", "settings.md", "backup.md", "scaling.md", "self-hosting/"}},
	}
}

// arrange puts written pages and operations into sections.
func arrange(written map[string]*page, operations []*page) ([]section, error) {
	var sections []section
	left := map[string]*page{}
	for name, p := range written {
		left[name] = p
	}
	take := func(name string) (*page, bool) {
		p, ok := left[name]
		delete(left, name)
		return p, ok
	}
	for _, part := range outline() {
		sec := section{title: part.title}
		for _, name := range part.files {
			if folder, isFolder := strings.CutSuffix(name, "/"); isFolder {
				sec.pages = append(sec.pages, folderPages(left, folder)...)
				continue
			}
			p, ok := take(name)
			if !ok {
				return nil, fmt.Errorf("the navigation names %s, which does not exist", name)
			}
			sec.pages = append(sec.pages, p)
		}
		if part.title == "API" {
			sections = append(sections, sec)
			groups, err := operationSections(operations, take)
			if err != nil {
				return nil, err
			}
			sections = append(sections, groups...)
			continue
		}
		if len(sec.pages) > 0 {
			sections = append(sections, sec)
		}
	}
	if rest := folderPages(left, ""); len(rest) > 0 {
		sections = append(sections, section{"More", rest})
	}
	return sections, nil
}

// folderPages takes the pages of a folder, its index first, then by title; "" takes
// all.
func folderPages(left map[string]*page, folder string) []*page {
	var pages []*page
	for name, p := range left {
		if folder == "" || strings.HasPrefix(name, folder+"/") {
			pages = append(pages, p)
			delete(left, name)
		}
	}
	slices.SortFunc(pages, func(a, b *page) int {
		first := func(p *page) string {
			if strings.HasSuffix(p.file, "/index.md") {
				return ""
			}
			return strings.ToLower(p.title)
		}
		return strings.Compare(first(a), first(b))
	})
	return pages
}

// operationSections is a section for each tag: its written introduction, which
// must exist, and its operations.
func operationSections(operations []*page, take func(string) (*page, bool)) ([]section, error) {
	var sections []section
	for _, p := range operations {
		if len(sections) == 0 || sections[len(sections)-1].title != "API: "+p.group {
			intro, ok := take("api/" + slug(p.group) + ".md")
			if !ok {
				return nil, fmt.Errorf("the API's group %q has no introduction at docs/api/%s.md", p.group, slug(p.group))
			}
			intro.text += operationTable(p.group, operations)
			sections = append(sections, section{title: "API: " + p.group, pages: []*page{intro}})
		}
		last := &sections[len(sections)-1]
		last.pages = append(last.pages, p)
	}
	return sections, nil
}
