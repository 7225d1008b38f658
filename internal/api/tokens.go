package api

import (
	"context"
	"time"

	"datafast/internal/auth"
	"datafast/internal/fault"
	"datafast/internal/field"
)

// CredentialRow is what tokens and keys have in common on the wire.
type CredentialRow struct {
	ID                    string     `json:"_id"`
	CreationID            string     `json:"id,omitempty" doc:"Same as _id; on creation and roll"`
	Name                  *string    `json:"name"`
	DisplayKey            string     `json:"displayKey"`
	LastUsedAt            *string    `json:"lastUsedAt"`
	LastUsedIP            *string    `json:"lastUsedIp" doc:"Cut to /24 or /48"`
	CreatedAt             string     `json:"createdAt"`
	ExpiresAt             *string    `json:"expiresAt"`
	PreviousKeyValidUntil *string    `json:"previousKeyValidUntil"`
	UnusedPermissions     listOrNull `json:"unusedPermissions" doc:"Not needed by any request in the last 30 days; null while the credential is younger"`
	CreatedBy             creatorRow `json:"createdBy"`
	Key                   string     `json:"key,omitempty" doc:"The raw value, this once"`
}

type creatorRow struct {
	UserID string  `json:"userId"`
	Name   *string `json:"name"`
	Token  *string `json:"token" doc:"Display form of the credential that made it"`
}

type tokenRow struct {
	CredentialRow
	Scope       string   `json:"scope" enum:"user"`
	Permissions []string `json:"permissions"`
	WebsiteIDs  []string `json:"websiteIds"`
}

type tokenBody struct {
	Name        Opt[string]   `json:"name,omitzero" doc:"At most 100 characters"`
	Permissions Opt[[]string] `json:"permissions,omitzero" doc:"Default [\"*\"]; never more than the caller's own"`
	WebsiteIDs  Opt[[]string] `json:"websiteIds,omitzero" doc:"Website or tracking ids; [] means all, now and later"`
	ExpiresAt   Opt[string]   `json:"expiresAt,omitzero" doc:"ISO 8601, at most five years away; null means never"`
}

type rollBody struct {
	GraceSeconds Opt[int] `json:"graceSeconds,omitzero" doc:"0 to 604800: how long the old value still works"`
}

type deletedRow struct {
	Deleted bool `json:"deleted"`
}

const tokenExample = `{"status":"success","data":[{"_id":"665f0b3c4d2e1a0012345610","name":"Read only agent","displayKey":"dft_ab1...xyz9","lastUsedAt":null,"lastUsedIp":null,"createdAt":"2026-05-21T00:00:00.000Z","expiresAt":null,"previousKeyValidUntil":null,"unusedPermissions":null,"createdBy":{"userId":"665f0b3c4d2e1a0012345601","name":"Ana Pop","token":null},"scope":"user","permissions":["analytics:read","websites:read"],"websiteIds":["665f0b3c4d2e1a0012345678"]}]}`

func (a *Account) tokenRoutes() []Route {
	read := auth.Rule{Kinds: auth.Tokens, Permission: auth.APIKeysRead}
	write := auth.Rule{Kinds: auth.Tokens, Permission: auth.APIKeysWrite}
	const path = "/api/v1/admin/access-tokens"
	return []Route{
		{Method: "GET", Path: path, Rule: read, Handle: a.listTokens, Doc: Doc{
			ID: "listAccessTokens", Tag: "Access tokens", Summary: "List my account tokens",
			Description: "Newest first. A token limited to some websites sees only tokens within its own scope.",
			Data:        []tokenRow{}, Example: tokenExample,
		}},
		{Method: "POST", Path: path, Rule: write, Handle: a.createToken, Grave: true, Doc: Doc{
			ID: "createAccessToken", Tag: "Access tokens", Summary: "Create an account token",
			Description: "The raw value is in `key`, this once. A token never gets more than the caller has. At most 20.",
			Body:        tokenBody{}, Data: []tokenRow{}, Example: tokenExample,
			BodyExample: `{"name":"Read only agent","permissions":["analytics:read","websites:read"],"websiteIds":["665f0b3c4d2e1a0012345678"]}`,
		}},
		{Method: "PUT", Path: path + "/{tokenId}", Rule: write, Handle: a.rollToken, Grave: true, Doc: Doc{
			ID: "rollAccessToken", Tag: "Access tokens", Summary: "Roll an account token",
			Description: "Same id, new value in `key`. The caller must have every permission of the token and must not end before it.",
			Body:        rollBody{}, Data: []tokenRow{}, BodyExample: `{"graceSeconds":3600}`,
		}},
		{Method: "DELETE", Path: path + "/{tokenId}", Rule: write, Handle: a.deleteToken, Doc: Doc{
			ID: "deleteAccessToken", Tag: "Access tokens", Summary: "Revoke an account token",
			Description: "At once. A token may revoke itself.", Data: []deletedRow{},
		}},
	}
}

