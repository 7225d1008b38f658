package clickhouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"datafast/internal/analytics"
	"datafast/internal/store/eventsql"
)

// Identify ties a visitor to the profile of a user id, makes it when it is new,
// and merges traits into it. It returns the profile's id and whether it is new.
func (s *Store) Identify(ctx context.Context, in analytics.Identity) (profileID string, created bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identify(ctx, in)
}

// identify holds the website's lock from reading to writing. The caller holds s.mu.
func (s *Store) identify(ctx context.Context, in analytics.Identity) (profileID string, created bool, err error) {
	unlock, err := s.lock(ctx, "profiles/"+in.WebsiteID)
	if err != nil {
		return "", false, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	profileID, created, err = s.upsertProfile(ctx, in)
	if err != nil {
		return "", false, err
	}
	old, err := eventsql.ReadLinks(ctx, s.db, `site = ? AND visitor = `+s.Dialect.ID("?"), in.WebsiteID, in.Visitor.String())
	if err != nil {
		return "", false, err
	}
	links := analytics.Relink(old, &in)
	holds := map[int64]bool{}
	number := s.nextVersion()
	return profileID, created, s.insert(ctx, "profile_visitors", func(add func(...any) error) error {
		put := func(l analytics.Link, deleted uint8) error {
			if err := add(in.WebsiteID, s.format.ID(eventsql.ID(l.Visitor)), l.UserID, l.At, l.Since, l.Until, number, deleted); err != nil {
				return fmt.Errorf("append link: %w", err)
			}
			return nil
		}
		for _, l := range links {
			holds[l.At] = true
			if err := put(l, 0); err != nil {
				return err
			}
		}
		for _, l := range old {
			if !holds[l.At] {
				if err := put(l, 1); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (s *Store) upsertProfile(ctx context.Context, in analytics.Identity) (profileID string, created bool, err error) {
	var id eventsql.ID
	var traits string
	var identified int64
	err = s.db.QueryRowContext(ctx, `SELECT id, traits, identified_at FROM profiles WHERE site = ? AND user_id = ?`, in.WebsiteID, in.UserID).
		Scan(&id, &traits, &identified)
	if errors.Is(err, sql.ErrNoRows) {
		created, identified = true, in.At.UnixMilli()
		if id, err = eventsql.PackID(in.ProfileID); err != nil {
			return "", false, err
		}
	}
	if err != nil {
		return "", false, fmt.Errorf("read profile: %w", err)
	}
	merged, err := eventsql.MergeTraits(traits, in.Traits)
	if err != nil {
		return "", false, err
	}
	number := s.nextVersion()
	return eventsql.UnpackID(id), created, s.insert(ctx, "profiles", func(add func(...any) error) error {
		if err := add(in.WebsiteID, in.UserID, s.format.ID(id), merged, identified, in.At.UnixMilli(), number, uint8(0)); err != nil {
			return fmt.Errorf("append profile: %w", err)
		}
		return nil
	})
}
