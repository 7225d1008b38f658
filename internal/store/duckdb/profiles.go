package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/duckdb/duckdb-go/v2"

	"datafast/internal/analytics"
	"datafast/internal/event"
)

// maxTraits is how many metadata keys a profile keeps, the last written ones
// (tracker.md §11).
const maxTraits = 50

// Identify ties a visitor to the profile of a user id, makes it when it is new,
// and merges traits into it. It returns the profile's id and whether it is new.
func (s *Store) Identify(ctx context.Context, in analytics.Identity) (profileID string, created bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	site, err := s.number(ctx, in.WebsiteID)
	if err != nil {
		return "", false, err
	}
	err = s.inTx(ctx, func() error {
		profileID, created, err = s.link(ctx, site, in)
		return err
	})
	return profileID, created, err
}

// link does the work of Identify within a transaction.
func (s *Store) link(ctx context.Context, site uint32, in analytics.Identity) (profileID string, created bool, err error) {
	profileID, created, err = s.upsertProfile(ctx, site, in)
	if err != nil {
		return "", false, err
	}
	links, err := readLinks(ctx, s.writer, `site = ? AND visitor = ?`, site, in.Visitor.String())
	if err != nil {
		return "", false, err
	}
	if err := s.exec(ctx, `DELETE FROM profile_visitors WHERE site = ? AND visitor = ?`, site, in.Visitor.String()); err != nil {
		return "", false, err
	}
	for _, l := range analytics.Relink(links, &in) {
		err := s.exec(ctx, `INSERT INTO profile_visitors (site, visitor, user_id, linked_at, since, until) VALUES (?, ?, ?, ?, ?, ?)`,
			site, l.Visitor.String(), l.UserID, l.At, l.Since, l.Until)
		if err != nil {
			return "", false, err
		}
	}
	return profileID, created, nil
}

func readLinks(ctx context.Context, db queryer, condition string, args ...any) ([]analytics.Link, error) {
	rows, err := db.QueryContext(ctx, `SELECT visitor, user_id, linked_at, since, until FROM profile_visitors WHERE `+condition+` ORDER BY linked_at, visitor`, args...)
	if err != nil {
		return nil, fmt.Errorf("read links of visitors: %w", err)
	}
	defer rows.Close()
	var out []analytics.Link
	for rows.Next() {
		var visitor duckdb.UUID
		var l analytics.Link
		if err := rows.Scan(&visitor, &l.UserID, &l.At, &l.Since, &l.Until); err != nil {
			return nil, fmt.Errorf("scan link of visitor: %w", err)
		}
		l.Visitor = event.VisitorID(visitor)
		out = append(out, l)
	}
	return out, rows.Err()
}

func (s *Store) upsertProfile(ctx context.Context, site uint32, in analytics.Identity) (string, bool, error) {
	var id duckdb.UUID
	var traits string
	err := s.writer.QueryRowContext(ctx, `SELECT id, traits FROM profiles WHERE site = ? AND user_id = ?`, site, in.UserID).Scan(&id, &traits)
	if errors.Is(err, sql.ErrNoRows) {
		packed, err := packID(in.ProfileID)
		if err != nil {
			return "", false, err
		}
		merged, err := mergeTraits("", in.Traits)
		if err != nil {
			return "", false, err
		}
		return in.ProfileID, true, s.exec(ctx, `INSERT INTO profiles VALUES (?, ?, ?, ?, ?, ?)`,
			site, in.UserID, packed.String(), merged, in.At.UnixMilli(), in.At.UnixMilli())
	}
	if err != nil {
		return "", false, fmt.Errorf("read profile: %w", err)
	}
	merged, err := mergeTraits(traits, in.Traits)
	if err != nil {
		return "", false, err
	}
	return unpackID(id), false, s.exec(ctx, `UPDATE profiles SET traits = ?, updated_at = ? WHERE site = ? AND user_id = ?`,
		merged, in.At.UnixMilli(), site, in.UserID)
}

// mergeTraits merges a JSON object of new traits into the stored one. An empty
// name or image does not replace what is known.
func mergeTraits(stored, fresh string) (string, error) {
	merged := orderedObject{}
	if err := merged.add(stored); err != nil {
		return "", err
	}
	if err := merged.add(fresh); err != nil {
		return "", err
	}
	return merged.json(maxTraits)
}

func (s *Store) profileOf(ctx context.Context, db queryer, site uint32, v event.VisitorID) (*analytics.Profile, error) {
	p := &analytics.Profile{}
	var id duckdb.UUID
	var at int64
	err := db.QueryRowContext(ctx, `SELECT p.id, p.user_id, p.traits, p.identified_at FROM profile_visitors v
		JOIN profiles p ON p.site = v.site AND p.user_id = v.user_id WHERE v.site = ? AND v.visitor = ? AND v.until = ?`, site, v.String(), int64(analytics.Always)).
		Scan(&id, &p.UserID, &p.Traits, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	p.ID, p.IdentifiedAt = unpackID(id), fromMillis(at)
	p.Links, err = readLinks(ctx, db, `site = ? AND user_id = ?`, site, p.UserID)
	return p, err
}

// queryer is what reads need of *sql.DB and *sql.Tx.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}
