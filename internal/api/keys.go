package api

import (
	"context"

	"datafast/internal/account"
	"datafast/internal/auth"
)

type keyRow struct {
	CredentialRow
	WebsiteID string `json:"websiteId"`
}

type keyBody struct {
	Name      Opt[string] `json:"name,omitzero" doc:"At most 100 characters"`
	ExpiresAt Opt[string] `json:"expiresAt,omitzero" doc:"ISO 8601, at most five years away; null means never"`
}

const keyExample = `{"status":"success","data":[{"_id":"665f0b3c4d2e1a0012345630","name":"Prod","displayKey":"df_ab12...xyz9","lastUsedAt":null,"lastUsedIp":null,"createdAt":"2026-05-21T00:00:00.000Z","expiresAt":null,"previousKeyValidUntil":null,"unusedPermissions":null,"createdBy":{"userId":"665f0b3c4d2e1a0012345601","name":"Ana Pop","token":null},"websiteId":"665f0b3c4d2e1a0012345678"}]}`

func (a *Account) keyRoutes() []Route {
	read := auth.Rule{Kinds: auth.AllKinds, Permission: auth.APIKeysRead, Website: auth.ByPath, Least: account.RoleViewer}
	write := auth.Rule{Kinds: auth.AllKinds, Permission: auth.APIKeysWrite, Website: auth.ByPath, Least: account.RoleMember}
	const path = "/api/v1/admin/websites/{websiteId}/apikeys"
	return []Route{
		{Method: "GET", Path: path, Rule: read, Handle: a.listKeys, Doc: Doc{
			ID: "listWebsiteKeys", Tag: "Website keys", Summary: "List a website's keys", Data: []keyRow{}, Example: keyExample,
		}},
		{Method: "POST", Path: path, Rule: write, Handle: a.createKey, Grave: true, Doc: Doc{
			ID: "createWebsiteKey", Tag: "Website keys", Summary: "Create a website key",
			Description: "The raw value is in `key`, this once. Whoever holds it can do what a **member** of the website can. At most 10.",
			Body:        keyBody{}, Data: []keyRow{}, Example: keyExample, BodyExample: `{"name":"Prod"}`,
		}},
		{Method: "PUT", Path: path + "/{apiKeyId}", Rule: write, Handle: a.rollKey, Grave: true, Doc: Doc{
			ID: "rollWebsiteKey", Tag: "Website keys", Summary: "Roll a website key",
			Description: "Same id and name, new value in `key`; the old one is dead at once unless `graceSeconds` says otherwise. Whoever rolls it can act as a **member**.",
			Body:        rollBody{}, Data: []keyRow{},
		}},
		{Method: "DELETE", Path: path + "/{apiKeyId}", Rule: write, Handle: a.deleteKey, Doc: Doc{
			ID: "deleteWebsiteKey", Tag: "Website keys", Summary: "Revoke a website key",
			Description: "At once. A key may revoke itself.", Data: []deletedRow{},
		}},
	}
}

func (a *Account) listKeys(ctx context.Context, r *Request) (*Response, error) {
	keys, err := a.Keeper.Keys(ctx, r.Website.ID)
	if err != nil {
		return nil, err
	}
	rows := make([]keyRow, len(keys))
	for i, c := range keys {
		rows[i] = keyRow{a.credentialRow(c, ""), c.WebsiteID}
	}
	return OK(rows), nil
}

func (a *Account) createKey(ctx context.Context, r *Request) (*Response, error) {
	var body keyBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	n := auth.NewKey{Name: body.Name.Value, ExpiresAt: expiryOf(body.ExpiresAt)}
	c, secret, err := a.Keeper.CreateKey(ctx, r.Principal, r.Website.ID, n)
	return a.issuedKey(ctx, c, secret, err)
}

// issuedKey answers with a key and its raw value.
func (a *Account) issuedKey(ctx context.Context, c *auth.Credential, secret string, err error) (*Response, error) {
	if err != nil {
		return nil, err
	}
	if c.CreatorName, err = a.nameOf(ctx, c.UserID); err != nil {
		return nil, err
	}
	return One(keyRow{a.credentialRow(c, secret), c.WebsiteID}), nil
}

func (a *Account) rollKey(ctx context.Context, r *Request) (*Response, error) {
	id, err := r.objectID("apiKeyId")
	if err != nil {
		return nil, err
	}
	grace, err := r.grace()
	if err != nil {
		return nil, err
	}
	c, secret, err := a.Keeper.RollKey(ctx, r.Website.ID, id, grace)
	return a.issuedKey(ctx, c, secret, err)
}

func (a *Account) deleteKey(ctx context.Context, r *Request) (*Response, error) {
	id, err := r.objectID("apiKeyId")
	if err != nil {
		return nil, err
	}
	if err := a.Keeper.DeleteKey(ctx, r.Website.ID, id); err != nil {
		return nil, err
	}
	return One(deletedRow{true}), nil
}
