// Package id makes the 24-hex identifiers of everything the API names.
//
// An id is 6 bytes of Unix milliseconds, 3 bytes of a counter and 3 bytes of
// randomness that tell processes apart. Ids of one process rise strictly, so
// that events of equal time keep the order of their arrival.
//
// It imports nothing of ours.
package id

import (
	"crypto/rand"
	"encoding/hex"
	"sync"
	"time"
)

// Generator makes rising ids. The zero value is not usable; see NewGenerator.
type Generator struct {
	mu      sync.Mutex
	lastMS  int64
	counter uint32
	node    [3]byte
}

// NewGenerator returns a generator with a random node part.
func NewGenerator() *Generator {
	g := &Generator{}
	_, _ = rand.Read(g.node[:]) // never fails: crypto/rand documents it
	return g
}

// New returns an id for the given time, above every id it returned before, also
// when the clock went back.
func (g *Generator) New(now time.Time) string {
	g.mu.Lock()
	ms := now.UnixMilli()
	switch {
	case ms > g.lastMS:
		g.lastMS, g.counter = ms, 0
	case g.counter == 1<<24-1:
		g.lastMS, g.counter = g.lastMS+1, 0
	default:
		g.counter++
	}
	ms, n := g.lastMS, g.counter
	g.mu.Unlock()
	b := [12]byte{
		byte(ms >> 40), byte(ms >> 32), byte(ms >> 24), byte(ms >> 16), byte(ms >> 8), byte(ms),
		byte(n >> 16), byte(n >> 8), byte(n), g.node[0], g.node[1], g.node[2],
	}
	return hex.EncodeToString(b[:])
}

// Valid reports whether s has the form of an id: 24 lower-case hex characters.
func Valid(s string) bool {
	if len(s) != 24 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
