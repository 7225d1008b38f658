package mcp

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"datafast/internal/api"
)

// tool is a route as an agent sees it.
type tool struct {
	def   *sdk.Tool
	route api.Route
	// query names the arguments that go into the query; those in the path are in
	// route.Path, all others go into the body when there is one.
	query map[string]bool
	body  bool
	// now is the GET route that shows what this one would change; nil: none does.
	now *api.Route
	// list reports that now lists rows, of which item names the one concerned.
	item string
}

// node is a JSON Schema or another part of the OpenAPI document.
type node = map[string]any

// catalogue makes a tool of every route below /api/v1 that answers one JSON
// document to one question: no streams, exports, imports and batches.
func catalogue(rt *api.Router, baseURL string) ([]*tool, error) {
	raw, err := json.Marshal(rt.Document("", baseURL))
	if err != nil {
		return nil, err
	}
	var doc node
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	routes := rt.Routes()
	var tools []*tool
	for _, r := range routes {
		if !strings.HasPrefix(r.Path, "/api/v1/") || r.Doc.ContentType != "" || r.Reads {
			continue
		}
		op, ok := at(doc, "paths", r.Path, strings.ToLower(r.Method)).(node)
		if !ok {
			return nil, errors.New("the document lacks " + r.Method + " " + r.Path)
		}
		t := newTool(r, op, doc)
		if t.def.Annotations.ReadOnlyHint == (r.Method != http.MethodGet) {
			return nil, fmt.Errorf("%s %s: reading and changing do not fit", r.Method, r.Path)
		}
		t.now, t.item = shows(routes, r)
		tools = append(tools, t)
	}
	return tools, nil
}

