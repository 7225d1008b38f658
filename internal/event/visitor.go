package event

import (
	"encoding/hex"
	"strings"

	"datafast/internal/fault"
)

// VisitorID is a UUID v4, the id of one browser (or of one day's hash without
// cookies). The zero value is no visitor.
type VisitorID [16]byte

// String returns the canonical lower-case form with dashes.
func (v VisitorID) String() string {
	var b [36]byte
	hex.Encode(b[0:8], v[0:4])
	hex.Encode(b[9:13], v[4:6])
	hex.Encode(b[14:18], v[6:8])
	hex.Encode(b[19:23], v[8:10])
	hex.Encode(b[24:36], v[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// IsZero reports whether v names no visitor.
func (v VisitorID) IsZero() bool { return v == VisitorID{} }

// ForceV4 sets the version and variant bits of a UUID v4 (RFC 9562 §5.4).
func (v VisitorID) ForceV4() VisitorID {
	v[6] = v[6]&0x0f | 0x40
	v[8] = v[8]&0x3f | 0x80
	return v
}

// ParseVisitorID reads a UUID v4 in any case. The error names the given field.
func ParseVisitorID(field, s string) (VisitorID, error) {
	if v, ok := parseUUID(s); ok && v[6]>>4 == 4 && v[8]>>6 == 2 {
		return v, nil
	}
	return VisitorID{}, fault.Invalid(field, "%s is not a visitor id; send a UUID v4 such as 6f1d2c3b-8a90-4b7e-9c1d-2e3f4a5b6c7d", quoteShort(s))
}

func parseUUID(s string) (v VisitorID, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return v, false
	}
	var digits [32]byte
	n := 0
	for _, part := range [...]string{s[:8], s[9:13], s[14:18], s[19:23], s[24:]} {
		n += copy(digits[n:], part)
	}
	_, err := hex.Decode(v[:], digits[:])
	return v, err == nil
}

// quoteShort quotes at most 60 bytes of s for a message.
func quoteShort(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return `"` + s + `"`
}
