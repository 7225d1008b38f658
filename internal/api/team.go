package api

import (
	"context"
	"encoding/json"

	"datafast/internal/account"
	"datafast/internal/auth"
)

type memberRow struct {
	UserID   string  `json:"userId"`
	Name     string  `json:"name"`
	Email    string  `json:"email"`
	Image    *string `json:"image"`
	Role     string  `json:"role" enum:"viewer,member,owner"`
	JoinedAt string  `json:"joinedAt"`
}

type inviteBody struct {
	Email Opt[string] `json:"email"`
	Role  Opt[string] `json:"role,omitzero" doc:"viewer (default) or member"`
}

type inviteAnswer struct {
	Message      string `json:"message"`
	InvitationID string `json:"invitationId"`
	Email        string `json:"email"`
	Role         string `json:"role" enum:"viewer,member"`
	InviteURL    string `json:"inviteUrl" doc:"Works for seven days; also mailed when there is a mail server"`
}

type pendingRow struct {
	InvitationID string `json:"invitationId"`
	Email        string `json:"email"`
	Role         string `json:"role" enum:"viewer,member"`
	CreatedAt    string `json:"createdAt"`
	ExpiresAt    string `json:"expiresAt"`
}

type userIDBody struct {
	UserID Opt[string] `json:"userId"`
}

type roleBody struct {
	Role Opt[string] `json:"role" doc:"viewer or member"`
}

type messageRow struct {
	Message string `json:"message"`
}

const teamExample = `{"status":"success","data":[{"userId":"665f0b3c4d2e1a0012345601","name":"Ana Pop","email":"ana@example.com","image":null,"role":"owner","joinedAt":"2026-05-19T00:00:00.000Z"}]}`

func (a *Account) teamRoutes() []Route {
	read := auth.Rule{Kinds: auth.AllKinds, Permission: auth.TeamRead, Website: auth.ByPath, Least: account.RoleViewer}
	ownerRead := auth.Rule{Kinds: auth.Tokens, Permission: auth.TeamRead, Website: auth.ByPath, Least: account.RoleOwner}
	owner := auth.Rule{Kinds: auth.Tokens, Permission: auth.TeamWrite, Website: auth.ByPath, Least: account.RoleOwner}
	const path = "/api/v1/admin/websites/{websiteId}/team"
	const invitation = path + "/invitations/{invitationId}"
	return []Route{
		{Method: "GET", Path: path, Rule: read, Handle: a.listTeam, Doc: Doc{
			ID: "listTeam", Tag: "Team", Summary: "List a website's team",
			Description: "Owner first, then by joining. Pending invitations are not in it.", Data: []memberRow{}, Example: teamExample,
		}},
		{Method: "POST", Path: path, Rule: owner, Handle: a.invite, Grave: true, Doc: Doc{
			ID: "inviteMember", Tag: "Team", Summary: "Invite somebody",
			Description: "The link in `inviteUrl` works for seven days; it is mailed as well when there is a mail server. At most 50 pending.",
			Body:        inviteBody{}, Data: []inviteAnswer{}, BodyExample: `{"email":"m@example.com","role":"viewer"}`,
		}},
		{Method: "DELETE", Path: path, Rule: owner, Handle: a.removeMember, Doc: Doc{
			ID: "removeMember", Tag: "Team", Summary: "Remove a member",
			Description: "Effective with the next request. `userId` may stand in the query instead, for clients that cannot send a body with DELETE.",
			Query:       []Param{{Name: "userId", Description: "In place of the body"}},
			Body:        userIDBody{}, Data: []messageRow{},
		}},
		{Method: "PATCH", Path: path + "/{userId}", Rule: owner, Handle: a.setRole, Doc: Doc{
			ID: "setMemberRole", Tag: "Team", Summary: "Change a member's role", Body: roleBody{}, Data: []memberRow{}, BodyExample: `{"role":"member"}`,
		}},
		{Method: "POST", Path: path + "/owner", Rule: owner, Handle: a.handOver, Grave: true, Doc: Doc{
			ID: "handOverWebsite", Tag: "Team", Summary: "Hand the website over",
			Description: "The named member or viewer becomes owner, the caller becomes member.", Body: userIDBody{}, Data: []memberRow{}, Example: teamExample,
		}},
		{Method: "GET", Path: path + "/invitations", Rule: ownerRead, Handle: a.listInvitations, Doc: Doc{
			ID: "listInvitations", Tag: "Team", Summary: "List pending invitations", Data: []pendingRow{},
		}},
		{Method: "POST", Path: invitation + "/resend", Rule: owner, Handle: a.resend, Grave: true, Doc: Doc{
			ID: "resendInvitation", Tag: "Team", Summary: "Send an invitation again",
			Description: "A new link with seven more days; the old link is dead.", Data: []inviteAnswer{},
		}},
		{Method: "DELETE", Path: invitation, Rule: owner, Handle: a.withdraw, Doc: Doc{
			ID: "withdrawInvitation", Tag: "Team", Summary: "Withdraw an invitation", Data: []deletedRow{},
		}},
	}
}

