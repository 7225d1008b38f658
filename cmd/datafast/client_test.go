package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// client is a command line of the client with an environment of its own.
func (s *stage) client(env map[string]string, args ...string) *exec.Cmd {
	s.Helper()
	self, err := os.Executable()
	if err != nil {
		s.Fatal(err)
	}
	cmd := exec.CommandContext(s.Context(), self, args...)
	cmd.Env = []string{"DATAFAST_TEST_MAIN=1", "DATAFAST_API_BASE=" + s.base, "PATH=" + os.Getenv("PATH")}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

func exitOf(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return exit.ExitCode()
}

// TestDeviceLogin: the program shows a code, a signed-in person approves it, the
// program stores its token and works with it.
func TestDeviceLogin(t *testing.T) {
	t.Parallel()
	s := newStage(t, 0)
	home := t.TempDir()
	env := map[string]string{"HOME": home}
	login := s.client(env, "login", "--device")
	var out bytes.Buffer
	login.Stdout = &out
	errOut, err := login.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := login.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(errOut).ReadString('\n')
	found := regexp.MustCompile(`^Open ` + s.base + `/device and approve the code ([B-Z]{4}-[B-Z]{4}) within 10m0s\.\n$`).FindStringSubmatch(line)
	if err != nil || found == nil {
		t.Fatalf("printed %q, %v", line, err)
	}
	s.approve("shop@example.com", found[1], fmt.Sprintf(`{"name":"Build","permissions":["analytics:read"],"websiteIds":[%q]}`, s.shop))
	if err := login.Wait(); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "Logged in to "+s.base+" as ") {
		t.Errorf("printed %q", &out)
	}
	raw, err := os.ReadFile(filepath.Join(home, ".config", "datafast", "config.json"))
	var stored struct{ Token, APIBase string }
	if err != nil || json.Unmarshal(raw, &stored) != nil || !strings.HasPrefix(stored.Token, "dft_") || stored.APIBase != s.base {
		t.Fatalf("stored %s, %v", raw, err)
	}
	got, err := s.client(env, "whoami", "--jq", ".data[0].token | .name, .permissions[0], .websiteIds[0]").Output()
	if err != nil || string(got) != "Build\nanalytics:read\n"+s.shop+"\n" {
		t.Errorf("the token is %q, %v", got, err)
	}
}

// TestRealtime_watch: it looks again until Ctrl+C, which is no error to speak of.
func TestRealtime_watch(t *testing.T) {
	t.Parallel()
	s := newStage(t, 0)
	watch := s.client(map[string]string{"DATAFAST_TOKEN": s.shopToken, "DATAFAST_WEBSITE": s.shop}, "analytics", "realtime", "--watch", "--compact")
	var errOut bytes.Buffer
	watch.Stderr = &errOut
	out, err := watch.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for range 2 {
		if line, err := lines.ReadString('\n'); err != nil || line != `{"status":"success","data":[{"visitors":0}]}`+"\n" {
			t.Fatalf("printed %q, %v", line, err)
		}
	}
	if err := watch.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := exitOf(t, watch.Wait()); code != 130 || errOut.Len() > 0 {
		t.Errorf("exit %d, said %q; want 130 and nothing", code, &errOut)
	}
}

// TestLimited: a limited client waits as long as the server says; one that may
// not exits with 7.
func TestLimited(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2)
	env := map[string]string{"DATAFAST_TOKEN": s.shopToken}
	for range 2 {
		if err := s.client(env, "whoami").Run(); err != nil {
			t.Fatal(err)
		}
	}
	var errOut bytes.Buffer
	cmd := s.client(env, "whoami", "--no-retry")
	cmd.Stderr = &errOut
	if code := exitOf(t, cmd.Run()); code != 7 || !strings.Contains(errOut.String(), "Rate limit exceeded") {
		t.Errorf("exit %d, said %q; want 7", code, &errOut)
	}
	waiting := s.client(env, "whoami")
	said, err := waiting.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := waiting.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "rate limited by the server; trying again in ") {
		t.Errorf("said %q, %v", line, err)
	}
	if err := waiting.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := exitOf(t, waiting.Wait()); code != 130 {
		t.Errorf("exit %d after Ctrl+C while waiting; want 130", code)
	}
}

// TestClosedPipe: a reader that has enough ends the program, without a word.
func TestClosedPipe(t *testing.T) {
	t.Parallel()
	s := newStage(t, 0)
	s.fill()
	export := s.client(map[string]string{"DATAFAST_TOKEN": s.shopToken, "DATAFAST_WEBSITE": s.shop}, "export", "events")
	var errOut bytes.Buffer
	export.Stderr = &errOut
	out, err := export.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := export.Start(); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	err = export.Wait()
	var exit *exec.ExitError
	quiet := err == nil || errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGPIPE
	if !quiet || errOut.Len() > 0 {
		t.Errorf("ended with %v and said %q", err, &errOut)
	}
}

// BenchmarkStart measures what the program itself costs: its help, and a call to
// a server on this machine, beside curl for the same call. The program must be
// built: DATAFAST_BIN, else ../../bin/datafast.
func BenchmarkStart(b *testing.B) {
	binary := os.Getenv("DATAFAST_BIN")
	if binary == "" {
		binary = filepath.Join("..", "..", "bin", "datafast")
	}
	if _, err := os.Stat(binary); err != nil {
		b.Skip("not built: make build")
	}
	s := newStage(b, 0)
	env := append(os.Environ(), "DATAFAST_API_BASE="+s.base, "DATAFAST_TOKEN="+s.shopToken)
	best := func(name string, args ...string) time.Duration {
		least := time.Hour
		for range 15 {
			cmd := exec.CommandContext(b.Context(), name, args...)
			cmd.Env = env
			start := time.Now()
			if out, err := cmd.CombinedOutput(); err != nil {
				b.Fatalf("%s: %v %s", name, err, out)
			}
			least = min(least, time.Since(start))
		}
		return least
	}
	for b.Loop() {
		help := best(binary, "--help")
		call := best(binary, "whoami")
		curl, err := exec.LookPath("curl")
		if err != nil {
			b.Skip("no curl to compare with")
		}
		base := best(curl, "-s", "-H", "Authorization: Bearer "+s.shopToken, s.base+"/api/v1/admin/account")
		b.ReportMetric(float64(help.Microseconds())/1000, "help-ms")
		b.ReportMetric(float64(call.Microseconds())/1000, "call-ms")
		b.ReportMetric(float64(call)/float64(base), "call/curl")
		if help > 30*time.Millisecond {
			b.Errorf("--help takes %v, over 30 ms", help)
		}
		if call > 60*time.Millisecond {
			b.Errorf("a local call takes %v, over 60 ms", call)
		}
	}
}
