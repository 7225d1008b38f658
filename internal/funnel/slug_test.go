package funnel_test

import (
	"testing"

	"datafast/internal/funnel"
)

func TestSlug(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Signup funnel":   "signup-funnel",
		"  A -- B!  ":     "a-b",
		"Été à Paris":     "ete-a-paris",
		"Größe 2":         "große-2",
		"購入":              "購入",
		"!!!":             "x",
		"":                "x",
		"UPPER_case.name": "upper-case-name",
	} {
		if got := funnel.Slug(in, "x"); got != want {
			t.Errorf("Slug(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestUnique(t *testing.T) {
	t.Parallel()
	if got := funnel.Unique("a", []string{"a", "a-2", "b"}); got != "a-3" {
		t.Errorf("Unique = %q, want a-3", got)
	}
	if got := funnel.Unique("c", []string{"a"}); got != "c" {
		t.Errorf("Unique = %q, want c", got)
	}
}
