package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"datafast/internal/account"
	"datafast/internal/auth"
)

// Names of the security schemes.
const (
	schemeKey     = "websiteKey"
	schemeToken   = "accountToken"
	schemeSession = "session"
)

// Document describes the registered routes as OpenAPI 3.1. The security section
// and the access note of each operation come from its rule.
func (rt *Router) Document(version, baseURL string) *huma.OpenAPI {
	d := &describer{schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)}
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "datafast", Version: version,
			Description: "Web analytics that you host yourself, with a DataFast-compatible API. Success is `{\"status\":\"success\",\"data\":…}`, failure `{\"status\":\"error\",\"error\":{\"code\",\"message\"}}` with `code` equal to the HTTP status.",
		},
		Servers: []*huma.Server{{URL: baseURL}},
		Paths:   map[string]*huma.PathItem{},
	}
	for _, route := range rt.Routes() {
		item := doc.Paths[route.Path]
		if item == nil {
			item = &huma.PathItem{}
			doc.Paths[route.Path] = item
		}
		put(item, route.Method, d.operation(route))
		if !slices.ContainsFunc(doc.Tags, func(t *huma.Tag) bool { return t.Name == route.Doc.Tag }) {
			doc.Tags = append(doc.Tags, &huma.Tag{Name: route.Doc.Tag})
		}
	}
	slices.SortFunc(doc.Tags, func(a, b *huma.Tag) int { return strings.Compare(a.Name, b.Name) })
	for name, s := range d.schemas.Map() {
		loosen(s)
		admitNull(s, d.schemas.TypeFromRef("#/components/schemas/"+name))
	}
	d.schemas.Map()["Error"] = errorSchema()
	doc.Components = &huma.Components{Schemas: d.schemas, SecuritySchemes: securitySchemes()}
	return doc
}

// loosen takes back two habits of the schema maker: lists are never null here,
// and clients must put up with keys they do not know.
func loosen(s *huma.Schema) {
	if s == nil {
		return
	}
	if s.Type == huma.TypeArray {
		s.Nullable = false
	}
	if s.AdditionalProperties == false {
		s.AdditionalProperties = nil
	}
	loosen(s.Items)
	for _, p := range s.Properties {
		loosen(p)
	}
}

// admitNull lets a field that points to an object be null, which the schema maker
// does not see; one that is left out when empty never is.
func admitNull(s *huma.Schema, t reflect.Type) {
	if t == nil || t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := s.Properties[name]
		if p == nil || p.Ref == "" || f.Type.Kind() != reflect.Pointer || strings.Contains(options, "omit") {
			continue
		}
		s.Properties[name] = &huma.Schema{Description: p.Description, OneOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}}
	}
}

// listOrNull is a list that null stands for when there is nothing to say.
type listOrNull []string

// Schema implements huma.SchemaProvider.
func (listOrNull) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString}}, {Type: "null"},
	}}
}

func securitySchemes() map[string]*huma.SecurityScheme {
	return map[string]*huma.SecurityScheme{
		schemeKey:     {Type: "http", Scheme: "bearer", BearerFormat: "df_…", Description: "Website API key: one website, as a member."},
		schemeToken:   {Type: "http", Scheme: "bearer", BearerFormat: "dft_…", Description: "Account token: its user's websites, within its permissions and its list of websites."},
		schemeSession: {Type: "apiKey", In: "cookie", Name: cookieName, Description: "The dashboard's sign-in cookie, from the same origin only."},
	}
}

func errorSchema() *huma.Schema {
	inner := object(map[string]*huma.Schema{
		"code":    {Type: "integer", Description: "The HTTP status"},
		"message": {Type: "string", Description: "A sentence for people"},
		"reason":  {Type: "string", Description: "A machine key, where there is one"},
	}, "code", "message")
	return object(map[string]*huma.Schema{"status": {Type: "string", Enum: []any{"error"}}, "error": inner}, "status", "error")
}

