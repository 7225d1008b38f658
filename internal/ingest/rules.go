package ingest

import (
	"net/netip"
	"strings"
	"sync"

	"datafast/internal/enrich"
	"datafast/internal/site"
)

// rules are a website's exclusions and hostnames, compiled once per version of
// its settings.
type rules struct {
	website   *site.Website
	addrs     map[netip.Addr]bool
	prefixes  []netip.Prefix
	countries map[string]bool
	own       []string // domains whose hosts belong to the website
}

func compileRules(w *site.Website) *rules {
	r := &rules{website: w, addrs: map[netip.Addr]bool{}, countries: map[string]bool{}}
	for _, s := range w.ExcludedIPs {
		if p, err := netip.ParsePrefix(s); err == nil {
			r.prefixes = append(r.prefixes, p.Masked())
		} else if a, err := netip.ParseAddr(s); err == nil {
			r.addrs[a.Unmap()] = true
		}
	}
	for _, c := range w.ExcludedCountries {
		r.countries[c] = true
	}
	r.own = append(r.own, strings.TrimPrefix(strings.ToLower(w.Domain), "www."))
	for _, h := range w.AllowedHostnames {
		r.own = append(r.own, strings.TrimPrefix(strings.ToLower(h), "www."))
	}
	return r
}

func (r *rules) excludesAddr(a netip.Addr) bool {
	if r.addrs[a] {
		return true
	}
	for _, p := range r.prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// excludesPath matches "/admin" exactly and "/admin/*" with "/admin" and all below.
func (r *rules) excludesPath(path string) bool {
	for _, rule := range r.website.ExcludedPaths {
		if matchPath(rule, path) {
			return true
		}
	}
	return false
}

func matchPath(rule, path string) bool {
	base, below := strings.CutSuffix(rule, "/*")
	if below && !strings.Contains(base, "*") {
		return path == base || base == "" || strings.HasPrefix(path, base+"/")
	}
	if !strings.Contains(rule, "*") {
		if rule != "/" {
			rule = strings.TrimSuffix(rule, "/")
		}
		return path == rule
	}
	return matchStars(rule, path)
}

// matchStars matches a pattern in which each * stands for any run of characters.
func matchStars(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return strings.HasSuffix(s, last)
}

func (r *rules) excludesHost(host string) bool {
	for _, rule := range r.website.ExcludedHostnames {
		rule = strings.ToLower(rule)
		if suffix, ok := strings.CutPrefix(rule, "*"); ok && strings.HasSuffix(host, suffix) || rule == host {
			return true
		}
	}
	return false
}

// owns reports whether a host is the website's domain, an additional one, or
// below one of them.
func (r *rules) owns(host string) bool {
	host = strings.TrimPrefix(strings.ToLower(host), "www.")
	for _, own := range r.own {
		if host == own || strings.HasSuffix(host, "."+own) {
			return true
		}
	}
	return false
}

// maySend applies the hostname rule of tracker.md §10. An app is judged by the
// event's domain, which is its page's hostname.
func (r *rules) maySend(p enrich.Page) bool {
	if r.website.IsAllHostnamesAllowed || p.Hostname == "" || isLocal(p.Hostname) {
		return true
	}
	return r.owns(p.Hostname)
}

func isLocal(host string) bool {
	return host == "localhost" || host == "::1" || host == "[::1]" || strings.HasPrefix(host, "127.") ||
		strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".localhost")
}

// ruleBook keeps the compiled rules of each website until its settings change.
type ruleBook struct {
	mu   sync.RWMutex
	byID map[string]*rules
}

func (b *ruleBook) of(w *site.Website) *rules {
	b.mu.RLock()
	r := b.byID[w.ID]
	b.mu.RUnlock()
	if r != nil && r.website == w {
		return r
	}
	r = compileRules(w)
	b.mu.Lock()
	b.byID[w.ID] = r
	b.mu.Unlock()
	return r
}
