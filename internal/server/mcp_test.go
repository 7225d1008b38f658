package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"datafast/internal/account"
	"datafast/internal/api"
	"datafast/internal/auth"
	"datafast/internal/client"
	"datafast/internal/mcp/stdio"
	"datafast/internal/site"
)

// withToken sends a bearer token with every request.
type withToken string

// RoundTrip implements http.RoundTripper.
func (t withToken) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(t))
	return http.DefaultTransport.RoundTrip(r)
}

// agent connects to /api/mcp over HTTP.
func agent(t testing.TB, base, token, query string) *sdk.ClientSession {
	t.Helper()
	transport := &sdk.StreamableClientTransport{Endpoint: base + "/api/mcp" + query, HTTPClient: &http.Client{Transport: withToken(token)}}
	return connect(t, transport)
}

// agentOnPipes connects through the bridge of `datafast mcp`.
func agentOnPipes(t testing.TB, base, token string, readOnly bool) *sdk.ClientSession {
	t.Helper()
	toBridge, fromAgent := io.Pipe()
	toAgent, fromBridge := io.Pipe()
	c := &client.Client{Base: base, Token: token, HTTP: http.DefaultClient}
	go func() {
		_ = stdio.Serve(t.Context(), c, readOnly, toBridge, fromBridge)
		_ = fromBridge.Close()
	}()
	return connect(t, &sdk.IOTransport{Reader: toAgent, Writer: fromAgent})
}

func connect(t testing.TB, transport sdk.Transport) *sdk.ClientSession {
	t.Helper()
	s, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func toolNames(t testing.TB, s *sdk.ClientSession) []string {
	t.Helper()
	list, err := s.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
	}
	slices.Sort(names)
	return names
}

// contract is the access table as the contract has it, never the code's.
type contractRow struct {
	key, permission, viewer, member, owner, narrowed string
}

func contract(t testing.TB) map[string]contractRow {
	t.Helper()
	raw, err := os.ReadFile("../api/testdata/access_matrix.tsv")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]contractRow{}
	for line := range strings.Lines(string(raw)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) == 9 && f[8] == "now" {
			rows[f[0]+" "+unnamed("/api/v1"+f[1])] = contractRow{f[2], f[3], f[4], f[5], f[6], f[7]}
		}
	}
	return rows
}

// unnamed takes the names out of a path's parameters.
func unnamed(path string) string {
	return regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(path, "{}")
}

// toolName spells a route's tool, written apart from the code.
func toolName(id string) string {
	words := regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(id, "${1}_${2}")
	return "datafast_" + strings.ToLower(words)
}

// isTool: all of the Website and Account API but batch, stream, exports and import.
func isTool(r api.Route) bool {
	return strings.HasPrefix(r.Path, "/api/v1/") && !strings.Contains(r.Path, "/exports/") &&
		!slices.Contains([]string{"query", "streamRealtime", "importEvents"}, r.Doc.ID)
}

// shape is a credential as the contract's rules see it.
type shape struct {
	name        string
	token       string
	key         bool
	permissions []string
	roles       []account.Role // on the websites it reaches
	narrowed    bool
}

func (s shape) allowed(r contractRow) bool {
	if s.key {
		return r.key == "yes" && (r.member == "y" || r.member == "-") || r.key == "owner"
	}
	holds := func(p string) bool { return slices.Contains(s.permissions, p) || slices.Contains(s.permissions, "*") }
	noun, isRead := strings.CutSuffix(r.permission, ":read")
	managed := slices.Contains([]string{"websites", "settings", "api-keys", "funnels", "alerts", "team", "notes"}, noun)
	if !holds(r.permission) && (!isRead || !managed || !holds(noun+":write")) || s.narrowed && r.narrowed == "n" {
		return false
	}
	if r.owner == "-" {
		return true
	}
	return slices.ContainsFunc(s.roles, func(role account.Role) bool {
		return map[account.Role]string{account.RoleViewer: r.viewer, account.RoleMember: r.member, account.RoleOwner: r.owner}[role] == "y"
	})
}

