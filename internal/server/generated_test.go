package server_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the generated files instead of comparing them")

// TestGenerated keeps the documents that are made from the routes fresh.
func TestGenerated(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	compact, err := json.Marshal(s.Router.Document("1", "https://HOST"))
	if err != nil {
		t.Fatal(err)
	}
	var openapi bytes.Buffer
	if err := json.Indent(&openapi, compact, "", " "); err != nil {
		t.Fatal(err)
	}
	openapi.WriteByte('\n')
	for name, want := range map[string][]byte{
		"access-matrix.md": []byte(s.Router.Matrix()),
		"openapi.json":     openapi.Bytes(),
		"settings.md":      []byte(settingsPage()),
	} {
		path := filepath.Join("..", "..", "docs", name)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("docs/%s is stale; run make generate", name)
		}
	}
}
