package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"datafast/internal/fault"
)

func TestCodeOf(t *testing.T) {
	t.Parallel()
	invalid := fault.Invalid("interval", "%q is not an interval", "hourly")
	tests := []struct {
		name string
		err  error
		want fault.Code
	}{
		{"plain error is internal", errors.New("disk"), fault.CodeInternal},
		{"direct", invalid, fault.CodeInvalid},
		{"wrapped", fmt.Errorf("parse query: %w", invalid), fault.CodeInvalid},
		{"list takes its first", fault.List{fault.NotFound("Website not found"), invalid}, fault.CodeNotFound},
		{"wrapped list", fmt.Errorf("check: %w", fault.List{invalid}), fault.CodeInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := fault.CodeOf(tt.err); got != tt.want {
				t.Errorf("CodeOf = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestList_Add(t *testing.T) {
	t.Parallel()
	var l fault.List
	l.Add(nil)
	if l.Err() != nil {
		t.Fatalf("empty list is an error: %v", l.Err())
	}
	l.Add(fault.Invalid("limit", "must be at least 1"))
	l.Add(fault.List{fault.Invalid("offset", "must not be negative")})
	l.Add(errors.New("odd"))
	want := "limit: must be at least 1; offset: must not be negative; odd"
	if got := l.Err().Error(); got != want {
		t.Errorf("joined = %q, want %q", got, want)
	}
}
