package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"datafast/internal/fault"
)

// Decode reads the JSON body into dst, a pointer to a struct. Unknown fields are
// ignored. A body over the route's limit is too large; another content type,
// malformed JSON (with its position) and values of a wrong type (all at once for
// fields of type Opt) are invalid. An absent body counts as {}.
func (r *Request) Decode(dst any) error { return r.decode(dst, false) }

// DecodeStrict is Decode that refuses unknown fields, naming them.
func (r *Request) DecodeStrict(dst any) error { return r.decode(dst, true) }

// Body returns the raw body within the route's limit after checking its content
// type; nil when there is none.
func (r *Request) Body() ([]byte, error) {
	data, err := readBody(r.HTTP, r.maxBody)
	if errors.Is(err, errTooLong) {
		return nil, fault.New(fault.CodeTooLarge, "The request body is over %d bytes; send less", r.maxBody)
	}
	if err != nil {
		return nil, &fault.Error{Code: fault.CodeInvalid, Message: "The request body could not be read to its end; send it again"}
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	return data, jsonType(r.HTTP.Header.Get("Content-Type"))
}

// jsonType accepts no content type, JSON, and any +json.
func jsonType(header string) error {
	if header == "" {
		return nil
	}
	kind, _, err := mime.ParseMediaType(header)
	if err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json")) {
		return nil
	}
	return fault.New(fault.CodeInvalid, "Content-Type: %q is not JSON; use application/json", header)
}

func (r *Request) decode(dst any, strict bool) error {
	data, err := r.Body()
	if err != nil {
		return err
	}
	if data == nil {
		data = []byte("{}")
	}
	if err := unmarshal(data, dst); err != nil {
		return err
	}
	var faults fault.List
	if strict {
		faults.Add(unknownFields(data, dst))
	}
	faults.Add(problems(reflect.ValueOf(dst).Elem(), ""))
	return faults.Err()
}

// unmarshal is json.Unmarshal with errors for people.
func unmarshal(data []byte, dst any) error {
	err := json.Unmarshal(data, dst)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return fault.New(fault.CodeInvalid, "Malformed JSON at byte %d: %s", syntax.Offset, syntax.Error())
	case errors.As(err, &kind) && kind.Field != "":
		return fault.Invalid(kind.Field, "%s: a JSON %s is not %s", kind.Field, kind.Value, goKind(kind.Type))
	case errors.As(err, &kind):
		return fault.New(fault.CodeInvalid, "The body is a JSON %s; send an object", kind.Value)
	}
	return fault.New(fault.CodeInvalid, "Malformed JSON: %s", err.Error())
}

// goKind names a Go type as people who write JSON call it.
func goKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "an array of " + strings.TrimPrefix(strings.TrimPrefix(goKind(t.Elem()), "a "), "an ") + "s"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	}
	return "a number"
}

// unknownFields lists top-level keys that dst has no field for.
func unknownFields(data []byte, dst any) error {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(data, &keys); err != nil {
		return fault.New(fault.CodeInvalid, "The body must be a JSON object")
	}
	known := map[string]bool{}
	t := reflect.TypeOf(dst).Elem()
	names := make([]string, 0, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		known[name] = true
		names = append(names, name)
	}
	var faults fault.List
	for k := range keys {
		if !known[k] {
			faults.Add(fault.Invalid(k, "%q is not a field here; use %s", k, strings.Join(names, ", ")))
		}
	}
	slices.SortFunc(faults, func(a, b *fault.Error) int { return strings.Compare(a.Field, b.Field) })
	return faults.Err()
}

// Opt is a field of a partial body: it knows whether it was sent, whether as
// null, and keeps a value of the wrong type as a field error for Decode to
// report with the others.
type Opt[T any] struct {
	Set   bool // sent, also when null
	Null  bool
	Value T

	wrong string
}

// UnmarshalJSON never fails; see Opt.
func (o *Opt[T]) UnmarshalJSON(data []byte) error {
	o.Set = true
	if string(data) == "null" {
		o.Null = true
		return nil
	}
	err := json.Unmarshal(data, &o.Value)
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		o.wrong = fmt.Sprintf("a JSON %s is not %s", kind.Value, goKind(reflect.TypeFor[T]()))
	} else if err != nil {
		o.wrong = err.Error()
	}
	return nil
}

// Ptr returns the value, or nil when it was not sent or null.
func (o Opt[T]) Ptr() *T {
	if !o.Set || o.Null {
		return nil
	}
	return &o.Value
}

func (o Opt[T]) problem() string { return o.wrong }

// Schema describes the field as its value's type, for OpenAPI.
func (o Opt[T]) Schema(r huma.Registry) *huma.Schema {
	s := *huma.SchemaFromType(r, reflect.TypeFor[T]())
	s.Nullable = true
	return &s
}

// problems collects the type errors of a struct's Opt fields, nested ones with a
// dotted name.
func problems(v reflect.Value, prefix string) error {
	var faults fault.List
	if v.Kind() != reflect.Struct {
		return nil
	}
	for i := range v.NumField() {
		if !v.Type().Field(i).IsExported() {
			continue
		}
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		field := v.Field(i)
		if o, ok := field.Interface().(interface{ problem() string }); ok {
			if wrong := o.problem(); wrong != "" {
				faults.Add(fault.Invalid(prefix+name, "%s", wrong))
			}
			if inner := field.FieldByName("Value"); inner.Kind() == reflect.Struct {
				faults.Add(problems(inner, prefix+name+"."))
			}
			continue
		}
		if field.Kind() == reflect.Struct {
			faults.Add(problems(field, prefix+name+"."))
		}
	}
	return faults.Err()
}
