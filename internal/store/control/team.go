package control

import (
	"context"
	"time"

	"datafast/internal/account"
	"datafast/internal/fault"
)

// Members implements account.TeamStore.
func (s *Store) Members(ctx context.Context, websiteID string) ([]account.Member, error) {
	return many(ctx, s, "team", func(r scanner) (m account.Member, err error) {
		var joined int64
		err = r.Scan(&m.UserID, &m.Name, &m.Email, &m.Image, &m.Role, &joined)
		m.JoinedAt = moment(joined)
		return m, err
	}, `SELECT u.id, u.name, u.email, u.image, m.role, m.joined_at FROM members m JOIN users u ON u.id = m.user_id
		WHERE m.website_id = ? ORDER BY CASE m.role WHEN 'owner' THEN 0 ELSE 1 END, m.joined_at, u.id`, websiteID)
}

// Role implements account.TeamStore and auth.Store.
func (s *Store) Role(ctx context.Context, userID, websiteID string) (account.Role, error) {
	role, err := one(ctx, s, "role", func(r scanner) (role account.Role, err error) { return role, r.Scan(&role) },
		`SELECT role FROM members WHERE user_id = ? AND website_id = ?`, userID, websiteID)
	if err != nil && fault.CodeOf(err) == fault.CodeNotFound {
		return account.RoleNone, nil
	}
	return role, err
}

// SetMember implements account.TeamStore: a member's joining time stays.
func (s *Store) SetMember(ctx context.Context, websiteID, userID string, role account.Role, joined time.Time) error {
	return s.do(ctx, "set member", `INSERT INTO members (website_id, user_id, role, joined_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (website_id, user_id) DO UPDATE SET role = excluded.role`, websiteID, userID, string(role), millis(joined))
}

// DeleteMember implements account.TeamStore.
func (s *Store) DeleteMember(ctx context.Context, websiteID, userID string) error {
	return s.must(ctx, "delete member", `DELETE FROM members WHERE website_id = ? AND user_id = ?`, websiteID, userID)
}

const inviteQuery = `SELECT i.id, i.website_id, i.email, i.role, i.invited_by, COALESCE(u.name, ''), i.created_at, i.expires_at
	FROM invitations i LEFT JOIN users u ON u.id = i.invited_by WHERE i.expires_at > ? AND `

func readInvitation(r scanner) (account.Invitation, error) {
	var i account.Invitation
	var created, expires int64
	err := r.Scan(&i.ID, &i.WebsiteID, &i.Email, &i.Role, &i.InvitedBy, &i.InvitedByName, &created, &expires)
	i.CreatedAt, i.ExpiresAt = moment(created), moment(expires)
	return i, err
}

// Invitations implements account.TeamStore.
func (s *Store) Invitations(ctx context.Context, websiteID string, now time.Time) ([]account.Invitation, error) {
	return many(ctx, s, "invitations", readInvitation, inviteQuery+`i.website_id = ? ORDER BY i.created_at, i.id`, millis(now), websiteID)
}

// Invitation implements account.TeamStore.
func (s *Store) Invitation(ctx context.Context, websiteID, invitationID string, now time.Time) (account.Invitation, error) {
	return one(ctx, s, "invitation", readInvitation, inviteQuery+`i.website_id = ? AND i.id = ?`, millis(now), websiteID, invitationID)
}

// InvitationBySecret implements account.TeamStore.
func (s *Store) InvitationBySecret(ctx context.Context, hash string, now time.Time) (account.Invitation, error) {
	return one(ctx, s, "invitation", readInvitation, inviteQuery+`i.hash = ?`, millis(now), hash)
}

// InsertInvitation implements account.TeamStore.
func (s *Store) InsertInvitation(ctx context.Context, i account.Invitation, hash string) error {
	return s.do(ctx, "insert invitation", `INSERT INTO invitations (id, website_id, email, role, hash, invited_by, created_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		i.ID, i.WebsiteID, i.Email, string(i.Role), hash, i.InvitedBy, millis(i.CreatedAt), millis(i.ExpiresAt))
}

// RenewInvitation implements account.TeamStore.
func (s *Store) RenewInvitation(ctx context.Context, invitationID, hash string, expires time.Time) error {
	return s.must(ctx, "renew invitation", `UPDATE invitations SET hash = ?, expires_at = ? WHERE id = ?`, hash, millis(expires), invitationID)
}

// DeleteInvitation implements account.TeamStore.
func (s *Store) DeleteInvitation(ctx context.Context, invitationID string) error {
	return s.must(ctx, "delete invitation", `DELETE FROM invitations WHERE id = ?`, invitationID)
}
