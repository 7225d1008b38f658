package analytics

import (
	"net/url"
	"strings"
)

// StoredPath brings a page's path into the form in which pages are stored: no
// query or fragment, decoded once, no trailing slash but for the root.
func StoredPath(path string) string {
	path, _, _ = strings.Cut(path, "?")
	path, _, _ = strings.Cut(path, "#")
	if decoded, err := url.PathUnescape(path); err == nil {
		path = decoded
	}
	if trimmed := strings.TrimRight(path, "/"); trimmed != "" {
		return trimmed
	}
	return "/"
}