func (a *Account) listTokens(ctx context.Context, r *Request) (*Response, error) {
	tokens, err := a.Keeper.Tokens(ctx, r.Principal)
	if err != nil {
		return nil, err
	}
	rows := make([]tokenRow, len(tokens))
	for i, c := range tokens {
		rows[i] = a.tokenRow(c, "")
	}
	return OK(rows), nil
}

func (a *Account) createToken(ctx context.Context, r *Request) (*Response, error) {
	n, err := r.newToken()
	if err != nil {
		return nil, err
	}
	c, secret, err := a.Keeper.CreateToken(ctx, r.Principal, n, a.Sites)
	return a.issued(ctx, c, secret, err)
}

// newToken reads what a token is to be made from.
func (r *Request) newToken() (auth.NewToken, error) {
	var body tokenBody
	if err := r.Decode(&body); err != nil {
		return auth.NewToken{}, err
	}
	n := auth.NewToken{Name: body.Name.Value, ExpiresAt: expiryOf(body.ExpiresAt)}
	if p := body.Permissions.Ptr(); p != nil {
		n.Permissions = nonNil(*p)
	}
	if w := body.WebsiteIDs.Ptr(); w != nil {
		n.Websites = nonNil(*w)
	}
	return n, nil
}

// issued answers with a token and its raw value.
func (a *Account) issued(ctx context.Context, c *auth.Credential, secret string, err error) (*Response, error) {
	if err != nil {
		return nil, err
	}
	if c.CreatorName, err = a.nameOf(ctx, c.UserID); err != nil {
		return nil, err
	}
	return One(a.tokenRow(c, secret)), nil
}

func (a *Account) nameOf(ctx context.Context, userID string) (string, error) {
	u, err := a.People.User(ctx, userID)
	if err != nil {
		return "", err
	}
	return u.Name, nil
}

func (a *Account) rollToken(ctx context.Context, r *Request) (*Response, error) {
	id, err := r.objectID("tokenId")
	if err != nil {
		return nil, err
	}
	grace, err := r.grace()
	if err != nil {
		return nil, err
	}
	c, secret, err := a.Keeper.RollToken(ctx, r.Principal, id, grace)
	return a.issued(ctx, c, secret, err)
}

func (a *Account) deleteToken(ctx context.Context, r *Request) (*Response, error) {
	id, err := r.objectID("tokenId")
	if err != nil {
		return nil, err
	}
	if err := a.Keeper.DeleteToken(ctx, r.Principal, id); err != nil {
		return nil, err
	}
	return One(deletedRow{true}), nil
}

func (a *Account) tokenRow(c *auth.Credential, secret string) tokenRow {
	return tokenRow{a.credentialRow(c, secret), "user", nonNil(c.Granted), nonNil(c.WebsiteIDs)}
}

func (a *Account) credentialRow(c *auth.Credential, secret string) CredentialRow {
	now := a.Now()
	row := CredentialRow{
		ID: c.ID, Name: orNull(c.Name), DisplayKey: c.DisplayKey, LastUsedAt: StampOrNull(c.LastUsedAt),
		LastUsedIP: orNull(c.LastUsedIP), CreatedAt: Stamp(c.CreatedAt), ExpiresAt: StampOrNull(c.ExpiresAt),
		UnusedPermissions: c.Unused(now), Key: secret,
		CreatedBy: creatorRow{UserID: c.UserID, Name: orNull(c.CreatorName), Token: orNull(c.CreatorToken)},
	}
	if now.Before(c.PreviousUntil) {
		row.PreviousKeyValidUntil = StampOrNull(c.PreviousUntil)
	}
	if secret != "" {
		row.CreationID = c.ID
	}
	return row
}

// expiryOf reads the optional expiresAt of a body.
func expiryOf(o Opt[string]) auth.Expiry {
	if o.Ptr() == nil {
		return auth.Expiry{Set: o.Set}
	}
	at, err := field.Instant("expiresAt", o.Value)
	return auth.Expiry{Set: true, At: at, Bad: err}
}

// grace reads the optional body of a roll.
func (r *Request) grace() (time.Duration, error) {
	var body rollBody
	if err := r.Decode(&body); err != nil {
		return 0, err
	}
	grace := time.Duration(body.GraceSeconds.Value) * time.Second
	if grace < 0 || grace > auth.MaxGrace {
		return 0, fault.Invalid("graceSeconds", "%d is out of range; give 0 to %d", body.GraceSeconds.Value, int(auth.MaxGrace.Seconds()))
	}
	return grace, nil
}
