package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// bind defines the flag.
func (f *flag) bind(set *pflag.FlagSet) {
	switch f.kind {
	case fixed:
		set.Bool(f.name, false, f.usage())
	case pairs:
		set.StringArray(f.name, nil, f.usage())
	default:
		set.String(f.name, "", f.usage())
	}
}

func (f *flag) usage() string {
	help := f.help
	if len(f.choices) > 0 {
		help += ": " + strings.Join(f.choices, ", ")
	}
	switch f.kind {
	case truth:
		help += ": true or false"
	case list:
		help += ", by commas"
	case pairs:
		help += ", as name=value; may be repeated"
	case jsonText:
		help += ", as JSON or @file"
	}
	if f.required {
		help += " (required)"
	}
	return strings.ReplaceAll(help, "`", "\"") + "."
}

// parse turns what was typed into what is sent.
func (f *flag) parse(typed string) (any, error) {
	if len(f.choices) > 0 && !slices.Contains(f.choices, typed) {
		return nil, usage("--%s: %q is none of %s", f.name, typed, strings.Join(f.choices, ", "))
	}
	switch f.kind {
	case whole:
		n, err := strconv.Atoi(typed)
		if err != nil {
			return nil, usage("--%s: %q is not a whole number", f.name, typed)
		}
		return n, nil
	case decimal:
		if _, err := strconv.ParseFloat(typed, 64); err != nil || !json.Valid([]byte(typed)) {
			return nil, usage("--%s: %q is not a number", f.name, typed)
		}
		return json.Number(typed), nil
	case truth:
		if typed != "true" && typed != "false" {
			return nil, usage("--%s: %q is neither true nor false", f.name, typed)
		}
		return typed == "true", nil
	case list:
		return splitList(typed), nil
	case jsonText:
		return f.parseJSON(typed)
	case fixed:
		return f.value, nil
	}
	return typed, nil
}

// splitList takes a list by commas apart; an empty text is an empty list.
func splitList(typed string) []string {
	all := []string{}
	for part := range strings.SplitSeq(typed, ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

func (f *flag) parseJSON(typed string) (any, error) {
	raw := []byte(typed)
	if name, isFile := strings.CutPrefix(typed, "@"); isFile {
		var err error
		if raw, err = os.ReadFile(name); err != nil {
			return nil, usage("--%s: %s", f.name, err.Error())
		}
	}
	if !json.Valid(raw) {
		return nil, usage("--%s: this is not valid JSON; quote it for the shell, or give @file", f.name)
	}
	return json.RawMessage(raw), nil
}

// parsePairs reads name=value; numbers and flags of JSON stay texts.
func parsePairs(flag string, typed []string) (map[string]any, error) {
	out := map[string]any{}
	for _, t := range typed {
		name, value, ok := strings.Cut(t, "=")
		if !ok || name == "" {
			return nil, usage("--%s: %q is not name=value", flag, t)
		}
		out[name] = value
	}
	return out, nil
}

// given reads the value of a flag that was set; ok is false for one that was not.
func (f *flag) given(set *pflag.FlagSet) (value any, ok bool, err error) {
	found := set.Lookup(f.name)
	if found == nil || !found.Changed {
		return nil, false, nil
	}
	switch f.kind {
	case fixed:
		return f.value, found.Value.String() == "true", nil
	case pairs:
		typed, err := set.GetStringArray(f.name)
		if err != nil {
			return nil, false, err
		}
		value, err = parsePairs(f.name, typed)
		return value, true, err
	}
	value, err = f.parse(found.Value.String())
	return value, true, err
}

// put writes a value at a dotted place of a body.
func put(body map[string]any, path string, value any) {
	head, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		body[head] = value
		return
	}
	inner, ok := body[head].(map[string]any)
	if !ok {
		inner = map[string]any{}
		body[head] = inner
	}
	put(inner, rest, value)
}

// queryText is a value as a query parameter.
func queryText(v any) string {
	if all, ok := v.([]string); ok {
		return strings.Join(all, ",")
	}
	return fmt.Sprint(v)
}

// readSecret reads one line from standard input, for `-`.
func (s *session) readSecret() (string, error) {
	all, err := s.readAll(4096)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(strings.TrimSpace(all), "\n")
	if line == "" {
		return "", usage("standard input is empty")
	}
	return strings.TrimSpace(line), nil
}

// readAll reads standard input to its end, or until Ctrl+C.
func (s *session) readAll(most int64) (string, error) {
	return wait(s.cmd.Context(), func() (string, error) {
		raw, err := io.ReadAll(io.LimitReader(s.cmd.InOrStdin(), most))
		if err != nil {
			return "", fmt.Errorf("read standard input: %w", err)
		}
		return string(raw), nil
	})
}
