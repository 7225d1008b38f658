package control

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"

	"datafast/internal/fault"
)

// Fact returns what was noted about the installation under a name; empty when
// nothing was.
func (s *Store) Fact(ctx context.Context, name string) (string, error) {
	value, err := one(ctx, s, "fact "+name, func(r scanner) (v string, err error) { return v, r.Scan(&v) },
		`SELECT value FROM installation WHERE name = ?`, name)
	if err != nil && fault.CodeOf(err) == fault.CodeNotFound {
		return "", nil
	}
	return value, err
}

// SetFact notes something about the installation.
func (s *Store) SetFact(ctx context.Context, name, value string) error {
	return s.do(ctx, "set fact "+name, `INSERT INTO installation (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
}

// KeepFact notes value unless something was noted before, and returns what stands.
func (s *Store) KeepFact(ctx context.Context, name, value string) (stands string, err error) {
	err = s.InTx(ctx, func(ctx context.Context) error {
		if stands, err = s.Fact(ctx, name); err != nil || stands != "" {
			return err
		}
		stands = value
		return s.SetFact(ctx, name, value)
	})
	return stands, err
}

const saltFact = "cookieless_salt"

// DailySalt returns the 32 random bytes of a day (2026-05-21), made at the first
// question of the day; those of the day before are gone then (tracker.md §6.5).
func (s *Store) DailySalt(ctx context.Context, day string) (salt []byte, err error) {
	err = s.InTx(ctx, func(ctx context.Context) error {
		kept, err := s.Fact(ctx, saltFact)
		if err != nil {
			return err
		}
		if of, hexed, ok := strings.Cut(kept, " "); ok && of >= day {
			salt, err = hex.DecodeString(hexed)
			return err
		}
		salt = make([]byte, 32)
		if _, err := rand.Read(salt); err != nil {
			return fmt.Errorf("make salt: %w", err)
		}
		return s.SetFact(ctx, saltFact, day+" "+hex.EncodeToString(salt))
	})
	return salt, err
}
