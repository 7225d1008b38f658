package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"datafast/internal/account"
)

// docsPages lists the addresses of all pages, as /llms.txt has them.
func docsPages(t testing.TB, in *installation) []string {
	t.Helper()
	_, _, text := in.page("/llms.txt", "")
	var paths []string
	for _, m := range regexp.MustCompile(`\]\(http://stats\.example\.com(/docs[^)]*\.md)\)`).FindAllStringSubmatch(text, -1) {
		paths = append(paths, m[1])
	}
	if len(paths) < 100 {
		t.Fatalf("/llms.txt lists %d pages", len(paths))
	}
	return paths
}

// page asks for a page of the docs.
func (in *installation) page(path, accept string) (int, http.Header, string) {
	in.t.Helper()
	r := httptest.NewRequestWithContext(in.t.Context(), http.MethodGet, path, nil)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	w := httptest.NewRecorder()
	in.server.Router.ServeHTTP(w, r)
	return w.Code, w.Header(), w.Body.String()
}

// htmlAddress is the address of a page whose Markdown is at path.
func htmlAddress(path string) string {
	path = strings.TrimSuffix(path, ".md")
	return strings.TrimSuffix(path, "/index")
}

// TestDocs_everyPage: HTML, Markdown at ….md and by Accept, a link to it and one
// to suggest a change, nothing loaded from elsewhere, this installation's address
// alone.
func TestDocs_everyPage(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "first.example", "Europe/Berlin", "EUR")
	foreign := regexp.MustCompile(`(?i)(src|href|action)="(https?:)?//`)
	hosts := regexp.MustCompile(`https?://([a-zA-Z0-9.-]+)`)
	allowed := []string{"stats.example.com", "shop.example", "127.0.0.1", "example.com", "twitter.com", "www.google.com", "t.co", "x", "api", "example.net", "partner.example"}
	_, _, full := in.page("/llms-full.txt", "")
	for _, path := range docsPages(t, in) {
		status, header, markdown := in.page(path, "")
		if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "text/markdown") || !strings.HasPrefix(markdown, "# ") {
			t.Errorf("%s: %d %s %.40q", path, status, header.Get("Content-Type"), markdown)
		}
		status, header, html := in.page(htmlAddress(path), "text/html")
		if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "text/html") || header.Get("Vary") != "Accept" || !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'self'") {
			t.Errorf("%s: %d %v", htmlAddress(path), status, header)
		}
		if !strings.Contains(html, `href="`+path+`"`) || !strings.Contains(html, "Suggest a change") {
			t.Errorf("%s lacks the links at its foot", path)
		}
		if m := foreign.FindString(regexp.MustCompile(`href="http://stats\.example\.com`).ReplaceAllString(html, "")); m != "" {
			t.Errorf("%s points elsewhere: %s", path, m)
		}
		for _, m := range hosts.FindAllStringSubmatch(markdown, -1) {
			if !slices.Contains(allowed, strings.TrimSuffix(m[1], ".")) {
				t.Errorf("%s names the host %s", path, m[1])
			}
		}
		if _, header, negotiated := in.page(htmlAddress(path), "text/markdown, text/html;q=0.5"); negotiated != markdown || header.Get("Vary") != "Accept" {
			t.Errorf("%s by Accept is not %s", htmlAddress(path), path)
		}
		if !strings.Contains(full, strings.TrimSpace(markdown)) {
			t.Errorf("/llms-full.txt lacks %s", path)
		}
	}
	if status, _, _ := in.page("/docs/nothing", ""); status != 404 {
		t.Errorf("an unknown page: %d", status)
	}
}

// TestDocs_links: every link and anchor leads somewhere.
func TestDocs_links(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "first.example", "Europe/Berlin", "EUR")
	bodies := map[string]string{}
	fetch := func(path string) string {
		if body, ok := bodies[path]; ok {
			return body
		}
		status, _, body := in.page(path, "text/html")
		if status != 200 {
			body = ""
		}
		bodies[path] = body
		return body
	}
	link := regexp.MustCompile(`href="([^"]*)"`)
	for _, path := range docsPages(t, in) {
		at := htmlAddress(path)
		body := fetch(at)
		_, body, _ = strings.Cut(body, "<main")
		for _, m := range link.FindAllStringSubmatch(body, -1) {
			target := strings.TrimPrefix(m[1], "http://stats.example.com")
			if strings.Contains(target, "WEBSITE_ID") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			page, anchor, _ := strings.Cut(target, "#")
			page, _, _ = strings.Cut(page, "?")
			if page == "" {
				page = at
			}
			switch found := fetch(page); {
			case found == "":
				t.Errorf("%s: dead link %s", at, m[1])
			case anchor != "" && !strings.Contains(found, `id="`+anchor+`"`):
				t.Errorf("%s: no anchor %s", at, m[1])
			}
		}
	}
	for _, path := range []string{"/docs/assets/docs.css", "/docs/assets/docs.js", "/openapi.yaml", "/docs.md"} {
		if status, _, _ := in.page(path, ""); status != 200 {
			t.Errorf("%s: %d", path, status)
		}
	}
}

