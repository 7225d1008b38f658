package docsite

import (
	"cmp"
	"slices"
	"strings"
)

// entry is a part of a page that search finds: from one heading to the next.
type entry struct {
	page    *page
	heading string
	anchor  string
	text    string // lower case
	excerpt string
}

// entriesOf cuts a page at its headings.
func entriesOf(p *page) []entry {
	var all []entry
	seen := map[string]int{}
	current := entry{page: p, heading: p.title}
	var body []string
	inCode := false
	flush := func() {
		joined := strings.Join(body, " ")
		current.text = strings.ToLower(current.heading + " " + joined)
		current.excerpt = joined
		all = append(all, current)
		body = nil
	}
	for line := range strings.SplitSeq(p.text, "\n") {
		if strings.HasPrefix(line, "```") {
			inCode = !inCode
		}
		level := len(line) - len(strings.TrimLeft(line, "#"))
		if inCode || level < 2 || level > 4 || !strings.HasPrefix(line[level:], " ") {
			if level != 1 {
				body = append(body, strings.TrimSpace(line))
			}
			continue
		}
		flush()
		heading := strings.TrimSpace(line[level:])
		current = entry{page: p, heading: strings.ReplaceAll(heading, "`", ""), anchor: anchorOf(heading, seen)}
	}
	flush()
	return all
}

// anchorOf spells a heading's id as the converter does.
func anchorOf(heading string, seen map[string]int) string {
	var b strings.Builder
	for _, c := range strings.ToLower(heading) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b.WriteRune(c)
		case c == ' ' || c == '-' || c == '_':
			b.WriteByte(map[bool]byte{true: '_', false: '-'}[c == '_'])
		}
	}
	id := b.String()
	n := seen[id]
	seen[id]++
	if n > 0 {
		return id + "-" + string(rune('0'+n))
	}
	return id
}

// found is a result of search.
type found struct {
	Title, Heading, URL, Excerpt string
	score                        int
}

const mostFound = 30

// search finds parts that hold every word, those with the words in their headings
// first.
func (s *Site) search(question string) []found {
	words := strings.Fields(strings.ToLower(question))
	if len(words) == 0 {
		return nil
	}
	var results []found
	for _, e := range s.index {
		score := scoreOf(e, words)
		if score == 0 {
			continue
		}
		f := found{Title: e.page.title, Heading: e.heading, URL: e.page.path, Excerpt: around(e.excerpt, words[0]), score: score}
		if e.anchor != "" {
			f.URL += "#" + e.anchor
		}
		results = append(results, f)
	}
	slices.SortStableFunc(results, func(a, b found) int { return cmp.Compare(b.score, a.score) })
	return results[:min(len(results), mostFound)]
}

func scoreOf(e entry, words []string) int {
	score := 0
	for _, w := range words {
		n := strings.Count(e.text, w)
		if n == 0 {
			return 0
		}
		score += min(n, 5)
		if strings.Contains(strings.ToLower(e.heading), w) {
			score += 10
		}
		if strings.Contains(strings.ToLower(e.page.title), w) {
			score += 20
		}
	}
	if e.anchor == "" {
		score += 5
	}
	return score
}

// around is the text near a word.
func around(text, word string) string {
	const before, after = 60, 140
	i := max(0, strings.Index(strings.ToLower(text), word))
	runes := []rune(text)
	at := min(len([]rune(text[:min(i, len(text))])), len(runes))
	from, to := max(0, at-before), min(len(runes), at+after)
	out := string(runes[from:to])
	if from > 0 {
		out = "… " + out
	}
	if to < len(runes) {
		out += " …"
	}
	return out
}
