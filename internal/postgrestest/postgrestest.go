// Package postgrestest runs a real PostgreSQL for tests, from the binaries of the
// machine, on a free port. Where DATAFAST_TEST_POSTGRES_URL names a server, that
// one is used.
//
// It may be imported by tests only.
package postgrestest

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that makes databases
)

// Server is a running PostgreSQL.
type Server struct {
	outside string
	dir     string
	bin     string
	port    string

	databases atomic.Int64
	mu        sync.Mutex
	running   *exec.Cmd
}

// startTime bounds the wait for an answer.
const startTime = 30 * time.Second

// Start runs a server until the test ends.
func Start(tb testing.TB) *Server {
	tb.Helper()
	if outside := os.Getenv("DATAFAST_TEST_POSTGRES_URL"); outside != "" {
		return &Server{outside: outside}
	}
	dir, err := os.MkdirTemp("", "postgres") // not below the test's own: the server's user must reach it
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &Server{dir: dir, bin: binaries(tb), port: freePort(tb)}
	if who := unprivileged(tb); who != nil {
		if err := os.Chown(dir, int(who.Uid), int(who.Gid)); err != nil {
			tb.Fatal(err)
		}
	}
	initdb := s.command(tb, "initdb", "-D", filepath.Join(dir, "data"), "-U", "datafast", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
	if out, err := initdb.CombinedOutput(); err != nil {
		tb.Fatalf("initdb: %v\n%s", err, out)
	}
	s.Restart(tb)
	tb.Cleanup(s.Kill)
	return s
}

// binaries finds the directory of initdb and postgres: in the PATH or where Debian
// puts them.
func binaries(tb testing.TB) string {
	tb.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err == nil && len(found) > 0 {
		return filepath.Dir(found[len(found)-1])
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		tb.Fatal("initdb is missing; make test installs PostgreSQL")
	}
	return filepath.Dir(path)
}

// unprivileged is whom the server runs as when we are root, which it refuses.
func unprivileged(tb testing.TB) *syscall.Credential {
	tb.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		who, err = user.Lookup("nobody")
	}
	if err != nil {
		tb.Fatal(err)
	}
	uid, uidErr := strconv.ParseUint(who.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(who.Gid, 10, 32)
	if uidErr != nil || gidErr != nil {
		tb.Fatalf("user %s has ids %s and %s", who.Username, who.Uid, who.Gid)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func (s *Server) command(tb testing.TB, name string, args ...string) *exec.Cmd {
	tb.Helper()
	cmd := exec.CommandContext(context.Background(), filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: unprivileged(tb)}
	return cmd
}

func freePort(tb testing.TB) string {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	if err := l.Close(); err != nil {
		tb.Fatal(err)
	}
	return port
}

// Restart starts the server after Kill, on the same port and data, and waits until
// it answers.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	cmd := s.command(tb, "postgres", "-D", filepath.Join(s.dir, "data"), "-p", s.port, "-k", s.dir,
		"-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200", "-c", "log_min_messages=fatal")
	if err := cmd.Start(); err != nil {
		tb.Fatalf("start PostgreSQL: %v", err)
	}
	s.running = cmd
	db, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for deadline := time.Now().Add(startTime); ; time.Sleep(50 * time.Millisecond) {
		err := db.PingContext(tb.Context())
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("PostgreSQL does not answer: %v", err)
		}
	}
}

// Kill ends the server at once; it replays its log when it starts again.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return
	}
	_ = s.running.Process.Signal(syscall.SIGQUIT) // immediate shutdown, with its children
	_ = s.running.Wait()
	s.running = nil
}

// NewDatabase makes an empty database and returns its address.
func (s *Server) NewDatabase(tb testing.TB) string {
	tb.Helper()
	db, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	name := fmt.Sprintf("test_%d_%x_%d", os.Getpid(), time.Now().UnixNano(), s.databases.Add(1))
	if _, err := db.ExecContext(tb.Context(), "CREATE DATABASE "+name); err != nil {
		tb.Fatalf("make database: %v", err)
	}
	return s.URL(name)
}

// URL is the address of a database.
func (s *Server) URL(database string) string {
	if s.outside == "" {
		return "postgres://datafast@127.0.0.1:" + s.port + "/" + database + "?sslmode=disable"
	}
	u, err := url.Parse(s.outside)
	if err != nil {
		return s.outside
	}
	u.Path = "/" + strings.TrimPrefix(database, "/")
	return u.String()
}
