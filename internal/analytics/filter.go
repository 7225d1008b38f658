package analytics

import (
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"

	"datafast/internal/event"
	"datafast/internal/fault"
	"datafast/internal/place"
	"datafast/internal/referrer"
)

// Operator compares a filter's values.
type Operator string

// The operators of api.md §4.1.
const (
	Is             Operator = "is"
	IsNot          Operator = "is_not"
	Contains       Operator = "contains"
	DoesNotContain Operator = "does_not_contain"
	AtLeast        Operator = "gte"
	AtMost         Operator = "lte"
)

// Negative reports whether the operator keeps what matches none of the values.
func (o Operator) Negative() bool { return o == IsNot || o == DoesNotContain }

// Filter keeps sessions (or visitors, see filterSpec). Values are in stored form:
// codes of places, lower case where case does not matter, stored referrer names.
type Filter struct {
	Name   string // without "filter_": "country", "page", "visit_count" …
	Op     Operator
	Values []string
}

// maxFilterValues bounds the values of one filter.
const maxFilterValues = 50

// maxFilterValue bounds the characters of one value (the grammar of api.md §4.1).
const maxFilterValue = 400

// filterSpec says which operators a filter takes and how its values are stored.
type filterSpec struct {
	ops    []Operator
	stored func(value string) []string // nil: as given
	check  func(value string) bool
	want   string // what a value must be, for the message
	older  bool   // also accepted without "filter_"
}

func filterSpecs() map[string]filterSpec {
	equal := []Operator{Is, IsNot}
	text := []Operator{Is, IsNot, Contains, DoesNotContain}
	specs := map[string]filterSpec{
		"country":    {ops: equal, stored: storedCountry, older: true},
		"region":     {ops: equal, stored: storedRegion, older: true},
		"city":       {ops: equal, stored: storedUnknown, older: true},
		"device":     {ops: equal, stored: lower, older: true},
		"browser":    {ops: equal, stored: storedBrowser, older: true},
		"os":         {ops: equal, stored: storedUnknown, older: true},
		"referrer":   {ops: equal, stored: storedReferrer, older: true},
		"page":       {ops: text, stored: storedPath, older: true},
		"entry_page": {ops: text, stored: storedPath, older: true},
		"hostname":   {ops: equal, stored: lower, older: true},
		"goal":       {ops: equal, stored: storedGoal, older: true},
		"visit_count": {
			ops: []Operator{Is, IsNot, AtLeast, AtMost}, check: isCount, want: "an integer of at least 1",
		},
		"channel":      {ops: equal, stored: lower},
		"exit_link":    {ops: text},
		"visitor_type": {ops: []Operator{Is}, check: oneOf("new", "returning"), want: "new or returning"},
		"customer":     {ops: []Operator{Is}, check: oneOf("true", "false"), want: "true or false"},
	}
	for _, key := range CampaignKeys() {
		specs[key] = filterSpec{ops: equal, older: true}
	}
	return specs
}

func lower(v string) []string { return []string{strings.ToLower(v)} }

func isCount(v string) bool {
	n, err := strconv.Atoi(v)
	return err == nil && n >= 1
}

func oneOf(values ...string) func(string) bool {
	return func(v string) bool { return slices.Contains(values, v) }
}

func storedUnknown(v string) []string {
	if strings.EqualFold(v, place.Unknown) {
		return []string{""}
	}
	return lower(v)
}

func storedCountry(v string) []string {
	if strings.EqualFold(v, place.Unknown) {
		return []string{""}
	}
	if code, ok := place.CountryCode(v); ok {
		return []string{strings.ToLower(code)}
	}
	return lower(v)
}

func storedRegion(v string) []string {
	if strings.EqualFold(v, place.Unknown) {
		return []string{""}
	}
	out := lower(v) // a name that no table knows is stored as it is
	for _, code := range place.RegionCodes(v) {
		out = append(out, strings.ToLower(code))
	}
	return out
}

func storedBrowser(v string) []string {
	if strings.EqualFold(v, "safari") {
		return []string{"safari", "mobile safari"}
	}
	return storedUnknown(v)
}

