package auth

import (
	"errors"

	"datafast/internal/account"
)

// Binding says where a route names its website.
type Binding uint8

// The bindings. Routes of the Website API bind by query, those of the Account
// API by path.
const (
	NotBound Binding = iota
	ByQuery          // ?websiteId=, inferred from a website key
	ByPath           // {websiteId}
)

// Rule is one row of the access table (api.md §3). The zero value is no rule: a
// router must refuse it.
type Rule struct {
	Kinds      Kind         // which credentials are let in at all, as a bit set
	Permission Permission   // what an account token needs
	Website    Binding      // where the website is named
	Least      account.Role // the least role on it; RoleNone where not bound

	// NotNarrowed refuses tokens that are limited to a list of websites.
	NotNarrowed bool
	// KeyOfOwner lets a website key onto an owner-only route when its creator is
	// the owner.
	KeyOfOwner bool
}

// Usual kinds of a rule.
const (
	Tokens   = AccountToken | Session              // ✗ for website keys
	AllKinds = WebsiteKey | AccountToken | Session // ✓ for website keys
)

// Validate returns an error for a rule that says nothing or contradicts itself.
func (r Rule) Validate() error {
	switch {
	case r.Kinds == 0:
		return errors.New("no rule: say which kinds of credential the route takes")
	case r.Kinds&Anonymous != 0 && r != (Rule{Kinds: Anonymous}):
		return errors.New("a route open to all can ask for nothing else")
	case r.Kinds&AccountToken != 0 && r.Permission == NoPermission:
		return errors.New("a route for tokens needs a permission")
	case (r.Website == NotBound) != (r.Least == account.RoleNone):
		return errors.New("a least role goes with a website, and a website with a least role")
	case r.KeyOfOwner && (r.Least != account.RoleOwner || r.Kinds&WebsiteKey == 0):
		return errors.New("KeyOfOwner belongs to an owner-only route that takes website keys")
	case r.Least == account.RoleOwner && r.Kinds&WebsiteKey != 0 && !r.KeyOfOwner:
		return errors.New("an owner-only route cannot take website keys")
	}
	return nil
}
