package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"datafast/internal/fault"
)

// statusOf is the one place where a fault's code becomes an HTTP status.
func statusOf(code fault.Code) int {
	switch code {
	case fault.CodeInvalid:
		return http.StatusBadRequest
	case fault.CodeUnauthenticated:
		return http.StatusUnauthorized
	case fault.CodeForbidden:
		return http.StatusForbidden
	case fault.CodeNotFound:
		return http.StatusNotFound
	case fault.CodeMethod:
		return http.StatusMethodNotAllowed
	case fault.CodeConflict:
		return http.StatusConflict
	case fault.CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.CodeTooMany:
		return http.StatusTooManyRequests
	case fault.CodeUpstream:
		return http.StatusBadGateway
	case fault.CodeUnavailable:
		return http.StatusServiceUnavailable
	case fault.CodeTimeout:
		return http.StatusGatewayTimeout
	}
	return http.StatusInternalServerError
}

// answer is a body ready to be sent with its status.
type answer struct {
	status int
	body   []byte
	retry  int // seconds after which to try again; 0: not said
}

// failure is the envelope of an error. Internal errors say nothing but their
// kind: the detail is in the log under the request id.
func failure(err error, siblings ...Field) answer {
	code := fault.CodeOf(err)
	status := statusOf(code)
	message, reason := "Internal server error", ""
	if code != fault.CodeInternal {
		message, reason = describe(err)
	}
	inner := []Field{{"code", status}, {"message", message}}
	if reason != "" {
		inner = append(inner, Field{"reason", reason})
	}
	fields := append([]Field{{"status", "error"}, {"error", ordered(inner)}}, siblings...)
	body, encodeErr := encode(ordered(fields))
	if encodeErr != nil {
		body = []byte(`{"status":"error","error":{"code":500,"message":"Internal server error"}}`)
		status = http.StatusInternalServerError
	}
	return answer{status, body, retryAfter(err)}
}

// retryAfter is how many whole seconds an error asks to wait; 0 for none.
func retryAfter(err error) int {
	var e *fault.Error
	if !errors.As(err, &e) {
		return 0
	}
	return int(math.Ceil(e.RetryAfter.Seconds()))
}

// describe returns the message and machine key of a coded error without what it
// was wrapped in.
func describe(err error) (message, reason string) {
	var list fault.List
	if errors.As(err, &list) {
		return list.Error(), list[0].Reason
	}
	var e *fault.Error
	if errors.As(err, &e) {
		return e.Error(), e.Reason
	}
	return err.Error(), ""
}

// success encodes a response's envelope, or its Raw body.
func success(resp *Response) (answer, error) {
	status := resp.Status
	if status == 0 {
		status = http.StatusOK
	}
	if resp.Raw != nil {
		body, err := encode(resp.Raw)
		return answer{status: status, body: body}, err
	}
	fields := []Field{{"status", "success"}, {"data", resp.Data}}
	if resp.Pagination != nil {
		fields = append(fields, Field{"pagination", resp.Pagination})
	}
	body, err := encode(ordered(append(fields, resp.Extra...)))
	return answer{status: status, body: body}, err
}

// ordered is a JSON object whose keys keep their order.
type ordered []Field

// MarshalJSON writes the fields in order.
func (o ordered) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Quote(f.Name))
		b.WriteByte(':')
		value, err := encode(f.Value)
		if err != nil {
			return nil, err
		}
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encode is JSON without HTML escaping and without a final newline.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// send writes an answer; HEAD gets the headers alone.
func send(w http.ResponseWriter, r *http.Request, a answer) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	if a.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(a.retry))
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body) // the caller has gone: nothing to tell them
	}
}

// Stamp writes a time as the wire has it: UTC, milliseconds, Z.
func Stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// StampOrNull is Stamp, null for the zero time.
func StampOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := Stamp(t)
	return &s
}
