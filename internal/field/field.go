// Package field checks single values that people and programs type: names,
// e-mail addresses, hosts, time zones, times. Each function returns the value as
// it is to be kept, or a fault that names the field, what was wrong and what
// would be right.
//
// It imports fault only.
package field

import (
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"datafast/internal/fault"
)

// Line is one line of text: trimmed, at least least and at most most characters,
// no control characters.
func Line(name, value string, least, most int) (string, error) {
	return text(name, value, least, most, false)
}

// Lines is Line that may have line breaks and tabs.
func Lines(name, value string, least, most int) (string, error) {
	return text(name, value, least, most, true)
}

func text(name, value string, least, most int, breaks bool) (string, error) {
	value = strings.TrimSpace(value)
	n := utf8.RuneCountInString(value)
	switch {
	case !utf8.ValidString(value):
		return "", fault.Invalid(name, "is not valid UTF-8")
	case n < least && least == 1:
		return "", fault.Invalid(name, "must not be empty; give 1 to %d characters", most)
	case n < least || n > most:
		return "", fault.Invalid(name, "has %d characters; give %d to %d", n, least, most)
	case strings.ContainsFunc(value, func(r rune) bool { return forbidden(r, breaks) }):
		return "", fault.Invalid(name, "contains a control character; remove it")
	}
	return value, nil
}

// forbidden characters are controls and those that turn the direction of text.
func forbidden(r rune, breaks bool) bool {
	if breaks && (r == '\n' || r == '\r' || r == '\t') {
		return false
	}
	return unicode.IsControl(r) || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

// Email is a bare address, trimmed and in lower case, at most 254 bytes.
func Email(name, value string) (string, error) {
	value = strings.ToLower(strings.TrimSpace(value))
	a, err := mail.ParseAddress(value)
	at := strings.LastIndexByte(value, '@')
	if err != nil || a.Name != "" || a.Address != value || len(value) > 254 || at < 1 {
		return "", fault.Invalid(name, "%q is not an e-mail address; write it as name@example.com", value)
	}
	if _, err := Host(name, value[at+1:]); err != nil {
		return "", fault.Invalid(name, "%q is not an e-mail address; its part after @ is no host", value)
	}
	return value, nil
}

// Host is a host name without scheme, path or port: lower case, international
// names in their ASCII form, with a dot unless it is localhost.
func Host(name, value string) (string, error) {
	host := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(value)), ".")
	if host == "localhost" {
		return host, nil
	}
	switch {
	case strings.Contains(host, "://"):
		return "", fault.Invalid(name, "%q has a scheme; give the host alone, as in shop.example", value)
	case strings.ContainsAny(host, "/?#"):
		return "", fault.Invalid(name, "%q has a path; give the host alone, as in shop.example", value)
	case strings.Contains(host, ":"):
		return "", fault.Invalid(name, "%q has a port; give the host alone, as in shop.example", value)
	}
	ascii, err := idna.Lookup.ToASCII(host)
	if err != nil || !strings.Contains(ascii, ".") || len(ascii) > 253 || !hostBytes(ascii) {
		return "", fault.Invalid(name, "%q is not a host name; write it as shop.example", value)
	}
	return ascii, nil
}

func hostBytes(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}

// Timezone is an IANA name.
func Timezone(name, value string) (string, error) {
	value = strings.TrimSpace(value)
	if value == "" || value == "Local" {
		return "", fault.Invalid(name, "%q is not a time zone; use an IANA name such as Europe/Paris", value)
	}
	if _, err := time.LoadLocation(value); err != nil {
		return "", fault.Invalid(name, "%q is not a time zone; use an IANA name such as Europe/Paris", value)
	}
	return value, nil
}

// Instant is an ISO 8601 time with a zone.
func Instant(name, value string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700"} {
		if at, err := time.Parse(layout, value); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fault.Invalid(name, "%q is not a time with a zone; write it as 2026-05-21T09:00:00Z", value)
}
