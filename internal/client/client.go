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
	Token string // dft_… or df_…
	HTTP  *http.Client
}

// Error is a refusal of the server, as it said it.
type Error struct {
	Status  int
	Message string
	Reason  string
}

// Error returns the server's message.
func (e *Error) Error() string { return e.Message }

// Do calls a path below /api/v1. The caller closes the body of the answer, whose
// status is below 400; anything else is an *Error.
func (c *Client) Do(ctx context.Context, method, path string, query url.Values, body io.Reader, contentType string) (*http.Response, error) {
	target := strings.TrimSuffix(c.Base, "/") + "/api/v1" + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+c.Token)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	resp, err := c.HTTP.Do(r)
	if err != nil {
		return nil, fmt.Errorf("reach %s: %w", c.Base, err)
	}
	if resp.StatusCode < http.StatusBadRequest {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	return nil, refusal(resp)
}

const maxRefusal = 64 << 10

func refusal(resp *http.Response) error {
	out := &Error{Status: resp.StatusCode, Message: "the server answered " + resp.Status}
	var envelope struct {
		Error struct{ Message, Reason string }
	}
	if json.NewDecoder(io.LimitReader(resp.Body, maxRefusal)).Decode(&envelope) == nil && envelope.Error.Message != "" {
		out.Message, out.Reason = envelope.Error.Message, envelope.Error.Reason
	}
	return out
}
