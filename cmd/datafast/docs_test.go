package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"datafast/docs"
)

// TestDocs_commands runs the command lines of the docs (blocks of kind console,
// lines that begin with "$ ") in a shell, where datafast is this program and the
// variables name a real server.
func TestDocs_commands(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := serve(t, data)
	defer s.stop()
	made := s.admin(t, data, "bootstrap", "--email", "ana@example.com", "--website", "shop.example", "--password-stdin")
	website, token := made["websiteId"].(string), made["accountToken"].(string)
	work := t.TempDir()
	shim(t, work)
	if err := os.WriteFile(filepath.Join(work, "events.ndjson"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for place, line := range commandLines(t) {
		// The operator's commands of the docs are about an installation of their own.
		line = strings.ReplaceAll(strings.ReplaceAll(line, "--data ./data", "--data "+filepath.Join(work, "data")), "<websiteId>", website)
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", line)
		cmd.Dir = work
		cmd.Env = append(os.Environ(),
			"PATH="+work+":"+os.Getenv("PATH"), "HOME="+work, "DATAFAST_API_BASE="+s.base, "DATAFAST_TOKEN="+token, "WEBSITE_ID="+website,
			"DATAFAST_TEST_MAIN=1")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); err != nil {
			t.Errorf("%s: %s: %v\n%s", place, line, err, &out)
		}
		ran++
	}
	if ran < 3 {
		t.Errorf("only %d command lines were run", ran)
	}
	if s.status("/healthz", "") != http.StatusOK {
		t.Error("the server is gone")
	}
}

// shim puts the program into a directory as datafast.
func shim(t *testing.T, dir string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "datafast")); err != nil {
		t.Fatal(err)
	}
}

// commandLines yields where a command line stands and the line, once for each
// different line, in an order in which bootstrap comes first.
func commandLines(t *testing.T) func(yield func(place, line string) bool) {
	t.Helper()
	console := regexp.MustCompile("(?s)```console\n(.*?)\n```")
	seen := map[string]bool{}
	var first, rest [][2]string
	err := fs.WalkDir(docs.Files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(docs.Files, name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		for _, block := range console.FindAllStringSubmatch(string(raw), -1) {
			for line := range strings.SplitSeq(block[1], "\n") {
				command, ok := strings.CutPrefix(line, "$ ")
				switch {
				case !ok || seen[command]:
				case strings.Contains(command, "bootstrap"):
					first = append(first, [2]string{name, command})
				default:
					rest = append(rest, [2]string{name, command})
				}
				seen[command] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(place, line string) bool) {
		for _, l := range append(first, rest...) {
			if !yield(l[0], l[1]) {
				return
			}
		}
	}
}
