// Package docs holds the pages of the documentation, as they are served at /docs.
// How they become pages stands in package docsite.
package docs

import "embed"

// Files are the pages. Those below design/ are for who changes the code and are
// not served.
//
//go:embed *.md */*.md
var Files embed.FS
