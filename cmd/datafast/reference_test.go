//go:generate go test . -run ^TestReference$ -update
package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"datafast/internal/auth"
	"datafast/internal/cli"
	"datafast/internal/server"
)

// TestReference keeps docs/cli fresh: the pages are made from the commands.
func TestReference(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "..", "docs", "cli")
	pages := cli.Reference(newRoot())
	found, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		if _, known := pages[filepath.Base(path)]; known {
			continue
		}
		if !*update {
			t.Errorf("%s is of no command; run make generate", path)
		} else if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range pages {
		path := filepath.Join(dir, name)
		if *update {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("docs/cli/%s is stale; run make generate (%v)", name, err)
		}
	}
}

// TestOperations: what a command says it calls exists, needs what it says, and
// every operation of the API for tokens has a command.
func TestOperations(t *testing.T) {
	t.Parallel()
	s, err := server.Open(t.Context(), server.Settings{Data: t.TempDir(), Listen: "127.0.0.1:0", BaseURL: "http://stats.example.com", EventsMemoryMB: 512, MailFrom: "a@example.com"},
		server.Options{Version: "test", Stdout: io.Discard, Stderr: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	rules := map[string]auth.Rule{}
	for _, r := range s.Router.Routes() {
		path, ok := strings.CutPrefix(r.Path, "/api/v1")
		if ok {
			rules[r.Method+" "+nameless(path)] = r.Rule
		}
	}
	called := map[string]bool{}
	for _, op := range cli.Operations() {
		name := op.Method + " " + nameless(op.Path)
		called[name] = true
		rule, known := rules[name]
		if op.Path == "/exports/{what}" {
			for _, what := range []string{"events", "sessions", "visitors", "payments"} {
				called["GET /exports/"+what] = true
			}
			rule, known = rules["GET /exports/events"]
		}
		switch {
		case !known:
			t.Errorf("%s calls %s, which the server does not have", op.Command, name)
		case op.Needs != rule.Permission.String():
			t.Errorf("%s says it needs %q, the server asks for %s", op.Command, op.Needs, rule.Permission)
		case op.TakesKey && rule.Kinds&auth.WebsiteKey == 0:
			t.Errorf("%s says a website key will do; the server refuses one", op.Command)
		case (op.Role == "member or owner") != (rule.Least == "member") || (op.Role == "owner") != (rule.Least == "owner"):
			t.Errorf("%s says one must be %q, the server asks for %q", op.Command, op.Role, rule.Least)
		}
	}
	// What only `datafast api` reaches, with the reason.
	raw := []string{
		"GET /analytics/os",                       // the same as operating-systems
		"POST /analytics/query",                   // a batch of what single commands ask
		"GET /analytics/realtime/stream",          // --watch asks again instead
		"GET /admin/audit-log",                    // read in the dashboard
		"GET /admin/websites/{}/audit-log",        // likewise
		"GET /admin/websites/{}/tracking",         // likewise
		"GET /admin/websites/{}/team/invitations", // likewise, and the two below
		"POST /admin/websites/{}/team/invitations/{}/resend",
		"DELETE /admin/websites/{}/team/invitations/{}",
		"POST /admin/websites/{}/team/owner", // handing over a website wants a look at it
	}
	for name := range rules {
		if !called[name] && !slices.Contains(raw, name) {
			t.Errorf("no command calls %s", name)
		}
	}
}

// nameless is a path without the names of its parameters.
func nameless(path string) string {
	var out strings.Builder
	inside := false
	for _, r := range path {
		switch {
		case r == '{':
			inside = true
			out.WriteRune(r)
		case r == '}':
			inside = false
			out.WriteRune(r)
		case !inside || path == "/exports/{what}":
			out.WriteRune(r)
		}
	}
	return out.String()
}

// TestCommands: every command says what it does and has a script that plays it.
func TestCommands(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob(filepath.Join("testdata", "script", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var played strings.Builder
	for _, path := range scripts {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		played.Write(text)
	}
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Short == "" {
			t.Errorf("%s says nothing of itself", cmd.CommandPath())
		}
		if cmd.GroupID == "server" { // TestServe and the tests of package admin
			return
		}
		if !cmd.HasSubCommands() && !strings.Contains(played.String(), "datafast "+strings.TrimPrefix(cmd.CommandPath(), "datafast ")) {
			t.Errorf("no script plays %s", cmd.CommandPath())
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(newRoot())
}
