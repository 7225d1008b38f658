package control

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/netip"
	"time"

	"datafast/internal/audit"
)

// InsertAudit implements audit.Store.
func (s *Store) InsertAudit(ctx context.Context, e audit.Entry) error {
	ip := ""
	if e.Actor.IP.IsValid() {
		ip = e.Actor.IP.Unmap().String()
	}
	return s.do(ctx, "insert audit entry", `INSERT INTO audit
		(id, at, website_id, user_id, actor_id, actor_kind, actor_key, ip, action, target, before, after)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		e.ID, millis(e.At), e.WebsiteID, e.UserID, e.Actor.UserID, e.Actor.Kind, e.Actor.DisplayKey, ip,
		e.Action, e.Target, string(e.Before), string(e.After))
}

// WebsiteAudit implements audit.Store.
func (s *Store) WebsiteAudit(ctx context.Context, websiteID string, r audit.Range) ([]audit.Entry, int, error) {
	return s.auditWhere(ctx, `a.website_id = ?`, []any{websiteID}, r)
}

// AccountAudit implements audit.Store.
func (s *Store) AccountAudit(ctx context.Context, userID string, r audit.Range) ([]audit.Entry, int, error) {
	return s.auditWhere(ctx, `(a.user_id = ? OR a.website_id IN (SELECT website_id FROM members WHERE user_id = ? AND role = 'owner'))`,
		[]any{userID, userID}, r)
}

func (s *Store) auditWhere(ctx context.Context, where string, args []any, r audit.Range) ([]audit.Entry, int, error) {
	where += ` AND a.at >= ? AND a.at <= ?`
	args = append(args, fromMillis(r.From), toMillis(r.To))
	total, err := s.count(ctx, "count audit entries", `SELECT COUNT(*) FROM audit a WHERE `+where, args...)
	if err != nil {
		return nil, 0, err
	}
	entries, err := many(ctx, s, "audit entries", readAudit, `SELECT a.id, a.at, a.website_id, a.user_id, a.actor_id, a.actor_kind,
		a.actor_key, a.ip, a.action, a.target, a.before, a.after, COALESCE(u.name, ''), COALESCE(u.email, '')
		FROM audit a LEFT JOIN users u ON u.id = a.actor_id WHERE `+where+` ORDER BY a.at DESC, a.id DESC LIMIT ? OFFSET ?`,
		append(args, r.Limit, r.Offset)...)
	return entries, total, err
}

func readAudit(r scanner) (e audit.Entry, err error) {
	var at int64
	var ip, before, after string
	err = r.Scan(&e.ID, &at, &e.WebsiteID, &e.UserID, &e.Actor.UserID, &e.Actor.Kind, &e.Actor.DisplayKey, &ip,
		&e.Action, &e.Target, &before, &after, &e.ActorName, &e.ActorEmail)
	e.At, e.IP = moment(at), ip
	if before != "" {
		e.Before = json.RawMessage(before)
	}
	if after != "" {
		e.After = json.RawMessage(after)
	}
	return e, err
}

// CutAuditAddresses implements audit.Store. A shortened address has a slash.
func (s *Store) CutAuditAddresses(ctx context.Context, before time.Time) error {
	type row struct{ id, ip string }
	whole, err := many(ctx, s, "old addresses", func(r scanner) (x row, err error) { return x, r.Scan(&x.id, &x.ip) },
		`SELECT id, ip FROM audit WHERE at < ? AND ip <> '' AND ip NOT LIKE '%/%'`, millis(before))
	if err != nil {
		return err
	}
	return s.InTx(ctx, func(ctx context.Context) error {
		var errs error
		for _, r := range whole {
			ip, err := netip.ParseAddr(r.ip)
			errs = errors.Join(errs, err, s.do(ctx, "shorten address", `UPDATE audit SET ip = ? WHERE id = ?`, audit.CutIP(ip), r.id))
		}
		return errs
	})
}

// fromMillis and toMillis are the ends of a range; zero times are open.
func fromMillis(t time.Time) int64 {
	if t.IsZero() {
		return math.MinInt64
	}
	return t.UnixMilli()
}

func toMillis(t time.Time) int64 {
	if t.IsZero() {
		return math.MaxInt64
	}
	return t.UnixMilli()
}
