// Package client speaks HTTP to a datafast server with a token. Commands and
// programs use it; the server's access table alone decides what they may do.
//
// It may import nothing of ours but fault. It must not import server packages.
package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Client calls one server with one credential.
type Client struct {
	Base  string // without /api/v1
	Token string // dft_… or df_…; empty: none is sent
	HTTP  *http.Client
}

// Error is a refusal of the server, as it said it.
type Error struct {
	Status  int
	Message string
	Reason  string
	Body    []byte // the envelope as it came; empty when it was none
}

// Error returns the server's message.
func (e *Error) Error() string { return e.Message }

// Unreachable says that a server did not answer.
type Unreachable struct {
	Base  string
	Cause error
}

// Error names the address and the cause.
func (e *Unreachable) Error() string { return "cannot reach " + e.Base + ": " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *Unreachable) Unwrap() error { return e.Cause }

// Do calls a path below /api/v1. The caller closes the body of the answer, whose
// status is below 400; anything else is an *Error, or *Unreachable.
func (c *Client) Do(ctx context.Context, method, path string, query url.Values, body io.Reader, contentType string) (*http.Response, error) {
	return c.Send(ctx, Request{Method: method, Path: "/api/v1" + path, Query: query, Body: body, ContentType: contentType})
}

// Request is one call; Path counts from the server's base.
type Request struct {
	Method, Path string
	Query        url.Values
	Body         io.Reader // nil: none
	ContentType  string
	Accept       string // empty: whatever the server likes best
}

// Send is Do for any path of the server.
func (c *Client) Send(ctx context.Context, q Request) (*http.Response, error) {
	target := strings.TrimSuffix(c.Base, "/") + q.Path
	if len(q.Query) > 0 {
		target += "?" + q.Query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, q.Method, target, q.Body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	for name, value := range map[string]string{"Content-Type": q.ContentType, "Accept": q.Accept} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	resp, err := c.HTTP.Do(r)
	if err != nil {
		return nil, &Unreachable{Base: c.Base, Cause: cause(err)}
	}
	if resp.StatusCode < http.StatusBadRequest {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	return nil, refusal(resp)
}

// cause is a transport's error without the method and URL in front.
func cause(err error) error {
	if u, ok := err.(*url.Error); ok { //nolint:errorlint // http.Client documents this very type
		return u.Err
	}
	return err
}

const maxRefusal = 64 << 10

func refusal(resp *http.Response) error {
	out := &Error{Status: resp.StatusCode, Message: "the server answered " + resp.Status}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	if err != nil {
		return out
	}
	var envelope struct {
		Error struct{ Message, Reason string }
	}
	if json.Unmarshal(body, &envelope) == nil && envelope.Error.Message != "" {
		out.Message, out.Reason, out.Body = envelope.Error.Message, envelope.Error.Reason, body
	}
	return out
}
