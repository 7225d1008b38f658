package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the generated files and golden files instead of comparing them")

// TestScripts runs the client's commands as people do, each in a process of its
// own, against a real server. Beside testscript's own commands there are:
//
//	code N datafast …   run a command that must exit with N
//	keep NAME path      put a value of the last JSON output into the environment
func TestScripts(t *testing.T) {
	t.Parallel()
	s := newStage(t, 0)
	s.fill()
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"), UpdateScripts: *update, RequireExplicitExec: false,
		Setup: func(e *testscript.Env) error {
			name := strings.TrimPrefix(filepath.Base(e.WorkDir), "script-")
			for key, value := range s.cast(name) {
				e.Setenv(key, value)
			}
			e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))
			e.Setenv("TZ", "Europe/Bucharest")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"code": exitsWith, "keep": keepValue},
	})
}

func exitsWith(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || len(args) < 2 {
		ts.Fatalf("usage: code N command …")
	}
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if out, errOut := ts.ReadFile("stdout"), ts.ReadFile("stderr"); got != want {
		ts.Fatalf("exit %d, want %d\n%s%s", got, want, out, errOut)
	}
	for _, secret := range []string{"TOKEN", "KEY", "VIEWER_TOKEN", "READ_TOKEN", "SHOP_TOKEN"} {
		if value := ts.Getenv(secret); value != "" && strings.Contains(ts.ReadFile("stdout")+ts.ReadFile("stderr"), value) {
			ts.Fatalf("the output holds %s", secret)
		}
	}
}

func keepValue(ts *testscript.TestScript, _ bool, args []string) {
	d := json.NewDecoder(bytes.NewReader([]byte(ts.ReadFile("stdout"))))
	var v any
	if err := d.Decode(&v); err != nil || len(args) != 2 {
		ts.Fatalf("keep: %v", err)
	}
	for part := range strings.SplitSeq(args[1], ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(x) {
				ts.Fatalf("keep: no %s", args[1])
			}
			v = x[i]
		}
	}
	ts.Setenv(args[0], fmt.Sprint(v))
}
