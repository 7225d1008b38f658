package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"datafast/internal/server"
)

// stage is a real server for the client's commands, in this process.
type stage struct {
	testing.TB
	data, base string
	shop       string // a website with a year of events, and its owner's token
	shopToken  string
}

const stagePassword = "correct horse battery"

// newStage starts a server on a free port of this machine.
func newStage(t testing.TB, rateLimit int) *stage {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{TB: t, data: t.TempDir(), base: "http://" + listener.Addr().String()}
	srv, err := server.Open(t.Context(), server.Settings{
		Data: s.data, Listen: listener.Addr().String(), BaseURL: s.base, EventsMemoryMB: 512, IngestTrustAny: true,
		MailFrom: "datafast@example.com", RateLimit: rateLimit,
	}, server.Options{Version: "test", Stdout: io.Discard, Stderr: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{Handler: srv.Router}
	go func() { _ = web.Serve(listener) }()
	t.Cleanup(func() {
		_ = web.Close()
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	made := s.admin("bootstrap", "--email", "shop@example.com", "--website", "shop.example", "--timezone", "Europe/Berlin", "--currency", "EUR")
	s.shop, s.shopToken = made["websiteId"].(string), made["accountToken"].(string)
	return s
}

// admin runs an operator's command on the server's data.
func (s *stage) admin(args ...string) map[string]any {
	s.Helper()
	if args[0] == "bootstrap" || args[1] == "create" && args[0] == "users" {
		args = append(args, "--password-stdin")
	}
	var out, errOut bytes.Buffer
	args = append(append([]string{"admin"}, args...), "--data", s.data, "--json")
	if code := run(args, strings.NewReader(stagePassword+"\n"), &out, &errOut); code != 0 {
		s.Fatalf("%v: exit %d: %s", args, code, &errOut)
	}
	v := map[string]any{}
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &v); err != nil {
			s.Fatalf("%v printed %q", args, &out)
		}
	}
	return v
}

// token makes an account token.
func (s *stage) token(email, permissions string, websites ...string) string {
	s.Helper()
	args := []string{"tokens", "create", "--email", email, "--name", "test", "--permissions", permissions}
	if len(websites) > 0 {
		args = append(args, "--websites", strings.Join(websites, ","))
	}
	return s.admin(args...)["token"].(string)
}

// do sends a request and returns the answer's body.
func (s *stage) do(method, path, token, kind string, body []byte) []byte {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, s.base+path, bytes.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set("Content-Type", kind)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 400 {
		s.Fatalf("%s %s: %d %s, %v", method, path, resp.StatusCode, text, err)
	}
	return text
}

// fill stores the shop's history.
func (s *stage) fill() {
	s.Helper()
	world := filepath.Join("..", "..", "internal", "server", "testdata", "world")
	events, err := os.ReadFile(filepath.Join(world, "events.ndjson"))
	if err != nil {
		s.Fatal(err)
	}
	payments, err := os.ReadFile(filepath.Join(world, "payments.ndjson"))
	if err != nil {
		s.Fatal(err)
	}
	s.do("POST", "/api/v1/admin/websites/"+s.shop+"/import/events", s.shopToken, "application/x-ndjson", events)
	for line := range bytes.Lines(payments) {
		s.do("POST", "/api/v1/payments?websiteId="+s.shop, s.shopToken, "application/json", line)
	}
}

// cast are the people and credentials of one script: an owner with a website of
// its own, and a viewer of it.
func (s *stage) cast(name string) map[string]string {
	s.Helper()
	owner, viewer := name+"-owner@example.com", name+"-viewer@example.com"
	ownerID := s.admin("users", "create", "--email", owner, "--name", "Ana Pop")["userId"].(string)
	viewerID := s.admin("users", "create", "--email", viewer, "--name", "Vera")["userId"].(string)
	website := s.admin("websites", "create", "--email", owner, "--domain", name+".example", "--timezone", "Europe/Bucharest", "--currency", "EUR")
	id := website["websiteId"].(string)
	s.admin("members", "set", "--website", id, "--email", viewer, "--role", "viewer")
	token := s.token(owner, "*")
	var key struct{ Data []struct{ Key string } }
	if err := json.Unmarshal(s.do("POST", "/api/v1/admin/websites/"+id+"/apikeys", token, "application/json", []byte("{}")), &key); err != nil {
		s.Fatal(err)
	}
	return map[string]string{
		"BASE": s.base, "WEBSITE": id, "TRACKING": website["trackingId"].(string), "DOMAIN": name + ".example",
		"OWNER": owner, "OWNER_ID": ownerID, "VIEWER": viewer, "VIEWER_ID": viewerID,
		"TOKEN": token, "KEY": key.Data[0].Key, "VIEWER_TOKEN": s.token(viewer, "*"),
		"READ_TOKEN": s.token(owner, "analytics:read"), "SHOP": s.shop, "SHOP_TOKEN": s.shopToken,
		"DATAFAST_API_BASE": s.base, "DATAFAST_TOKEN": token,
	}
}

// approve lets a device login have a token, as a signed-in person.
func (s *stage) approve(email, userCode, body string) {
	s.Helper()
	jar := ""
	send := func(path, body string) {
		r, err := http.NewRequestWithContext(s.Context(), "POST", s.base+path, strings.NewReader(body))
		if err != nil {
			s.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Cookie", jar)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			s.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != 200 {
			text, _ := io.ReadAll(resp.Body)
			s.Fatalf("%s: %d %s", path, resp.StatusCode, text)
		}
		for _, c := range resp.Cookies() {
			jar = c.Name + "=" + c.Value
		}
	}
	send("/api/auth/sign-in", fmt.Sprintf(`{"email":%q,"password":%q}`, email, stagePassword))
	send("/api/app/devices/"+userCode, body)
}
