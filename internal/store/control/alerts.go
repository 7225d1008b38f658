package control

import (
	"context"

	"datafast/internal/alert"
)

// Alerts implements alert.Store.
func (s *Store) Alerts(ctx context.Context, websiteID string) ([]alert.Alert, error) {
	return many(ctx, s, "alerts", func(r scanner) (a alert.Alert, err error) {
		var enabled, created int64
		err = r.Scan(&a.ID, &a.WebsiteID, &a.Name, &a.GoalName, &a.Subject, &a.Message, &enabled, &created)
		a.Enabled, a.CreatedAt = enabled != 0, moment(created)
		return a, err
	}, `SELECT id, website_id, name, goal_name, subject, message, enabled, created_at FROM alerts
		WHERE website_id = ? ORDER BY created_at, id`, websiteID)
}

// InsertAlert implements alert.Store.
func (s *Store) InsertAlert(ctx context.Context, a alert.Alert) error {
	return s.do(ctx, "insert alert", `INSERT INTO alerts (id, website_id, name, goal_name, subject, message, enabled, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		a.ID, a.WebsiteID, a.Name, a.GoalName, a.Subject, a.Message, flag(a.Enabled), millis(a.CreatedAt))
}

// UpdateAlert implements alert.Store.
func (s *Store) UpdateAlert(ctx context.Context, a alert.Alert) error {
	return s.must(ctx, "update alert", `UPDATE alerts SET name = ?, goal_name = ?, subject = ?, message = ?, enabled = ?
		WHERE website_id = ? AND id = ?`, a.Name, a.GoalName, a.Subject, a.Message, flag(a.Enabled), a.WebsiteID, a.ID)
}

// DeleteAlert implements alert.Store.
func (s *Store) DeleteAlert(ctx context.Context, websiteID, alertID string) error {
	return s.must(ctx, "delete alert", `DELETE FROM alerts WHERE website_id = ? AND id = ?`, websiteID, alertID)
}

// InsertLogs implements alert.Store. Rows of a website that is gone are left out.
func (s *Store) InsertLogs(ctx context.Context, logs []alert.Log) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		for _, l := range logs {
			err := s.do(ctx, "insert alert log", `INSERT INTO alert_log
				(id, website_id, alert_id, alert_name, goal_name, status, error, visitor_id, triggered_at)
				SELECT CAST(? AS TEXT), id, CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS BIGINT)
				FROM websites WHERE id = ?`,
				l.ID, l.AlertID, l.AlertName, l.GoalName, string(l.Status), l.Error, l.VisitorID, millis(l.TriggeredAt), l.WebsiteID)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Logs implements alert.Store.
func (s *Store) Logs(ctx context.Context, websiteID, alertID string, limit int) ([]alert.Log, error) {
	return many(ctx, s, "alert log", func(r scanner) (l alert.Log, err error) {
		var at int64
		err = r.Scan(&l.ID, &l.WebsiteID, &l.AlertID, &l.AlertName, &l.GoalName, &l.Status, &l.Error, &l.VisitorID, &at)
		l.TriggeredAt = moment(at)
		return l, err
	}, `SELECT id, website_id, alert_id, alert_name, goal_name, status, error, visitor_id, triggered_at FROM alert_log
		WHERE website_id = ? AND (? = '' OR alert_id = ?) ORDER BY triggered_at DESC, id DESC LIMIT ?`, websiteID, alertID, alertID, limit)
}

// CountLogs implements alert.Store.
func (s *Store) CountLogs(ctx context.Context, websiteID, alertID string) (alert.Counts, error) {
	return one(ctx, s, "count alert log", func(r scanner) (c alert.Counts, err error) { return c, r.Scan(&c.Sent, &c.Failed) },
		`SELECT COALESCE(SUM(CASE status WHEN 'sent' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE status WHEN 'failed' THEN 1 ELSE 0 END), 0)
		 FROM alert_log WHERE website_id = ? AND (? = '' OR alert_id = ?)`, websiteID, alertID, alertID)
}
