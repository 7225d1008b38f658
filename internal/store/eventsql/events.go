package eventsql

import (
	"context"
	"errors"
	"fmt"
	"time"

	"datafast/internal/event"
	"datafast/internal/store/sqlgen"
)

// LastEvents returns, for every visitor with an event since then, the last one.
func (rd *Reader) LastEvents(ctx context.Context, since time.Time) ([]*event.Event, error) {
	if err := rd.Flush(ctx); err != nil {
		return nil, err
	}
	return rd.ReadEvents(ctx, rd.DB, `SELECT site, `+EventColumns+` FROM events WHERE time >= ?
		QUALIFY row_number() OVER (PARTITION BY site, visitor ORDER BY time DESC, id DESC) = 1`, since.UnixMilli())
}

// EventsSince returns all events since then in order, for the live view.
func (rd *Reader) EventsSince(ctx context.Context, since time.Time) ([]*event.Event, error) {
	if err := rd.Flush(ctx); err != nil {
		return nil, err
	}
	return rd.ReadEvents(ctx, rd.DB, `SELECT site, `+EventColumns+` FROM events WHERE time >= ? ORDER BY time, id`, since.UnixMilli())
}

// ReadEvents reads rows of the site column and EventColumns.
func (rd *Reader) ReadEvents(ctx context.Context, db sqlgen.DB, query string, args ...any) ([]*event.Event, error) {
	return readAll(ctx, rd, db, "events", ScanEvent, func(e *event.Event, website string) { e.WebsiteID = website }, query, args...)
}

// ReadSessions reads rows of the site column and SessionColumns.
func (rd *Reader) ReadSessions(ctx context.Context, db sqlgen.DB, query string, args ...any) ([]*event.Session, error) {
	return readAll(ctx, rd, db, "sessions", ScanSession, func(s *event.Session, website string) { s.WebsiteID = website }, query, args...)
}

func readAll[T any](
	ctx context.Context, rd *Reader, db sqlgen.DB, what string, scan func(Scanner, string) (T, error), of func(T, string), query string, args ...any,
) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		site, website := rd.Sites.Target()
		one, err := scan(Prefixed{rows, []any{site}}, "")
		if err != nil {
			return nil, err
		}
		of(one, website())
		out = append(out, one)
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

// ImportedIDs returns those of the given line ids that the website has already,
// as the id of an imported line or of an event of its own, which is what an export
// writes.
func (rd *Reader) ImportedIDs(ctx context.Context, websiteID string, ids []string) (map[string]bool, error) {
	seen := map[string]bool{}
	if len(ids) == 0 {
		return seen, nil
	}
	if err := rd.Flush(ctx); err != nil {
		return nil, err
	}
	imported, err := rd.texts(ctx, `SELECT import_id FROM events WHERE site = ? AND import_id IN `+rd.Dialect.Texts("?"), rd.Sites.Key(websiteID), ids)
	if err != nil {
		return nil, fmt.Errorf("look up import ids: %w", err)
	}
	for _, line := range imported {
		seen[line] = true
	}
	var own []string
	for _, line := range ids {
		if u, err := PackID(line); err == nil {
			own = append(own, u.String())
		}
	}
	if len(own) == 0 {
		return seen, nil
	}
	rows, err := rd.DB.QueryContext(ctx, `SELECT id FROM events WHERE site = ? AND id IN `+rd.Dialect.IDs("?"), rd.Sites.Key(websiteID), own)
	if err != nil {
		return nil, fmt.Errorf("look up event ids: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id ID
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("scan event id: %w", err)
		}
		seen[UnpackID(id)] = true
	}
	return seen, errors.Join(rows.Err(), rows.Close())
}

// texts reads one column of texts.
func (rd *Reader) texts(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := rd.DB.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read texts: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("scan text: %w", err)
		}
		out = append(out, text)
	}
	return out, rows.Err()
}
