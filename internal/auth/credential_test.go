package auth_test

import (
	"strings"
	"testing"
	"time"

	"datafast/internal/auth"
)

// TestCredential_Unused: a permission is pointed out when no request of the last
// 30 days needed it, and never earlier.
func TestCredential_Unused(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 31, 1, 0, 0, 0, time.UTC)
	day := func(d int) time.Time { return time.Date(2026, 5, d, 0, 0, 0, 0, time.UTC) }
	tests := []struct {
		name    string
		created time.Time
		used    time.Time // zero: never
		want    string
	}{
		{"younger than 30 days", day(2), time.Time{}, ""},
		{"never used", day(1), time.Time{}, "funnels:read"},
		{"used 29 days and some hours ago", day(-30), day(1), ""},
		{"used on a day that is over for 30 days", day(-30), day(-1), "funnels:read"},
		{"used today", day(-30), day(31), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := &auth.Credential{Kind: auth.AccountToken, Granted: []string{"funnels:read"}, CreatedAt: tt.created}
			if !tt.used.IsZero() {
				c.Uses = map[string]time.Time{"funnels:read": tt.used}
			}
			if got := strings.Join(c.Unused(now), " "); got != tt.want {
				t.Errorf("unused %q, want %q", got, tt.want)
			}
		})
	}
}