func object(properties map[string]*huma.Schema, required ...string) *huma.Schema {
	return &huma.Schema{Type: "object", Properties: properties, Required: required}
}

func put(item *huma.PathItem, method string, op *huma.Operation) {
	switch method {
	case http.MethodGet:
		item.Get = op
	case http.MethodPost:
		item.Post = op
	case http.MethodPut:
		item.Put = op
	case http.MethodPatch:
		item.Patch = op
	case http.MethodDelete:
		item.Delete = op
	}
}

// describer turns routes into operations.
type describer struct{ schemas huma.Registry }

func (d *describer) operation(r Route) *huma.Operation {
	op := &huma.Operation{
		OperationID: r.Doc.ID, Summary: r.Doc.Summary, Tags: []string{r.Doc.Tag},
		Description: strings.TrimSpace(r.Doc.Description + "\n\n" + AccessNote(r.Rule)),
		Parameters:  parameters(r), Responses: d.responses(r), Security: security(r.Rule),
		Extensions: map[string]any{"x-access": accessFacts(r.Rule)},
	}
	if r.Doc.Body != nil || r.Doc.BodyExample != "" {
		op.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": d.media(r.Doc.Body, r.Doc.ID+"Body", r.Doc.BodyExample)}}
	}
	return op
}

func (d *describer) media(value any, hint, example string) *huma.MediaType {
	m := &huma.MediaType{Example: exampleOf(example)}
	if value != nil {
		m.Schema = d.schemas.Schema(reflect.TypeOf(value), true, hint)
	}
	return m
}

func exampleOf(text string) any {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

// responses are the success and one error for everything else.
func (d *describer) responses(r Route) map[string]*huma.Response {
	kind := r.Doc.ContentType
	if kind == "" || r.Doc.Data != nil {
		kind = "application/json"
	}
	ok := &huma.Response{Description: "Success", Content: map[string]*huma.MediaType{kind: {
		Schema: d.answer(r), Example: exampleOf(r.Doc.Example),
	}}}
	failed := &huma.Response{Description: "Error", Content: map[string]*huma.MediaType{"application/json": {
		Schema: &huma.Schema{Ref: "#/components/schemas/Error"},
	}}}
	return map[string]*huma.Response{strconv.Itoa(http.StatusOK): ok, "default": failed}
}

// answer is the schema of a success: the envelope, or what takes its place.
func (d *describer) answer(r Route) *huma.Schema {
	switch {
	case r.Doc.Raw != nil:
		return d.schemas.Schema(reflect.TypeOf(r.Doc.Raw), true, r.Doc.ID+"Answer")
	case r.Doc.Data == nil:
		return nil
	}
	properties := map[string]*huma.Schema{
		"status": {Type: "string", Enum: []any{"success"}},
		"data":   d.schemas.Schema(reflect.TypeOf(r.Doc.Data), true, r.Doc.ID+"Data"),
	}
	required := []string{"status", "data"}
	if r.Doc.Paged {
		properties["pagination"] = d.schemas.Schema(reflect.TypeFor[Pagination](), true, "Pagination")
		required = append(required, "pagination")
	}
	if r.Doc.Extra != nil {
		extra := huma.SchemaFromType(d.schemas, reflect.TypeOf(r.Doc.Extra))
		for name, s := range extra.Properties {
			properties[name] = s
		}
		required = append(required, extra.Required...)
	}
	answer := object(properties, required...)
	loosen(answer)
	return answer
}

// parameters are those of the path, of the binding, and the documented query.
func parameters(r Route) []*huma.Param {
	var params []*huma.Param
	for part := range strings.SplitSeq(r.Path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			params = append(params, &huma.Param{Name: name, In: "path", Required: true, Schema: pathSchema(name)})
		}
	}
	if r.Rule.Website == auth.ByQuery {
		params = append(params, &huma.Param{
			Name: "websiteId", In: "query", Schema: pathSchema("websiteId"),
			Description: "Which website; required with an account token, a website key stands for its own.",
		})
	}
	for _, p := range r.Doc.Query {
		params = append(params, queryParam(p))
	}
	return params
}

