package account_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"datafast/internal/account"
)

func TestHasher(t *testing.T) {
	t.Parallel()
	h := account.NewHasher(64, 1, 2)
	hash, err := h.Hash(t.Context(), "correct horse")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatalf("Hash = %q, %v", hash, err)
	}
	other, _ := h.Hash(t.Context(), "correct horse")
	if other == hash {
		t.Error("two hashes of a password are the same: no salt")
	}
	tests := []struct {
		name, password, hash string
		want                 bool
	}{
		{"right", "correct horse", hash, true},
		{"wrong", "correct horsf", hash, false},
		{"empty", "", hash, false},
		{"nobody", "correct horse", "", false},
		{"nobody, empty password", "", "", false},
	}
	stronger := account.NewHasher(128, 2, 1) // reads the costs from the hash
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := stronger.Matches(t.Context(), tt.password, tt.hash)
			if err != nil || got != tt.want {
				t.Errorf("Matches = %v, %v; want %v", got, err, tt.want)
			}
		})
	}
	if _, err := h.Matches(t.Context(), "x", "$2b$12$abc"); err == nil {
		t.Error("a hash of another kind is taken")
	}
}

func TestHasher_givesUp(t *testing.T) {
	t.Parallel()
	h := account.NewHasher(64, 1, 0) // no slot is ever free
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Hash(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("Hash of a caller who went away: %v", err)
	}
}

func TestRole_AtLeast(t *testing.T) {
	t.Parallel()
	order := []account.Role{account.RoleNone, account.RoleViewer, account.RoleMember, account.RoleOwner}
	for i, r := range order {
		for j, least := range order {
			if got := r.AtLeast(least); got != (i >= j) {
				t.Errorf("%q.AtLeast(%q) = %v", r, least, got)
			}
		}
	}
	if account.Role("king").AtLeast(account.RoleViewer) {
		t.Error("an unknown role counts as viewer")
	}
}
