package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"datafast/internal/auth"
)

const credentialColumns = `c.id, c.kind, c.user_id, c.website_id, c.name, c.display_key, c.previous_until,
	c.permissions, c.website_ids, c.created_at, c.expires_at, c.creator_token, c.last_used_at, c.last_used_ip`

// readCredential reads credentialColumns and then the given further ones.
func readCredential(r scanner, more ...any) (*auth.Credential, error) {
	c := auth.Credential{Kind: auth.AccountToken, Uses: map[string]time.Time{}}
	var kind, permissions, websites string
	var until, created, expires, used int64
	dest := append([]any{
		&c.ID, &kind, &c.UserID, &c.WebsiteID, &c.Name, &c.DisplayKey, &until,
		&permissions, &websites, &created, &expires, &c.CreatorToken, &used, &c.LastUsedIP,
	}, more...)
	if err := r.Scan(dest...); err != nil {
		return nil, err
	}
	if kind == auth.WebsiteKey.String() {
		c.Kind = auth.WebsiteKey
	}
	c.PreviousUntil, c.CreatedAt, c.ExpiresAt, c.LastUsedAt = moment(until), moment(created), moment(expires), moment(used)
	return &c, errors.Join(json.Unmarshal([]byte(permissions), &c.Granted), json.Unmarshal([]byte(websites), &c.WebsiteIDs))
}

// CredentialByHash implements auth.Store. Whose account it is: of a token its
// user, of a key the website's owner.
func (s *Store) CredentialByHash(ctx context.Context, hash string) (*auth.Credential, error) {
	return one(ctx, s, "credential", func(r scanner) (*auth.Credential, error) {
		var disabled, previous int64
		c, err := readCredential(r, &disabled, &previous)
		if err == nil {
			c.Disabled, c.Previous = disabled != 0, previous != 0
		}
		return c, err
	}, `SELECT `+credentialColumns+`, COALESCE(a.disabled, 0), CASE WHEN c.hash = ? THEN 0 ELSE 1 END
		FROM credentials c
		LEFT JOIN members o ON o.website_id = c.website_id AND o.role = 'owner'
		LEFT JOIN users a ON a.id = COALESCE(o.user_id, c.user_id)
		WHERE c.hash = ? OR c.previous_hash = ?`, hash, hash, hash)
}

// UserCredentials implements auth.Store.
func (s *Store) UserCredentials(ctx context.Context, userID string) ([]*auth.Credential, error) {
	return s.credentials(ctx, `c.kind = 'account' AND c.user_id = ?`, userID)
}

// CredentialsOf implements auth.Store.
func (s *Store) CredentialsOf(ctx context.Context, websiteID string) ([]*auth.Credential, error) {
	return s.credentials(ctx, `c.kind = 'website' AND c.website_id = ?`, websiteID)
}

func (s *Store) credentials(ctx context.Context, where string, arg any) ([]*auth.Credential, error) {
	all, err := many(ctx, s, "credentials", func(r scanner) (*auth.Credential, error) {
		var name string
		c, err := readCredential(r, &name)
		if err == nil {
			c.CreatorName = name
		}
		return c, err
	}, `SELECT `+credentialColumns+`, u.name FROM credentials c JOIN users u ON u.id = c.user_id
		WHERE `+where+` ORDER BY c.created_at DESC, c.id DESC`, arg)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]*auth.Credential, len(all))
	for _, c := range all {
		byID[c.ID] = c
	}
	_, err = many(ctx, s, "uses of permissions", func(r scanner) (string, error) {
		var id, permission string
		var day int64
		err := r.Scan(&id, &permission, &day)
		if c := byID[id]; c != nil {
			c.Uses[permission] = moment(day)
		}
		return id, err
	}, `SELECT p.credential_id, p.permission, p.last_day FROM permission_uses p JOIN credentials c ON c.id = p.credential_id WHERE `+where, arg)
	return all, err
}

// InsertCredential implements auth.Store.
func (s *Store) InsertCredential(ctx context.Context, c *auth.Credential, hash string) error {
	permissions, err := stored(append([]string{}, c.Granted...))
	if err != nil {
		return fmt.Errorf("encode permissions: %w", err)
	}
	websites, err := stored(append([]string{}, c.WebsiteIDs...))
	if err != nil {
		return fmt.Errorf("encode websites: %w", err)
	}
	return s.do(ctx, "insert credential", `INSERT INTO credentials (id, kind, user_id, website_id, name, display_key, hash,
		previous_hash, previous_until, permissions, website_ids, created_at, expires_at, creator_token, last_used_at, last_used_ip)
		VALUES (?, ?, ?, ?, ?, ?, ?, '', 0, ?, ?, ?, ?, ?, 0, '')`,
		c.ID, c.Kind.String(), c.UserID, c.WebsiteID, c.Name, c.DisplayKey, hash,
		permissions, websites, millis(c.CreatedAt), millis(c.ExpiresAt), c.CreatorToken)
}

// RollCredential implements auth.Store.
func (s *Store) RollCredential(ctx context.Context, c *auth.Credential, hash string) error {
	return s.must(ctx, "roll credential", `UPDATE credentials SET previous_hash = CASE WHEN CAST(? AS BIGINT) > 0 THEN hash ELSE '' END,
		previous_until = ?, hash = ?, display_key = ? WHERE id = ?`,
		millis(c.PreviousUntil), millis(c.PreviousUntil), hash, c.DisplayKey, c.ID)
}

// DeleteCredential implements auth.Store.
func (s *Store) DeleteCredential(ctx context.Context, credentialID string) error {
	return s.must(ctx, "delete credential", `DELETE FROM credentials WHERE id = ?`, credentialID)
}

// TouchCredential implements auth.Store.
func (s *Store) TouchCredential(ctx context.Context, credentialID string, at time.Time, ip string) error {
	return s.do(ctx, "touch credential", `UPDATE credentials SET last_used_at = ?, last_used_ip = ? WHERE id = ? AND last_used_at < ?`,
		millis(at), ip, credentialID, millis(at))
}

// UsePermission implements auth.Store.
func (s *Store) UsePermission(ctx context.Context, credentialID, permission string, day time.Time) error {
	return s.do(ctx, "note use of permission", `INSERT INTO permission_uses (credential_id, permission, last_day)
		SELECT id, CAST(? AS TEXT), CAST(? AS BIGINT) FROM credentials WHERE id = ?
		ON CONFLICT (credential_id, permission) DO UPDATE SET last_day = excluded.last_day`, permission, millis(day), credentialID)
}
