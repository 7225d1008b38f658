package api

import (
	"context"

	"datafast/internal/account"
	"datafast/internal/audit"
	"datafast/internal/auth"
)

// Account is the Account API (/api/v1/admin) and the dashboard's own routes.
type Account struct {
	AccountConfig
	signInByIP   *limiter
	signInByMail *limiter
	deviceStarts *limiter
	devicePolls  *limiter
}

// NewAccount returns the Account API over its services.
func NewAccount(c AccountConfig) *Account {
	return &Account{
		AccountConfig: c,
		signInByIP:    newLimiter(signInFailures, c.Now),
		signInByMail:  newLimiter(signInFailures, c.Now),
		deviceStarts:  newLimiter(deviceStarts, c.Now),
		devicePolls:   newLimiter(devicePolls, c.Now),
	}
}

// signInFailures is how many failed sign-ins a minute an address, and an e-mail
// address, may have.
const signInFailures = 10

// Routes lists all operations of the Account API and of the dashboard.
func (a *Account) Routes() []Route {
	var all []Route
	for _, part := range [][]Route{
		a.profileRoutes(), a.tokenRoutes(), a.websiteRoutes(), a.keyRoutes(), a.teamRoutes(), a.customizationRoutes(),
		a.funnelRoutes(), a.alertRoutes(), a.noteRoutes(), a.auditRoutes(), a.signInRoutes(), a.securityRoutes(), a.joinRoutes(), a.deviceRoutes(),
	} {
		all = append(all, part...)
	}
	return all
}

// profile is the caller's account as the wire has it (api.md §9.1).
type profile struct {
	ID                  string       `json:"_id"`
	Name                string       `json:"name"`
	Email               string       `json:"email"`
	Image               *string      `json:"image"`
	HasAccess           bool         `json:"hasAccess"`
	PlanType            string       `json:"planType"`
	IsFreeTrialActive   bool         `json:"isFreeTrialActive"`
	FreeTrialStartAt    *string      `json:"freeTrialStartAt"`
	BillingCycleStartAt *string      `json:"billingCycleStartAt"`
	BillingCycleEndAt   *string      `json:"billingCycleEndAt"`
	CreatedAt           string       `json:"createdAt"`
	WebsiteID           string       `json:"websiteId,omitempty"`
	Token               profileToken `json:"token"`
}

type profileToken struct {
	ID          *string  `json:"_id"`
	Kind        string   `json:"kind"`
	Permissions []string `json:"permissions"`
	WebsiteIDs  []string `json:"websiteIds"`
	Name        *string  `json:"name"`
}

func (a *Account) profileRoutes() []Route {
	return []Route{
		{
			Method: "GET", Path: "/api/v1/admin/account",
			Rule: auth.Rule{Kinds: auth.AllKinds, Permission: auth.AnalyticsRead},
			Doc: Doc{
				ID: "getAccount", Tag: "Account", Summary: "Who am I",
				Description: "The caller's profile, and what the credential may do. With a website key: the profile of the website's owner, and `websiteId`.",
				Data:        []profile{},
				Example:     `{"status":"success","data":[{"_id":"665f0b3c4d2e1a0012345601","name":"Ana Pop","email":"ana@example.com","image":null,"hasAccess":true,"planType":"self-hosted","isFreeTrialActive":false,"freeTrialStartAt":null,"billingCycleStartAt":null,"billingCycleEndAt":null,"createdAt":"2026-05-19T00:00:00.000Z","token":{"_id":"665f0b3c4d2e1a0012345610","kind":"account","permissions":["*"],"websiteIds":[],"name":"Laptop"}}]}`,
			},
			Handle: a.getAccount,
		},
		{
			Method: "PUT", Path: "/api/v1/admin/account",
			Rule: auth.Rule{Kinds: auth.Tokens, Permission: auth.SettingsWrite},
			Doc: Doc{
				ID: "updateAccount", Tag: "Account", Summary: "Change my name",
				Body: nameBody{}, Data: []profile{}, BodyExample: `{"name":"Ana"}`,
			},
			Handle: a.putAccount,
		},
	}
}

type nameBody struct {
	Name Opt[string] `json:"name" doc:"1 to 100 characters"`
}

func (a *Account) getAccount(ctx context.Context, r *Request) (*Response, error) {
	userID := r.Principal.UserID
	if r.Principal.Kind == auth.WebsiteKey {
		owner, err := a.Teams.Owner(ctx, r.Principal.WebsiteID)
		if err != nil {
			return nil, err
		}
		userID = owner.UserID
	}
	u, err := a.People.User(ctx, userID)
	if err != nil {
		return nil, err
	}
	return One(profileOf(u, r.Principal)), nil
}

func (a *Account) putAccount(ctx context.Context, r *Request) (*Response, error) {
	var body nameBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	u, err := a.People.Rename(ctx, r.Principal.UserID, body.Name.Value)
	if err != nil {
		return nil, err
	}
	return One(profileOf(u, r.Principal)), nil
}

func profileOf(u *account.User, p *auth.Principal) profile {
	t := profileToken{Kind: p.Kind.String(), Permissions: p.Granted, WebsiteIDs: nonNil(p.WebsiteIDs), Name: orNull(p.Name)}
	if p.Kind != auth.Session {
		t.ID = orNull(p.ID)
	}
	if p.Kind == auth.WebsiteKey {
		t.WebsiteIDs = []string{p.WebsiteID}
	}
	return profile{
		ID: u.ID, Name: u.DisplayName(), Email: u.Email, Image: orNull(u.Image), HasAccess: true, PlanType: "self-hosted",
		CreatedAt: Stamp(u.CreatedAt), WebsiteID: p.WebsiteID, Token: t,
	}
}

// orNull is nil for an empty string.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// nonNil is an empty list for nil, so that JSON has [] and not null.
func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// actorOf is the principal as the audit log has it.
func actorOf(r *Request) audit.Actor {
	actor := audit.Actor{IP: r.From()}
	if p := r.Principal; p != nil {
		actor.UserID, actor.Kind, actor.DisplayKey = p.UserID, p.Kind.String(), p.DisplayKey
	}
	return actor
}