// block is an example of a page with the answer that stands below it.
type block struct {
	code, answer string
	status       int
}

var (
	bashBlock = regexp.MustCompile("(?s)```bash(?: status=(\\d+))?\n(.*?)\n```(?:\n\n```json\n(.*?)\n```)?")
	anyFence  = regexp.MustCompile("(?s)```(\\w*)[^\n]*\n(.*?)\n```")
)

func blocksOf(t *testing.T, path, markdown string) []block {
	t.Helper()
	for _, m := range anyFence.FindAllStringSubmatch(markdown, -1) {
		if strings.Contains(m[2], "curl ") && m[1] != "bash" {
			t.Errorf("%s has a curl in a block that is not bash, so that nothing runs it: %s", path, m[2])
		}
	}
	var blocks []block
	for _, m := range bashBlock.FindAllStringSubmatch(markdown, -1) {
		b := block{code: m[2], answer: m[3]}
		if m[1] != "" {
			fmt.Sscan(m[1], &b.status)
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// refusedByDesign are operations whose example is refused.
var refusedByDesign = map[string]int{"/docs/api/delete-website.md": 403}

// TestDocs_examples runs every bash example of the docs against a server with a
// website that has one of everything. Where an answer stands below an example, each
// of its keys is in the real one.
func TestDocs_examples(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "first.example", "Europe/Berlin", "EUR")
	web := httptest.NewServer(in.server.Router)
	t.Cleanup(web.Close)
	s := newStock(t, in)
	ran := 0
	for _, path := range docsPages(t, in) {
		_, _, markdown := in.page(path, "")
		for _, b := range blocksOf(t, path, markdown) {
			if b.status == 0 {
				b.status = refusedByDesign[path]
			}
			s.refill()
			s.run(t, path, b, web.URL)
			ran++
		}
	}
	if ran < 100 {
		t.Errorf("only %d examples were found", ran)
	}
}

// run runs one example in a shell.
func (s *stock) run(t *testing.T, path string, b block, base string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "events.ndjson"), lines(t, "events.ndjson")[0], 0o600); err != nil {
		t.Fatal(err)
	}
	code := strings.ReplaceAll(b.code, "http://stats.example.com", base)
	script := "set -euo pipefail\ncurl() { command curl -sS -w '\\n%{stderr}%{http_code}\\n' \"$@\"; }\n" + code + "\n"
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), s.environment()...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	streamed := strings.Contains(code, "realtime/stream") && strings.Contains(out.String(), "event")
	statuses := regexp.MustCompile(`(?m)^\d{3}$`).FindAllString(errOut.String(), -1)
	if (err != nil && !streamed) || len(statuses) == 0 {
		t.Errorf("%s: %v\n%s\n%s%s", path, err, code, &out, &errOut)
		return
	}
	for _, status := range statuses {
		if b.status != 0 && status != fmt.Sprint(b.status) || b.status == 0 && status[0] != '2' {
			t.Errorf("%s: status %s\n%s\n%s", path, status, code, &out)
		}
	}
	if b.answer == "" || strings.HasPrefix(path, "/docs/api/") && path != "/docs/api/index.md" {
		return
	}
	var example, got any
	if err := json.Unmarshal([]byte(b.answer), &example); err != nil {
		t.Errorf("%s: the answer is no JSON: %v", path, err)
		return
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Errorf("%s: answered %.200q", path, out.String())
		return
	}
	for _, missing := range keysMissing("", example, got) {
		t.Errorf("%s: %s of the answer shown is not in %.300v", path, missing, got)
	}
}

// stock keeps one of everything on a website, for examples that read, change or
// delete it.
type stock struct {
	t  *testing.T
	in *installation
	n  int
	id map[string]string
}

func newStock(t *testing.T, in *installation) *stock {
	s := &stock{t: t, in: in, id: map[string]string{"VISITOR_ID": exampleVisitor, "WEBSITE_ID": in.website.ID, "DATAFAST_TOKEN": in.token}}
	page := fmt.Sprintf(`{"type":"pageview","visitorId":%q,"sessionId":"s0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d","viewport":{"width":1280,"height":720},"href":"https://first.example/pricing","timestamp":"2025-05-20T10:00:00Z","country":"DE"}`, exampleVisitor)
	in.mustCall("POST", "/api/v1/admin/websites/"+in.website.ID+"/import/events", nil, []byte(page), linesType)
	return s
}

// exampleVisitor is the visitor that the examples of bodies name.
const exampleVisitor = "5b0c8a52-0f3e-4d0a-9a51-2f3f4f2f7b11"

