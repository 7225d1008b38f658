package api

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"datafast/internal/fault"
)

type batchBody struct {
	Queries []batchQuery `json:"queries" doc:"1 to 32"`
}

type batchQuery struct {
	Path   string                     `json:"path" doc:"Any GET below /analytics or /visitors, but the stream"`
	Params map[string]json.RawMessage `json:"params" doc:"Each a string or an array of strings"`
}

const maxBatch = 32

func (a *Reporting) batchRoutes() []Route {
	return []Route{{Method: "POST", Path: "/api/v1/analytics/query", Rule: reads(), Reads: true, Handle: a.batch, Doc: Doc{
		ID: "query", Tag: "Analytics", Summary: "Several reports in one request",
		Description: "At each position stands exactly what the single call would have answered, errors included. One unit of the rate limit.",
		Body:        batchBody{}, Data: []map[string]any{},
		BodyExample: `{"queries":[{"path":"/analytics/overview","params":{"startAt":["2026-05-01"],"endAt":["2026-05-21"],"filter_page":["contains:/docs"]}}]}`,
		Example:     `{"status":"success","data":[{"status":"success","data":[{"visitors":8421}]}]}`,
	}}}
}

func (a *Reporting) batch(ctx context.Context, r *Request) (*Response, error) {
	var body batchBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	if n := len(body.Queries); n < 1 || n > maxBatch {
		return nil, fault.Invalid("queries", "holds %d queries; send 1 to %d", n, maxBatch)
	}
	var errs fault.List
	queries := make([]url.Values, len(body.Queries))
	for i, q := range body.Queries {
		if !batchable(q.Path) {
			errs.Add(fault.Invalid("path", "%.80q is not a report; use a path below /analytics or /visitors, such as /analytics/overview", q.Path))
		}
		var err error
		queries[i], err = batchParams(q.Params)
		errs.Add(err)
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	answers := make([]json.RawMessage, len(queries))
	for i, values := range queries {
		values.Set("websiteId", r.Website.ID)
		answers[i] = r.Call(ctx, body.Queries[i].Path, values)
	}
	return OK(answers), nil
}

func batchable(path string) bool {
	if strings.Contains(path, "..") || strings.ContainsAny(path, "?#%") || path == "/analytics/realtime/stream" || path == "/analytics/query" {
		return false
	}
	return path == "/visitors" || strings.HasPrefix(path, "/visitors/") || strings.HasPrefix(path, "/analytics/")
}

func batchParams(params map[string]json.RawMessage) (url.Values, error) {
	out := url.Values{}
	for name, raw := range params {
		var one string
		var many []string
		switch {
		case json.Unmarshal(raw, &one) == nil:
			out.Set(name, one)
		case json.Unmarshal(raw, &many) == nil:
			out[name] = many
		default:
			return nil, fault.Invalid("params."+name, "is neither a string nor an array of strings")
		}
	}
	return out, nil
}
