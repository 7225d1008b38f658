package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"datafast/internal/account"
	"datafast/internal/auth"
	"datafast/internal/site"
)

// Route is one operation: method and path with its access rule, its description
// and its handler.
type Route struct {
	Method string
	Path   string // "/api/v1/analytics/overview"; parameters as {websiteId}
	// Rule says who may call; a route without one cannot be registered.
	Rule auth.Rule
	Doc  Doc
	// MaxBody is the largest request body in bytes; 0 means 1 MiB, -1 means the
	// handler reads an unlimited stream from HTTP.Body itself.
	MaxBody int64
	// Reads marks an operation that changes nothing although its method is POST.
	Reads bool
	// Grave marks an operation that cannot be taken back or hands out a credential,
	// beside DELETE: agents have to confirm it.
	Grave  bool
	Handle Handler
}

// Handler answers one allowed request.
type Handler func(ctx context.Context, r *Request) (*Response, error)

// Request is an allowed request.
type Request struct {
	HTTP      *http.Request
	Principal *auth.Principal // nil on a route open to all
	Website   *site.Website   // nil where the route is not bound to one
	Role      account.Role    // in force on Website
	Query     url.Values      // the parsed query
	ID        string          // the request id, for logs

	maxBody  int64
	endpoint *Route
	router   *Router
}

// Path returns a path parameter, percent-decoded.
func (r *Request) Path(name string) string { return r.HTTP.PathValue(name) }

// Response is a success. The zero value is 200 with data null.
type Response struct {
	Status     int // 0 means 200
	Data       any
	Pagination *Pagination
	Extra      []Field // siblings of data, in order
	// Raw replaces the whole envelope (POST /payments).
	Raw any
	// Stream writes the body itself: exports, server-sent events. Header is sent
	// before it; an error after the first byte ends the connection.
	Stream  func(w http.ResponseWriter) error
	Header  http.Header // additional headers; nil: none
	Cookies []*http.Cookie
}

// Field is a named sibling of data in the envelope.
type Field struct {
	Name  string
	Value any
}

// Pagination is the envelope's pagination object. Total counts the rows before
// paging.
type Pagination struct {
	Limit   int  `json:"limit"`
	Offset  int  `json:"offset"`
	Total   int  `json:"total"`
	HasMore bool `json:"hasMore"`
}

// Page makes a Pagination; rows is the number of rows in this page.
func Page(limit, offset, total, rows int) *Pagination {
	return &Pagination{Limit: limit, Offset: offset, Total: total, HasMore: offset+rows < total}
}

// OK is the usual answer: data in the envelope.
func OK(data any) *Response { return &Response{Data: data} }

// One wraps a single object in the array that nearly every endpoint sends.
func One(v any) *Response { return &Response{Data: []any{v}} }

// Doc describes an operation for the API reference and OpenAPI.
type Doc struct {
	ID          string // operationId, lowerCamel; unique
	Summary     string // one line, no period
	Description string // Markdown
	Tag         string // group in the reference
	Query       []Param
	Body        any    // a value of the body's type; nil: no body
	Data        any    // a value of the type of data (a slice where data is one)
	Extra       any    // a struct whose fields are siblings of data; nil: none
	Raw         any    // a value of the unwrapped body's type, in place of Data
	Paged       bool   // the envelope has pagination
	Example     string // an answer, as JSON; empty: none
	BodyExample string // a request body, as JSON; empty: none
	ContentType string // of a streamed answer or body; empty: JSON
}

// Param describes one query parameter.
type Param struct {
	Name        string
	Type        string // "string", "integer" or "boolean"; empty means string
	Description string
	Required    bool
	Enum        []string
	Repeated    bool // may be given several times
}

// Public is an endpoint outside the envelope and the access table: the tracker's
// ingest, scripts, health, the dashboard's files. Why says in a phrase why it
// needs no rule; it is mandatory.
type Public struct {
	Methods []string // e.g. POST, OPTIONS; GET brings HEAD
	Path    string   // as in net/http.ServeMux, "/js/" matching all below
	Why     string
	Handler http.Handler
	// Hot endpoints are served without a line in the access log: their owner
	// counts for itself.
	Hot bool
}

func (p Public) validate() error {
	switch {
	case len(p.Methods) == 0 || !strings.HasPrefix(p.Path, "/"):
		return fmt.Errorf("public route %q needs methods and a path", p.Path)
	case p.Why == "":
		return fmt.Errorf("public route %s must say why it is open to all", p.Path)
	case p.Handler == nil:
		return fmt.Errorf("public route %s has no handler", p.Path)
	}
	return nil
}

// name is how a route appears in logs and messages.
func (r Route) name() string { return r.Method + " " + r.Path }

func (r Route) validate() error {
	if err := r.Rule.Validate(); err != nil {
		return fmt.Errorf("route %s: %w", r.name(), err)
	}
	switch {
	case r.Handle == nil:
		return fmt.Errorf("route %s has no handler", r.name())
	case r.Rule.Website == auth.ByPath && !strings.Contains(r.Path, "{websiteId}"):
		return fmt.Errorf("route %s is bound by path but names no {websiteId}", r.name())
	case r.Rule.Permission.IsRead() && r.changes():
		return fmt.Errorf("route %s: %s never changes anything", r.name(), r.Rule.Permission)
	case r.Doc.ID == "" || r.Doc.Summary == "" || r.Doc.Tag == "":
		return fmt.Errorf("route %s needs an id, a summary and a tag in its Doc", r.name())
	}
	return nil
}

// changes reports whether the operation may change something.
func (r Route) changes() bool { return r.Method != http.MethodGet && !r.Reads }

func (r Route) limit() int64 {
	if r.MaxBody == 0 {
		return defaultMaxBody
	}
	return r.MaxBody
}

const defaultMaxBody = 1 << 20

// errTooLong marks a body over the route's limit.
var errTooLong = errors.New("body too long")

// trustedLength is up to where a body gets the memory that its header asks for, before
// any of it has arrived.
const trustedLength = 32 << 10

// readBody reads the whole body within the limit.
func readBody(r *http.Request, limit int64) ([]byte, error) {
	n := r.ContentLength
	if n > limit {
		return nil, errTooLong
	}
	if n > 0 && n <= trustedLength {
		data := make([]byte, n)
		if _, err := io.ReadFull(r.Body, data); err != nil {
			return nil, fmt.Errorf("read body: %w", err)
		}
		return data, nil
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	if int64(len(data)) > limit {
		return nil, errTooLong
	}
	return data, nil
}
