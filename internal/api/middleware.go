package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"datafast/internal/auth"
	"datafast/internal/fault"
)

const headerRequestID = "X-Request-Id"

// notes is what the access log says about a request; filled in on the way.
type notes struct {
	id        string
	pattern   string
	principal *auth.Principal
	website   string
}

type notesKey struct{}

// note returns the request's notes; a fresh one outside a request.
func note(ctx context.Context) *notes {
	if n, ok := ctx.Value(notesKey{}).(*notes); ok {
		return n
	}
	return &notes{}
}

// ServeHTTP gives the request its id, serves it, and logs one line about it. The
// log has neither query strings nor paths that no route knows: both may carry
// secrets by mistake.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = withoutTrailingSlash(r)
	if e := rt.paths[r.URL.Path]; e != nil && e.hot {
		e.ServeHTTP(w, r)
		return
	}
	n := &notes{id: rt.NewID(), pattern: "-"}
	start := rt.Now()
	r = r.WithContext(context.WithValue(r.Context(), notesKey{}, n))
	rec := &recorder{ResponseWriter: w}
	w.Header().Set(headerRequestID, n.id)
	defer func() {
		if p := recover(); p != nil {
			rt.recovered(rec, r, p)
		}
		rt.logAccess(r, rec, start)
	}()
	if strings.HasPrefix(r.URL.Path, "/api/") && path.Clean(r.URL.Path) != r.URL.Path {
		notFound(rec, r) // the mux would redirect, and no client of an API follows
		return
	}
	rt.mux.ServeHTTP(rec, r)
}

// withoutTrailingSlash makes "/api/x/" the same as "/api/x".
func withoutTrailingSlash(r *http.Request) *http.Request {
	p := r.URL.Path
	if !strings.HasPrefix(p, "/api/") || !strings.HasSuffix(p, "/") || p == "/api/" {
		return r
	}
	u := *r.URL
	u.Path, u.RawPath = strings.TrimRight(p, "/"), strings.TrimRight(u.RawPath, "/")
	c := *r
	c.URL = &u
	return &c
}

// recovered answers a panic with 500 when nothing was sent yet.
func (rt *Router) recovered(rec *recorder, r *http.Request, p any) {
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	rt.Log.LogAttrs(r.Context(), slog.LevelError, "panic while serving",
		append(requestAttrs(r.Context(), fmt.Errorf("%v", p)), slog.String("stack", string(debug.Stack())))...)
	if rec.status == 0 {
		send(rec, r, failure(fault.New(fault.CodeInternal, "panic")))
	}
}

func (rt *Router) logAccess(r *http.Request, rec *recorder, start time.Time) {
	n, took := note(r.Context()), rt.Now().Sub(start)
	if rt.Observe != nil {
		rt.Observe(r.Method, n.pattern, rec.status, took)
	}
	attrs := []slog.Attr{
		slog.String("request", n.id), slog.String("method", r.Method), slog.String("route", n.pattern),
		slog.Int("status", rec.status), slog.Int("bytes", rec.bytes), slog.Duration("took", took),
	}
	if n.principal != nil {
		attrs = append(attrs, slog.String("credential", n.principal.Kind.String()+":"+n.principal.ID))
	}
	if n.website != "" {
		attrs = append(attrs, slog.String("website", n.website))
	}
	rt.Log.LogAttrs(r.Context(), slog.LevelInfo, "request", attrs...)
}

func requestAttrs(ctx context.Context, err error) []slog.Attr {
	n := note(ctx)
	return []slog.Attr{slog.String("request", n.id), slog.String("route", n.pattern), slog.String("error", err.Error())}
}

// levelOf keeps callers who went away from looking like our fault.
func levelOf(err error) slog.Level {
	if errors.Is(err, context.Canceled) {
		return slog.LevelInfo
	}
	return slog.LevelError
}

// recorder remembers what was sent.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int
}

// WriteHeader notes the status.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes.
func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += n
	return n, err
}

// Unwrap lets http.ResponseController flush and set deadlines.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
