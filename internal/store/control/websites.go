package control

import (
	"context"
	"encoding/json"
	"fmt"

	"datafast/internal/account"
	"datafast/internal/fault"
	"datafast/internal/site"
)

const websiteColumns = `w.id, w.tracking_id, w.domain, w.created_at, w.settings`

// readWebsite reads websiteColumns and then the given further ones. Settings are
// the website's own JSON; the columns beside it win.
func readWebsite(r scanner, more ...any) (*site.Website, error) {
	var w site.Website
	var id, tracking, domain, settings string
	var created int64
	if err := r.Scan(append([]any{&id, &tracking, &domain, &created, &settings}, more...)...); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(settings), &w); err != nil {
		return nil, fmt.Errorf("settings of website %s: %w", id, err)
	}
	w.ID, w.TrackingID, w.Domain, w.CreatedAt = id, tracking, domain, moment(created)
	return &w, nil
}

func readOnlyWebsite(r scanner) (*site.Website, error) { return readWebsite(r) }

// Website implements site.Source.
func (s *Store) Website(ctx context.Context, websiteID string) (*site.Website, error) {
	w, err := one(ctx, s, "website", readOnlyWebsite, `SELECT `+websiteColumns+` FROM websites w WHERE w.id = ?`, websiteID)
	return w, noWebsite(err)
}

// WebsiteByTrackingID implements site.Source.
func (s *Store) WebsiteByTrackingID(ctx context.Context, trackingID string) (*site.Website, error) {
	w, err := one(ctx, s, "website", readOnlyWebsite, `SELECT `+websiteColumns+` FROM websites w WHERE w.tracking_id = ?`, trackingID)
	return w, noWebsite(err)
}

func noWebsite(err error) error {
	if err != nil && fault.CodeOf(err) == fault.CodeNotFound {
		return fault.NotFound("Website not found")
	}
	return err
}

// Websites implements site.Store.
func (s *Store) Websites(ctx context.Context) ([]*site.Website, error) {
	return many(ctx, s, "websites", readOnlyWebsite, `SELECT `+websiteColumns+` FROM websites w ORDER BY w.domain, w.id`)
}

// WebsitesOf lists the websites of a user with their role on each, by domain.
func (s *Store) WebsitesOf(ctx context.Context, userID string) ([]site.Membership, error) {
	return many(ctx, s, "websites of a user", func(r scanner) (m site.Membership, err error) {
		m.Website, err = readWebsite(r, &m.Role)
		return m, err
	}, `SELECT `+websiteColumns+`, m.role FROM websites w JOIN members m ON m.website_id = w.id
		WHERE m.user_id = ? ORDER BY w.domain, w.id`, userID)
}

// OwnedDomain implements site.Store.
func (s *Store) OwnedDomain(ctx context.Context, ownerID, domain string) (string, error) {
	ids, err := many(ctx, s, "website by domain", func(r scanner) (id string, err error) { return id, r.Scan(&id) },
		`SELECT w.id FROM websites w JOIN members m ON m.website_id = w.id
		 WHERE m.user_id = ? AND m.role = 'owner' AND w.domain = ?`, ownerID, domain)
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}

// CountOwned implements site.Store.
func (s *Store) CountOwned(ctx context.Context, ownerID string) (int, error) {
	return one(ctx, s, "count websites", func(r scanner) (n int, err error) { return n, r.Scan(&n) },
		`SELECT COUNT(*) FROM members WHERE user_id = ? AND role = 'owner'`, ownerID)
}

// OwnerOf implements site.Store.
func (s *Store) OwnerOf(ctx context.Context, websiteID string) (string, error) {
	return one(ctx, s, "owner", func(r scanner) (id string, err error) { return id, r.Scan(&id) },
		`SELECT user_id FROM members WHERE website_id = ? AND role = 'owner'`, websiteID)
}

// InsertWebsite implements site.Store.
func (s *Store) InsertWebsite(ctx context.Context, w *site.Website, ownerID string) error {
	settings, err := stored(w)
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	err = s.do(ctx, "insert website", `INSERT INTO websites (id, tracking_id, domain, created_at, settings) VALUES (?, ?, ?, ?, ?)`,
		w.ID, w.TrackingID, w.Domain, millis(w.CreatedAt), settings)
	if err != nil {
		return err
	}
	return s.SetMember(ctx, w.ID, ownerID, account.RoleOwner, w.CreatedAt)
}

// UpdateWebsite implements site.Store.
func (s *Store) UpdateWebsite(ctx context.Context, w *site.Website) error {
	settings, err := stored(w)
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	return s.must(ctx, "update website", `UPDATE websites SET domain = ?, settings = ? WHERE id = ?`, w.Domain, settings, w.ID)
}

// DeleteWebsite implements site.Store. What references the website goes with it;
// keys do not reference it, as tokens have none.
func (s *Store) DeleteWebsite(ctx context.Context, websiteID string) error {
	if err := s.do(ctx, "delete keys", `DELETE FROM credentials WHERE website_id = ?`, websiteID); err != nil {
		return err
	}
	return s.must(ctx, "delete website", `DELETE FROM websites WHERE id = ?`, websiteID)
}
