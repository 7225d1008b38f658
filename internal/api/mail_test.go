package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// mailServer is a real SMTP server (mailpit, which make test installs) that
// keeps what it gets.
type mailServer struct {
	testing.TB
	smtp string // address
	api  string // base URL
}

func startMailServer(t *testing.T) *mailServer {
	t.Helper()
	program, err := exec.LookPath("mailpit")
	if err != nil {
		t.Fatalf("mailpit is not in PATH; make test installs it into bin/tools: %v", err)
	}
	m := &mailServer{TB: t, smtp: freeAddr(t), api: freeAddr(t)}
	cmd := exec.Command(program, "--smtp", m.smtp, "--listen", m.api, "--disable-version-check", "--quiet")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed: its error says just that
	})
	m.api = "http://" + m.api
	m.wait(func() bool {
		resp, err := http.Get(m.api + "/readyz")
		if err != nil {
			return false
		}
		return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	})
	return m
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// wait asks until it is so, for up to fifteen seconds.
func (m *mailServer) wait(isSo func() bool) {
	m.Helper()
	for deadline := time.Now().Add(15 * time.Second); !isSo(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			m.Fatal("the mail server did not come to it in 15 s")
		}
	}
}

// letter is a received mail.
type letter struct {
	Subject string
	Text    string
	From    struct{ Address string }
	To      []struct{ Address string }
}

// to waits for the newest mail to an address.
func (m *mailServer) to(address string) letter {
	m.Helper()
	var found struct {
		Messages []struct{ ID string }
	}
	m.wait(func() bool {
		m.read("/api/v1/search?query=to:"+address, &found)
		return len(found.Messages) > 0
	})
	var l letter
	m.read("/api/v1/message/"+found.Messages[0].ID, &l)
	return l
}

func (m *mailServer) read(path string, into any) {
	m.Helper()
	resp, err := http.Get(m.api + path)
	if err != nil {
		m.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		m.Fatal(err)
	}
	_ = resp.Body.Close()
	if err := json.Unmarshal(body, into); err != nil {
		m.Fatalf("%s: %v: %s", path, err, body)
	}
}

// secret is the fragment of the link to a page in a mail.
func (l letter) secret(t *testing.T, page string) string {
	t.Helper()
	found := regexp.MustCompile(`http://stats\.example/` + page + `#([0-9a-f]{64})`).FindStringSubmatch(l.Text)
	if found == nil {
		t.Fatalf("no link to %s in %q", page, l.Text)
	}
	return found[1]
}

func TestMail(t *testing.T) {
	t.Parallel()
	m := startMailServer(t)
	w := newWorld(t, "--smtp-url", "smtp://"+m.smtp, "--mail-from", "stats@example.com")
	o := w.user("owner")
	s := w.website(o, "a.example")
	star := w.token(o, "*")
	path := "/api/v1/admin/websites/" + s.ID
	w.get("", "/api/app/state").is(200, `"mail":true`)

	t.Run("invitation", func(t *testing.T) {
		w.send(star, "POST", path+"/team", `{"email":"guest@example.com","role":"member"}`).is(200)
		l := m.to("guest@example.com")
		if l.Subject != "owner invites you to the analytics of a.example" || l.From.Address != "stats@example.com" {
			t.Errorf("mail %+v", l)
		}
		body := fmt.Sprintf(`{"secret":%q,"name":"Guest","password":%q}`, l.secret(t, "invite"), password)
		joined := w.send("", "POST", "/api/auth/invitations/accept", body).is(200)
		w.get("cookie "+joined.cookie(), path).is(200, `"role":"member"`)
	})
	t.Run("new password", func(t *testing.T) {
		w.send("", "POST", "/api/auth/reset", `{"email":"owner@example.com"}`).is(200, `"mail":true`)
		secret := m.to("owner@example.com").secret(t, "reset")
		w.send("", "POST", "/api/auth/reset/confirm", fmt.Sprintf(`{"secret":%q,"password":"a whole new one"}`, secret)).is(200)
		w.send("", "POST", "/api/auth/sign-in", signInBody(o.Email, "a whole new one", "")).is(200)
		if strings.Contains(w.log.String(), secret) {
			t.Error("the link is in the log although a mail was sent")
		}
	})
	t.Run("alert", func(t *testing.T) {
		w.send(star, "POST", path+"/alerts", `{"name":"New sale","trigger":{"goalName":"purchase"},"template":{"subject":"Sale on {{page}}","message":"Someone did {{goal}} from {{source}}."}}`).is(200)
		w.visit(visit{site: s, visitor: "1"}).is(200)
		w.visit(visit{site: s, visitor: "1", goal: "purchase"}).is(200)
		w.until(star, path+"/alerts/history", `"counts":{"sent":1,"failed":0,"total":1}`)
		l := m.to("owner@example.com")
		if l.Subject != "Sale on a.example/" || !strings.HasPrefix(l.Text, "Someone did purchase from Direct") {
			t.Errorf("mail %+v", l)
		}
	})
}

// TestMail_unreachable: what cannot be delivered is kept as failed, and nobody
// waits for it.
func TestMail_unreachable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "--smtp-url", "smtp+insecure://"+freeAddr(t))
	o := w.user("owner")
	s := w.website(o, "a.example")
	start := time.Now()
	w.send(w.token(o, "*"), "POST", "/api/v1/admin/websites/"+s.ID+"/team", `{"email":"guest@example.com"}`).is(200, "inviteUrl")
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("an invitation waited %v for the mail server", took)
	}
}