// at walks into nested objects; nil when a key is missing.
func at(v any, path ...string) any {
	for _, key := range path {
		m, ok := v.(node)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

func newTool(r api.Route, op, doc node) *tool {
	t := &tool{route: r, query: map[string]bool{}}
	properties, required := node{}, []any{}
	params, _ := op["parameters"].([]any)
	for _, p := range params {
		p := p.(node)
		name := p["name"].(string)
		t.query[name] = p["in"] == "query"
		schema := maps.Clone(p["schema"].(node))
		if d, ok := p["description"]; ok {
			schema["description"] = d
		}
		properties[name] = schema
		if p["required"] == true {
			required = append(required, name)
		}
	}
	if body, ok := resolve(at(op, "requestBody", "content", "application/json", "schema"), doc).(node); ok {
		t.body = true
		fields, _ := body["properties"].(node)
		for name, schema := range fields {
			if _, taken := properties[name]; taken {
				continue // the same name in query and body means the same
			}
			properties[name] = schema
			if must, _ := body["required"].([]any); slices.Contains(must, any(name)) {
				required = append(required, name)
			}
		}
	}
	output, _ := at(op, "responses", "200", "content", "application/json", "schema").(node)
	output = maps.Clone(output)
	if r.NeedsConfirmation() {
		properties["confirm"] = node{"type": "boolean", "description": "true: do it. Otherwise nothing changes and the answer is a preview of what would."}
		output = withPreview(resolve(output, doc), doc)
	}
	input := node{"type": "object", "properties": properties}
	if len(required) > 0 {
		input["required"] = required
	}
	no, destructive := false, r.NeedsConfirmation() && r.Method != http.MethodPost
	answers := withDefs(output, doc)
	if _, chosen := t.query["fields"]; chosen {
		rowsAsChosen(answers)
	}
	t.def = &sdk.Tool{
		Name: "datafast_" + snake(r.Doc.ID), Title: r.Doc.Summary,
		Description: describe(r), InputSchema: withDefs(input, doc), OutputSchema: answers,
		Annotations: &sdk.ToolAnnotations{
			Title: r.Doc.Summary, ReadOnlyHint: !r.Changes(), DestructiveHint: &destructive,
			IdempotentHint: r.Method != http.MethodPost && r.Method != http.MethodPatch && !r.Grave, OpenWorldHint: &no,
		},
	}
	return t
}

func describe(r api.Route) string {
	text := r.Doc.Summary + ".\n\n"
	if r.Doc.Description != "" {
		text += r.Doc.Description + "\n\n"
	}
	text += api.AccessNote(r.Rule)
	if r.NeedsConfirmation() {
		text += "\n\nAnswers with a preview until `confirm` is true; ask the person first."
	}
	return text
}

// snake spells an operation's id as tools are: createFunnel, create_funnel.
func snake(id string) string {
	var b strings.Builder
	for i, c := range id {
		if unicode.IsUpper(c) {
			if i > 0 && !unicode.IsUpper(rune(id[i-1])) {
				b.WriteByte('_')
			}
			c = unicode.ToLower(c)
		}
		b.WriteRune(c)
	}
	return b.String()
}

// resolve follows a reference into the components.
func resolve(v any, doc node) any {
	ref, ok := at(v, "$ref").(string)
	if !ok {
		return v
	}
	return at(doc, "components", "schemas", strings.TrimPrefix(ref, refPrefix))
}

const refPrefix = "#/components/schemas/"

// withPreview lets an answer also be a preview, which has nothing of the answer.
func withPreview(answer any, doc node) node {
	properties := node{"preview": node{"type": "object", "description": "What would happen, without confirm"}}
	if fields, ok := at(resolve(answer, doc), "properties").(node); ok {
		maps.Copy(properties, fields)
	}
	return node{"type": "object", "properties": properties}
}

// withDefs makes a schema stand alone: what it refers to in the components comes
// along under $defs.
func withDefs(schema, doc node) node {
	if schema == nil {
		schema = node{"type": "object"}
	}
	if ref, ok := schema["$ref"].(string); ok {
		schema = maps.Clone(resolve(node{"$ref": ref}, doc).(node))
	}
	defs := node{}
	rewritten := rewrite(schema, doc, defs).(node)
	if len(defs) > 0 {
		rewritten["$defs"] = defs
	}
	return rewritten
}

// rowsAsChosen takes back that rows have all their columns: fields chooses them.
func rowsAsChosen(schema node) {
	row, _ := at(schema, "properties", "data", "items").(node)
	if ref, ok := row["$ref"].(string); ok {
		row, _ = at(schema, "$defs", strings.TrimPrefix(ref, "#/$defs/")).(node)
	}
	delete(row, "required")
}

// rewrite copies a schema with its references turned to $defs, which it fills.
func rewrite(v any, doc, defs node) any {
	switch v := v.(type) {
	case node:
		out := node{}
		for key, value := range v {
			ref, isRef := value.(string)
			if key != "$ref" || !isRef {
				out[key] = rewrite(value, doc, defs)
				continue
			}
			name := strings.TrimPrefix(ref, refPrefix)
			out[key] = "#/$defs/" + name
			if _, seen := defs[name]; !seen {
				defs[name] = node{} // before its own references
				defs[name] = rewrite(at(doc, "components", "schemas", name), doc, defs)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = rewrite(v[i], doc, defs)
		}
		return out
	}
	return v
}

// shows finds the GET route whose answer holds what r would change: of the same
// path, or of the list that the path's last parameter picks from.
func shows(routes []api.Route, r api.Route) (now *api.Route, item string) {
	if !r.NeedsConfirmation() {
		return nil, ""
	}
	for _, path := range []string{r.Path, parent(r.Path), parent(parent(r.Path))} {
		for i := range routes {
			if routes[i].Path == path && routes[i].Method == http.MethodGet {
				if path != r.Path {
					item = lastParameter(r.Path)
				}
				return &routes[i], item
			}
		}
		if lastParameter(r.Path) == "" {
			return nil, ""
		}
	}
	return nil, ""
}

func parent(path string) string { return path[:max(0, strings.LastIndexByte(path, '/'))] }

// lastParameter is the last parameter of a path that is not the website's.
func lastParameter(path string) string {
	parts := strings.Split(path, "/")
	for _, part := range slices.Backward(parts) {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			if name == "websiteId" {
				return ""
			}
			return name
		}
	}
	return ""
}
