package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"datafast/internal/auth"
)

// InsertDevice implements auth.DeviceStore.
func (s *Store) InsertDevice(ctx context.Context, d auth.Device, hash string) error {
	return s.do(ctx, "insert device", `INSERT INTO devices (user_code, hash, asked_from, program, created_at, expires_at,
		polled_at, state, user_id, approved_from, name, permissions, website_ids, token_expires)
		VALUES (?, ?, ?, ?, ?, ?, 0, ?, '', '', '', '[]', '[]', 0)`,
		d.UserCode, hash, d.AskedFrom, d.Program, millis(d.CreatedAt), millis(d.ExpiresAt), string(d.State))
}

const deviceQuery = `SELECT user_code, asked_from, program, created_at, expires_at, polled_at, state, user_id,
	approved_from, name, permissions, website_ids, token_expires FROM devices WHERE expires_at > ? AND `

func readDevice(r scanner) (d auth.Device, err error) {
	var created, expires, polled, end int64
	var permissions, websites string
	err = r.Scan(&d.UserCode, &d.AskedFrom, &d.Program, &created, &expires, &polled, &d.State, &d.UserID,
		&d.ApprovedFrom, &d.Name, &permissions, &websites, &end)
	if err != nil {
		return d, err
	}
	d.CreatedAt, d.ExpiresAt, d.PolledAt, d.TokenExpires = moment(created), moment(expires), moment(polled), moment(end)
	return d, errors.Join(json.Unmarshal([]byte(permissions), &d.Granted), json.Unmarshal([]byte(websites), &d.WebsiteIDs))
}

// DeviceByHash implements auth.DeviceStore.
func (s *Store) DeviceByHash(ctx context.Context, hash string, now time.Time) (auth.Device, error) {
	return one(ctx, s, "device", readDevice, deviceQuery+`hash = ?`, millis(now), hash)
}

// DeviceByUserCode implements auth.DeviceStore.
func (s *Store) DeviceByUserCode(ctx context.Context, userCode string, now time.Time) (auth.Device, error) {
	return one(ctx, s, "device", readDevice, deviceQuery+`user_code = ?`, millis(now), userCode)
}

// DecideDevice implements auth.DeviceStore.
func (s *Store) DecideDevice(ctx context.Context, d auth.Device) error {
	permissions, err := stored(append([]string{}, d.Granted...))
	if err != nil {
		return fmt.Errorf("encode permissions: %w", err)
	}
	websites, err := stored(append([]string{}, d.WebsiteIDs...))
	if err != nil {
		return fmt.Errorf("encode websites: %w", err)
	}
	return s.must(ctx, "decide device", `UPDATE devices SET state = ?, user_id = ?, approved_from = ?, name = ?,
		permissions = ?, website_ids = ?, token_expires = ? WHERE user_code = ? AND state = 'waiting'`,
		string(d.State), d.UserID, d.ApprovedFrom, d.Name, permissions, websites, millis(d.TokenExpires), d.UserCode)
}

// SeeDevice implements auth.DeviceStore.
func (s *Store) SeeDevice(ctx context.Context, userCode string, at time.Time) error {
	return s.do(ctx, "see device", `UPDATE devices SET polled_at = ? WHERE user_code = ?`, millis(at), userCode)
}

// DeleteDevice implements auth.DeviceStore.
func (s *Store) DeleteDevice(ctx context.Context, userCode string) error {
	return s.must(ctx, "delete device", `DELETE FROM devices WHERE user_code = ?`, userCode)
}

// UserDisabled implements auth.DeviceStore.
func (s *Store) UserDisabled(ctx context.Context, userID string) (bool, error) {
	n, err := one(ctx, s, "user", func(r scanner) (n int64, err error) { return n, r.Scan(&n) },
		`SELECT disabled FROM users WHERE id = ?`, userID)
	return n != 0, err
}

var _ auth.DeviceStore = (*Store)(nil)
