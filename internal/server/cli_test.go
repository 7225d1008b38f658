package server

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"datafast/internal/cli"
)

// shell runs a command of package cli with an environment of its own.
func shell(t *testing.T, env map[string]string, stdin string, args ...string) (code int, out, errOut string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	for _, cmd := range cli.Commands(func(name string) string { return env[name] }) {
		if cmd.Name() != args[0] {
			continue
		}
		cmd.SetArgs(args[1:])
		cmd.SetIn(strings.NewReader(stdin))
		cmd.SetOut(&stdout)
		cmd.SetErr(&stderr)
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		err := cmd.ExecuteContext(t.Context())
		if err != nil {
			stderr.WriteString(err.Error())
		}
		return cli.ExitCode(err), stdout.String(), stderr.String()
	}
	t.Fatalf("no command %s", args[0])
	return 0, "", ""
}

// TestCLI brings a history in and out again through the commands.
func TestCLI(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "shop.example", "UTC", "EUR")
	web := httptest.NewServer(in.server.Router)
	defer web.Close()
	env := map[string]string{"DATAFAST_API_BASE": web.URL, "DATAFAST_TOKEN": in.token, "DATAFAST_WEBSITE": in.website.ID}
	with := func(name, value string) map[string]string {
		c := map[string]string{"DATAFAST_API_BASE": web.URL, "DATAFAST_TOKEN": in.token, "DATAFAST_WEBSITE": in.website.ID}
		c[name] = value
		return c
	}
	exported := filepath.Join(t.TempDir(), "events.ndjson")
	for _, tt := range []struct {
		name  string
		env   map[string]string
		stdin string
		args  []string
		code  int
		out   string
		err   string
	}{
		{"import", env, "", []string{"import", "events", "testdata/world/events.ndjson"}, 0, "957 lines: 957 stored, 0 duplicates", ""},
		{"import again", env, "", []string{"import", "events", "testdata/world/events.ndjson"}, 0, "957 lines: 0 stored, 957 duplicates", ""},
		{"a bad line", env, "{}\n", []string{"import", "events", "-"}, 1, "1 lines: 0 stored", "line 1: sessionId: is required"},
		{"no such file", env, "", []string{"import", "events", "nowhere"}, 1, "", "nowhere"},
		{"no website", with("DATAFAST_WEBSITE", ""), "", []string{"import", "events", "-"}, 2, "", "--website"},
		{"no credential", with("DATAFAST_TOKEN", ""), "", []string{"export", "events"}, 3, "", "DATAFAST_TOKEN"},
		{"bad credential", with("DATAFAST_TOKEN", "dft_x"), "", []string{"export", "events"}, 3, "", "Missing or invalid API key"},
		{"no server", with("DATAFAST_API_BASE", ""), "", []string{"export", "events"}, 3, "", "no server configured"},
		{"unknown website", with("DATAFAST_WEBSITE", "665f0b3c4d2e1a0012345678"), "", []string{"export", "events"}, 5, "", "Website not found"},
		{"bad range", env, "", []string{"export", "events", "--from", "2026-01-01"}, 6, "", "startAt and endAt"},
		{"unknown rows", env, "", []string{"export", "clicks"}, 2, "", "events, sessions, visitors, payments"},
		{"export as CSV", env, "", []string{"export", "sessions", "--format", "csv"}, 0, "visitorId,startedAt", ""},
		{"export to a file", env, "", []string{"export", "events", "--output", exported}, 0, "", ""},
	} {
		code, out, errOut := shell(t, tt.env, tt.stdin, tt.args...)
		if code != tt.code || !strings.Contains(out, tt.out) || !strings.Contains(errOut, tt.err) {
			t.Errorf("%s: exit %d, out %.80q, err %q; want exit %d, %q, %q", tt.name, code, out, errOut, tt.code, tt.out, tt.err)
		}
		if strings.Contains(errOut, in.token) {
			t.Errorf("%s: the token is in %q", tt.name, errOut)
		}
	}
	text, err := os.ReadFile(exported)
	if err != nil || bytes.Count(text, []byte("\n")) != 957 {
		t.Errorf("the file has %d lines, %v", bytes.Count(text, []byte("\n")), err)
	}
}
