package enrich

import (
	_ "embed"
	"strings"

	"golang.org/x/net/publicsuffix"
)

//go:embed tables/referrers.tsv
var referrerTable string

// referrer is one row of the table: what a host is called and what kind it is.
type referrer struct{ name, kind string }

// Kinds of referring hosts.
const (
	kindSearch   = "search"
	kindSocial   = "social"
	kindVideo    = "video"
	kindAI       = "ai"
	kindEmail    = "email"
	kindInternal = "internal" // payment and sign-in hosts: never a source
)

// referrers looks up hosts. byName finds the kind of a tagged source such as
// utm_source=google.
type referrers struct {
	byHost map[string]referrer
	byName map[string]referrer
}

func loadReferrers() *referrers {
	t := &referrers{byHost: map[string]referrer{}, byName: map[string]referrer{}}
	for line := range strings.SplitSeq(referrerTable, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		row := referrer{name: f[1], kind: f[2]}
		t.byHost[f[0]] = row
		if row.kind != kindInternal {
			t.byName[strings.ToLower(row.name)] = row
		}
	}
	return t
}

// host finds the row of a host: its own, that of a host above it, or the one that
// covers its label under every public suffix ("google.*").
func (t *referrers) host(host string) (referrer, bool) {
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
		return referrer{}, false
	}
	label, _, _ := strings.Cut(domain, ".")
	row, ok := t.byHost[label+".*"]
	return row, ok
}

// tag finds the row that a tagged source means: a host or a name, in any case.
func (t *referrers) tag(source string) (referrer, bool) {
	s := strings.ToLower(strings.TrimSpace(source))
	if row, ok := t.byName[s]; ok {
		return row, true
	}
	if alias, ok := t.byHost[s+".com"]; ok {
		return alias, true
	}
	if strings.Contains(s, ".") {
		return t.host(s)
	}
	row, ok := t.byHost[s+".*"]
	return row, ok
}