func (in *installation) grant(userID string, permissions []string, websites ...string) string {
	in.t.Helper()
	_, token, err := in.server.people.keeper.CreateToken(in.t.Context(), auth.SignedIn("", userID, false),
		auth.NewToken{Name: "test", Permissions: permissions, Websites: websites}, in.server.people.sites)
	if err != nil {
		in.t.Fatal(err)
	}
	return token
}

// TestMCP_listed: for each shape of credential, over both transports, the tools
// listed are those that the contract's table allows; read-only takes the changing
// ones away.
func TestMCP_listed(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "first.example", "Europe/Berlin", "EUR")
	web := httptest.NewServer(in.server.Router)
	t.Cleanup(web.Close)
	ctx, p := t.Context(), in.server.people
	owner, err := p.people.ByEmail(ctx, "owner@example.com")
	if err != nil {
		t.Fatal(err)
	}
	other, err := p.people.Create(ctx, account.NewUser{Email: "other@example.com", Name: "Other", Password: "correct horse battery"})
	if err != nil {
		t.Fatal(err)
	}
	second, err := p.sites.Create(ctx, owner.ID, site.NewWebsite{Domain: "second.example", Timezone: "UTC", Currency: "USD"})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.teams.Appoint(ctx, second.ID, other, account.RoleViewer); err != nil {
		t.Fatal(err)
	}
	_, key, err := p.keeper.CreateKey(ctx, auth.SignedIn("", owner.ID, false), in.website.ID, auth.NewKey{})
	if err != nil {
		t.Fatal(err)
	}
	some := []string{"analytics:read", "funnels:write", "team:write"}
	shapes := []shape{
		{name: "everything, owner", token: in.token, permissions: []string{"*"}, roles: []account.Role{account.RoleOwner}},
		{name: "website key", token: key, key: true},
		{name: "some, one website", token: in.grant(owner.ID, some, in.website.ID), permissions: some, roles: []account.Role{account.RoleOwner}, narrowed: true},
		{name: "everything, viewer", token: in.grant(other.ID, []string{"*"}), permissions: []string{"*"}, roles: []account.Role{account.RoleViewer}},
		{name: "a webhook", token: in.grant(owner.ID, []string{"payments:write"}), permissions: []string{"payments:write"}, roles: []account.Role{account.RoleOwner}},
	}
	table := contract(t)
	for _, s := range shapes {
		var want, reads []string
		for _, r := range in.server.Router.Routes() {
			row, known := table[r.Method+" "+unnamed(r.Path)]
			if !isTool(r) {
				continue
			}
			if !known {
				t.Errorf("%s %s is not in the contract's table", r.Method, r.Path)
			}
			if s.allowed(row) {
				want = append(want, toolName(r.Doc.ID))
				if r.Method == http.MethodGet {
					reads = append(reads, toolName(r.Doc.ID))
				}
			}
		}
		slices.Sort(want)
		slices.Sort(reads)
		for how, got := range map[string][]string{
			"HTTP":  toolNames(t, agent(t, web.URL, s.token, "")),
			"stdio": toolNames(t, agentOnPipes(t, web.URL, s.token, false)),
		} {
			if !slices.Equal(got, want) {
				t.Errorf("%s over %s lists\n%v\nwant\n%v", s.name, how, got, want)
			}
		}
		if reads == nil {
			reads = []string{}
		}
		for how, got := range map[string][]string{
			"HTTP":  toolNames(t, agent(t, web.URL, s.token, "?readOnly=true")),
			"stdio": toolNames(t, agentOnPipes(t, web.URL, s.token, true)),
		} {
			if !slices.Equal(got, reads) {
				t.Errorf("%s read-only over %s lists\n%v\nwant\n%v", s.name, how, got, reads)
			}
		}
	}
}

