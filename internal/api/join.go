package api

import (
	"context"

	"datafast/internal/account"
	"datafast/internal/auth"
	"datafast/internal/fault"
)

type resetBody struct {
	Email Opt[string] `json:"email"`
}

type resetAnswer struct {
	Mail bool `json:"mail"`
}

type secretPasswordBody struct {
	Secret   Opt[string] `json:"secret"`
	Password Opt[string] `json:"password"`
}

type secretBody struct {
	Secret Opt[string] `json:"secret"`
}

type acceptBody struct {
	Secret   Opt[string] `json:"secret"`
	Name     Opt[string] `json:"name,omitzero"`
	Password Opt[string] `json:"password,omitzero"`
}

type invitationRow struct {
	Email         string            `json:"email"`
	Role          string            `json:"role" enum:"viewer,member"`
	Website       invitationWebsite `json:"website"`
	InvitedBy     invitationBy      `json:"invitedBy"`
	ExpiresAt     string            `json:"expiresAt"`
	AccountExists bool              `json:"accountExists"`
	SignedInAs    *string           `json:"signedInAs" doc:"Address of who is signed in"`
}

type invitationWebsite struct {
	ID     string `json:"_id"`
	Domain string `json:"domain"`
	Name   string `json:"name"`
}

type invitationBy struct {
	Name string `json:"name"`
}

type joinedRow struct {
	UserID    string `json:"userId"`
	WebsiteID string `json:"websiteId"`
}

type domainBody struct {
	Domain Opt[string] `json:"domain" doc:"Typed again as a confirmation"`
}

func (a *Account) joinRoutes() []Route {
	open := auth.Rule{Kinds: auth.Anonymous}
	route := func(path string, h Handler, d Doc) Route {
		d.Tag = "Dashboard"
		return Route{Method: "POST", Path: "/api/auth/" + path, Rule: open, Handle: h, Doc: d}
	}
	return []Route{
		route("reset", a.requestReset, Doc{ID: "requestReset", Summary: "Ask for a link to set a new password", Body: resetBody{}, Data: resetAnswer{}}),
		route("reset/confirm", a.confirmReset, Doc{ID: "confirmReset", Summary: "Set a new password with a link", Body: secretPasswordBody{}, Data: nothing{}}),
		route("invitations/view", a.viewInvitation, Doc{ID: "viewInvitation", Summary: "Look at an invitation", Body: secretBody{}, Data: invitationRow{}}),
		route("invitations/accept", a.acceptInvitation, Doc{ID: "acceptInvitation", Summary: "Accept an invitation", Body: acceptBody{}, Data: joinedRow{}}),
		{
			Method: "DELETE", Path: "/api/app/websites/{websiteId}", Handle: a.deleteWebsite,
			Rule: auth.Rule{Kinds: auth.Session, Website: auth.ByPath, Least: account.RoleOwner},
			Doc: Doc{
				ID: "deleteWebsiteInDashboard", Tag: "Dashboard", Summary: "Delete a website for good", Body: domainBody{}, Data: deletedRow{},
			},
		},
		{Method: "GET", Path: "/api/app/permissions", Rule: open, Handle: permissions, Doc: Doc{
			ID: "listPermissions", Tag: "Dashboard", Summary: "What each permission allows, and presets", Data: vocabulary{},
		}},
	}
}

func (a *Account) requestReset(ctx context.Context, r *Request) (*Response, error) {
	var body resetBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	key := "reset " + limitKey(r.From())
	if v := a.signInByIP.take(key); !v.ok {
		return nil, a.tooMany(v)
	}
	secret, u, err := a.People.ResetLink(ctx, body.Email.Value)
	if err != nil {
		return nil, err
	}
	if secret != "" {
		a.sendReset(ctx, r, u, a.BaseURL+"/reset#"+secret)
	}
	return OK(resetAnswer{a.Mail.Enabled()}), nil
}

// sendReset mails the link; without a mail server the operator finds it in the log.
func (a *Account) sendReset(ctx context.Context, r *Request, u *account.User, link string) {
	if !a.Mail.Enabled() {
		a.Log.WarnContext(ctx, "no mail server: give this link for a new password to its owner", "user", u.ID, "link", link)
		return
	}
	if err := a.Mail.SendReset(ctx, u.Email, link); err != nil {
		a.Log.ErrorContext(ctx, "mail a link for a new password", "request", r.ID, "error", err)
	}
}

