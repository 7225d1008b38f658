package auth

import (
	"strings"

	"datafast/internal/account"
	"datafast/internal/fault"
	"datafast/internal/id"
)

// Facts is what the decision knows about one request.
type Facts struct {
	Principal *Principal // nil: no credential, or one that is not valid
	// Named is the website as the caller wrote it, 24 hex or dfid_…; empty: not named.
	Named string
	// WebsiteID is what Named stands for; empty: no such website.
	WebsiteID string
	// Role is the principal's user's role on it; for a key its creator's.
	Role account.Role
}

// Grant is a decision in favour: the website and role in force, both empty on a
// route that is not bound to a website.
type Grant struct {
	WebsiteID string
	Role      account.Role
}

// The machine keys of refusals, error.reason on the wire.
const (
	ReasonTokenKind         = "account_token_required"
	ReasonMissingPermission = "missing_permission"
	ReasonWebsiteRequired   = "website_required"
	ReasonWebsiteScope      = "website_scope"
	ReasonRole              = "role"
	ReasonOwnerOnly         = "owner_only"
	ReasonDisabled          = "account_disabled"
	ReasonNarrowed          = "token_narrowed"
)

// Unauthenticated is the one answer to every missing or bad credential: it never
// says which.
func Unauthenticated() *fault.Error {
	return fault.New(fault.CodeUnauthenticated, "Missing or invalid API key")
}

// Decide applies steps 1, 2 and 4 to 10 of api.md §2.4 in their order; the first
// failure is the answer. The rate limit (step 3) stands before it, the body
// (step 11) after it, both in the caller's hands.
func Decide(rule Rule, f Facts) (Grant, *fault.Error) {
	if rule.Kinds&Anonymous != 0 {
		return Grant{}, nil
	}
	p := f.Principal
	if p == nil || p.Kind == Session && rule.Kinds&Session == 0 || rule.Kinds == Session && p.Kind != Session {
		return Grant{}, Unauthenticated()
	}
	if p.Disabled {
		return Grant{}, forbidden(ReasonDisabled, "Account does not have API access")
	}
	if rule.Kinds&p.Kind == 0 {
		return Grant{}, forbidden(ReasonTokenKind, "This needs an account token (dft_), not a website key")
	}
	if p.Kind != WebsiteKey && !p.Permissions.Has(rule.Permission) {
		return Grant{}, forbidden(ReasonMissingPermission, "Missing permission: "+rule.Permission.String())
	}
	if rule.NotNarrowed && p.Narrowed() {
		return Grant{}, forbidden(ReasonNarrowed, "A token limited to some websites cannot do this")
	}
	if rule.Website == NotBound {
		return Grant{}, nil
	}
	if err := reach(p, f); err != nil {
		return Grant{}, err
	}
	return within(rule, f)
}

// reach is steps 7 to 8: a website is named, well-formed, and the principal may
// know of it.
func reach(p *Principal, f Facts) *fault.Error {
	switch {
	case f.Named == "" && p.Kind == WebsiteKey:
		return nil
	case f.Named == "":
		return fault.Invalid("websiteId", "websiteId is required with an account token").Because(ReasonWebsiteRequired)
	case !WellFormedWebsite(f.Named):
		return fault.Invalid("websiteId", "%q is neither a website id (24 lower-case hex characters) nor a tracking id (dfid_…)", f.Named)
	case p.Kind == WebsiteKey && f.WebsiteID != p.WebsiteID:
		return forbidden(ReasonWebsiteScope, "This website key belongs to another website")
	case p.Kind == WebsiteKey:
		return nil
	case f.WebsiteID == "" || f.Role == account.RoleNone:
		return fault.NotFound("Website not found")
	case !p.Reaches(f.WebsiteID):
		return forbidden(ReasonWebsiteScope, "This token is not allowed on this website")
	}
	return nil
}

// within is steps 9 and 10: what the role on the website allows.
func within(rule Rule, f Facts) (Grant, *fault.Error) {
	p := f.Principal
	grant := Grant{WebsiteID: f.WebsiteID, Role: f.Role}
	if p.Kind == WebsiteKey {
		grant = Grant{WebsiteID: p.WebsiteID, Role: roleCap}
		if rule.KeyOfOwner && f.Role == account.RoleOwner {
			return grant, nil
		}
	}
	if grant.Role.AtLeast(rule.Least) {
		return grant, nil
	}
	if grant.Role == account.RoleViewer {
		return Grant{}, forbidden(ReasonRole, "Your role (viewer) cannot do this")
	}
	return Grant{}, forbidden(ReasonOwnerOnly, "Only the website's owner can do this")
}

// WellFormedWebsite reports whether s has the form of a website id or of a
// tracking id: dfid_ and 6 to 40 letters or digits.
func WellFormedWebsite(s string) bool {
	rest, tracking := strings.CutPrefix(s, "dfid_")
	if !tracking {
		return id.Valid(s)
	}
	if len(rest) < 6 || len(rest) > 40 {
		return false
	}
	for i := range len(rest) {
		c := rest[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

func forbidden(reason, message string) *fault.Error {
	return &fault.Error{Code: fault.CodeForbidden, Message: message, Reason: reason}
}
