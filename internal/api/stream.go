package api

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
)

// stream lets a response write its own body. An error in the middle cannot be
// told to the caller any more but by cutting the connection.
func (rt *Router) stream(w http.ResponseWriter, r *http.Request, resp *Response) {
	if resp.Status != 0 {
		w.WriteHeader(resp.Status)
	}
	if r.Method == http.MethodHead {
		return
	}
	if err := resp.Stream(w); err != nil {
		rt.Log.LogAttrs(r.Context(), levelOf(err), "stream ended early", requestAttrs(r.Context(), err)...)
		panic(http.ErrAbortHandler)
	}
}

// callKey carries the principal of a batch into its single calls.
type callKey struct{}

// Call answers a GET below /api/v1 as if it had been asked on its own by the
// same principal, and returns the body that it would have got, errors included;
// it takes no unit of the rate limit. For POST /analytics/query.
func (r *Request) Call(ctx context.Context, path string, query url.Values) []byte {
	ctx = context.WithValue(ctx, callKey{}, r.Principal)
	ctx = context.WithValue(ctx, notesKey{}, &notes{id: r.ID})
	u := url.URL{Path: "/api/v1" + path, RawQuery: query.Encode()}
	inner := &http.Request{
		Method: http.MethodGet, URL: &u, Host: r.HTTP.Host, Header: http.Header{},
		Body: http.NoBody, RemoteAddr: r.HTTP.RemoteAddr, Proto: r.HTTP.Proto, RequestURI: u.RequestURI(),
	}
	var w capture
	w.header = http.Header{}
	r.router.mux.ServeHTTP(&w, inner.WithContext(ctx))
	return w.body.Bytes()
}

// capture is a ResponseWriter into memory.
type capture struct {
	header http.Header
	body   bytes.Buffer
}

func (c *capture) Header() http.Header         { return c.header }
func (c *capture) WriteHeader(int)             {}
func (c *capture) Write(b []byte) (int, error) { return c.body.Write(b) }
