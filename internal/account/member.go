package account

import (
	"context"

	"datafast/internal/audit"
	"datafast/internal/fault"
)

// Remove takes a member off a website; effective with the next request. Oneself
// is invalid.
func (t *Teams) Remove(ctx context.Context, websiteID, byUserID, userID string) error {
	if userID == byUserID {
		return fault.Invalid("userId", "is yourself; hand the website over instead")
	}
	return t.store.InTx(ctx, func(ctx context.Context) error {
		m, err := t.member(ctx, websiteID, userID)
		if err != nil {
			return err
		}
		if m.Role == RoleOwner {
			return fault.Invalid("userId", "is the owner; hand the website over first")
		}
		if err := t.store.DeleteMember(ctx, websiteID, userID); err != nil {
			return err
		}
		return t.log.Record(ctx, audit.Change{
			Action: "member.remove", WebsiteID: websiteID, Target: m.Email, Before: map[string]Role{"role": m.Role},
		})
	})
}

// SetRole makes a member a viewer or the other way round; invalid for the owner.
func (t *Teams) SetRole(ctx context.Context, websiteID, userID string, role Role) (m Member, err error) {
	if err := checkRole(role); err != nil {
		return Member{}, err
	}
	err = t.store.InTx(ctx, func(ctx context.Context) error {
		m, err = t.member(ctx, websiteID, userID)
		if err != nil {
			return err
		}
		if m.Role == RoleOwner {
			return fault.Invalid("userId", "is the owner, whose role cannot be changed; hand the website over instead")
		}
		before := m.Role
		m.Role = role
		return t.change(ctx, websiteID, m, before)
	})
	return m, err
}

// HandOver makes a member or viewer the owner, and the owner a member.
func (t *Teams) HandOver(ctx context.Context, websiteID, userID string) error {
	return t.store.InTx(ctx, func(ctx context.Context) error {
		next, err := t.member(ctx, websiteID, userID)
		if err != nil {
			return err
		}
		if next.Role == RoleOwner {
			return fault.Invalid("userId", "is the owner already; name a member or viewer")
		}
		return t.crown(ctx, websiteID, next)
	})
}

// crown makes the present owner a member and next the owner.
func (t *Teams) crown(ctx context.Context, websiteID string, next Member) error {
	members, err := t.store.Members(ctx, websiteID)
	if err != nil {
		return err
	}
	for _, m := range members {
		if m.Role == RoleOwner {
			m.Role = RoleMember
			if err := t.change(ctx, websiteID, m, RoleOwner); err != nil {
				return err
			}
		}
	}
	before := next.Role
	next.Role = RoleOwner
	return t.change(ctx, websiteID, next, before)
}

// Appoint is the operator's: it gives any user any role on a website, RoleNone
// takes it away. A new owner takes the place of the old one, who becomes a
// member; the owner cannot be lowered otherwise.
func (t *Teams) Appoint(ctx context.Context, websiteID string, u *User, role Role) error {
	return t.store.InTx(ctx, func(ctx context.Context) error {
		before, err := t.store.Role(ctx, u.ID, websiteID)
		if err != nil || before == role {
			return err
		}
		m := Member{UserID: u.ID, Email: u.Email, Role: role, JoinedAt: t.now()}
		switch {
		case before == RoleOwner:
			return fault.Invalid("role", "%s is the owner; make somebody else the owner first", u.Email)
		case role == RoleOwner:
			m.Role = before
			return t.crown(ctx, websiteID, m)
		case role == RoleNone:
			if err := t.store.DeleteMember(ctx, websiteID, u.ID); err != nil {
				return err
			}
			return t.log.Record(ctx, audit.Change{
				Action: "member.remove", WebsiteID: websiteID, Target: u.Email, Before: map[string]Role{"role": before},
			})
		}
		return t.change(ctx, websiteID, m, before)
	})
}

func (t *Teams) change(ctx context.Context, websiteID string, m Member, before Role) error {
	if err := t.store.SetMember(ctx, websiteID, m.UserID, m.Role, m.JoinedAt); err != nil {
		return err
	}
	return t.log.Record(ctx, audit.Change{
		Action: "role.change", WebsiteID: websiteID, Target: m.Email,
		Before: map[string]Role{"role": before}, After: map[string]Role{"role": m.Role},
	})
}

func (t *Teams) member(ctx context.Context, websiteID, userID string) (Member, error) {
	members, err := t.store.Members(ctx, websiteID)
	if err != nil {
		return Member{}, err
	}
	for _, m := range members {
		if m.UserID == userID {
			return m, nil
		}
	}
	return Member{}, fault.NotFound("Team member not found")
}

// Owner returns a website's owner.
func (t *Teams) Owner(ctx context.Context, websiteID string) (Member, error) {
	members, err := t.store.Members(ctx, websiteID)
	if err != nil {
		return Member{}, err
	}
	if len(members) == 0 || members[0].Role != RoleOwner {
		return Member{}, fault.NotFound("The website has no owner")
	}
	return members[0], nil
}

// Role returns a user's role on a website, RoleNone when there is none.
func (t *Teams) Role(ctx context.Context, userID, websiteID string) (Role, error) {
	return t.store.Role(ctx, userID, websiteID)
}
