package server_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"datafast/internal/server"
)

// open opens a server in a directory of its own; it does not listen.
func open(t *testing.T, flags []string) *server.Server {
	t.Helper()
	s, err := server.Open(t.Context(), load(t, append([]string{"--data", t.TempDir()}, flags...)...), server.Options{
		Version: "1", Stdout: io.Discard, Stderr: io.Discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// load reads settings as the command line gives them.
func load(t *testing.T, args ...string) server.Settings {
	t.Helper()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	server.Bind(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	s, err := server.Load(flags, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// settingsPage is the table of settings as a Markdown page.
func settingsPage() string {
	var b strings.Builder
	b.WriteString("<!-- Code generated from the table in internal/server. DO NOT EDIT. Run make generate. -->\n\n# Settings of `datafast serve`\n\nA flag wins over the environment, the environment over the default.\n\n| Flag | Environment | Default | Meaning |\n|---|---|---|---|\n")
	for _, s := range server.Table() {
		fallback := "empty"
		if s.Default != "" {
			fallback = "`" + s.Default + "`"
		}
		fmt.Fprintf(&b, "| `--%s` | `%s` | %s | %s |\n", s.Flag, s.Env(), fallback, s.Doc)
	}
	return b.String()
}

func TestLoad(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		env  map[string]string
		want string // "rate=… base=…", or part of the error
	}{
		{"defaults", nil, nil, "rate=600 base=http://127.0.0.1:8000 from=datafast@127.0.0.1"},
		{"environment", nil, map[string]string{"DATAFAST_RATE_LIMIT": "0", "DATAFAST_BASE_URL": "https://stats.example/"}, "rate=0 base=https://stats.example from=datafast@stats.example"},
		{"flag beats environment", []string{"--rate-limit", "7"}, map[string]string{"DATAFAST_RATE_LIMIT": "0"}, "rate=7 base=http://127.0.0.1:8000 from=datafast@127.0.0.1"},
		{"names the variable at fault", nil, map[string]string{"DATAFAST_RATE_LIMIT": "many"}, `DATAFAST_RATE_LIMIT: "many" is not a whole number`},
		{"names the flag at fault", []string{"--base-url", "stats.example"}, nil, "--base-url: "},
		{"all faults together", []string{"--log-level", "loud", "--ingest-trust", "none"}, nil, "--log-level"},
		{"bad proxies", []string{"--trusted-proxies", "10.0.0.0/8, x"}, nil, `"x" is neither an address nor a range`},
		{"bad listen", []string{"--listen", "8000"}, nil, "--listen: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
			server.Bind(flags)
			if err := flags.Parse(tt.args); err != nil {
				t.Fatal(err)
			}
			s, err := server.Load(flags, func(name string) string { return tt.env[name] })
			got := fmt.Sprintf("rate=%d base=%s from=%s", s.RateLimit, s.BaseURL, s.MailFrom)
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("Load = %q, want %q", got, tt.want)
			}
		})
	}
}
