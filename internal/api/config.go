package api

import (
	"context"
	"log/slog"
	"time"

	"datafast/internal/account"
	"datafast/internal/alert"
	"datafast/internal/audit"
	"datafast/internal/auth"
	"datafast/internal/fault"
	"datafast/internal/funnel"
	"datafast/internal/id"
	"datafast/internal/site"
)

// AccountConfig is what the Account API needs.
type AccountConfig struct {
	Log     *slog.Logger
	Now     func() time.Time
	People  *account.People
	Teams   *account.Teams
	Keeper  *auth.Keeper
	Devices *auth.Devices
	Sites   *site.Sites
	SiteOf  Memberships
	Funnels *funnel.Funnels
	Alerts  *alert.Alerts
	Notes   *site.Notes
	Cookies *Cookies
	SignIns SignInStore
	Audit   *audit.Log

	Customizations *site.Customizations

	Mail    Mail
	BaseURL string // without a final slash
	Version string
}

// Memberships lists a user's websites with the role on each.
type Memberships interface {
	WebsitesOf(ctx context.Context, userID string) ([]site.Membership, error)
}

// Mail sends the letters that people flows need. Sending happens in the
// background: an error says only that it could not be taken on.
type Mail interface {
	// Enabled is false where there is no mail server; links are then shown to the
	// operator in the log and to whoever made them.
	Enabled() bool
	SendInvitation(ctx context.Context, to, invitedBy, website, link string) error
	SendReset(ctx context.Context, to, link string) error
}

// objectID reads a path parameter that must be a 24-hex id (rule 1.7).
func (r *Request) objectID(name string) (string, error) {
	return checkID(name, r.Path(name))
}

func checkID(name, value string) (string, error) {
	if !id.Valid(value) {
		return "", fault.Invalid(name, "%q is not an id; it has 24 lower-case hex characters", value)
	}
	return value, nil
}
