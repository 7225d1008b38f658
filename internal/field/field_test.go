package field_test

import (
	"strings"
	"testing"

	"datafast/internal/fault"
	"datafast/internal/field"
)

func TestHost(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Shop.Example":         "shop.example",
		" www.shop.example. ":  "www.shop.example",
		"localhost":            "localhost",
		"münchen.example":      "xn--mnchen-3ya.example",
		"127.0.0.1":            "127.0.0.1",
		"https://shop.example": "",
		"shop.example/path":    "",
		"shop.example:8080":    "",
		"shop":                 "",
		"":                     "",
		"a..b":                 "",
		"a b.example":          "",
		"<script>.example":     "",
	} {
		got, err := field.Host("domain", in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Host(%q) = %q, %v; want %q", in, got, err, want)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "domain: ") {
			t.Errorf("Host(%q): %v does not name the field", in, err)
		}
	}
}

func TestEmail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		" M@Example.com ":        "m@example.com",
		"a.b+c@mail.example":     "a.b+c@mail.example",
		"Name <m@example.com>":   "",
		"m@":                     "",
		"m@host":                 "",
		"m@example.com\r\nBcc:x": "",
		"":                       "",
	} {
		got, err := field.Email("email", in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Email(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in, want, message string
	}{
		{"trimmed", "  Ana ", "Ana", ""},
		{"characters, not bytes", strings.Repeat("é", 10), strings.Repeat("é", 10), ""},
		{"empty", "  ", "", "must not be empty"},
		{"too long", strings.Repeat("x", 11), "", "has 11 characters; give 1 to 10"},
		{"control", "a\x00b", "", "control character"},
		{"line break", "a\nb", "", "control character"},
		{"direction", "a\u202eb", "", "control character"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := field.Line("name", tt.in, 1, 10)
			if got != tt.want || (err == nil) != (tt.message == "") {
				t.Fatalf("Line = %q, %v", got, err)
			}
			if err != nil && (!strings.Contains(err.Error(), tt.message) || fault.CodeOf(err) != fault.CodeInvalid) {
				t.Errorf("Line: %v, want %q", err, tt.message)
			}
		})
	}
}

func TestTimezone(t *testing.T) {
	t.Parallel()
	for in, ok := range map[string]bool{"Europe/Paris": true, "UTC": true, "Asia/Calcutta": true, "Local": false, "": false, "Mars/Olympus": false, "../etc/passwd": false} {
		if _, err := field.Timezone("timezone", in); (err == nil) != ok {
			t.Errorf("Timezone(%q): %v", in, err)
		}
	}
}

func TestInstant(t *testing.T) {
	t.Parallel()
	for in, ok := range map[string]bool{"2026-05-21T09:00:00Z": true, "2026-05-21T09:00:00.123+03:00": true, "2026-05-21T09:00:00": false, "2026-05-21": false, "": false} {
		if _, err := field.Instant("at", in); (err == nil) != ok {
			t.Errorf("Instant(%q): %v", in, err)
		}
	}
}
