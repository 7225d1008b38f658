package admin

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"datafast/internal/account"
	"datafast/internal/auth"
	"datafast/internal/site"
)

func websitesCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "websites", Short: "Tracked websites", RunE: help}
	create := &cobra.Command{Use: "create", Short: "Create a website for a user"}
	email := required(create, "email", "Address of the owner.")
	domain := required(create, "domain", "Domain of the website.")
	timezone := required(create, "timezone", "IANA time zone of the website.")
	currency := create.Flags().String("currency", "USD", "ISO 4217 currency of the website.")
	name := create.Flags().String("name", "", "Name of the website.")
	create.RunE = func(cmd *cobra.Command, _ []string) error {
		return with(cmd, func(ctx context.Context, o *office) error {
			u, err := o.people.ByEmail(ctx, *email)
			if err != nil {
				return err
			}
			w, err := o.sites.Create(ctx, u.ID, site.NewWebsite{Domain: *domain, Timezone: *timezone, Currency: *currency, Name: *name})
			if err != nil {
				return err
			}
			return show(cmd, field{"websiteId", w.ID}, field{"trackingId", w.TrackingID})
		})
	}
	cmd.AddCommand(
		create,
		suspendCommand("suspend", "Refuse events and goals of a website, with 403", true),
		suspendCommand("resume", "Take in events and goals of a suspended website again", false),
	)
	return cmd
}

func suspendCommand(use, short string, suspended bool) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Long: short + ". A running server follows within five seconds; what was stored stays."}
	website := required(cmd, "website", "Website or tracking id.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return with(cmd, func(ctx context.Context, o *office) error {
			w, err := o.sites.Find(ctx, *website)
			if err != nil {
				return err
			}
			if _, err := o.sites.Update(ctx, w.ID, site.Changes{Suspended: &suspended}); err != nil {
				return err
			}
			return show(cmd, field{"websiteId", w.ID}, field{"suspended", suspended})
		})
	}
	return cmd
}

func membersCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "members", Short: "Who belongs to a website", RunE: help}
	set := &cobra.Command{
		Use: "set", Short: "Give a user a role on a website, or take it away",
		Long: "Gives a user the role owner, member or viewer on a website; none takes it away. A new owner takes the place of the old one, who becomes a member.",
	}
	website := required(set, "website", "Website or tracking id.")
	email := required(set, "email", "Address of the user.")
	role := required(set, "role", "owner, member, viewer or none.")
	set.RunE = func(cmd *cobra.Command, _ []string) error {
		wanted, err := parseRole(*role)
		if err != nil {
			return err
		}
		return with(cmd, func(ctx context.Context, o *office) error {
			w, err := o.sites.Find(ctx, *website)
			if err != nil {
				return err
			}
			u, err := o.people.ByEmail(ctx, *email)
			if err != nil {
				return err
			}
			if err := o.teams.Appoint(ctx, w.ID, u, wanted); err != nil {
				return err
			}
			return show(cmd, field{"websiteId", w.ID}, field{"userId", u.ID}, field{"role", *role})
		})
	}
	cmd.AddCommand(set)
	return cmd
}

func parseRole(s string) (account.Role, error) {
	switch s {
	case "owner", "member", "viewer":
		return account.Role(s), nil
	case "none":
		return account.RoleNone, nil
	}
	return account.RoleNone, fmt.Errorf("--role: %q is not a role; use owner, member, viewer or none", s)
}

func tokensCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "tokens", Short: "Account tokens", RunE: help}
	create := &cobra.Command{Use: "create", Short: "Create an account token for a user and print it, this once"}
	email := required(create, "email", "Address of the user.")
	name := required(create, "name", "Name of the token.")
	permissions := required(create, "permissions", `Permissions, separated by commas: "analytics:read,websites:read", or "*".`)
	websites := create.Flags().String("websites", "", "Website or tracking ids, separated by commas; empty: all of the user's.")
	create.RunE = func(cmd *cobra.Command, _ []string) error {
		return with(cmd, func(ctx context.Context, o *office) error {
			u, err := o.people.ByEmail(ctx, *email)
			if err != nil {
				return err
			}
			n := auth.NewToken{Name: *name, Permissions: split(*permissions), Websites: split(*websites)}
			c, secret, err := o.keeper.CreateToken(ctx, auth.SignedIn("", u.ID, false), n, o.sites)
			if err != nil {
				return err
			}
			return show(cmd, field{"tokenId", c.ID}, field{"token", secret})
		})
	}
	cmd.AddCommand(create)
	return cmd
}

// split reads a list separated by commas; never nil.
func split(s string) []string {
	list := []string{}
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}
