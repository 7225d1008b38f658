package control

import (
	"context"
	"encoding/json"
	"fmt"

	"datafast/internal/funnel"
)

// Funnels implements funnel.Store.
func (s *Store) Funnels(ctx context.Context, websiteID string) ([]funnel.Funnel, error) {
	return many(ctx, s, "funnels", func(r scanner) (f funnel.Funnel, err error) {
		var steps string
		var active, created, updated int64
		if err := r.Scan(&f.ID, &f.WebsiteID, &f.Name, &f.Slug, &steps, &active, &created, &updated); err != nil {
			return f, err
		}
		f.Active, f.CreatedAt, f.UpdatedAt = active != 0, moment(created), moment(updated)
		return f, json.Unmarshal([]byte(steps), &f.Steps)
	}, `SELECT id, website_id, name, slug, steps, active, created_at, updated_at FROM funnels
		WHERE website_id = ? AND deleted = 0 ORDER BY created_at, id`, websiteID)
}

// FunnelSlugs implements funnel.Store.
func (s *Store) FunnelSlugs(ctx context.Context, websiteID string) ([]string, error) {
	return many(ctx, s, "funnel slugs", func(r scanner) (slug string, err error) { return slug, r.Scan(&slug) },
		`SELECT slug FROM funnels WHERE website_id = ?`, websiteID)
}

// InsertFunnel implements funnel.Store.
func (s *Store) InsertFunnel(ctx context.Context, f funnel.Funnel) error {
	steps, err := stored(f.Steps)
	if err != nil {
		return fmt.Errorf("encode steps: %w", err)
	}
	return s.do(ctx, "insert funnel", `INSERT INTO funnels (id, website_id, name, slug, steps, active, deleted, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)`,
		f.ID, f.WebsiteID, f.Name, f.Slug, steps, flag(f.Active), millis(f.CreatedAt), millis(f.UpdatedAt))
}

// UpdateFunnel implements funnel.Store.
func (s *Store) UpdateFunnel(ctx context.Context, f funnel.Funnel) error {
	steps, err := stored(f.Steps)
	if err != nil {
		return fmt.Errorf("encode steps: %w", err)
	}
	return s.must(ctx, "update funnel", `UPDATE funnels SET name = ?, slug = ?, steps = ?, active = ?, updated_at = ?
		WHERE website_id = ? AND id = ? AND deleted = 0`,
		f.Name, f.Slug, steps, flag(f.Active), millis(f.UpdatedAt), f.WebsiteID, f.ID)
}

// DeleteFunnel implements funnel.Store.
func (s *Store) DeleteFunnel(ctx context.Context, websiteID, funnelID string) error {
	return s.must(ctx, "delete funnel", `UPDATE funnels SET deleted = 1, active = 0 WHERE website_id = ? AND id = ? AND deleted = 0`, websiteID, funnelID)
}
