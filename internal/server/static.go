package server

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"

	"datafast/internal/api"
	"datafast/web"
)

// Cache lifetimes of what browsers load.
const (
	cacheScript = "public, max-age=3600, stale-while-revalidate=86400" // tracker.md §1
	cacheHashed = "public, max-age=31536000, immutable"                // the name holds a hash of the content
	cachePage   = "no-cache"
)

// pagePolicy lets the dashboard load from this server alone.
const pagePolicy = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

// staticFiles are the tracker's scripts, the flags and the dashboard.
func staticFiles() []api.Public {
	get := []string{"GET"}
	script := trackerScript
	return []api.Public{
		{Methods: get, Path: "/js/script.js", Why: "the tracker", Handler: script("script.js"), Hot: true},
		{Methods: get, Path: "/js/script.hash.js", Why: "the tracker", Handler: script("script.hash.js"), Hot: true},
		{Methods: get, Path: "/js/script.cookieless.js", Why: "the tracker", Handler: script("script.cookieless.js"), Hot: true},
		{Methods: get, Path: "/script.js", Why: "the tracker, by the address that the SDK's read-me names", Handler: script("script.js"), Hot: true},
		{Methods: get, Path: "/flags/", Why: "flags of countries", Handler: http.StripPrefix("/flags/", flags()), Hot: true},
		{Methods: get, Path: "/", Why: "the dashboard's files hold no data", Handler: dashboard()},
	}
}

// trackerScript serves one build of the tracker to any page.
func trackerScript(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		serveFile(w, r, web.Tracker(), name, "text/javascript; charset=utf-8", cacheScript)
	})
}

func flags() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		serveFile(w, r, web.Flags(), r.URL.Path, "image/svg+xml", cacheScript)
	})
}

// dashboard serves the application's files, and its page for every other path:
// which page is shown is decided in the browser.
func dashboard() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("Referrer-Policy", "same-origin")
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		if info, err := fs.Stat(web.Dashboard(), name); err == nil && !info.IsDir() && name != "index.html" {
			cache := cachePage
			if strings.HasPrefix(name, "assets/") {
				cache = cacheHashed
			}
			serveFile(w, r, web.Dashboard(), name, contentType(name), cache)
			return
		}
		if strings.HasPrefix(name, "assets/") {
			http.NotFound(w, r)
			return
		}
		serveFile(w, r, web.Dashboard(), "index.html", "text/html; charset=utf-8", cachePage)
	})
}

func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json", ".webmanifest":
		return "application/json"
	case ".png":
		return "image/png"
	case ".ico":
		return "image/x-icon"
	case ".woff2":
		return "font/woff2"
	}
	return "application/octet-stream"
}

// serveFile sends a built file, in the best encoding that was made of it, with a
// strong ETag of its content.
func serveFile(w http.ResponseWriter, r *http.Request, files fs.FS, name, kind, cache string) {
	body, err := fs.ReadFile(files, name)
	if errors.Is(err, fs.ErrNotExist) {
		notBuilt(w, r, files)
		return
	}
	if err != nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", cache)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Vary", "Accept-Encoding")
	tag := ""
	for _, e := range []struct{ name, ext string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), e.name) {
			continue
		}
		if packed, err := fs.ReadFile(files, name+e.ext); err == nil {
			h.Set("Content-Encoding", e.name)
			body, tag = packed, "-"+e.name
			break
		}
	}
	sum := sha256.Sum256(body)
	etag := `"` + hex.EncodeToString(sum[:8]) + tag + `"`
	h.Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client has gone: nothing to tell it
	}
}

// notBuilt answers 404, or says what is missing in a program whose web parts were
// not built.
func notBuilt(w http.ResponseWriter, r *http.Request, files fs.FS) {
	if entries, err := fs.ReadDir(files, "."); err == nil && len(entries) > 0 {
		http.NotFound(w, r)
		return
	}
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, "The web parts are not built into this program; run `make build`.\n")
}
