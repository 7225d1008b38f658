package auth

import (
	"time"

	"datafast/internal/account"
)

// Kind is the sort of a credential.
type Kind uint8

// The kinds. Anonymous is a route's wish, never a principal's kind.
const (
	Anonymous    Kind = 1 << iota // no credential: sign-in, one-time links
	WebsiteKey                    // df_, belongs to one website
	AccountToken                  // dft_, belongs to one user
	Session                       // the dashboard's sign-in cookie
)

// String is the spelling of the wire: "website", "account" or "session".
func (k Kind) String() string {
	switch k {
	case WebsiteKey:
		return "website"
	case AccountToken:
		return "account"
	case Session:
		return "session"
	}
	return "anonymous"
}

// Principal is who a request acts for. Values are made by an Authenticator for
// one request and never kept: the next request looks again.
type Principal struct {
	Kind        Kind
	ID          string // of the token, key or sign-in; 24 hex
	Name        string // given by people; may be empty
	DisplayKey  string // "df_ab12...xyz9"; empty for a sign-in
	UserID      string // whose token or sign-in it is; for a key its creator
	Disabled    bool   // the operator took API access away from the account
	Granted     []string
	Permissions Permissions
	WebsiteID   string   // a key's own website
	WebsiteIDs  []string // a token's list; empty means all of its user's

	ExpiresAt time.Time // zero: never
	// ValidUntil is set when the request came with the former value of a rolled
	// credential, which works until then.
	ValidUntil time.Time
}

// Narrowed reports whether an account token is limited to a list of websites.
func (p *Principal) Narrowed() bool { return len(p.WebsiteIDs) > 0 }

// Reaches reports whether the credential's own list lets it onto a website; the
// user's role there is another question.
func (p *Principal) Reaches(websiteID string) bool {
	if p.Kind == WebsiteKey {
		return p.WebsiteID == websiteID
	}
	if len(p.WebsiteIDs) == 0 {
		return true
	}
	for _, w := range p.WebsiteIDs {
		if w == websiteID {
			return true
		}
	}
	return false
}

// roleCap is the most that a website key may be.
const roleCap = account.RoleMember
