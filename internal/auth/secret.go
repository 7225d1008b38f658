package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"strings"
)

// Prefixes of the two kinds of token.
const (
	prefixKey   = "df_"
	prefixToken = "dft_"
	randomHex   = 40
	sumHex      = 8
)

// NewSecret makes the raw value of a website key or account token: prefix, 40
// hex of randomness, 8 hex of CRC-32 (IEEE) over all before.
func NewSecret(k Kind) string {
	prefix := prefixToken
	if k == WebsiteKey {
		prefix = prefixKey
	}
	b := make([]byte, randomHex/2)
	_, _ = rand.Read(b) // never fails: crypto/rand documents it
	body := prefix + hex.EncodeToString(b)
	return body + checksum(body)
}

func checksum(body string) string {
	return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(body)))
}

// SecretKind recognises a raw value by prefix, length, alphabet and check sum,
// without a look-up; ok is false for a mistyped or truncated one.
func SecretKind(secret string) (k Kind, ok bool) {
	switch {
	case strings.HasPrefix(secret, prefixToken):
		k = AccountToken
	case strings.HasPrefix(secret, prefixKey):
		k = WebsiteKey
	default:
		return 0, false
	}
	body, found := strings.CutPrefix(secret, prefixToken)
	if !found {
		body = strings.TrimPrefix(secret, prefixKey)
	}
	if len(body) != randomHex+sumHex || strings.Trim(body, "0123456789abcdef") != "" {
		return 0, false
	}
	cut := len(secret) - sumHex
	return k, secret[cut:] == checksum(secret[:cut])
}

// HashSecret is what is stored of a secret: its SHA-256 in hex. The secret has
// 160 bits of randomness, so no salt is needed.
func HashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// DisplayKey is what people see of a secret later: first 7 characters, "...",
// last 4.
func DisplayKey(secret string) string {
	if len(secret) < 11 {
		return ""
	}
	return secret[:7] + "..." + secret[len(secret)-4:]
}