func (a *Account) listTeam(ctx context.Context, r *Request) (*Response, error) {
	members, err := a.Teams.Members(ctx, r.Website.ID)
	if err != nil {
		return nil, err
	}
	rows := make([]memberRow, len(members))
	for i, m := range members {
		rows[i] = memberOf(m)
	}
	return OK(rows), nil
}

func memberOf(m account.Member) memberRow {
	name := m.Name
	if name == "" {
		name = m.Email
	}
	return memberRow{m.UserID, name, m.Email, orNull(m.Image), string(m.Role), Stamp(m.JoinedAt)}
}

func (a *Account) invite(ctx context.Context, r *Request) (*Response, error) {
	var body inviteBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	inv, secret, err := a.Teams.Invite(ctx, r.Website.ID, r.Principal.UserID, body.Email.Value, account.Role(body.Role.Value))
	if err != nil {
		return nil, err
	}
	return a.sendInvite(ctx, r, inv, secret)
}

// sendInvite mails the link where that is possible and answers with it.
func (a *Account) sendInvite(ctx context.Context, r *Request, inv account.Invitation, secret string) (*Response, error) {
	link := a.BaseURL + "/invite#" + secret
	if a.Mail.Enabled() {
		by, err := a.People.User(ctx, r.Principal.UserID)
		if err != nil {
			return nil, err
		}
		if err := a.Mail.SendInvitation(ctx, inv.Email, by.DisplayName(), r.Website.Domain, link); err != nil {
			a.Log.ErrorContext(ctx, "mail an invitation", "request", r.ID, "error", err)
		}
	}
	return One(inviteAnswer{"Invitation created. Send the invite link to the user.", inv.ID, inv.Email, string(inv.Role), link}), nil
}

func (a *Account) removeMember(ctx context.Context, r *Request) (*Response, error) {
	userID := r.Query.Get("userId")
	if userID == "" {
		var body userIDBody
		if err := r.Decode(&body); err != nil {
			return nil, err
		}
		userID = body.UserID.Value
	}
	if _, err := checkID("userId", userID); err != nil {
		return nil, err
	}
	if err := a.Teams.Remove(ctx, r.Website.ID, r.Principal.UserID, userID); err != nil {
		return nil, err
	}
	return One(messageRow{"Team member removed successfully"}), nil
}

func (a *Account) setRole(ctx context.Context, r *Request) (*Response, error) {
	userID, err := r.objectID("userId")
	if err != nil {
		return nil, err
	}
	var body roleBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	m, err := a.Teams.SetRole(ctx, r.Website.ID, userID, account.Role(body.Role.Value))
	if err != nil {
		return nil, err
	}
	return One(memberOf(m)), nil
}

func (a *Account) handOver(ctx context.Context, r *Request) (*Response, error) {
	var body userIDBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	userID, err := checkID("userId", body.UserID.Value)
	if err != nil {
		return nil, err
	}
	if err := a.Teams.HandOver(ctx, r.Website.ID, userID); err != nil {
		return nil, err
	}
	return a.listTeam(ctx, r)
}

func (a *Account) listInvitations(ctx context.Context, r *Request) (*Response, error) {
	pending, err := a.Teams.Pending(ctx, r.Website.ID)
	if err != nil {
		return nil, err
	}
	rows := make([]pendingRow, len(pending))
	for i, inv := range pending {
		rows[i] = pendingRow{inv.ID, inv.Email, string(inv.Role), Stamp(inv.CreatedAt), Stamp(inv.ExpiresAt)}
	}
	return OK(rows), nil
}

func (a *Account) resend(ctx context.Context, r *Request) (*Response, error) {
	id, err := r.objectID("invitationId")
	if err != nil {
		return nil, err
	}
	inv, secret, err := a.Teams.Resend(ctx, r.Website.ID, id)
	if err != nil {
		return nil, err
	}
	return a.sendInvite(ctx, r, inv, secret)
}

func (a *Account) withdraw(ctx context.Context, r *Request) (*Response, error) {
	id, err := r.objectID("invitationId")
	if err != nil {
		return nil, err
	}
	if err := a.Teams.Withdraw(ctx, r.Website.ID, id); err != nil {
		return nil, err
	}
	return One(deletedRow{true}), nil
}

// rawJSON is stored JSON as it is, null when there is none.
func rawJSON(b json.RawMessage) any {
	if len(b) == 0 {
		return nil
	}
	return b
}
