// Package clickhousetest runs a real ClickHouse engine for tests: libchdb behind
// the program in engine, a process of its own that a test can kill and start
// again. Where DATAFAST_TEST_CLICKHOUSE_URL names a server, that one is used.
//
// It may be imported by tests only.
package clickhousetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Server is a running engine.
type Server struct {
	outside string // address of a server that is not ours
	address string
	dir     string
	program string

	databases atomic.Int64
	mu        sync.Mutex
	running   *exec.Cmd
}

// startTime bounds the wait for the engine: its library has half a gigabyte.
const startTime = time.Minute

// Start runs an engine until the test ends.
func Start(tb testing.TB) *Server {
	tb.Helper()
	if outside := os.Getenv("DATAFAST_TEST_CLICKHOUSE_URL"); outside != "" {
		return &Server{outside: outside}
	}
	if _, err := os.Stat(library()); err != nil {
		tb.Fatalf("%v; make test installs the engine's library", err)
	}
	s := &Server{dir: tb.TempDir(), program: filepath.Join(tb.TempDir(), "engine")}
	build := exec.CommandContext(tb.Context(), "go", "build", "-o", s.program, "datafast/internal/clickhousetest/engine")
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("build the engine: %v\n%s", err, out)
	}
	s.address = freeAddress(tb)
	s.Restart(tb)
	tb.Cleanup(s.Kill)
	return s
}

// library is where npm puts it (engine/package.json).
func library() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "engine", "node_modules", "@chdb", "lib-linux-x64-gnu", "libchdb.so")
}

func freeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		tb.Fatal(err)
	}
	return address
}

// Restart starts the engine after Kill, on the same address and data, and waits
// until it answers.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	cmd := exec.CommandContext(context.Background(), s.program, s.address, s.dir)
	cmd.Env = append(os.Environ(), "CHDB_LIB_PATH="+library())
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		tb.Fatalf("start the engine: %v", err)
	}
	s.running = cmd
	for deadline := time.Now().Add(startTime); ; time.Sleep(50 * time.Millisecond) {
		_, err := s.ask(tb.Context(), "SELECT 1")
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("the engine does not answer: %v", err)
		}
	}
}

// Kill ends the engine with SIGKILL.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return
	}
	_ = s.running.Process.Kill()
	_ = s.running.Wait()
	s.running = nil
}

// NewDatabase makes an empty database and returns its name.
func (s *Server) NewDatabase(tb testing.TB) string {
	tb.Helper()
	name := fmt.Sprintf("test_%d_%x_%d", os.Getpid(), time.Now().UnixNano(), s.databases.Add(1))
	if _, err := s.ask(tb.Context(), "CREATE DATABASE "+name); err != nil {
		tb.Fatalf("make database: %v", err)
	}
	return name
}

// Dir is where the engine keeps its data; empty for a server that is not ours.
func (s *Server) Dir() string { return s.dir }

// URL is the address of a database for the official driver.
func (s *Server) URL(database string) string {
	if s.outside == "" {
		return "http://" + s.address + "/" + database
	}
	u, err := url.Parse(s.outside)
	if err != nil {
		return s.outside
	}
	u.Path = "/" + database
	return u.String()
}

// ask runs a query over HTTP.
func (s *Server) ask(ctx context.Context, query string) (string, error) {
	address := "http://" + s.address
	if s.outside != "" {
		address = s.outside
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(query))
	if err != nil {
		return "", fmt.Errorf("make request: %w", err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", fmt.Errorf("ask: %w", err)
	}
	body, err := io.ReadAll(resp.Body)
	err = errors.Join(err, resp.Body.Close())
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the engine says %d: %s", resp.StatusCode, body)
	}
	return string(body), err
}