// checkOutput holds a result against the tool's output schema, as clients do.
func checkOutput(t testing.TB, s *sdk.ClientSession, name string, content any) {
	t.Helper()
	list, err := s.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list.Tools, func(tool *sdk.Tool) bool { return tool.Name == name })
	raw, err := json.Marshal(list.Tools[i].OutputSchema)
	if err != nil {
		t.Fatal(err)
	}
	var schema jsonschema.Schema
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := resolved.Validate(content); err != nil {
		t.Errorf("%s answers otherwise than its schema says: %v", name, err)
	}
}

func callTool(t testing.TB, s *sdk.ClientSession, name string, args map[string]any) (text string, failed bool) {
	t.Helper()
	r, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		t.Fatalf("%s %v: %v", name, args, err)
	}
	if !r.IsError {
		checkOutput(t, s, name, r.StructuredContent)
	}
	c, ok := r.Content[0].(*sdk.TextContent)
	if !ok {
		t.Fatalf("%s answered %T", name, r.Content[0])
	}
	return c.Text, r.IsError
}

// arguments are those of a route's example: ids from the stock, the example of the
// body, and what the query requires.
func (s *stock) arguments(r api.Route) map[string]any {
	args := map[string]any{}
	if r.Doc.BodyExample != "" {
		example := strings.ReplaceAll(r.Doc.BodyExample, "665f0b3c4d2e1a0012345678", s.in.website.ID)
		if err := json.Unmarshal([]byte(example), &args); err != nil {
			s.t.Fatal(err)
		}
	}
	for _, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(r.Path, -1) {
		args[m[1]] = s.id[strings.ToUpper(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(m[1], "${1}_${2}"))]
		if m[1] == "apiKeyId" {
			args[m[1]] = s.id["API_KEY_ID"]
		}
	}
	if r.Rule.Website == auth.ByQuery {
		args["websiteId"] = s.in.website.ID
	}
	switch r.Doc.ID {
	case "getTimeseries":
		args["fields"] = "visitors"
	case "getGoalProperties":
		args["eventName"] = "signup"
	case "deleteGoals":
		args["datafast_visitor_id"], args["name"] = exampleVisitor, "signup"
	case "deletePayments":
		args["transaction_id"] = "stock"
	case "deleteGoalCustomization":
		args["goalName"] = "signup"
	case "removeMember", "handOverWebsite":
		args["userId"] = s.id["USER_ID"]
	}
	return args
}

