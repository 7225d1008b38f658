package api

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// wantsCSV reports whether the caller asked for CSV by its Accept header.
func wantsCSV(r *Request) bool {
	accept, _, _ := strings.Cut(r.HTTP.Header.Get("Accept"), ",")
	return strings.HasPrefix(strings.TrimSpace(accept), "text/csv")
}

// csvResponse writes rows as CSV: a header line, nested keys dotted.
func csvResponse(rows []ordered) *Response {
	return &Response{
		Header: http.Header{"Content-Type": {"text/csv; charset=utf-8"}},
		Stream: func(w http.ResponseWriter) error {
			out := csv.NewWriter(w)
			for i, row := range rows {
				names, cells := flatten("", row)
				if i == 0 {
					if err := out.Write(names); err != nil {
						return fmt.Errorf("write CSV: %w", err)
					}
				}
				if err := out.Write(cells); err != nil {
					return fmt.Errorf("write CSV: %w", err)
				}
			}
			out.Flush()
			return out.Error()
		},
	}
}

// flatten turns a row into column names and cells.
func flatten(prefix string, row ordered) (names, cells []string) {
	for _, f := range row {
		switch v := f.Value.(type) {
		case ordered:
			n, c := flatten(prefix+f.Name+".", v)
			names, cells = append(names, n...), append(cells, c...)
		default:
			names, cells = append(names, prefix+f.Name), append(cells, csvCell(v))
		}
	}
	return names, cells
}

// csvCell is the text of a value: empty where there is none, JSON where it is
// nested, and with a quote in front where a spreadsheet would take it for a formula.
func csvCell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return neutral(v)
	case *string:
		if v == nil {
			return ""
		}
		return neutral(*v)
	}
	text, err := json.Marshal(v)
	if err != nil || string(text) == "null" {
		return ""
	}
	if text[0] == '"' {
		var s string
		if json.Unmarshal(text, &s) == nil {
			return neutral(s)
		}
	}
	return string(text)
}

func neutral(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
