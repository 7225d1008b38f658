package api

import (
	"slices"
	"strconv"
	"strings"

	"datafast/internal/fault"
)

// OnlyQuery refuses query parameters that are not named and repeated ones; for
// the endpoints that do so (rule 1.14). websiteId is always allowed.
func (r *Request) OnlyQuery(names ...string) error {
	var faults fault.List
	for _, key := range sortedKeys(r.Query) {
		switch {
		case key != "websiteId" && !slices.Contains(names, key):
			faults.Add(fault.Invalid(key, "%q is not a parameter here; use %s", key, strings.Join(names, ", ")))
		case len(r.Query[key]) > 1:
			faults.Add(fault.Invalid(key, "%q is given %d times; give it once", key, len(r.Query[key])))
		}
	}
	return faults.Err()
}

func sortedKeys(q map[string][]string) []string {
	keys := make([]string, 0, len(q))
	for k := range q {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Paging reads limit and offset: absent means fallback and 0, a limit over most
// is clamped, anything below 1 or 0 or not an integer is invalid.
func (r *Request) Paging(fallback, most int) (limit, offset int, err error) {
	var faults fault.List
	limit, err = r.integer("limit", fallback, 1)
	faults.Add(err)
	offset, err = r.integer("offset", 0, 0)
	faults.Add(err)
	return min(limit, most), offset, faults.Err()
}

// integer reads a whole number that is at least least.
func (r *Request) integer(name string, fallback, least int) (int, error) {
	s := r.Query.Get(name)
	if s == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least {
		return fallback, fault.Invalid(name, "%q is not a whole number of at least %d", s, least)
	}
	return n, nil
}

// boolean reads true or false; absent is false.
func (r *Request) boolean(name string) (bool, error) {
	switch s := r.Query.Get(name); s {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	default:
		return false, fault.Invalid(name, "%q is neither true nor false", s)
	}
}
