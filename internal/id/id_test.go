package id_test

import (
	"testing"
	"time"

	"datafast/internal/id"
)

func TestGenerator_New(t *testing.T) {
	t.Parallel()
	g := id.NewGenerator()
	now := time.UnixMilli(1779321600000)
	prev := ""
	for i := range 1000 {
		at := now
		if i%7 == 3 {
			at = now.Add(-time.Hour) // a clock that went back
		}
		got := g.New(at)
		if !id.Valid(got) {
			t.Fatalf("New = %q, not a valid id", got)
		}
		if got <= prev {
			t.Fatalf("id %d: %q does not rise above %q", i, got, prev)
		}
		prev = got
	}
}

func TestValid(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"665f0b3c4d2e1a0012345601":  true,
		"665F0B3C4D2E1A0012345601":  false,
		"665f0b3c4d2e1a001234560":   false,
		"665f0b3c4d2e1a00123456011": false,
		"dfid_8KqW2mZr4TnB5xYc7LdV": false,
		"":                          false,
	} {
		if got := id.Valid(s); got != want {
			t.Errorf("Valid(%q) = %v, want %v", s, got, want)
		}
	}
}
