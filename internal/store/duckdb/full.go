package duckdb

import (
	"errors"
	"slices"
	"strings"
	"syscall"
)

// Full reports whether an error says that nothing more can be written to the disk:
// what was not stored may be tried again when there is room. The engine hands on
// the system's own words.
func Full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) ||
		slices.ContainsFunc([]string{"No space left on device", "Disk quota exceeded", "File too large"}, func(words string) bool {
			return strings.Contains(err.Error(), words)
		})
}
