package eventsql

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"datafast/internal/analytics"
	"datafast/internal/event"
	"datafast/internal/ingest"
)

// Tracking tells what became of a website's events.
func (rd *Reader) Tracking(ctx context.Context, websiteID string) (analytics.Tracking, error) {
	t := analytics.Tracking{Dropped: map[string]int64{}}
	if err := rd.Flush(ctx); err != nil {
		return t, err
	}
	site := rd.Sites.Key(websiteID)
	var first, last sql.NullInt64
	if err := rd.DB.QueryRowContext(ctx, `SELECT min(time), max(time) FROM events WHERE site = ?`, site).Scan(&first, &last); err != nil {
		return t, fmt.Errorf("read first and last event: %w", err)
	}
	t.FirstEvent, t.LastEvent = FromMillis(first.Int64), FromMillis(last.Int64)
	since := rd.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -29)
	rows, err := rd.DB.QueryContext(ctx, `SELECT reason, CAST(sum(count) AS BIGINT) FROM drops WHERE site = ? AND day >= ? GROUP BY reason`, site, since.UnixMilli())
	if err != nil {
		return t, fmt.Errorf("read drop counts: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var reason string
		var n int64
		if err := rows.Scan(&reason, &n); err != nil {
			return t, fmt.Errorf("scan drop count: %w", err)
		}
		t.Dropped[reason] = n
	}
	if err := rows.Err(); err != nil {
		return t, fmt.Errorf("read drop counts: %w", err)
	}
	t.RefusedHosts, err = rd.texts(ctx, `SELECT host FROM refused_hosts WHERE site = ? AND seen_at >= ? GROUP BY host ORDER BY max(seen_at) DESC, host LIMIT 20`,
		site, since.UnixMilli())
	return t, err
}

// HasBrowser implements ingest.AppStore.
func (rd *Reader) HasBrowser(ctx context.Context, websiteID, browser string) (bool, error) {
	var has bool
	err := rd.DB.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sessions WHERE site = ? AND browser = ?)`, rd.Sites.Key(websiteID), browser).Scan(&has)
	if err != nil {
		return false, fmt.Errorf("look for browser: %w", err)
	}
	return has, nil
}

// IsBot reports whether a bot used the visitor id within ingest.BotMemory.
func (rd *Reader) IsBot(ctx context.Context, websiteID string, v event.VisitorID) (bool, error) {
	var n int
	err := rd.DB.QueryRowContext(ctx, `SELECT count(*) FROM bot_visitors WHERE site = ? AND visitor = `+rd.Dialect.ID("?")+` AND seen_at >= ?`,
		rd.Sites.Key(websiteID), v.String(), rd.Now().Add(-ingest.BotMemory).UnixMilli()).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look up bot visitor: %w", err)
	}
	return n > 0, nil
}

// LastSession returns the visitor's last session; nil when the website has no
// page view of it.
func (rd *Reader) LastSession(ctx context.Context, websiteID string, v event.VisitorID) (*event.Session, error) {
	if err := rd.Settle(ctx, websiteID); err != nil {
		return nil, err
	}
	list, err := rd.ReadSessions(ctx, rd.DB, `SELECT site, `+SessionColumns+` FROM sessions WHERE site = ? AND visitor = `+rd.Dialect.ID("?")+` ORDER BY started_at`,
		rd.Sites.Key(websiteID), v.String())
	if err != nil || len(list) == 0 {
		return nil, err
	}
	for _, session := range list {
		if session.Pageviews > 0 {
			return list[len(list)-1], nil
		}
	}
	return nil, nil
}

// HasPageview reports whether the website has a page view of the visitor.
func (rd *Reader) HasPageview(ctx context.Context, websiteID string, v event.VisitorID) (bool, error) {
	session, err := rd.LastSession(ctx, websiteID, v)
	return session != nil, err
}

// TrackedGoals lists the goals a website has seen, most completed first.
func (rd *Reader) TrackedGoals(ctx context.Context, websiteID string) ([]analytics.TrackedGoal, error) {
	if err := rd.Flush(ctx); err != nil {
		return nil, err
	}
	rows, err := rd.DB.QueryContext(ctx, `SELECT name, count(*), `+rd.Dialect.Visitors("visitor")+`, min(time), max(time) FROM events
		WHERE site = ? AND kind = ? GROUP BY name ORDER BY 2 DESC, name`, rd.Sites.Key(websiteID), uint8(event.Goal))
	if err != nil {
		return nil, fmt.Errorf("read tracked goals: %w", err)
	}
	defer rows.Close()
	var out []analytics.TrackedGoal
	for rows.Next() {
		var g analytics.TrackedGoal
		var first, last int64
		if err := rows.Scan(&g.Name, &g.Completions, &g.Visitors, &first, &last); err != nil {
			return nil, fmt.Errorf("scan tracked goal: %w", err)
		}
		g.FirstSeen, g.LastSeen = FromMillis(first), FromMillis(last)
		out = append(out, g)
	}
	return out, rows.Err()
}

// GoalSeen reports whether the website has an event of the goal.
func (rd *Reader) GoalSeen(ctx context.Context, websiteID, name string) (bool, error) {
	if err := rd.Flush(ctx); err != nil {
		return false, err
	}
	var seen bool
	err := rd.DB.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM events WHERE site = ? AND kind = ? AND name = ?)`,
		rd.Sites.Key(websiteID), uint8(event.Goal), name).Scan(&seen)
	if err != nil {
		return false, fmt.Errorf("look up goal %s: %w", name, err)
	}
	return seen, nil
}
