package account

import (
	"context"
	"slices"
	"time"

	"datafast/internal/audit"
	"datafast/internal/fault"
	"datafast/internal/field"
)

// Bounds of invitations (api.md §9.5).
const (
	inviteLifetime    = 7 * 24 * time.Hour
	maxPendingInvites = 50
)

// TeamStore keeps membership and invitations. Unknown things are faults with
// code not_found.
type TeamStore interface {
	Store

	Members(ctx context.Context, websiteID string) ([]Member, error) // owner first, then by joining
	Role(ctx context.Context, userID, websiteID string) (Role, error)
	SetMember(ctx context.Context, websiteID, userID string, role Role, joined time.Time) error
	DeleteMember(ctx context.Context, websiteID, userID string) error

	Invitations(ctx context.Context, websiteID string, now time.Time) ([]Invitation, error) // pending, oldest first
	Invitation(ctx context.Context, websiteID, invitationID string, now time.Time) (Invitation, error)
	InvitationBySecret(ctx context.Context, hash string, now time.Time) (Invitation, error)
	InsertInvitation(ctx context.Context, i Invitation, hash string) error
	RenewInvitation(ctx context.Context, invitationID, hash string, expires time.Time) error
	DeleteInvitation(ctx context.Context, invitationID string) error
}

// Teams says who belongs to a website and as what.
type Teams struct {
	store  TeamStore
	log    *audit.Log
	people *People
	now    func() time.Time
	newID  func() string
}

// NewTeams returns the service over a store.
func NewTeams(store TeamStore, log *audit.Log, people *People, now func() time.Time, newID func() string) *Teams {
	return &Teams{store: store, log: log, people: people, now: now, newID: newID}
}

// Members lists a website's team, owner first, then by joining.
func (t *Teams) Members(ctx context.Context, websiteID string) ([]Member, error) {
	return t.store.Members(ctx, websiteID)
}

// Pending lists a website's invitations that can still be accepted, oldest first.
func (t *Teams) Pending(ctx context.Context, websiteID string) ([]Invitation, error) {
	return t.store.Invitations(ctx, websiteID, t.now())
}

// Invite asks an address to join as viewer (the default) or member, and returns
// the secret of the link. Oneself and bad fields are invalid; a member or a
// pending address is a conflict; the 51st pending one is forbidden.
func (t *Teams) Invite(ctx context.Context, websiteID, byUserID, email string, role Role) (Invitation, string, error) {
	email, err := checkInvite(email, &role)
	if err != nil {
		return Invitation{}, "", err
	}
	now, secret := t.now(), newLinkSecret()
	inv := Invitation{
		ID: t.newID(), WebsiteID: websiteID, Email: email, Role: role, InvitedBy: byUserID,
		CreatedAt: now, ExpiresAt: now.Add(inviteLifetime),
	}
	err = t.store.InTx(ctx, func(ctx context.Context) error {
		if err := t.mayInvite(ctx, inv); err != nil {
			return err
		}
		if err := t.store.InsertInvitation(ctx, inv, hashSecret(secret)); err != nil {
			return err
		}
		return t.log.Record(ctx, audit.Change{
			Action: "member.invite", WebsiteID: websiteID, Target: email, After: map[string]Role{"role": role},
		})
	})
	return inv, secret, err
}

func checkInvite(email string, role *Role) (string, error) {
	var faults fault.List
	email, err := field.Email("email", email)
	faults.Add(err)
	if *role == RoleNone {
		*role = RoleViewer
	}
	faults.Add(checkRole(*role))
	return email, faults.Err()
}

func checkRole(role Role) error {
	if role != RoleViewer && role != RoleMember {
		return fault.Invalid("role", "%q cannot be given; use viewer or member", string(role))
	}
	return nil
}

func (t *Teams) mayInvite(ctx context.Context, inv Invitation) error {
	members, err := t.store.Members(ctx, inv.WebsiteID)
	if err != nil {
		return err
	}
	for _, m := range members {
		switch {
		case m.Email != inv.Email:
		case m.UserID == inv.InvitedBy:
			return fault.Invalid("email", "%s is your own address; invite somebody else", inv.Email)
		default:
			return fault.New(fault.CodeConflict, "%s is a member of this website already", inv.Email)
		}
	}
	pending, err := t.store.Invitations(ctx, inv.WebsiteID, t.now())
	if err != nil {
		return err
	}
	if slices.ContainsFunc(pending, func(p Invitation) bool { return p.Email == inv.Email }) {
		return fault.New(fault.CodeConflict, "%s is invited already; send that invitation again instead", inv.Email)
	}
	if len(pending) >= maxPendingInvites {
		return fault.New(fault.CodeForbidden, "A website can have %d pending invitations; withdraw one first", maxPendingInvites).Because("limit_reached")
	}
	return nil
}

