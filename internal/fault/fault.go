// Package fault is the coded error that users and clients of every surface see.
//
// A rule that refuses something returns an *Error: a code for machines, a
// sentence for people and, where it helps, the field at fault. Anything else
// that reaches an edge counts as internal: it is logged there, and the caller
// learns nothing but an id. Several field errors of one request travel together
// in a List.
//
// It imports nothing of ours and must not know HTTP, SQL or any noun.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code says what kind of refusal an error is. Edges map it to an HTTP status or
// an exit code, each in one place.
type Code string

// The codes, in the order of the statuses they become.
const (
	CodeInvalid         Code = "invalid"         // 400: the input is wrong
	CodeUnauthenticated Code = "unauthenticated" // 401: no or no valid credential
	CodeForbidden       Code = "forbidden"       // 403: known, but not allowed
	CodeNotFound        Code = "not_found"       // 404: no such thing
	CodeMethod          Code = "method"          // 405: the path knows other methods
	CodeConflict        Code = "conflict"        // 409: another thing is in the way
	CodeTooLarge        Code = "too_large"       // 413: the body is too big
	CodeTooMany         Code = "too_many"        // 429: rate limit
	CodeInternal        Code = "internal"        // 500: our fault
	CodeUpstream        Code = "upstream"        // 502: a server we asked did not answer
	CodeUnavailable     Code = "unavailable"     // 503: cannot store or answer now; try again
	CodeTimeout         Code = "timeout"         // 504: the question took too long
)

// Error is a refusal. Message is an English sentence for people without secrets,
// SQL or stack. Field is empty when no single input is at fault. Reason is an
// optional snake_case key for programs, finer than Code.
type Error struct {
	Code    Code
	Field   string
	Message string
	Reason  string
	// RetryAfter is how long to wait before trying again; zero: not said.
	RetryAfter time.Duration
}

// Error returns the message, with the field in front when there is one.
func (e *Error) Error() string {
	if e.Field == "" || strings.HasPrefix(e.Message, e.Field) {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

// Because returns a copy of e with the given machine key.
func (e *Error) Because(reason string) *Error {
	c := *e
	c.Reason = reason
	return &c
}

// Invalid says that a field of the input is wrong: what it was and what would be right.
func Invalid(field, format string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// New returns a refusal that is about no single field.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// NotFound says that a thing does not exist, or not for this caller.
func NotFound(format string, args ...any) *Error { return New(CodeNotFound, format, args...) }

// List is several refusals of one request, reported together. Its code is that
// of its first member.
type List []*Error

// Error joins the messages with "; ".
func (l List) Error() string {
	parts := make([]string, len(l))
	for i, e := range l {
		parts[i] = e.Error()
	}
	return strings.Join(parts, "; ")
}

// Add appends err when it is not nil. A List or *Error is flattened; any other
// error becomes an invalid one with its text.
func (l *List) Add(err error) {
	if err == nil {
		return
	}
	var list List
	if errors.As(err, &list) {
		*l = append(*l, list...)
		return
	}
	var e *Error
	if errors.As(err, &e) {
		*l = append(*l, e)
		return
	}
	*l = append(*l, &Error{Code: CodeInvalid, Message: err.Error()})
}

// Err returns nil for an empty list, so that a validator can end with it.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// CodeOf reads the code from any wrapped error; CodeInternal when there is none.
func CodeOf(err error) Code {
	var list List
	if errors.As(err, &list) && len(list) > 0 {
		return list[0].Code
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}
