package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/itchyny/gojq"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// The ways to print.
type format int

const (
	asTable format = iota
	asJSON
	asCSV
)

// formatOf decides how a command prints: by flag, else a table on a terminal and
// JSON elsewhere.
func formatOf(cmd *cobra.Command) (format, error) {
	jq := cmd.Flag("jq").Value.String() != ""
	json := switchedOn(cmd, "json") || switchedOn(cmd, "data") || switchedOn(cmd, "compact") || jq
	table, rows := switchedOn(cmd, "table"), switchedOn(cmd, "csv")
	switch {
	case json && table || json && rows || table && rows:
		return 0, usage("--json (with --data, --compact, --jq), --table and --csv exclude each other")
	case rows:
		return asCSV, nil
	case json, !table && !isTerminal(cmd.OutOrStdout()):
		return asJSON, nil
	}
	return asTable, nil
}

// isTerminal reports whether a stream is one.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) //nolint:gosec // a descriptor is small
}

// widthOf is the width of a terminal; 0 elsewhere, which means unlimited.
func widthOf(stream any) int {
	f, ok := stream.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd())) //nolint:gosec // a descriptor is small
	if err != nil {
		return 0
	}
	return width
}

// print writes an answer the way the command was told; table writes the table.
func (c *call) print(a *answer, table func(w io.Writer) error) error {
	out := c.cmd.OutOrStdout()
	switch c.format {
	case asCSV:
		return writeCSV(out, a.rows())
	case asJSON:
		return c.printJSON(a)
	}
	return table(out)
}

func (c *call) printJSON(a *answer) error {
	text := a.raw
	if switchedOn(c.cmd, "data") {
		var err error
		if text, err = json.Marshal(a.data()); err != nil {
			return fmt.Errorf("encode data: %w", err)
		}
	}
	out, compact := c.cmd.OutOrStdout(), switchedOn(c.cmd, "compact")
	if expression := c.cmd.Flag("jq").Value.String(); expression != "" {
		return writeJQ(out, text, expression, compact)
	}
	return printJSON(out, text, compact)
}

// printJSON writes JSON with two blanks of indent, or on one line.
func printJSON(w io.Writer, text []byte, compact bool) error {
	var b bytes.Buffer
	var err error
	if compact {
		err = json.Compact(&b, text)
	} else {
		err = json.Indent(&b, text, "", "  ")
	}
	if err != nil {
		return fmt.Errorf("format JSON: %w", err)
	}
	b.WriteByte('\n')
	_, err = b.WriteTo(w)
	return err
}

// parseJQ checks an expression before anything is asked.
func parseJQ(expression string) (*gojq.Query, error) {
	q, err := gojq.Parse(expression)
	if err != nil {
		return nil, usage("--jq: %s", err.Error())
	}
	return q, nil
}

// writeJQ prints what an expression yields: texts bare, everything else as JSON.
func writeJQ(w io.Writer, text []byte, expression string, compact bool) error {
	q, err := parseJQ(expression)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var input any
	if err := d.Decode(&input); err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	for values := q.Run(input); ; {
		v, more := values.Next()
		if !more {
			return nil
		}
		if err, failed := v.(error); failed {
			return usage("--jq: %s", err.Error())
		}
		if s, isText := v.(string); isText {
			fmt.Fprintln(w, s)
			continue
		}
		encoded, err := gojq.Marshal(v)
		if err != nil {
			return fmt.Errorf("encode what --jq yields: %w", err)
		}
		if err := printJSON(w, encoded, compact); err != nil {
			return err
		}
	}
}

// writeCSV prints rows with a header; nested keys are dotted.
func writeCSV(w io.Writer, rows []object) error {
	var header []string
	known := map[string]bool{}
	cells := make([]map[string]string, len(rows))
	for i, row := range rows {
		cells[i] = map[string]string{}
		flatten("", row, func(key, value string) {
			if !known[key] {
				known[key] = true
				header = append(header, key)
			}
			cells[i][key] = value
		})
	}
	out := csv.NewWriter(w)
	if len(header) > 0 {
		_ = out.Write(header) // kept by the writer, see Error
	}
	for _, row := range cells {
		line := make([]string, len(header))
		for i, key := range header {
			line[i] = row[key]
		}
		_ = out.Write(line)
	}
	out.Flush()
	return out.Error()
}

func flatten(prefix string, o object, put func(key, value string)) {
	for _, m := range o {
		switch v := m.value.(type) {
		case object:
			flatten(prefix+m.key+".", v, put)
		case []any:
			text, err := json.Marshal(v)
			if err == nil {
				put(prefix+m.key, string(text))
			}
		case string:
			put(prefix+m.key, harmless(v))
		default:
			put(prefix+m.key, plainText(v))
		}
	}
}

// harmless keeps a spreadsheet from taking a visitor's text for a formula.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// progress tells of long work on one line, on a terminal only.
func (s *session) progress(format string, args ...any) {
	if isTerminal(s.cmd.ErrOrStderr()) {
		fmt.Fprintf(s.cmd.ErrOrStderr(), "\r\x1b[K"+format, args...)
	}
}

// endProgress clears that line.
func (s *session) endProgress() {
	if isTerminal(s.cmd.ErrOrStderr()) {
		fmt.Fprint(s.cmd.ErrOrStderr(), "\r\x1b[K")
	}
}
