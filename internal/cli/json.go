package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"datafast/internal/client"
)

// object is a JSON object whose keys keep their order.
type object []member

type member struct {
	key   string
	value any // object, []any, string, json.Number, bool, nil
}

// get reads a value by dotted path; nil when there is none.
func (o object) get(path string) any {
	head, rest, deeper := strings.Cut(path, ".")
	for _, m := range o {
		if m.key != head {
			continue
		}
		inner, isObject := m.value.(object)
		switch {
		case !deeper:
			return m.value
		case isObject:
			return inner.get(rest)
		}
	}
	return nil
}

// text reads a value as text; empty for null and for none.
func (o object) text(path string) string { return plainText(o.get(path)) }

// plainText is a value in a cell without any format; lists are joined.
func plainText(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case []any:
		parts := make([]string, len(x))
		for i, e := range x {
			parts[i] = plainText(e)
		}
		return strings.Join(parts, ", ")
	case object:
		text, err := json.Marshal(x)
		if err != nil {
			return ""
		}
		return string(text)
	}
	return fmt.Sprint(v)
}

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(m.key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(append(append(key, ':'), value...))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// parseJSON reads a value, its objects ordered, its numbers as they are written.
func parseJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := readValue(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one JSON value")
	}
	return v, nil
}

func readValue(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		o := object{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			value, err := readValue(d)
			if err != nil {
				return nil, err
			}
			o = append(o, member{fmt.Sprint(key), value})
		}
		_, err = d.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			value, err := readValue(d)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err = d.Token()
		return list, err
	}
	return t, nil
}

// answer is a success as it came, and parsed.
type answer struct {
	raw []byte
	doc object
}

// exchange sends a request and reads its answer.
func exchange(ctx context.Context, c *client.Client, q client.Request) (*answer, error) {
	resp, err := c.Send(ctx, q)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, &client.Unreachable{Base: c.Base, Cause: err}
	}
	return parseAnswer(c, raw, resp)
}

func parseAnswer(c *client.Client, raw []byte, resp *http.Response) (*answer, error) {
	v, err := parseJSON(raw)
	doc, isObject := v.(object)
	if err != nil || !isObject {
		return nil, fmt.Errorf("%s answered no JSON (%s): is it a datafast server?", c.Base, resp.Header.Get("Content-Type"))
	}
	return &answer{bytes.TrimSpace(raw), doc}, nil
}

// data is what the envelope holds; the whole body where there is no envelope.
func (a *answer) data() any {
	if a.doc.get("status") == nil {
		return a.doc
	}
	return a.doc.get("data")
}

// rows are the objects of data.
func (a *answer) rows() []object {
	switch d := a.data().(type) {
	case object:
		return []object{d}
	case []any:
		var rows []object
		for _, v := range d {
			if o, ok := v.(object); ok {
				rows = append(rows, o)
			}
		}
		return rows
	}
	return nil
}

// one is the single object of data; empty when there is none.
func (a *answer) one() object {
	if rows := a.rows(); len(rows) > 0 {
		return rows[0]
	}
	return object{}
}
