package api

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"

	"datafast/internal/fault"
	"datafast/internal/ingest"
)

// Acceptor takes events; ingest.Ingest is one.
type Acceptor interface {
	Accept(ctx context.Context, r ingest.Request) (ingest.Result, error)
}

// EventEndpoints are the tracker's own routes (tracker.md §6, §12): open to all,
// with CORS.
func EventEndpoints(in Acceptor) []Public {
	return []Public{
		{
			Methods: []string{"POST", "OPTIONS"}, Path: "/api/events", Hot: true,
			Why: "browsers send events; the website's id is in the body", Handler: crossOrigin(eventHandler(in)),
		},
		{
			Methods: []string{"POST", "OPTIONS"}, Path: "/api/ai-crawls", Hot: true,
			Why: "server middleware reports crawlers", Handler: crossOrigin(http.HandlerFunc(acceptCrawl)),
		},
	}
}

// crossOrigin adds the headers of tracker.md §6.4 and answers preflights.
func crossOrigin(next http.Handler) http.Handler {
	same := http.Header{ // for every answer; its values are shared and not written to
		"Access-Control-Allow-Origin":  {"*"},
		"Access-Control-Allow-Methods": {"POST, OPTIONS"},
		"Access-Control-Allow-Headers": {"Content-Type"},
		"Access-Control-Max-Age":       {"86400"},
		"Cross-Origin-Resource-Policy": {"cross-origin"},
		"Cache-Control":                {"no-store"},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), same)
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func eventHandler(in Acceptor) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := readBody(r, ingest.MaxBody)
		if errors.Is(err, errTooLong) {
			fail(w, r, fault.New(fault.CodeTooLarge, "The event is larger than %d bytes", ingest.MaxBody))
			return
		}
		if err != nil {
			return // the client has gone
		}
		res, err := in.Accept(r.Context(), ingest.Request{Body: body, Header: r.Header, Remote: r.RemoteAddr})
		if err != nil {
			fail(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, acknowledgement(res)) // the client has gone: nothing to tell it
	})
}

// acknowledgement is the body of a 200; reasons and ids need no escaping.
func acknowledgement(res ingest.Result) string {
	switch {
	case res.Ignored != ingest.Kept && res.Visitor != "":
		return `{"status":"success","ignored":"` + string(res.Ignored) + `","visitorId":"` + res.Visitor + `"}`
	case res.Ignored != ingest.Kept:
		return `{"status":"success","ignored":"` + string(res.Ignored) + `"}`
	case res.Visitor != "":
		return `{"status":"success","visitorId":"` + res.Visitor + `"}`
	}
	return `{"status":"success"}`
}

func fail(w http.ResponseWriter, r *http.Request, err error) {
	send(w, r, failure(err))
}

// acceptCrawl answers crawler reports, which later work stores.
func acceptCrawl(w http.ResponseWriter, r *http.Request) {
	if _, err := readBody(r, ingest.MaxBody); errors.Is(err, errTooLong) {
		fail(w, r, fault.New(fault.CodeTooLarge, "The report is larger than %d bytes", ingest.MaxBody))
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = io.WriteString(w, `{"status":"success"}`)
}
