package event_test

import (
	"strings"
	"testing"

	"datafast/internal/event"
)

func TestParseGoalName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want, says string }{
		{" Signed Up ", "signed_up", ""},
		{"checkout:pro-1", "checkout:pro-1", ""},
		{strings.Repeat("a", 64), strings.Repeat("a", 64), ""},
		{strings.Repeat("a", 65), "", "1 to 64"},
		{"", "", "1 to 64"},
		{"größe", "", "1 to 64"},
		{"Identify", "", "reserved"},
		{"free trial", "", "reserved"},
	} {
		got, err := event.ParseGoalName("name", tt.in)
		if got != tt.want || (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("ParseGoalName(%q) = %q, %v; want %q, %q", tt.in, got, err, tt.want, tt.says)
		}
	}
	for _, name := range event.AutomaticGoals() {
		if _, err := event.ParseGoalName("name", name); err == nil {
			t.Errorf("%s may be sent", name)
		}
	}
}

func TestCleanValue(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain":                              "plain",
		`<script>alert("1")</script>`:        "scriptalert(1)/script",
		"JavaScript:alert(1)":                "alert(1)",
		"a onclick=steal() b":                "a steal() b",
		"javajavascript:script:x":            "x",
		"  blanks around  ":                  "blanks around",
		strings.Repeat("x", 256):             strings.Repeat("x", 255),
		strings.Repeat("ü", 256):             strings.Repeat("ü", 255),
		strings.Repeat("x", 254) + "<b>bold": strings.Repeat("x", 254), // cut first, cleaned then
	} {
		if got := event.CleanValue(in); got != want {
			t.Errorf("CleanValue(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCleanParams(t *testing.T) {
	t.Parallel()
	got, err := event.CleanParams("extraData", map[string]any{"Plan": "pro", "seats": 3.0, "none": nil, "nested": map[string]any{"a": 1.0}})
	if want := `{"nested":"{a:1}","none":"","plan":"pro","seats":"3"}`; got != want || err != nil {
		t.Errorf("CleanParams = %s, %v; want %s", got, err, want)
	}
	eleven := map[string]any{}
	for _, key := range strings.Split("abcdefghijk", "") {
		eleven[key] = 1
	}
	for says, params := range map[string]map[string]any{
		"at most 10":           eleven,
		"not a parameter name": {"bad key!": 1},
	} {
		if _, err := event.CleanParams("extraData", params); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("CleanParams(%v): %v, want %q", params, err, says)
		}
	}
}
