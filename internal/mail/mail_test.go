package mail_test

import (
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"datafast/internal/fault"
	"datafast/internal/mail"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, address, want string // part of the error; empty: none
	}{
		{"no server", "", ""},
		{"with password", "smtp://user:secret@mail.example:2525", ""},
		{"TLS", "smtps://mail.example", ""},
		{"never TLS", "smtp+insecure://mail.example:25", ""},
		{"another scheme", "http://user:secret@mail.example", `scheme "http" is not known; use smtp, smtps or smtp+insecure`},
		{"no host", "smtp://", "is not an address such as"},
		{"host alone", "mail.example", "is not an address such as"},
		{"unreadable", "smtp://user:secret@mail.example:port", "is not an address such as"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := mail.Open(tt.address, "stats@example.com", slog.New(slog.DiscardHandler))
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("Open = %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells the password: %v", err)
			}
			if err == nil {
				if p.Enabled() != (tt.address != "") {
					t.Errorf("Enabled = %v", p.Enabled())
				}
				if err := p.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestPost_Send_noServer(t *testing.T) {
	t.Parallel()
	p, err := mail.Open("", "stats@example.com", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	told := false
	err = p.Send(mail.Letter{To: "a@example.com", Done: func(error) { told = true }})
	if !errors.Is(err, mail.ErrNoServer) || fault.CodeOf(err) != fault.CodeUnavailable || told {
		t.Errorf("Send = %v, Done called: %v", err, told)
	}
}

// TestPost_Send_refused: a server that says no is told of once, and a closed Post
// takes nothing more.
func TestPost_Send_refused(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("554 not here\r\n"))
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close() })
	p, err := mail.Open("smtp+insecure://"+l.Addr().String(), "stats@example.com", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	outcome := make(chan error, 2)
	if err := p.Send(mail.Letter{To: "a@example.com", Subject: "s", Text: "t", Done: func(err error) { outcome <- err }}); err != nil {
		t.Fatal(err)
	}
	if err := p.Send(mail.Letter{To: "no address", Done: func(err error) { outcome <- err }}); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		select {
		case err := <-outcome:
			if err == nil {
				t.Error("a refused letter counts as sent")
			}
		case <-time.After(time.Second):
			t.Fatal("the outcome was not told by the end of Close")
		}
	}
	if err := p.Send(mail.Letter{To: "a@example.com"}); err == nil {
		t.Error("a closed Post takes letters")
	}
}
