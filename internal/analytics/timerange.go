package analytics

import (
	"regexp"
	"strings"
	"sync"
	"time"
	_ "time/tzdata"

	"datafast/internal/fault"
)

// Range is half-open, [From, To). A zero Range is all time.
type Range struct{ From, To time.Time }

// IsAll reports whether the range is all time.
func (r Range) IsAll() bool { return r.From.IsZero() && r.To.IsZero() }

// Duration is the length of the range; 0 for all time.
func (r Range) Duration() time.Duration { return r.To.Sub(r.From) }

// maxRangeYears bounds a range.
const maxRangeYears = 10

// ParseZone reads an IANA time zone; "" gives the website's.
func ParseZone(name, websiteZone string) (*time.Location, error) {
	if name == "" {
		name = websiteZone
	}
	if name == "" || name == "Local" || len(name) > 64 {
		return nil, badZone(name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, badZone(name)
	}
	return loc, nil
}

func badZone(name string) error {
	return fault.Invalid("timezone", "%q is not a time zone; use an IANA name such as Europe/Berlin", name)
}

// bound is one end of a range as it was written.
type bound struct {
	at       time.Time // an instant, when not dateOnly
	date     string    // "2026-05-21", when dateOnly
	dateOnly bool
}

type boundPatterns struct{ date, dayStart, dayEnd, zoned *regexp.Regexp }

var bounds = sync.OnceValue(func() boundPatterns { //nolint:gochecknoglobals // compiled once, never changed
	return boundPatterns{
		date:     regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`),
		dayStart: regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})T00:00:00(\.000)?Z$`),
		dayEnd:   regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})T23:59(:59(\.999)?)?Z$`),
		zoned:    regexp.MustCompile(`(Z|[+-]\d{2}:?\d{2})$`),
	}
})

// ParseRange reads startAt and endAt as api.md §5 says, in the given zone. Both
// empty gives all time. The names are those of the fields in messages.
func ParseRange(startField, start, endField, end string, zone *time.Location) (Range, error) {
	switch {
	case start == "" && end == "":
		return Range{}, nil
	case start == "" || end == "":
		return Range{}, fault.New(fault.CodeInvalid, "%s and %s must be given together", startField, endField)
	}
	if s, e := bounds().dayStart.FindStringSubmatch(start), bounds().dayEnd.FindStringSubmatch(end); s != nil && e != nil {
		start, end = s[1], e[1] // 5.5: full UTC days are plain dates
	}
	var errs fault.List
	from, err := parseBound(startField, start)
	errs.Add(err)
	to, err := parseBound(endField, end)
	errs.Add(err)
	if err := errs.Err(); err != nil {
		return Range{}, err
	}
	r := Range{From: from.start(zone), To: to.end(zone)}
	switch {
	case !r.From.Before(r.To):
		return Range{}, fault.Invalid(startField, "lies after %s; give the earlier one first", endField)
	case r.From.AddDate(maxRangeYears, 0, 1).Before(r.To):
		return Range{}, fault.Invalid(startField, "the range is longer than %d years; shorten it", maxRangeYears)
	}
	return r, nil
}

func parseBound(field, s string) (bound, error) {
	if bounds().date.MatchString(s) {
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			return bound{}, fault.Invalid(field, "%q is not a date of the calendar", s)
		}
		return bound{date: s, dateOnly: true}, nil
	}
	s = strings.Replace(s, " ", "+", 1) // a plus sign that a query string turned into a blank
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z0700"} {
		if at, err := time.Parse(layout, s); err == nil {
			return bound{at: at.UTC()}, nil
		}
	}
	if !bounds().zoned.MatchString(s) {
		return bound{}, fault.Invalid(field, "%.40q has no time zone; add Z or an offset such as +02:00, or give YYYY-MM-DD", s)
	}
	return bound{}, fault.Invalid(field, "%.40q is not a time; use YYYY-MM-DD or ISO 8601 with Z or an offset", s)
}

// start is the first instant of the bound.
func (b bound) start(zone *time.Location) time.Time {
	if !b.dateOnly {
		return b.at
	}
	return dayStart(b.date, zone, 0)
}

// end is the first instant after the bound: the next day's start, or the next
// millisecond, for an instant given as the end is itself included.
func (b bound) end(zone *time.Location) time.Time {
	if !b.dateOnly {
		return b.at.Truncate(time.Millisecond).Add(time.Millisecond)
	}
	return dayStart(b.date, zone, 1)
}

func dayStart(date string, zone *time.Location, plusDays int) time.Time {
	d, _ := time.Parse(time.DateOnly, date) // checked by parseBound
	return StartOfDay(d.Year(), d.Month(), d.Day()+plusDays, zone)
}

// StartOfDay is the first instant of a calendar day in a zone, also where the
// clock skips midnight. A day that a zone skipped whole (Apia, 30 December 2011)
// starts with the next one.
func StartOfDay(year int, month time.Month, day int, zone *time.Location) time.Time {
	t := time.Date(year, month, day, 0, 0, 0, 0, zone)
	want := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	if t.Year() == want.Year() && t.YearDay() == want.YearDay() && t.Hour() == 0 && t.Minute() == 0 {
		return t.UTC()
	}
	// Midnight does not exist: the day begins when the clock changes.
	_, changed := time.Date(year, month, day-1, 12, 0, 0, 0, zone).ZoneBounds()
	return changed.UTC()
}

// DefaultRange is the window of a time series without dates (api.md §8.2).
func DefaultRange(i Interval, now time.Time, zone *time.Location) Range {
	local := now.In(zone)
	tomorrow := StartOfDay(local.Year(), local.Month(), local.Day()+1, zone)
	switch i {
	case Hour:
		last := BucketStart(Hour, now, zone)
		return Range{From: last.Add(-23 * time.Hour), To: last.Add(time.Hour)}
	case Month:
		return Range{From: StartOfDay(local.Year(), local.Month()-11, 1, zone), To: tomorrow}
	case NoInterval, Day, Week:
	}
	return LastDays(30, now, zone)
}

// LastDays is n calendar days up to and with today.
func LastDays(n int, now time.Time, zone *time.Location) Range {
	local := now.In(zone)
	return Range{
		From: StartOfDay(local.Year(), local.Month(), local.Day()-n+1, zone),
		To:   StartOfDay(local.Year(), local.Month(), local.Day()+1, zone),
	}
}

// SameDay reports whether the range lies within one calendar day of the zone.
func (r Range) SameDay(zone *time.Location) bool {
	if r.IsAll() {
		return false
	}
	a, b := r.From.In(zone), r.To.Add(-time.Millisecond).In(zone)
	return a.Year() == b.Year() && a.YearDay() == b.YearDay()
}

// BucketStart is the natural start of the bucket that holds t: of the hour, the
// day, the week (Monday) or the month in the zone.
func BucketStart(i Interval, t time.Time, zone *time.Location) time.Time {
	local := t.In(zone)
	switch i {
	case Hour:
		_, offset := local.Zone()
		shift := time.Duration(offset) * time.Second
		return t.Add(shift).Truncate(time.Hour).Add(-shift).UTC()
	case Week:
		back := (int(local.Weekday()) + 6) % 7
		return StartOfDay(local.Year(), local.Month(), local.Day()-back, zone)
	case Month:
		return StartOfDay(local.Year(), local.Month(), 1, zone)
	case NoInterval, Day:
	}
	return StartOfDay(local.Year(), local.Month(), local.Day(), zone)
}

// nextBucket is the start of the bucket after the one that starts at t.
func nextBucket(i Interval, t time.Time, zone *time.Location) time.Time {
	local := t.In(zone)
	switch i {
	case Hour:
		return t.Add(time.Hour)
	case Week:
		return StartOfDay(local.Year(), local.Month(), local.Day()+7, zone)
	case Month:
		return StartOfDay(local.Year(), local.Month()+1, 1, zone)
	case NoInterval, Day:
	}
	return StartOfDay(local.Year(), local.Month(), local.Day()+1, zone)
}

// Buckets lists the starts of all buckets that the range touches, oldest first.
func Buckets(i Interval, r Range, zone *time.Location) []time.Time {
	var out []time.Time
	for t := BucketStart(i, r.From, zone); t.Before(r.To); {
		out = append(out, t)
		next := nextBucket(i, t, zone)
		if !next.After(t) {
			return out // no calendar goes back; a zone that did would never end here
		}
		t = next
	}
	return out
}
