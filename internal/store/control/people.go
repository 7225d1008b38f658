package control

import (
	"context"
	"time"

	"datafast/internal/account"
)

const userColumns = `u.id, u.email, u.name, u.image, u.created_at, u.disabled, u.password_changed_at, u.totp_secret,
	(SELECT COUNT(*) FROM recovery_codes r WHERE r.user_id = u.id)`

func readUser(r scanner) (*account.User, error) {
	var u account.User
	var created, disabled, changed int64
	var totp string
	err := r.Scan(&u.ID, &u.Email, &u.Name, &u.Image, &created, &disabled, &changed, &totp, &u.RecoveryCodesLeft)
	u.CreatedAt, u.PasswordChangedAt = moment(created), moment(changed)
	u.Disabled, u.TOTP = disabled != 0, totp != ""
	return &u, err
}

// User implements account.Store.
func (s *Store) User(ctx context.Context, userID string) (*account.User, error) {
	return one(ctx, s, "user", readUser, `SELECT `+userColumns+` FROM users u WHERE u.id = ?`, userID)
}

// UserByEmail implements account.Store.
func (s *Store) UserByEmail(ctx context.Context, email string) (*account.User, error) {
	return one(ctx, s, "user by address", readUser, `SELECT `+userColumns+` FROM users u WHERE u.email = ?`, email)
}

// Users implements account.Store.
func (s *Store) Users(ctx context.Context) ([]*account.User, error) {
	return many(ctx, s, "users", readUser, `SELECT `+userColumns+` FROM users u ORDER BY u.email`)
}

// InsertUser implements account.Store.
func (s *Store) InsertUser(ctx context.Context, u *account.User, passwordHash string) error {
	return s.do(ctx, "insert user", `INSERT INTO users
		(id, email, name, image, created_at, disabled, password_hash, password_changed_at, totp_secret, totp_pending, totp_last_step)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', '', 0)`,
		u.ID, u.Email, u.Name, u.Image, millis(u.CreatedAt), flag(u.Disabled), passwordHash, millis(u.PasswordChangedAt))
}

// UpdateUser implements account.Store.
func (s *Store) UpdateUser(ctx context.Context, u *account.User) error {
	return s.must(ctx, "update user", `UPDATE users SET name = ?, image = ?, disabled = ? WHERE id = ?`,
		u.Name, u.Image, flag(u.Disabled), u.ID)
}

// Secrets implements account.Store.
func (s *Store) Secrets(ctx context.Context, userID string) (account.Secrets, error) {
	return one(ctx, s, "secrets", func(r scanner) (x account.Secrets, err error) {
		return x, r.Scan(&x.PasswordHash, &x.TOTPSecret, &x.TOTPPending, &x.TOTPLastStep)
	}, `SELECT password_hash, totp_secret, totp_pending, totp_last_step FROM users WHERE id = ?`, userID)
}

// SetPassword implements account.Store.
func (s *Store) SetPassword(ctx context.Context, userID, passwordHash string, at time.Time) error {
	return s.must(ctx, "set password", `UPDATE users SET password_hash = ?, password_changed_at = ? WHERE id = ?`,
		passwordHash, millis(at), userID)
}

// SetTOTP implements account.Store.
func (s *Store) SetTOTP(ctx context.Context, userID string, x account.Secrets) error {
	return s.must(ctx, "set second factor", `UPDATE users SET totp_secret = ?, totp_pending = ?, totp_last_step = ? WHERE id = ?`,
		x.TOTPSecret, x.TOTPPending, x.TOTPLastStep, userID)
}

// UseTOTPStep implements account.Store.
func (s *Store) UseTOTPStep(ctx context.Context, userID string, step int64) (bool, error) {
	n, err := s.exec(ctx, "use code", `UPDATE users SET totp_last_step = ? WHERE id = ? AND totp_last_step < ?`, step, userID, step)
	return n > 0, err
}

// SetRecoveryCodes implements account.Store.
func (s *Store) SetRecoveryCodes(ctx context.Context, userID string, hashes []string) error {
	if err := s.do(ctx, "delete recovery codes", `DELETE FROM recovery_codes WHERE user_id = ?`, userID); err != nil {
		return err
	}
	for _, h := range hashes {
		if err := s.do(ctx, "insert recovery code", `INSERT INTO recovery_codes (user_id, hash) VALUES (?, ?)`, userID, h); err != nil {
			return err
		}
	}
	return nil
}

// UseRecoveryCode implements account.Store.
func (s *Store) UseRecoveryCode(ctx context.Context, userID, hash string) (bool, error) {
	n, err := s.exec(ctx, "use recovery code", `DELETE FROM recovery_codes WHERE user_id = ? AND hash = ?`, userID, hash)
	return n > 0, err
}

// InsertLink implements account.Store.
func (s *Store) InsertLink(ctx context.Context, l account.Link) error {
	return s.do(ctx, "insert link", `INSERT INTO links (hash, kind, user_id, expires_at) VALUES (?, ?, ?, ?)`,
		l.Hash, string(l.Kind), l.UserID, millis(l.ExpiresAt))
}

// TakeLink implements account.Store.
func (s *Store) TakeLink(ctx context.Context, kind account.LinkKind, hash string) (account.Link, error) {
	return one(ctx, s, "link", func(r scanner) (account.Link, error) {
		l := account.Link{Hash: hash, Kind: kind}
		var expires int64
		err := r.Scan(&l.UserID, &expires)
		l.ExpiresAt = moment(expires)
		return l, err
	}, `DELETE FROM links WHERE hash = ? AND kind = ? RETURNING user_id, expires_at`, hash, string(kind))
}

// DeleteLinks implements account.Store.
func (s *Store) DeleteLinks(ctx context.Context, kind account.LinkKind, userID string) error {
	return s.do(ctx, "delete links", `DELETE FROM links WHERE kind = ? AND user_id = ?`, string(kind), userID)
}