// state is what the reads of things that can be changed answer, but for what every
// request changes, and what alerts add by themselves.
func (s *stock) state() string {
	s.t.Helper()
	var b strings.Builder
	for _, r := range s.in.server.Router.Routes() {
		kept := strings.HasPrefix(r.Path, "/api/v1/admin/") || slices.Contains([]string{"getGoals", "listPayments", "getOverview"}, r.Doc.ID)
		if r.Method != http.MethodGet || !kept || strings.Contains(r.Path, "alerts/") {
			continue
		}
		args := s.arguments(r)
		path := regexp.MustCompile(`\{(\w+)\}`).ReplaceAllStringFunc(r.Path, func(p string) string { return args[strings.Trim(p, "{}")].(string) })
		query := map[string][]string{}
		for name, value := range args {
			if !strings.Contains(r.Path, "{"+name+"}") {
				query[name] = []string{value.(string)}
			}
		}
		out := s.in.mustCall("GET", path, query, nil, jsonType)
		raw, err := json.Marshal(out)
		if err != nil {
			s.t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s\n", r.Path, raw)
	}
	return regexp.MustCompile(`"lastUsed[A-Za-z]*":("[^"]*"|null),?|"recentLogs":\[[^\]]*\],?`).ReplaceAllString(b.String(), "")
}

// TestMCP_everyTool calls each tool: without confirm where that is needed, which
// shows a preview and changes nothing; then so that it succeeds; then with a token
// that lacks its permission, which says what is missing and changes nothing.
func TestMCP_everyTool(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "first.example", "Europe/Berlin", "EUR")
	web := httptest.NewServer(in.server.Router)
	t.Cleanup(web.Close)
	s := newStock(t, in)
	full := agent(t, web.URL, in.token, "")
	owner, err := in.server.people.people.ByEmail(t.Context(), "owner@example.com")
	if err != nil {
		t.Fatal(err)
	}
	webhook := agent(t, web.URL, in.grant(owner.ID, []string{"payments:write"}), "")
	reader := agent(t, web.URL, in.grant(owner.ID, []string{"goals:read"}), "")
	s.refill()
	for _, r := range in.server.Router.Routes() {
		if !isTool(r) {
			continue
		}
		name, args := toolName(r.Doc.ID), s.arguments(r)
		if r.NeedsConfirmation() {
			before := s.state()
			text, failed := callTool(t, full, name, args)
			if failed || !strings.Contains(text, `{"preview":{`) {
				t.Errorf("%s without confirm: %.300s", name, text)
			}
			if r.Method == http.MethodDelete && !slices.Contains([]string{"deleteGoals"}, r.Doc.ID) && !strings.Contains(text, `"current"`) {
				t.Errorf("%s previews without what is there now: %.300s", name, text)
			}
			args["confirm"] = false
			callTool(t, full, name, args)
			args["confirm"] = "true"
			callTool(t, full, name, args)
			if after := s.state(); after != before {
				t.Errorf("%s without confirm changed something:\n%s", name, firstChange(before, after))
			}
			args["confirm"] = true
		}
		text, failed := callTool(t, full, name, args)
		if refused := r.Doc.ID == "deleteWebsite"; failed != refused {
			t.Errorf("%s %v: %.300s", name, args, text)
		}
		limited, lacking := webhook, "payments:write"
		if strings.HasPrefix(r.Rule.Permission.String(), "payments:") {
			limited, lacking = reader, "goals:read"
		}
		before := ""
		if r.Changes() {
			s.refill()
			before = s.state()
		}
		text, failed = callTool(t, limited, name, args)
		if !failed || !strings.Contains(text, "Missing permission: "+r.Rule.Permission.String()) {
			t.Errorf("%s with %s alone: %.300s", name, lacking, text)
		}
		if !r.Changes() {
			continue
		}
		if after := s.state(); withoutTokens(after) != withoutTokens(before) {
			t.Errorf("%s was refused and changed something:\n%s", name, firstChange(withoutTokens(before), withoutTokens(after)))
		}
	}
}

// firstChange shows the first line in which two states differ.
func firstChange(before, after string) string {
	was := strings.Split(before, "\n")
	for i, line := range strings.Split(after, "\n") {
		if i >= len(was) || was[i] != line {
			return fmt.Sprintf("%.600s\nwas\n%.600s", line, was[min(i, len(was)-1)])
		}
	}
	return "lines are missing"
}

// withoutTokens leaves out the list of tokens and the audit log, which the test
// itself fills.
func withoutTokens(state string) string {
	return regexp.MustCompile(`(?m)^/api/v1/admin/(access-tokens|audit-log|websites/\{websiteId\}/audit-log) .*\n`).ReplaceAllString(state, "")
}