// Resend gives a pending invitation a new secret and seven more days; the old
// link is dead.
func (t *Teams) Resend(ctx context.Context, websiteID, invitationID string) (inv Invitation, secret string, err error) {
	secret = newLinkSecret()
	err = t.store.InTx(ctx, func(ctx context.Context) error {
		inv, err = t.pending(ctx, websiteID, invitationID)
		if err != nil {
			return err
		}
		before := inv.ExpiresAt
		inv.ExpiresAt = t.now().Add(inviteLifetime)
		if err := t.store.RenewInvitation(ctx, inv.ID, hashSecret(secret), inv.ExpiresAt); err != nil {
			return err
		}
		return t.log.Record(ctx, audit.Change{
			Action: "member.invite_again", WebsiteID: websiteID, Target: inv.Email,
			Before: map[string]any{"expiresAt": audit.Stamp(before)}, After: map[string]any{"expiresAt": audit.Stamp(inv.ExpiresAt)},
		})
	})
	return inv, secret, err
}

// Withdraw ends a pending invitation.
func (t *Teams) Withdraw(ctx context.Context, websiteID, invitationID string) error {
	return t.store.InTx(ctx, func(ctx context.Context) error {
		inv, err := t.pending(ctx, websiteID, invitationID)
		if err != nil {
			return err
		}
		if err := t.store.DeleteInvitation(ctx, inv.ID); err != nil {
			return err
		}
		return t.log.Record(ctx, audit.Change{
			Action: "member.invite_withdraw", WebsiteID: websiteID, Target: inv.Email, Before: map[string]Role{"role": inv.Role},
		})
	})
}

func (t *Teams) pending(ctx context.Context, websiteID, invitationID string) (Invitation, error) {
	inv, err := t.store.Invitation(ctx, websiteID, invitationID, t.now())
	if err != nil && fault.CodeOf(err) == fault.CodeNotFound {
		return Invitation{}, fault.NotFound("Invitation not found")
	}
	return inv, err
}

// BySecret returns the invitation of a link; forbidden with ReasonBadLink when it
// is unknown, used, withdrawn or too old.
func (t *Teams) BySecret(ctx context.Context, secret string) (Invitation, error) {
	inv, err := t.store.InvitationBySecret(ctx, hashSecret(secret), t.now())
	if err != nil && fault.CodeOf(err) == fault.CodeNotFound {
		return Invitation{}, badLink()
	}
	return inv, err
}

// Accept makes the signed-in user a member. The caller has checked that the
// invitation is for their address.
func (t *Teams) Accept(ctx context.Context, secret, userID string) (inv Invitation, err error) {
	err = t.store.InTx(ctx, func(ctx context.Context) error {
		inv, err = t.BySecret(ctx, secret)
		if err != nil {
			return err
		}
		return t.join(ctx, inv, userID)
	})
	return inv, err
}

// AcceptAsNew makes an account for the invited address and joins with it.
func (t *Teams) AcceptAsNew(ctx context.Context, secret, name, password string) (u *User, inv Invitation, err error) {
	if inv, err = t.BySecret(ctx, secret); err != nil {
		return nil, inv, err
	}
	u, hash, err := t.people.prepare(ctx, NewUser{Email: inv.Email, Name: name, Password: password})
	if err != nil {
		return nil, inv, err
	}
	err = t.store.InTx(ctx, func(ctx context.Context) error {
		if inv, err = t.BySecret(ctx, secret); err != nil {
			return err
		}
		if err := t.people.insert(ctx, u, hash); err != nil {
			return err
		}
		return t.join(ctx, inv, u.ID)
	})
	return u, inv, err
}

func (t *Teams) join(ctx context.Context, inv Invitation, userID string) error {
	if err := t.store.DeleteInvitation(ctx, inv.ID); err != nil {
		return err
	}
	role, err := t.store.Role(ctx, userID, inv.WebsiteID)
	if err != nil || role != RoleNone {
		return err // joined by another way meanwhile: keep that role
	}
	if err := t.store.SetMember(ctx, inv.WebsiteID, userID, inv.Role, t.now()); err != nil {
		return err
	}
	return t.log.Record(asActor(ctx, userID), audit.Change{
		Action: "member.join", WebsiteID: inv.WebsiteID, Target: inv.Email, After: map[string]Role{"role": inv.Role},
	})
}
