package enrich

import (
	"net/url"
	"strings"
)

// Page is the address of a page as it is stored: no query but the kept keys.
type Page struct {
	Hostname string // lower case, no port; empty for file:
	Path     string // decoded once, no trailing slash but for the root
	Params   Params // campaign parameters and ad click ids
}

// Params are the query parameters that are kept (tracker.md §8).
type Params struct {
	UTMSource, UTMMedium, UTMCampaign, UTMTerm, UTMContent string
	Ref, Source, Via                                       string
	ClickIDs                                               string // "gclid=…&fbclid=…", in the order of clickIDKeys
}

const (
	maxParam   = 255  // characters kept of a campaign parameter
	maxClickID = 512  // characters kept of an ad click id
	maxPath    = 2048 // characters kept of a path
)

func clickIDKeys() []string {
	return []string{"gclid", "gclsrc", "wbraid", "gbraid", "li_fat_id", "fbclid", "msclkid", "ttclid", "twclid"}
}

// ParsePage splits href as tracker.md §8 says. domain is the event's own and
// stands for the host of app screens; withHash keeps the fragment as part of the
// path. ok is false when href is no http, https, datafast or file address.
func ParsePage(href, domain string, withHash bool) (Page, bool) {
	u, err := url.Parse(strings.TrimSpace(href))
	if err != nil {
		u, err = url.Parse(escapeStray(href))
		if err != nil {
			return Page{}, false
		}
	}
	var p Page
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		if u.Hostname() == "" {
			return Page{}, false
		}
		p.Hostname = strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
		p.Path = cleanPath(u.EscapedPath())
	case "datafast":
		p.Hostname = strings.ToLower(domain)
		p.Path = cleanPath("/__app/" + strings.ToLower(u.Host) + u.EscapedPath())
	case "file":
		p.Path = cleanPath(u.EscapedPath())
	default:
		return Page{}, false
	}
	if withHash && u.Fragment != "" {
		p.Path += "#" + clip(printable(u.Fragment), maxPath)
	}
	p.Params = keptParams(u.Query())
	return p, true
}

// escapeStray escapes percent signs that start no escape, which browsers leave
// in addresses and url.Parse refuses.
func escapeStray(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if s[i] == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])) {
			b.WriteString("%25")
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func cleanPath(escaped string) string {
	path, err := url.PathUnescape(escaped)
	if err != nil {
		path = escaped
	}
	path = clip(printable(path), maxPath)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if trimmed := strings.TrimRight(path, "/"); trimmed != "" {
		return trimmed
	}
	return "/"
}

func keptParams(q url.Values) Params {
	get := func(key string) string { return clip(printable(strings.TrimSpace(q.Get(key))), maxParam) }
	p := Params{
		UTMSource: get("utm_source"), UTMMedium: get("utm_medium"), UTMCampaign: get("utm_campaign"),
		UTMTerm: get("utm_term"), UTMContent: get("utm_content"),
		Ref: get("ref"), Source: get("source"), Via: get("via"),
	}
	var ids []string
	for _, key := range clickIDKeys() {
		if v := clip(q.Get(key), maxClickID); v != "" {
			ids = append(ids, key+"="+url.QueryEscape(v))
		}
	}
	p.ClickIDs = strings.Join(ids, "&")
	return p
}

// CleanReferrer keeps scheme, host and path of a referring address, so that no
// token in its query is stored. It returns "" for what is no http, https or
// android-app address.
func CleanReferrer(referrer string) string {
	u, err := url.Parse(strings.TrimSpace(referrer))
	if err != nil || u.Hostname() == "" {
		return ""
	}
	switch scheme := strings.ToLower(u.Scheme); scheme {
	case "http", "https", "android-app":
		return clip(printable(scheme+"://"+strings.ToLower(u.Hostname())+u.EscapedPath()), maxPath)
	}
	return ""
}

// ReferrerHost is the host of a referring address, lower case; "" when none.
func ReferrerHost(referrer string) string {
	u, err := url.Parse(referrer)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// clip cuts s to at most n characters, never inside one.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	count := 0
	for i := range s {
		if count == n {
			return s[:i]
		}
		count++
	}
	return s
}

// printable drops control characters and bytes that are not UTF-8.
func printable(s string) string {
	clean := true
	for _, r := range s {
		if r < 0x20 || r == 0x7f || r == 0xfffd {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == 0xfffd {
			return -1
		}
		return r
	}, s)
}