// made calls and returns the new thing's id.
func (s *stock) made(path, body string) string {
	s.t.Helper()
	out := s.in.mustCall("POST", path, nil, []byte(body), jsonType)
	row, _ := out["data"].([]any)[0].(map[string]any)
	if id := idOf(row); id != "" {
		return id
	}
	s.t.Fatalf("%s made %v", path, out)
	return ""
}

// idOf is a row's id, whatever it is called.
func idOf(row map[string]any) string {
	for _, name := range []string{"_id", "id", "invitationId"} {
		if id, ok := row[name].(string); ok {
			return id
		}
	}
	return ""
}

// refill makes what an example may have used up: names that are taken go, and
// everything that can be deleted is there once more.
func (s *stock) refill() {
	s.t.Helper()
	s.n++
	s.member()
	w := "/api/v1/admin/websites/" + s.in.website.ID
	s.empty(w + "/funnels")
	s.empty(w + "/alerts")
	s.empty(w + "/apikeys")
	s.empty(w + "/team/invitations")
	s.empty("/api/v1/admin/access-tokens")
	s.id["FUNNEL_ID"] = s.made(w+"/funnels", `{"name":"Stock","steps":[{"name":"a","type":"pageview","url":"/"},{"name":"b","type":"goal","goalName":"signup"}]}`)
	s.id["ALERT_ID"] = s.made(w+"/alerts", `{"name":"Stock","trigger":{"goalName":"signup"},"template":{"message":"Somebody signed up."}}`)
	s.id["NOTE_ID"] = s.made(w+"/notes", `{"text":"Stock","timestamp":"2026-05-21"}`)
	s.id["API_KEY_ID"] = s.made(w+"/apikeys", `{"name":"Stock"}`)
	s.id["TOKEN_ID"] = s.made("/api/v1/admin/access-tokens", `{"name":"Stock","permissions":["analytics:read"]}`)
	s.id["INVITATION_ID"] = s.made(w+"/team", fmt.Sprintf(`{"email":"guest%d@example.com","role":"viewer"}`, s.n))
	s.key()
	site := map[string][]string{"websiteId": {s.in.website.ID}}
	s.in.mustCall("POST", "/api/v1/goals", site, []byte(`{"datafast_visitor_id":"`+exampleVisitor+`","name":"signup","metadata":{"plan":"pro"}}`), jsonType)
	s.in.mustCall("PATCH", w+"/goals/customizations", nil, []byte(`{"goalName":"signup","displayName":"Signup"}`), jsonType)
	if s.n == 1 {
		s.in.mustCall("POST", "/api/v1/payments", site, []byte(`{"amount":29,"currency":"EUR","transaction_id":"stock","datafast_visitor_id":"`+exampleVisitor+`"}`), jsonType)
	}
	s.in.call("POST", "/api/v1/payments", site, []byte(`{"amount":9,"currency":"EUR","transaction_id":"txn_1"}`), jsonType)
}

// key makes the website key of the examples.
func (s *stock) key() {
	out := s.in.mustCall("POST", "/api/v1/admin/websites/"+s.in.website.ID+"/apikeys", nil, []byte(`{}`), jsonType)
	s.id["DATAFAST_SITE_KEY"], _ = out["data"].([]any)[0].(map[string]any)["key"].(string)
}

// empty deletes all rows of a list, but for the token in use.
func (s *stock) empty(path string) {
	s.t.Helper()
	rows, _ := s.in.mustCall("GET", path, nil, nil, jsonType)["data"].([]any)
	for _, r := range rows {
		row, _ := r.(map[string]any)
		if row["name"] == "test" {
			continue
		}
		s.in.mustCall("DELETE", path+"/"+idOf(row), nil, nil, jsonType)
	}
}

// member puts a second person on the website.
func (s *stock) member() {
	s.t.Helper()
	ctx, p := s.t.Context(), s.in.server.people
	owner, err := p.people.ByEmail(ctx, "owner@example.com")
	if err != nil {
		s.t.Fatal(err)
	}
	u, err := p.people.ByEmail(ctx, "member@example.com")
	if err != nil {
		if u, err = p.people.Create(ctx, account.NewUser{Email: "member@example.com", Name: "Member", Password: "correct horse battery"}); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := p.teams.Appoint(ctx, s.in.website.ID, owner, account.RoleOwner); err != nil {
		s.t.Fatal(err)
	}
	if err := p.teams.Appoint(ctx, s.in.website.ID, u, account.RoleMember); err != nil {
		s.t.Fatal(err)
	}
	s.id["USER_ID"] = u.ID
}

func (s *stock) environment() []string {
	var env []string
	for name, value := range s.id {
		env = append(env, name+"="+value)
	}
	return env
}
