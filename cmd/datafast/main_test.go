package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary stand in for the program.
func TestMain(m *testing.M) {
	if os.Getenv("DATAFAST_TEST_MAIN") == "1" {
		main()
	}
	testscript.Main(m, map[string]func(){"datafast": main})
}

// program is a command line of the program itself, in a process of its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), "DATAFAST_TEST_MAIN=1", "DATAFAST_LISTEN=127.0.0.1:0")
	return cmd
}

func TestRun_exitCodes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		code int
		says string
	}{
		{"help", []string{"--help"}, 0, "serve"},
		{"version", []string{"--version"}, 0, "datafast version"},
		{"unknown command", []string{"nope"}, 2, `unknown command "nope"`},
		{"unknown command below", []string{"admin", "nope"}, 2, `unknown command "nope"`},
		{"unknown flag", []string{"serve", "--nope"}, 2, "unknown flag: --nope"},
		{"unknown argument", []string{"serve", "now"}, 2, "now"},
		{"bad setting", []string{"serve", "--rate-limit", "many"}, 1, `--rate-limit: "many" is not a whole number of at least 0`},
		{"unusable directory", []string{"serve", "--data", "/dev/null/x"}, 1, "/dev/null"},
		{"no such user", []string{"admin", "users", "disable", "--data", t.TempDir(), "--email", "a@example.com"}, 1, "There is no account with the address a@example.com"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out, errOut bytes.Buffer
			code := run(tt.args, strings.NewReader(""), &out, &errOut)
			if said := out.String() + errOut.String(); code != tt.code || !strings.Contains(said, tt.says) {
				t.Errorf("exit %d, want %d with %q:\n%s", code, tt.code, tt.says, said)
			}
		})
	}
}

// served is a server in a process of its own.
type served struct {
	testing.TB
	cmd  *exec.Cmd
	base string
	rest chan string
	log  bytes.Buffer // complete after stop
}

func serve(t *testing.T, data string) *served {
	t.Helper()
	s := &served{TB: t, cmd: program(t, "serve", "--data", data), rest: make(chan string, 1)}
	s.cmd.Stderr = &s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	ready, err := lines.ReadString('\n')
	found := regexp.MustCompile(`^datafast is ready on (http://127\.0\.0\.1:\d+) `).FindStringSubmatch(ready)
	if err != nil || found == nil {
		t.Fatalf("first line %q, %v", ready, err)
	}
	s.base = found[1]
	go func() {
		rest, _ := io.ReadAll(lines)
		s.rest <- string(rest)
	}()
	return s
}

// stop ends the server as an operator does and returns what else it printed.
func (s *served) stop() string {
	s.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.Fatal(err)
	}
	rest := <-s.rest
	if err := s.cmd.Wait(); err != nil {
		s.Errorf("after SIGTERM: %v, want exit 0; log:\n%s", err, &s.log)
	}
	return rest
}

func (s *served) status(path, token string) int {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.base+path, nil)
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// admin runs an operator's command in another process.
func (s *served) admin(t *testing.T, data string, args ...string) map[string]any {
	t.Helper()
	cmd := program(t, append(append([]string{"admin"}, args...), "--data", data, "--json")...)
	cmd.Stdin = strings.NewReader("correct horse battery\n")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	var v map[string]any
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatalf("%v printed %q", args, out)
	}
	return v
}

// TestServe: one ready line, the first-run link until there is an account, exit 0
// after SIGTERM, and operator's commands that count while the server runs.
func TestServe(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := serve(t, data)
	for _, path := range []string{"/healthz", "/readyz"} {
		if got := s.status(path, ""); got != http.StatusOK {
			t.Errorf("%s: %d", path, got)
		}
	}
	made := s.admin(t, data, "bootstrap", "--email", "a@example.com", "--website", "shop.example", "--password-stdin")
	token, website := made["accountToken"].(string), "/api/v1/admin/websites/"+made["websiteId"].(string)
	if got := s.status(website, token); got != http.StatusOK {
		t.Errorf("the new token at once: %d", got)
	}
	s.admin(t, data, "users", "create", "--email", "b@example.com", "--password-stdin")
	s.admin(t, data, "members", "set", "--website", made["websiteId"].(string), "--email", "b@example.com", "--role", "viewer")
	second := s.admin(t, data, "tokens", "create", "--email", "b@example.com", "--name", "t", "--permissions", "*")["token"].(string)
	if got := s.status(website, second); got != http.StatusOK {
		t.Errorf("a new member: %d", got)
	}
	s.admin(t, data, "members", "set", "--website", made["websiteId"].(string), "--email", "b@example.com", "--role", "none")
	if got := s.status(website, second); got != http.StatusNotFound {
		t.Errorf("a removed member: %d", got)
	}
	s.admin(t, data, "users", "disable", "--email", "b@example.com")
	if got := s.status("/api/v1/admin/account", second); got != http.StatusForbidden {
		t.Errorf("a disabled user: %d", got)
	}
	if rest := s.stop(); !regexp.MustCompile(`^Create the first account: http://127\.0\.0\.1:\d+/setup#[0-9a-f]{64}\n$`).MatchString(rest) {
		t.Errorf("printed %q beside the ready line", rest)
	}

	start := time.Now()
	again := serve(t, data)
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("the second start took %v", took)
	}
	if rest := again.stop(); rest != "" {
		t.Errorf("with an account there: printed %q", rest)
	}
}

// TestServe_refuses: what keeps a server from starting is told in one line that
// names the cause and the cure, and nothing of the data is touched.
func TestServe_refuses(t *testing.T) {
	t.Parallel()
	used := t.TempDir()
	running := serve(t, used)
	defer running.stop()
	lost, geo := t.TempDir(), filepath.Join(t.TempDir(), "places.mmdb")
	serve(t, lost).stop()
	if err := os.Remove(filepath.Join(lost, "events.duckdb")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(geo, []byte("no places"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, cause, cure string
		args              []string
	}{
		{"a directory in use", "in use by another process", "stop it first, or give another --data", []string{"--data", used}},
		{"a lost event store", "is missing although this installation has one", "restore it from a backup", []string{"--data", lost}},
		{"a geo file that is none", geo + " cannot be read", "give an MMDB file with --geo-file", []string{"--data", t.TempDir(), "--geo-file", geo}},
		{"no geo file", "no such file", "give an MMDB file with --geo-file", []string{"--data", t.TempDir(), "--geo-file", geo + ".gz"}},
		{"a port in use", "already in use", "give another --listen", []string{"--data", t.TempDir(), "--listen", strings.TrimPrefix(running.base, "http://")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out, errOut bytes.Buffer
			cmd := program(t, append([]string{"serve"}, tt.args...)...)
			cmd.Stdout, cmd.Stderr = &out, &errOut
			var exit *exec.ExitError
			if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Errorf("%v, want exit 1", err)
			}
			said := errOut.String()
			if out.Len() > 0 || strings.Count(said, "\n") != 1 || !strings.Contains(said, tt.cause) || !strings.Contains(said, tt.cure) {
				t.Errorf("printed %q and %q, want one line with %q and %q", &out, said, tt.cause, tt.cure)
			}
		})
	}
	if files, err := filepath.Glob(filepath.Join(lost, "events.*")); err != nil || len(files) > 0 {
		t.Errorf("made %v in place of what was lost", files)
	}
}
