package api_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// TestReference: the OpenAPI document is served in both forms, every reference in
// it exists, and every operation says who may call it.
func TestReference(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := w.get("", "/openapi.json").is(200, `"openapi":"3.1.0"`, `"url":"http://stats.example"`).body
	w.get("", "/openapi.yaml").is(200, "openapi: 3.1.0")
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			Security    []map[string][]string
			Access      struct {
				Kinds      []string
				Permission string
			} `json:"x-access"`
			Parameters []struct{ Name, In string }
			Responses  map[string]any
		}
		Components struct {
			Schemas         map[string]any
			SecuritySchemes map[string]any
		}
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	for _, ref := range regexp.MustCompile(`"\$ref":"#/components/schemas/([^"]+)"`).FindAllStringSubmatch(text, -1) {
		if doc.Components.Schemas[ref[1]] == nil {
			t.Errorf("reference to %s leads nowhere", ref[1])
		}
	}
	n := 0
	for path, item := range doc.Paths {
		for verb, op := range item {
			n++
			name := verb + " " + path
			if op.OperationID == "" || len(op.Access.Kinds) == 0 || op.Responses["200"] == nil {
				t.Errorf("%s is described badly: %+v", name, op)
			}
			if open := len(op.Security) == 0; open != (op.Access.Kinds[0] == "anonymous") {
				t.Errorf("%s: security %v, kinds %v", name, op.Security, op.Access.Kinds)
			}
			if strings.HasPrefix(path, "/api/v1") && op.Access.Permission == "" {
				t.Errorf("%s names no permission", name)
			}
			for _, param := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
				found := false
				for _, p := range op.Parameters {
					found = found || p.Name == param[1] && p.In == "path"
				}
				if !found {
					t.Errorf("%s does not describe {%s}", name, param[1])
				}
			}
		}
	}
	if n != len(w.server.Router.Routes()) {
		t.Errorf("%d operations are described, %d registered", n, len(w.server.Router.Routes()))
	}
}

// TestExamples: the examples of the documents are true to the answers' shape: each
// is JSON in the envelope.
func TestExamples(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, route := range w.server.Router.Routes() {
		for _, example := range []string{route.Doc.Example, route.Doc.BodyExample} {
			if example != "" && !json.Valid([]byte(example)) {
				t.Errorf("%s %s: example is not JSON: %s", route.Method, route.Path, example)
			}
		}
		if e := route.Doc.Example; e != "" && route.Doc.Raw == nil && !strings.HasPrefix(e, `{"status":"success"`) {
			t.Errorf("%s %s: example is not in the envelope: %s", route.Method, route.Path, e)
		}
	}
}