func (a *Account) confirmReset(ctx context.Context, r *Request) (*Response, error) {
	var body secretPasswordBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	err := a.byLink(r, func() error { return a.People.ConfirmReset(ctx, body.Secret.Value, body.Password.Value) })
	return OK(nothing{}), err
}

// byLink does what a one-time secret allows; wrong ones count as failed sign-ins.
func (a *Account) byLink(r *Request, do func() error) error {
	if v := a.signInByIP.peek(limitKey(r.From())); !v.ok {
		return a.tooMany(v)
	}
	err := do()
	if err != nil {
		a.countFailure(r, err, "")
	}
	return err
}

func (a *Account) viewInvitation(ctx context.Context, r *Request) (*Response, error) {
	var body secretBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	var inv account.Invitation
	err := a.byLink(r, func() (err error) {
		inv, err = a.Teams.BySecret(ctx, body.Secret.Value)
		return err
	})
	if err != nil {
		return nil, err
	}
	row, err := a.invitationRow(ctx, r, inv)
	return OK(row), err
}

func (a *Account) invitationRow(ctx context.Context, r *Request, inv account.Invitation) (invitationRow, error) {
	w, err := a.Sites.Find(ctx, inv.WebsiteID)
	if err != nil {
		return invitationRow{}, err
	}
	_, err = a.People.ByEmail(ctx, inv.Email)
	if err != nil && fault.CodeOf(err) != fault.CodeNotFound {
		return invitationRow{}, err
	}
	exists := err == nil
	row := invitationRow{
		Email: inv.Email, Role: string(inv.Role), Website: invitationWebsite{w.ID, w.Domain, w.DisplayName()},
		InvitedBy: invitationBy{inv.InvitedByName}, ExpiresAt: Stamp(inv.ExpiresAt), AccountExists: exists,
	}
	u, err := a.whoIsHere(ctx, r)
	if u != nil {
		row.SignedInAs = &u.Email
	}
	return row, err
}

// whoIsHere is the signed-in user of a route that is open to all; nil for nobody.
func (a *Account) whoIsHere(ctx context.Context, r *Request) (*account.User, error) {
	p, err := a.Cookies.Principal(ctx, r.HTTP)
	if err != nil || p == nil {
		return nil, err
	}
	return a.People.User(ctx, p.UserID)
}

func (a *Account) acceptInvitation(ctx context.Context, r *Request) (*Response, error) {
	var body acceptBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	var inv account.Invitation
	err := a.byLink(r, func() (err error) {
		inv, err = a.Teams.BySecret(ctx, body.Secret.Value)
		return err
	})
	if err != nil {
		return nil, err
	}
	u, err := a.whoIsHere(ctx, r)
	if err != nil {
		return nil, err
	}
	if u != nil && u.Email == inv.Email {
		inv, err := a.Teams.Accept(ctx, body.Secret.Value, u.ID)
		return OK(joinedRow{u.ID, inv.WebsiteID}), err
	}
	return a.acceptAsNew(ctx, r, inv, body)
}

func (a *Account) acceptAsNew(ctx context.Context, r *Request, inv account.Invitation, body acceptBody) (*Response, error) {
	_, err := a.People.ByEmail(ctx, inv.Email)
	switch {
	case err == nil:
		return nil, fault.New(fault.CodeUnauthenticated, "Sign in as %s first, then open the link again", inv.Email).Because("sign_in_required")
	case fault.CodeOf(err) != fault.CodeNotFound:
		return nil, err
	}
	u, inv, err := a.Teams.AcceptAsNew(ctx, body.Secret.Value, body.Name.Value, body.Password.Value)
	if err != nil {
		return nil, err
	}
	return a.signedIn(ctx, r, u.ID, joinedRow{u.ID, inv.WebsiteID})
}

func (a *Account) deleteWebsite(ctx context.Context, r *Request) (*Response, error) {
	var body domainBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	if err := a.Sites.Delete(ctx, r.Website.ID, body.Domain.Value); err != nil {
		return nil, err
	}
	return OK(deletedRow{true}), nil
}