// TestMCP_otherwise: who may not connect, tools that are none, resources, prompts,
// annotations, and that a website's own refusal holds although the tool is listed.
func TestMCP_otherwise(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "first.example", "Europe/Berlin", "EUR")
	web := httptest.NewServer(in.server.Router)
	t.Cleanup(web.Close)
	for _, token := range []string{"", "dft_wrong"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL+"/api/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != 401 || !strings.Contains(string(body), "Missing or invalid API key") {
			t.Errorf("token %q: %d %s", token, resp.StatusCode, body)
		}
	}
	s := agent(t, web.URL, in.token, "")
	if _, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: "datafast_nothing"}); err == nil {
		t.Error("a tool that does not exist was called")
	}
	if text, failed := callTool(t, s, "datafast_get_overview", map[string]any{"websiteId": "665f0b3c4d2e1a0012345678"}); !failed || !strings.Contains(text, "Website not found") {
		t.Errorf("an unknown website: %s", text)
	}
	readOnly := agent(t, web.URL, in.token, "?readOnly=true")
	if text, failed := callTool(t, readOnly, "datafast_create_note", map[string]any{"websiteId": in.website.ID}); !failed || !strings.Contains(text, "read-only") {
		t.Errorf("read-only: %s", text)
	}
	checkAnnotations(t, in, s)
	resources, err := s.ListResources(t.Context(), nil)
	if err != nil || len(resources.Resources) < 100 {
		t.Fatalf("resources: %v, %v", resources, err)
	}
	for uri, has := range map[string]string{"datafast://docs/mcp": "# MCP", "datafast://websites/" + in.website.ID: `"domain":"first.example"`} {
		got, err := s.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: uri})
		if err != nil || !strings.Contains(got.Contents[0].Text, has) {
			t.Errorf("%s: %v, %v", uri, got, err)
		}
	}
	prompts, err := s.ListPrompts(t.Context(), nil)
	if err != nil || len(prompts.Prompts) != 3 {
		t.Fatalf("prompts: %v, %v", prompts, err)
	}
	for _, p := range prompts.Prompts {
		got, err := s.GetPrompt(t.Context(), &sdk.GetPromptParams{Name: p.Name, Arguments: map[string]string{"websiteId": in.website.ID}})
		if err != nil {
			t.Fatal(err)
		}
		text := got.Messages[0].Content.(*sdk.TextContent).Text
		listed := toolNames(t, s)
		for _, tool := range regexp.MustCompile(`datafast_\w+`).FindAllString(text, -1) {
			if !slices.Contains(listed, tool) {
				t.Errorf("prompt %s names %s, which does not exist", p.Name, tool)
			}
		}
		if !strings.Contains(text, in.website.ID) {
			t.Errorf("prompt %s does not name the website", p.Name)
		}
	}
}

// TestMCP_disabled: a user whom the operator disabled gets nothing, not even a list.
func TestMCP_disabled(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "first.example", "Europe/Berlin", "EUR")
	owner, err := in.server.people.people.ByEmail(t.Context(), "owner@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := in.server.people.people.Disable(t.Context(), owner.ID, true); err != nil {
		t.Fatal(err)
	}
	status, out := in.call("POST", "/api/mcp", nil, []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`), jsonType)
	if status != http.StatusForbidden {
		t.Errorf("%d %v, want 403", status, out)
	}
}

// checkAnnotations: reading tools say so, deleting tools too, and every schema is
// an object that stands alone.
func checkAnnotations(t *testing.T, in *installation, s *sdk.ClientSession) {
	t.Helper()
	methods := map[string]string{}
	for _, r := range in.server.Router.Routes() {
		methods[toolName(r.Doc.ID)] = r.Method
	}
	list, err := s.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range list.Tools {
		a := tool.Annotations
		if a.ReadOnlyHint != (methods[tool.Name] == "GET") || methods[tool.Name] == "DELETE" && !*a.DestructiveHint {
			t.Errorf("%s: %s is annotated %+v", tool.Name, methods[tool.Name], a)
		}
		raw, err := json.Marshal([]any{tool.InputSchema, tool.OutputSchema})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), "#/components/") || tool.OutputSchema == nil {
			t.Errorf("%s: its schemas do not stand alone: %.200s", tool.Name, raw)
		}
	}
}

// TestMCP_awayServer: the bridge tells the agent that the server cannot be reached.
func TestMCP_awayServer(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.NotFoundHandler())
	web.Close()
	var out strings.Builder
	c := &client.Client{Base: web.URL, Token: "dft_x", HTTP: http.DefaultClient}
	in := strings.NewReader("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"initialize\"}\nno json\n")
	if err := stdio.Serve(context.Background(), c, false, in, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"id":7`, "reach " + web.URL, "-32700"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %s", want, out.String())
		}
	}
}
