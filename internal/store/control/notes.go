package control

import (
	"context"
	"strings"

	"datafast/internal/alert"
	"datafast/internal/audit"
	"datafast/internal/fault"
	"datafast/internal/funnel"
	"datafast/internal/site"
)

const noteColumns = `n.id, n.website_id, n.text, n.at, COALESCE(u.id, ''), COALESCE(u.name, ''), COALESCE(u.image, ''), n.key, n.created_at, n.updated_at
	FROM notes n LEFT JOIN users u ON u.id = n.author_id`

func readNote(r scanner) (n site.Note, err error) {
	var at, created, updated int64
	err = r.Scan(&n.ID, &n.WebsiteID, &n.Text, &at, &n.Author.ID, &n.Author.Name, &n.Author.Image, &n.Key, &created, &updated)
	n.At, n.CreatedAt, n.UpdatedAt = moment(at), moment(created), moment(updated)
	return n, err
}

// Notes implements site.NoteStore.
func (s *Store) Notes(ctx context.Context, websiteID string, q site.NoteQuery) ([]site.Note, int, error) {
	where := ` WHERE n.website_id = ? AND n.at >= ? AND n.at <= ?`
	args := []any{websiteID, fromMillis(q.From), toMillis(q.To)}
	if q.Text != "" {
		where += ` AND n.text_lower LIKE ? ESCAPE '!'`
		args = append(args, "%"+strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(strings.ToLower(q.Text))+"%")
	}
	total, err := s.count(ctx, "count notes", `SELECT COUNT(*) FROM notes n`+where, args...)
	if err != nil {
		return nil, 0, err
	}
	order := ` ORDER BY n.at DESC, n.id DESC`
	if q.OldestFirst {
		order = ` ORDER BY n.at, n.id`
	}
	notes, err := many(ctx, s, "notes", readNote, `SELECT `+noteColumns+where+order+` LIMIT ? OFFSET ?`, append(args, q.Limit, q.Offset)...)
	return notes, total, err
}

// Note implements site.NoteStore.
func (s *Store) Note(ctx context.Context, websiteID, noteID string) (site.Note, error) {
	n, err := one(ctx, s, "note", readNote, `SELECT `+noteColumns+` WHERE n.website_id = ? AND n.id = ?`, websiteID, noteID)
	return n, noNote(err)
}

func noNote(err error) error {
	if err != nil && fault.CodeOf(err) == fault.CodeNotFound {
		return fault.NotFound("Note not found")
	}
	return err
}

// NoteByKey implements site.NoteStore.
func (s *Store) NoteByKey(ctx context.Context, websiteID, authorID, key string) (site.Note, error) {
	return one(ctx, s, "note by key", readNote, `SELECT `+noteColumns+` WHERE n.website_id = ? AND n.author_id = ? AND n.key = ?`, websiteID, authorID, key)
}

// InsertNote implements site.NoteStore.
func (s *Store) InsertNote(ctx context.Context, n site.Note) error {
	return s.do(ctx, "insert note", `INSERT INTO notes (id, website_id, author_id, at, text, text_lower, key, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		n.ID, n.WebsiteID, n.Author.ID, millis(n.At), n.Text, strings.ToLower(n.Text), n.Key, millis(n.CreatedAt), millis(n.UpdatedAt))
}

// UpdateNote implements site.NoteStore.
func (s *Store) UpdateNote(ctx context.Context, n site.Note) error {
	return s.must(ctx, "update note", `UPDATE notes SET at = ?, text = ?, text_lower = ?, updated_at = ? WHERE website_id = ? AND id = ?`,
		millis(n.At), n.Text, strings.ToLower(n.Text), millis(n.UpdatedAt), n.WebsiteID, n.ID)
}

// DeleteNote implements site.NoteStore.
func (s *Store) DeleteNote(ctx context.Context, websiteID, noteID string) error {
	return noNote(s.must(ctx, "delete note", `DELETE FROM notes WHERE website_id = ? AND id = ?`, websiteID, noteID))
}

// Customizations implements site.CustomizationStore.
func (s *Store) Customizations(ctx context.Context, websiteID string) ([]site.Customization, error) {
	return many(ctx, s, "goal customizations", func(r scanner) (c site.Customization, err error) {
		var updated int64
		err = r.Scan(&c.WebsiteID, &c.GoalName, &c.DisplayName, &c.Color, &c.Description, &updated)
		c.UpdatedAt = moment(updated)
		return c, err
	}, `SELECT website_id, goal_name, display_name, color, description, updated_at FROM goal_customizations
		WHERE website_id = ? ORDER BY goal_name`, websiteID)
}

// SetCustomization implements site.CustomizationStore.
func (s *Store) SetCustomization(ctx context.Context, c site.Customization) error {
	return s.do(ctx, "set goal customization", `INSERT INTO goal_customizations (website_id, goal_name, display_name, color, description, updated_at)
		VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (website_id, goal_name) DO UPDATE SET
		display_name = excluded.display_name, color = excluded.color, description = excluded.description, updated_at = excluded.updated_at`,
		c.WebsiteID, c.GoalName, c.DisplayName, c.Color, c.Description, millis(c.UpdatedAt))
}

// DeleteCustomization implements site.CustomizationStore.
func (s *Store) DeleteCustomization(ctx context.Context, websiteID, goalName string) (bool, error) {
	n, err := s.exec(ctx, "delete goal customization", `DELETE FROM goal_customizations WHERE website_id = ? AND goal_name = ?`, websiteID, goalName)
	return n > 0, err
}

var (
	_ site.Store              = (*Store)(nil)
	_ site.NoteStore          = (*Store)(nil)
	_ site.CustomizationStore = (*Store)(nil)
	_ funnel.Store            = (*Store)(nil)
	_ alert.Store             = (*Store)(nil)
	_ audit.Store             = (*Store)(nil)
)
