// Package transfer copies the rows of event stores from one engine to another, in
// pieces of a website, a table and a month.
//
// What is there already is left, by count and checksum; a piece that differs, as
// after an interruption, is removed and copied again. So a copy that was interrupted
// at any point is continued by running it again.
//
// It may import eventsql. It must not know an engine.
package transfer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"datafast/internal/store/eventsql"
)

// Side is an event store that rows are copied from or to.
type Side interface {
	Span(ctx context.Context, t eventsql.Table, websiteID string) (first, last int64, any bool, err error)
	Count(ctx context.Context, t eventsql.Table, websiteID string, b eventsql.Bounds) (int64, error)
	ReadRows(ctx context.Context, t eventsql.Table, websiteID string, b eventsql.Bounds, emit func(eventsql.Row) error) error
	WriteRows(ctx context.Context, t eventsql.Table, websiteID string, rows []eventsql.Row) error
	RemoveRows(ctx context.Context, t eventsql.Table, websiteID string, b eventsql.Bounds) error
}

// Piece is what was copied and compared.
type Piece struct {
	WebsiteID string
	Table     string
	Month     string // "2026-05"; "": the whole table
	Copied    bool   // false: it was there already

	eventsql.Digest
}

// chunk is how many rows are written at once.
const chunk = 50_000

// Copy makes the target's rows of the websites those of the source, and proves it.
// Both sides must be at rest. done is told of each piece that has rows.
func Copy(ctx context.Context, from, to Side, websites []string, done func(Piece) error) error {
	now := time.Now()
	for _, website := range websites {
		for _, t := range eventsql.Tables() {
			if err := copyTable(ctx, from, to, t, website, now, done); err != nil {
				return err
			}
		}
	}
	return nil
}

func copyTable(ctx context.Context, from, to Side, t eventsql.Table, website string, now time.Time, done func(Piece) error) error {
	if t.Time == "" {
		p, err := copyPiece(ctx, from, to, t, website, eventsql.Everything())
		if err == nil && p.Rows > 0 {
			err = done(p)
		}
		return err
	}
	months, all, err := monthsOf(ctx, from, to, t, website, now)
	if err != nil {
		return err
	}
	var total int64
	for _, m := range months {
		p, err := copyPiece(ctx, from, to, t, website, m)
		if err != nil {
			return err
		}
		if total += p.Rows; p.Rows == 0 {
			continue
		}
		p.Month = time.UnixMilli(m.From).UTC().Format("2006-01")
		if err := done(p); err != nil {
			return err
		}
	}
	for what, side := range map[string]Side{"source": from, "target": to} {
		n, err := side.Count(ctx, t, website, all)
		if err != nil {
			return err
		}
		if n != total {
			return fmt.Errorf("table %s of website %s has %d rows in the %s and %d were copied: stop everything that writes to it, and run again", t.Name, website, n, what, total)
		}
	}
	return nil
}

// monthsOf lists the months in which either side has rows, and the bounds of all.
func monthsOf(ctx context.Context, from, to Side, t eventsql.Table, website string, now time.Time) ([]eventsql.Bounds, eventsql.Bounds, error) {
	var moments []int64
	for _, side := range []Side{from, to} {
		first, last, some, err := side.Span(ctx, t, website)
		if err != nil {
			return nil, eventsql.Bounds{}, err
		}
		if some {
			moments = append(moments, first, last)
		}
	}
	if len(moments) == 0 {
		return nil, eventsql.Bounds{}, nil
	}
	first, last := slices.Min(moments), slices.Max(moments)
	if t.Keep > 0 {
		first = max(first, now.Add(-t.Keep).UnixMilli())
	}
	var out []eventsql.Bounds
	for at := first; at <= last; {
		d := time.UnixMilli(at).UTC()
		next := time.Date(d.Year(), d.Month()+1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
		out = append(out, eventsql.Bounds{From: at, To: next})
		at = next
	}
	return out, eventsql.Bounds{From: first, To: last + 1}, nil
}

func copyPiece(ctx context.Context, from, to Side, t eventsql.Table, website string, b eventsql.Bounds) (Piece, error) {
	p := Piece{WebsiteID: website, Table: t.Name}
	there, err := digest(ctx, to, t, website, b)
	if err != nil {
		return p, err
	}
	if there.Rows > 0 {
		if p.Digest, err = digest(ctx, from, t, website, b); err != nil || p.Digest == there {
			return p, err
		}
		if err := to.RemoveRows(ctx, t, website, b); err != nil {
			return p, err
		}
	}
	p.Copied = true
	if p.Digest, err = move(ctx, from, to, t, website, b); err != nil || p.Rows == 0 {
		return p, err
	}
	if there, err = digest(ctx, to, t, website, b); err == nil && there != p.Digest {
		err = fmt.Errorf("table %s of website %s differs after copying: %d rows in the source, %d in the target", t.Name, website, p.Rows, there.Rows)
	}
	return p, err
}

func digest(ctx context.Context, s Side, t eventsql.Table, website string, b eventsql.Bounds) (d eventsql.Digest, err error) {
	err = s.ReadRows(ctx, t, website, b, func(r eventsql.Row) error {
		d.Add(r)
		return nil
	})
	return d, err
}

// move writes the source's rows to the target and returns their digest.
func move(ctx context.Context, from, to Side, t eventsql.Table, website string, b eventsql.Bounds) (d eventsql.Digest, err error) {
	var rows []eventsql.Row
	flush := func() error {
		if len(rows) == 0 {
			return nil
		}
		err := to.WriteRows(ctx, t, website, rows)
		rows = rows[:0]
		return err
	}
	err = from.ReadRows(ctx, t, website, b, func(r eventsql.Row) error {
		d.Add(r)
		rows = append(rows, slices.Clone(r))
		if len(rows) < chunk {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	return d, err
}
