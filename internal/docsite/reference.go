package docsite

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// operationPages is a page for each operation below /api/v1, sorted by tag, path
// and method.
func operationPages(doc map[string]any) []*page {
	var pages []*page
	paths := object(doc["paths"])
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if !strings.HasPrefix(path, "/api/v1/") {
			continue
		}
		item := object(paths[path])
		for _, method := range []string{"get", "post", "put", "patch", "delete"} {
			if op := object(item[method]); op != nil {
				pages = append(pages, operationPage(doc, strings.ToUpper(method), path, op))
			}
		}
	}
	slices.SortStableFunc(pages, func(a, b *page) int { return strings.Compare(a.group, b.group) })
	return pages
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

// slug spells a name as addresses are: "Access tokens" and "createAccessToken"
// become "access-tokens" and "create-access-token".
func slug(name string) string {
	var b strings.Builder
	for i, c := range name {
		switch {
		case c == ' ':
			b.WriteByte('-')
		case unicode.IsUpper(c):
			if i > 0 && name[i-1] != ' ' && !unicode.IsUpper(rune(name[i-1])) {
				b.WriteByte('-')
			}
			b.WriteRune(unicode.ToLower(c))
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

func operationPage(doc map[string]any, method, path string, op map[string]any) *page {
	id := str(op["operationId"])
	p := &page{
		file: "api/" + slug(id) + ".md", path: "/docs/api/" + slug(id), title: str(op["summary"]),
		description: method + " " + path, group: str(list(op["tags"])[0]),
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n`%s %s`\n\n%s\n\n", p.title, method, path, str(op["description"]))
	fmt.Fprintf(&b, "## Example\n\n```bash\n%s\n```\n\n[Try it in the playground](playground.md?operation=%s)\n\n", curl(doc, method, path, op), id)
	parameterTable(&b, op)
	bodyTable(&b, doc, op)
	answerPart(&b, doc, op)
	fmt.Fprintf(&b, "Errors are in the usual envelope: [Errors](index.md#errors).\n")
	p.text = b.String()
	return p
}

// curl is a call that works as it stands, once the variables are set.
func curl(doc map[string]any, method, path string, op map[string]any) string {
	query := url.Values{}
	target := path
	for _, raw := range list(op["parameters"]) {
		param := object(raw)
		name := str(param["name"])
		if param["in"] == "path" {
			target = strings.ReplaceAll(target, "{"+name+"}", variable(name))
			continue
		}
		if value := exampleValue(str(op["operationId"]), name, param["required"] == true); value != "" {
			query.Set(name, value)
		}
	}
	call := "curl"
	if method != "GET" {
		call += " -X " + method
	}
	call += ` -H "Authorization: Bearer $DATAFAST_TOKEN"`
	if body := exampleBody(doc, op); body != "" {
		call += " \\\n  -H \"Content-Type: application/json\" -d '" + body + "'"
	}
	if str(op["operationId"]) == "importEvents" {
		call += " \\\n  -H \"Content-Type: application/x-ndjson\" --data-binary @events.ndjson"
	}
	if str(op["operationId"]) == "streamRealtime" {
		call += " --no-buffer --max-time 2"
	}
	quoted := strings.ReplaceAll(strings.ReplaceAll(query.Encode(), "%24", "$"), "%2C", ",")
	if quoted != "" {
		target += "?" + quoted
	}
	return call + " \\\n  \"" + sampleBase + target + `"`
}

// sampleWebsite is the id that examples of bodies name.
const sampleWebsite = "665f0b3c4d2e1a0012345678"

// exampleBody is the body of an example within single quotes; "" when the
// operation has none. Ids in it are the shell's variables.
func exampleBody(doc, op map[string]any) string {
	media := object(object(object(op["requestBody"])["content"])["application/json"])
	if media == nil {
		return ""
	}
	quoted := func(name string) string { return `'"` + variable(name) + `"'` }
	if example := media["example"]; example != nil {
		raw, _ := json.Marshal(example)
		return strings.ReplaceAll(string(raw), sampleWebsite, quoted("websiteId"))
	}
	fields := map[string]any{}
	schema := deref(doc, object(media["schema"]))
	for _, name := range list(schema["required"]) {
		fields[str(name)] = "{" + str(name) + "}"
	}
	raw, _ := json.Marshal(fields)
	out := string(raw)
	for name := range fields {
		out = strings.ReplaceAll(out, "{"+name+"}", quoted(name))
	}
	return out
}

// variable is the shell's name of an id: websiteId is $WEBSITE_ID.
func variable(name string) string {
	return "$" + strings.ToUpper(strings.ReplaceAll(slug(name), "-", "_"))
}

// exampleValue is what an example asks for; "" leaves the parameter out.
func exampleValue(id, name string, required bool) string {
	switch {
	case name == "websiteId":
		return "$WEBSITE_ID"
	case name == "fields" && id == "getTimeseries":
		return "visitors,sessions,revenue"
	case name == "eventName":
		return "signup"
	case id == "deleteGoals" && name == "name", id == "deleteGoalCustomization" && name == "goalName":
		return "signup"
	case id == "deletePayments" && name == "transaction_id":
		return "txn_1"
	case id == "deleteGoals" && name == "datafast_visitor_id":
		return "$VISITOR_ID"
	case required:
		return variable(name)
	}
	return ""
}

func parameterTable(b *strings.Builder, op map[string]any) {
	params := list(op["parameters"])
	if len(params) == 0 {
		return
	}
	b.WriteString("## Parameters\n\n| Name | In | Type | Meaning |\n|---|---|---|---|\n")
	for _, raw := range params {
		p := object(raw)
		meaning := str(p["description"])
		if p["required"] == true {
			meaning = strings.TrimSpace("**Required.** " + meaning)
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", str(p["name"]), str(p["in"]), typeOf(object(p["schema"])), cell(meaning))
	}
	b.WriteString("\n")
}

func cell(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "|", "\\|"), "\n", " ") }

// typeOf names a schema's type for people.
func typeOf(s map[string]any) string {
	if values := list(s["enum"]); len(values) > 0 {
		words := make([]string, len(values))
		for i, v := range values {
			words[i] = fmt.Sprintf("`%v`", v)
		}
		return strings.Join(words, ", ")
	}
	if ref := str(s["$ref"]); ref != "" {
		return "object"
	}
	switch t := s["type"].(type) {
	case string:
		if t == "array" {
			return "list of " + typeOf(object(s["items"]))
		}
		return t
	case []any:
		words := make([]string, len(t))
		for i, v := range t {
			words[i] = fmt.Sprint(v)
		}
		return strings.Join(words, " or ")
	}
	return "any"
}

func deref(doc, s map[string]any) map[string]any {
	ref := str(s["$ref"])
	if ref == "" {
		return s
	}
	return object(object(object(doc["components"])["schemas"])[strings.TrimPrefix(ref, "#/components/schemas/")])
}

func bodyTable(b *strings.Builder, doc, op map[string]any) {
	body := deref(doc, object(object(object(object(op["requestBody"])["content"])["application/json"])["schema"]))
	if body == nil {
		return
	}
	b.WriteString("## Body\n\nJSON, `Content-Type: application/json`.\n\n")
	fieldTable(b, doc, body, "Field")
}

func fieldTable(b *strings.Builder, doc, schema map[string]any, head string) {
	fields := object(schema["properties"])
	if len(fields) == 0 {
		return
	}
	fmt.Fprintf(b, "| %s | Type | Meaning |\n|---|---|---|\n", head)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		f := object(fields[name])
		meaning := str(f["description"])
		if head == "Field" && slices.Contains(list(schema["required"]), any(name)) {
			meaning = strings.TrimSpace("**Required.** " + meaning)
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, typeOf(f), cell(meaning))
	}
	b.WriteString("\n")
}

func answerPart(b *strings.Builder, doc, op map[string]any) {
	content := object(object(object(op["responses"])["200"])["content"])
	b.WriteString("## Answer\n\n")
	for _, kind := range slices.Sorted(maps.Keys(content)) {
		media := object(content[kind])
		if kind != "application/json" {
			fmt.Fprintf(b, "200 with `%s`.\n\n", kind)
			continue
		}
		schema := deref(doc, object(media["schema"]))
		if data := object(object(schema["properties"])["data"]); data != nil {
			row := deref(doc, data)
			if items := object(row["items"]); items != nil {
				row = deref(doc, items)
			}
			fieldTable(b, doc, row, "In `data`")
		} else {
			fieldTable(b, doc, schema, "Key")
		}
		if example := media["example"]; example != nil {
			var out bytes.Buffer
			encode := json.NewEncoder(&out)
			encode.SetEscapeHTML(false)
			encode.SetIndent("", "  ")
			if encode.Encode(example) == nil {
				fmt.Fprintf(b, "```json\n%s```\n\n", out.String())
			}
		}
	}
}

// operationTable lists a group's operations at the end of its introduction.
func operationTable(group string, operations []*page) string {
	var b strings.Builder
	b.WriteString("\n## Operations\n\n| Operation | What |\n|---|---|\n")
	for _, p := range operations {
		if p.group == group {
			fmt.Fprintf(&b, "| `%s` | [%s](%s) |\n", p.description, p.title, strings.TrimPrefix(p.file, "api/"))
		}
	}
	return b.String()
}
