package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"datafast/internal/fault"
)

// Bounds of a password, in characters. The upper one keeps hashing cheap.
const (
	minPassword = 10
	maxPassword = 200
)

// checkPassword returns a field error for a password that is too short or long.
func checkPassword(name, password string) error {
	n := utf8.RuneCountInString(password)
	if n < minPassword || n > maxPassword || !utf8.ValidString(password) {
		return fault.Invalid(name, "has %d characters; give %d to %d", n, minPassword, maxPassword)
	}
	return nil
}

// Hasher turns passwords into argon2id hashes, few at a time: each takes its
// memory only while it runs.
type Hasher struct {
	memoryKiB uint32
	passes    uint32
	slots     chan struct{}
	decoy     string // checked for unknown people, so that they take as long
}

// NewHasher returns a hasher that uses memoryKiB and passes (OWASP's advice is
// 19456 and 2), at most parallel at once.
func NewHasher(memoryKiB, passes uint32, parallel int) *Hasher {
	h := &Hasher{memoryKiB: memoryKiB, passes: passes, slots: make(chan struct{}, parallel)}
	h.decoy = h.encode("", randomBytes(saltLen))
	return h
}

const (
	saltLen = 16
	hashLen = 32
)

// Hash returns "$argon2id$v=19$m=…,t=…,p=1$salt$hash".
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	return h.encode(password, randomBytes(saltLen)), nil
}

// Matches reports whether a password belongs to a hash. An empty hash matches
// nothing and takes as long.
func (h *Hasher) Matches(ctx context.Context, password, hash string) (bool, error) {
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer h.leave()
	known := hash != ""
	if !known {
		hash = h.decoy
	}
	var version int
	var memory, passes uint32
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, fmt.Errorf("stored password hash has an unknown form")
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=1", &version, &memory, &passes); err != nil {
		return false, fmt.Errorf("read stored password hash: %w", err)
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("read stored password salt: %w", err)
	}
	got := derive(password, salt, memory, passes)
	same := subtle.ConstantTimeCompare([]byte(got), []byte(parts[5])) == 1
	return same && known, nil
}

func (h *Hasher) encode(password string, salt []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, h.memoryKiB, h.passes,
		base64.RawStdEncoding.EncodeToString(salt), derive(password, salt, h.memoryKiB, h.passes))
}

func derive(password string, salt []byte, memoryKiB, passes uint32) string {
	return base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte(password), salt, passes, memoryKiB, 1, hashLen))
}

func (h *Hasher) enter(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to check a password: %w", ctx.Err())
	}
}

func (h *Hasher) leave() { <-h.slots }

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand documents it
	return b
}

// newLinkSecret makes the secret of a one-time link, 32 random bytes in hex.
func newLinkSecret() string { return hex.EncodeToString(randomBytes(32)) }

// hashSecret is what is kept of a link's secret or a recovery code.
func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
