package server_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"datafast/internal/server"
)

// TestDeploy holds the files in deploy/ to the settings that exist: whoever starts
// from them must not set something that nobody reads.
func TestDeploy(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"DATAFAST_HOST": true} // the compose file's own, for Caddy
	for _, s := range server.Table() {
		known[s.Env()] = true
	}
	name := regexp.MustCompile(`DATAFAST_[A-Z_]*[A-Z]`)
	addresses := map[string]string{
		"DATAFAST_DATABASE_URL": "postgres://datafast:secret@db:5432/datafast", "DATAFAST_EVENTS_URL": "clickhouse://datafast:secret@ch:9000/datafast",
	}
	line := regexp.MustCompile(`(?m)^\s*(?:- \{name: )?(DATAFAST_[A-Z_]+)(?:=|: |, value: )"?([^"}\n]+)`)
	files := 0
	err := filepath.WalkDir(filepath.Join("..", "..", "deploy"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, used := range name.FindAllString(string(text), -1) {
			if !known[used] {
				t.Errorf("%s names %s, which is no setting", path, used)
			}
		}
		env := map[string]string{}
		for _, m := range line.FindAllStringSubmatch(string(text), -1) {
			env[m[1]] = m[2]
			if value, special := addresses[m[1]]; special {
				env[m[1]] = value
			}
		}
		env["DATAFAST_BASE_URL"] = strings.ReplaceAll(env["DATAFAST_BASE_URL"], "${DATAFAST_HOST:?set DATAFAST_HOST in deploy/.env", "stats.example.com")
		flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
		server.Bind(flags)
		if _, err := server.Load(flags, func(name string) string { return env[name] }); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 8 {
		t.Errorf("deploy/ has %d files, want those of compose, systemd and Kubernetes", files)
	}
}
