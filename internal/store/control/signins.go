package control

import (
	"context"
	"encoding/base64"
	"time"

	"datafast/internal/account"
	"datafast/internal/auth"
	"datafast/internal/fault"
)

// InsertSignIn keeps a new sign-in.
func (s *Store) InsertSignIn(ctx context.Context, in auth.SignIn) error {
	return s.do(ctx, "insert sign-in", `INSERT INTO sign_ins (id, user_id, created_at, last_seen_at, expires_at, ip, user_agent)
		VALUES (?, ?, ?, ?, ?, ?, ?)`,
		in.ID, in.UserID, millis(in.CreatedAt), millis(in.LastSeenAt), millis(in.ExpiresAt), in.IP, in.UserAgent)
}

const signInQuery = `SELECT i.id, i.user_id, i.created_at, i.last_seen_at, i.expires_at, i.ip, i.user_agent, u.disabled
	FROM sign_ins i JOIN users u ON u.id = i.user_id WHERE `

func readSignIn(r scanner) (in auth.SignIn, err error) {
	var created, seen, expires, disabled int64
	err = r.Scan(&in.ID, &in.UserID, &created, &seen, &expires, &in.IP, &in.UserAgent, &disabled)
	in.CreatedAt, in.LastSeenAt, in.ExpiresAt, in.Disabled = moment(created), moment(seen), moment(expires), disabled != 0
	return in, err
}

// SignIn finds a sign-in that has not ended.
func (s *Store) SignIn(ctx context.Context, signInID string, now time.Time) (auth.SignIn, error) {
	return one(ctx, s, "sign-in", readSignIn, signInQuery+`i.id = ? AND i.expires_at > ?`, signInID, millis(now))
}

// SignInsOf lists a user's sign-ins that have not ended, newest first.
func (s *Store) SignInsOf(ctx context.Context, userID string, now time.Time) ([]auth.SignIn, error) {
	return many(ctx, s, "sign-ins", readSignIn, signInQuery+`i.user_id = ? AND i.expires_at > ? ORDER BY i.created_at DESC, i.id DESC`, userID, millis(now))
}

// SeeSignIn notes that a sign-in was used.
func (s *Store) SeeSignIn(ctx context.Context, signInID string, at time.Time) error {
	return s.do(ctx, "see sign-in", `UPDATE sign_ins SET last_seen_at = ? WHERE id = ? AND last_seen_at < ?`, millis(at), signInID, millis(at))
}

// DeleteSignIn implements account.Store.
func (s *Store) DeleteSignIn(ctx context.Context, userID, signInID string) error {
	return s.must(ctx, "delete sign-in", `DELETE FROM sign_ins WHERE user_id = ? AND id = ?`, userID, signInID)
}

// EndSignIns implements account.Store.
func (s *Store) EndSignIns(ctx context.Context, userID, exceptID string) error {
	return s.do(ctx, "end sign-ins", `DELETE FROM sign_ins WHERE user_id = ? AND id <> ?`, userID, exceptID)
}

// keepStrangers is how long failed sign-ins of unknown addresses are kept.
const keepStrangers = 7 * 24 * time.Hour

// Expire removes what is over: sessions, sign-ins, links, invitations, waiting
// devices, and audit entries that concern nobody.
func (s *Store) Expire(ctx context.Context, now time.Time) error {
	at := millis(now)
	for what, query := range map[string]string{
		"expire sessions":    `DELETE FROM sessions WHERE expires_at <= ?`,
		"expire sign-ins":    `DELETE FROM sign_ins WHERE expires_at <= ?`,
		"expire links":       `DELETE FROM links WHERE expires_at > 0 AND expires_at <= ?`,
		"expire invitations": `DELETE FROM invitations WHERE expires_at <= ?`,
		"expire devices":     `DELETE FROM devices WHERE expires_at <= ?`,
	} {
		if err := s.do(ctx, what, query, at); err != nil {
			return err
		}
	}
	return s.do(ctx, "expire audit entries", `DELETE FROM audit WHERE user_id = '' AND website_id = '' AND at <= ?`, millis(now.Add(-keepStrangers)))
}

// Sessions keeps the cookie sessions of package scs, by the hash of the cookie.
type Sessions struct{ *Store }

// FindCtx implements scs.CtxStore.
func (s Sessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	data, err := one(ctx, s.Store, "session", func(r scanner) (data string, err error) { return data, r.Scan(&data) },
		`SELECT data FROM sessions WHERE token = ? AND expires_at > ?`, token, millis(time.Now()))
	if err != nil && fault.CodeOf(err) == fault.CodeNotFound {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	b, err := base64.StdEncoding.DecodeString(data)
	return b, err == nil, err
}

// CommitCtx implements scs.CtxStore.
func (s Sessions) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	return s.do(ctx, "commit session", `INSERT INTO sessions (token, data, expires_at) VALUES (?, ?, ?)
		ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at`,
		token, base64.StdEncoding.EncodeToString(data), millis(expiry))
}

// DeleteCtx implements scs.CtxStore.
func (s Sessions) DeleteCtx(ctx context.Context, token string) error {
	return s.do(ctx, "delete session", `DELETE FROM sessions WHERE token = ?`, token)
}

// Find, Commit and Delete are asked by scs only without a context: never here.

// Find implements scs.Store.
func (s Sessions) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit implements scs.Store.
func (s Sessions) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete implements scs.Store.
func (s Sessions) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

var (
	_ account.TeamStore = (*Store)(nil)
	_ auth.Store        = (*Store)(nil)
)
