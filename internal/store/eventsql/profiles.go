package eventsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"datafast/internal/analytics"
	"datafast/internal/event"
)

func (rd *Reader) profileOf(ctx context.Context, db DB, site any, v event.VisitorID) (*analytics.Profile, error) {
	p := &analytics.Profile{}
	var id ID
	var at int64
	err := db.QueryRowContext(ctx, `SELECT p.id, p.user_id, p.traits, p.identified_at FROM profile_visitors v
		JOIN profiles p ON p.site = v.site AND p.user_id = v.user_id WHERE v.site = ? AND v.visitor = `+rd.Dialect.ID("?")+` AND v.until = ?`, site, v.String(), int64(analytics.Always)).
		Scan(&id, &p.UserID, &p.Traits, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	p.ID, p.IdentifiedAt = UnpackID(id), FromMillis(at)
	p.Links, err = ReadLinks(ctx, db, `site = ? AND user_id = ?`, site, p.UserID)
	return p, err
}

// ReadLinks reads who visitors were, oldest first.
func ReadLinks(ctx context.Context, db DB, condition string, args ...any) ([]analytics.Link, error) {
	rows, err := db.QueryContext(ctx, `SELECT visitor, user_id, linked_at, since, until FROM profile_visitors WHERE `+condition+` ORDER BY linked_at, visitor`, args...)
	if err != nil {
		return nil, fmt.Errorf("read links of visitors: %w", err)
	}
	defer rows.Close()
	var out []analytics.Link
	for rows.Next() {
		var visitor ID
		var l analytics.Link
		if err := rows.Scan(&visitor, &l.UserID, &l.At, &l.Since, &l.Until); err != nil {
			return nil, fmt.Errorf("scan link of visitor: %w", err)
		}
		l.Visitor = event.VisitorID(visitor)
		out = append(out, l)
	}
	return out, rows.Err()
}
