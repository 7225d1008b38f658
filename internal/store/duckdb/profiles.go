package duckdb

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
	unlock, err := s.lock(ctx)
	if err != nil {
		return "", false, err
	}
	defer unlock()
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
	links, err := eventsql.ReadLinks(ctx, s.writer, `site = ? AND visitor = ?`, site, in.Visitor.String())
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

func (s *Store) upsertProfile(ctx context.Context, site uint32, in analytics.Identity) (string, bool, error) {
	var id eventsql.ID
	var traits string
	err := s.writer.QueryRowContext(ctx, `SELECT id, traits FROM profiles WHERE site = ? AND user_id = ?`, site, in.UserID).Scan(&id, &traits)
	if errors.Is(err, sql.ErrNoRows) {
		packed, err := eventsql.PackID(in.ProfileID)
		if err != nil {
			return "", false, err
		}
		merged, err := eventsql.MergeTraits("", in.Traits)
		if err != nil {
			return "", false, err
		}
		return in.ProfileID, true, s.exec(ctx, `INSERT INTO profiles VALUES (?, ?, ?, ?, ?, ?)`,
			site, in.UserID, packed.String(), merged, in.At.UnixMilli(), in.At.UnixMilli())
	}
	if err != nil {
		return "", false, fmt.Errorf("read profile: %w", err)
	}
	merged, err := eventsql.MergeTraits(traits, in.Traits)
	if err != nil {
		return "", false, err
	}
	return eventsql.UnpackID(id), false, s.exec(ctx, `UPDATE profiles SET traits = ?, updated_at = ? WHERE site = ? AND user_id = ?`,
		merged, in.At.UnixMilli(), site, in.UserID)
}
