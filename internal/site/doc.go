// Package site holds websites and their settings: time zone, currency,
// hostnames, exclusions; with them the notes of the team and how goals are shown.
//
// Read Website, then Changes (what may be set, and to what), Sites (the service)
// and Directory (the fast way to look one up).
//
// It may import audit, field, place, id and fault. It must not know events.
package site