func pathSchema(name string) *huma.Schema {
	switch name {
	case "websiteId":
		return &huma.Schema{Type: "string", Pattern: "^([0-9a-f]{24}|dfid_[A-Za-z0-9]{6,40})$"}
	case "visitorId":
		return &huma.Schema{Type: "string", Format: "uuid"}
	}
	return &huma.Schema{Type: "string", Pattern: "^[0-9a-f]{24}$"}
}

func queryParam(p Param) *huma.Param {
	s := &huma.Schema{Type: p.Type}
	if s.Type == "" {
		s.Type = "string"
	}
	for _, v := range p.Enum {
		s.Enum = append(s.Enum, v)
	}
	if p.Repeated {
		s = &huma.Schema{Type: "array", Items: s}
	}
	return &huma.Param{Name: p.Name, In: "query", Required: p.Required, Description: p.Description, Schema: s}
}

// security lists the schemes of a rule; each alone is enough.
func security(rule auth.Rule) []map[string][]string {
	list := []map[string][]string{}
	for _, k := range kindsOf(rule) {
		switch k {
		case auth.WebsiteKey:
			list = append(list, map[string][]string{schemeKey: {}})
		case auth.AccountToken:
			list = append(list, map[string][]string{schemeToken: {}})
		case auth.Session:
			list = append(list, map[string][]string{schemeSession: {}})
		}
	}
	return list
}

// AccessNote says in a paragraph who may call a route.
func AccessNote(rule auth.Rule) string {
	if rule.Kinds == auth.Anonymous {
		return "**Access:** open to all; what is needed stands in the body."
	}
	if rule.Kinds&auth.AccountToken == 0 {
		note := "**Access:** signed in to the dashboard; never a token."
		if rule.Least != account.RoleNone {
			note += fmt.Sprintf(" Least role: %s.", rule.Least)
		}
		return note
	}
	note := fmt.Sprintf("**Access:** account token (`dft_`) with `%s`", rule.Permission)
	if w := rule.Permission.IncludedBy(); w != auth.NoPermission {
		note += fmt.Sprintf(" (`%s` includes it)", w)
	}
	switch {
	case rule.KeyOfOwner:
		note += ", or a website key (`df_`) whose creator is the owner."
	case rule.Kinds&auth.WebsiteKey != 0:
		note += ", or a website key (`df_`)."
	default:
		note += "; no website keys."
	}
	if rule.Least != account.RoleNone {
		note += fmt.Sprintf(" Least role: %s.", rule.Least)
	}
	if rule.NotNarrowed {
		note += " Not with a token limited to some websites."
	}
	return note
}

// accessFacts is the rule for programs, extension x-access.
func accessFacts(rule auth.Rule) map[string]any {
	kinds := []string{}
	for _, k := range kindsOf(rule) {
		kinds = append(kinds, k.String())
	}
	facts := map[string]any{"kinds": kinds}
	if rule.Permission != auth.NoPermission {
		facts["permission"] = rule.Permission.String()
	}
	if rule.Least != account.RoleNone {
		facts["role"] = string(rule.Least)
	}
	if rule.NotNarrowed {
		facts["notNarrowed"] = true
	}
	if rule.KeyOfOwner {
		facts["keyOfOwner"] = true
	}
	return facts
}

// kindsOf lists the kinds in a rule, for documents and tests.
func kindsOf(rule auth.Rule) []auth.Kind {
	var kinds []auth.Kind
	for _, k := range []auth.Kind{auth.Anonymous, auth.WebsiteKey, auth.AccountToken, auth.Session} {
		if rule.Kinds&k != 0 {
			kinds = append(kinds, k)
		}
	}
	return kinds
}