// Direct is how a visit without a referrer is shown and filtered.
const Direct = "Direct/None"

func storedReferrer(v string) []string {
	if strings.EqualFold(v, Direct) || strings.EqualFold(v, "direct") {
		return []string{""}
	}
	out := lower(strings.TrimPrefix(strings.ToLower(v), "www."))
	if known, ok := referrer.ByHost(v); ok && known.Kind != referrer.Internal {
		out = append(out, strings.ToLower(known.Name))
	}
	return out
}

func storedPath(v string) []string { return []string{v} }

func storedGoal(v string) []string { return []string{event.FormatGoalName(v)} }

// ParseFilters reads every filter of a query string, prefixed or in the older
// form, and reports all errors together.
func ParseFilters(query url.Values) ([]Filter, error) {
	specs := filterSpecs()
	var errs fault.List
	var out []Filter
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, param := range names {
		name, prefixed := strings.CutPrefix(param, "filter_")
		spec, known := specs[name]
		switch {
		case prefixed && !known:
			errs.Add(fault.Invalid(param, "is not a filter; use one of filter_%s", strings.Join(FilterNames(), ", filter_")))
			continue
		case !prefixed && (!known || !spec.older):
			continue
		}
		for _, raw := range query[param] {
			f, err := parseFilter(param, name, spec, raw)
			errs.Add(err)
			if len(f.Values) > 0 {
				out = append(out, f)
			}
		}
	}
	return out, errs.Err()
}

func parseFilter(param, name string, spec filterSpec, raw string) (Filter, error) {
	f := Filter{Name: name, Op: Is}
	if op, rest, ok := cutOperator(raw); ok {
		f.Op, raw = op, rest
	}
	if !slices.Contains(spec.ops, f.Op) {
		return Filter{}, fault.Invalid(param, "does not support the operator %q; use %s", f.Op, strings.Join(FilterOperators(name), ", "))
	}
	values := splitValues(raw)
	if len(values) > maxFilterValues {
		return Filter{}, fault.Invalid(param, "has %d values; at most %d are allowed", len(values), maxFilterValues)
	}
	for _, v := range values {
		switch {
		case len([]rune(v)) > maxFilterValue:
			return Filter{}, fault.Invalid(param, "has a value of %d characters; at most %d are allowed", len([]rune(v)), maxFilterValue)
		case spec.check != nil && !spec.check(v):
			return Filter{}, fault.Invalid(param, "%q is not a value for it; give %s", v, spec.want)
		case spec.stored != nil && (f.Op == Is || f.Op == IsNot):
			f.Values = append(f.Values, spec.stored(v)...)
		default:
			f.Values = append(f.Values, v)
		}
	}
	return f, nil
}

// cutOperator recognises one of the six words and ":" in front; any other prefix
// belongs to the value.
func cutOperator(raw string) (Operator, string, bool) {
	word, rest, found := strings.Cut(raw, ":")
	if !found {
		return "", raw, false
	}
	switch op := Operator(word); op {
	case Is, IsNot, Contains, DoesNotContain, AtLeast, AtMost:
		return op, rest, true
	}
	return "", raw, false
}

// splitValues splits at commas; "\," stands for one. Blank values are dropped.
func splitValues(raw string) []string {
	var out []string
	var b strings.Builder
	flush := func() {
		if v := strings.TrimSpace(b.String()); v != "" {
			out = append(out, v)
		}
		b.Reset()
	}
	for i := 0; i < len(raw); i++ {
		switch {
		case raw[i] == '\\' && i+1 < len(raw) && raw[i+1] == ',':
			b.WriteByte(',')
			i++
		case raw[i] == ',':
			flush()
		default:
			b.WriteByte(raw[i])
		}
	}
	flush()
	return out
}

// FilterNames lists the filters, without "filter_", sorted.
func FilterNames() []string {
	specs := filterSpecs()
	names := make([]string, 0, len(specs))
	for name := range specs {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// FilterOperators lists the operators that a filter takes.
func FilterOperators(name string) []string {
	var out []string
	for _, op := range filterSpecs()[name].ops {
		out = append(out, string(op))
	}
	return out
}
