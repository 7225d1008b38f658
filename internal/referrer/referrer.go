// Package referrer knows the hosts that link: what they are called and what kind
// of site they are. Its table is written by hand.
//
// It imports nothing of ours.
package referrer

import (
	_ "embed"
	"strings"
	"sync"

	"golang.org/x/net/publicsuffix"
)

//go:embed referrers.tsv
var table string

// Kind is what sort of site a host is.
type Kind string

// The kinds of the table. Internal hosts take payments and sign people in: they
// are never a source.
const (
	Search   Kind = "search"
	Social   Kind = "social"
	Video    Kind = "video"
	AI       Kind = "ai"
	Email    Kind = "email"
	Other    Kind = "other"
	Internal Kind = "internal"
)

// Site is one row of the table.
type Site struct {
	Name string
	Kind Kind
}

type tables struct {
	byHost map[string]Site
	byName map[string]Site
}

// loaded is filled at first use; the table never changes.
var loaded = sync.OnceValue(load) //nolint:gochecknoglobals // immutable table, read once

func load() *tables {
	t := &tables{byHost: map[string]Site{}, byName: map[string]Site{}}
	for line := range strings.SplitSeq(table, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		row := Site{Name: f[1], Kind: Kind(f[2])}
		t.byHost[f[0]] = row
		if row.Kind != Internal {
			t.byName[strings.ToLower(row.Name)] = row
		}
	}
	return t
}

// ByHost finds the site of a host: by its own row, by that of a host above it, or
// by one that covers its label under every public suffix ("google.*").
func ByHost(host string) (Site, bool) {
	t := loaded()
	host = strings.TrimPrefix(strings.ToLower(host), "www.")
	for h := host; h != ""; {
		if row, ok := t.byHost[h]; ok {
			return row, true
		}
		_, rest, found := strings.Cut(h, ".")
		if !found {
			break
		}
		h = rest
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return Site{}, false
	}
	label, _, _ := strings.Cut(domain, ".")
	row, ok := t.byHost[label+".*"]
	return row, ok
}

// ByTag finds the site that a tagged source means: a name or a host, in any case.
func ByTag(tag string) (Site, bool) {
	t := loaded()
	s := strings.ToLower(strings.TrimSpace(tag))
	if row, ok := t.byName[s]; ok {
		return row, true
	}
	if row, ok := t.byHost[s+".com"]; ok {
		return row, true
	}
	if strings.Contains(s, ".") {
		return ByHost(s)
	}
	row, ok := t.byHost[s+".*"]
	return row, ok
}

// Len is the number of hosts in the table.
func Len() int { return len(loaded().byHost) }
