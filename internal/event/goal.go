package event

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"datafast/internal/fault"
)

// Limits of goal names and parameters (tracker.md §3.1).
const (
	MaxParams     = 10
	MaxParamValue = 255
)

// AutomaticGoals are raised by payments, never sent by hand (product.md §6.5).
func AutomaticGoals() []string {
	return []string{
		"payment", "free_trial", "trial_started", "trial_converted", "subscription_started",
		"subscription_upgraded", "subscription_downgraded", "subscription_renewed",
		"subscription_cancel_scheduled", "subscription_reactivated", "subscription_ended",
	}
}

// ReservedGoal reports whether a name may not be sent as a goal.
func ReservedGoal(name string) bool {
	return name == "identify" || slices.Contains(AutomaticGoals(), name)
}

type goalPatterns struct{ name, key, script *regexp.Regexp }

var patterns = sync.OnceValue(func() goalPatterns { //nolint:gochecknoglobals // compiled once, never changed
	return goalPatterns{
		name:   regexp.MustCompile(`^[a-z0-9_:-]{1,64}$`),
		key:    regexp.MustCompile(`^[a-z0-9_-]{1,64}$`),
		script: regexp.MustCompile(`(?i)javascript:|vbscript:|data:|on\w+=`),
	}
})

// FormatGoalName brings a goal's name into its stored form: trimmed, lower case,
// blanks as underscores. It does not check it.
func FormatGoalName(s string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(s)), " ", "_")
}

// ParseGoalName formats and checks a goal's name; reserved names are refused.
func ParseGoalName(field, s string) (string, error) {
	name := FormatGoalName(s)
	if !patterns().name.MatchString(name) {
		return "", fault.Invalid(field, "%s is not a goal name; use 1 to 64 of the characters a-z, 0-9, _, : and -", quoteShort(s))
	}
	if ReservedGoal(name) {
		return "", fault.Invalid(field, "%q is a reserved goal name; choose another one", name)
	}
	return name, nil
}

// CleanParams checks and cleans the parameters of a goal and returns them as a
// JSON object with sorted keys, "" for none.
func CleanParams(field string, params map[string]any) (string, error) {
	if len(params) == 0 {
		return "", nil
	}
	if len(params) > MaxParams {
		return "", fault.Invalid(field, "has %d parameters; at most %d are allowed", len(params), MaxParams)
	}
	clean := make(map[string]string, len(params))
	for key, value := range params {
		k := strings.ToLower(key)
		if !patterns().key.MatchString(k) {
			return "", fault.Invalid(field, "%s is not a parameter name; use 1 to 64 of the characters a-z, 0-9, _ and -", quoteShort(key))
		}
		clean[k] = CleanValue(text(value))
	}
	out, err := json.Marshal(clean)
	if err != nil {
		return "", fmt.Errorf("encode parameters: %w", err)
	}
	return string(out), nil
}

// text is the string form of a JSON value: nested ones are their JSON text.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		b, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(b)
	}
}

// CleanValue cuts a value at 255 characters and then removes what could become
// markup or script (tracker.md §3.1).
func CleanValue(s string) string {
	if len(s) > MaxParamValue {
		if r := []rune(s); len(r) > MaxParamValue {
			s = string(r[:MaxParamValue])
		}
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(`<>'"&`, r), r < 0x20 && r != '\n' && r != '\t', r == 0x7f, r == 0xfffd:
			return -1
		}
		return r
	}, s)
	for strings.ContainsAny(s, ":=") { // each of the patterns has one of them
		next := patterns().script.ReplaceAllString(s, "")
		if next == s {
			break
		}
		s = next
	}
	return strings.TrimSpace(s)
}
