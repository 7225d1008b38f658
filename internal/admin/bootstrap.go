package admin

import (
	"context"

	"github.com/spf13/cobra"

	"datafast/internal/account"
	"datafast/internal/auth"
	"datafast/internal/site"
)

// bootstrapCommand makes the first user, website, token and key of an empty
// installation, all or nothing.
func bootstrapCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "bootstrap", Short: "Create the first user and website of an empty installation",
		Long: "Creates the first user with a website, an account token for everything and a website key, and prints them; the token and the key this once. On an installation that has accounts it changes nothing and fails.",
	}
	email := required(cmd, "email", "Address of the first user.")
	domain := required(cmd, "website", "Domain of the first website.")
	name := cmd.Flags().String("name", "", "Name of the first user.")
	timezone := cmd.Flags().String("timezone", "UTC", "IANA time zone of the website.")
	currency := cmd.Flags().String("currency", "USD", "ISO 4217 currency of the website.")
	withPassword(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		pass, err := password(cmd)
		if err != nil {
			return err
		}
		return with(cmd, func(ctx context.Context, o *office) error {
			made, err := o.bootstrap(ctx,
				account.NewUser{Email: *email, Name: *name, Password: pass},
				site.NewWebsite{Domain: *domain, Timezone: *timezone, Currency: *currency})
			if err != nil {
				return err
			}
			return show(cmd, made...)
		})
	}
	return cmd
}

func (o *office) bootstrap(ctx context.Context, u account.NewUser, n site.NewWebsite) (made []field, err error) {
	err = o.people.Bootstrap(ctx, u, func(ctx context.Context, u *account.User) error {
		w, err := o.sites.Create(ctx, u.ID, n)
		if err != nil {
			return err
		}
		operator := auth.SignedIn("", u.ID, false)
		_, token, err := o.keeper.CreateToken(ctx, operator, auth.NewToken{Name: "bootstrap"}, o.sites)
		if err != nil {
			return err
		}
		_, key, err := o.keeper.CreateKey(ctx, operator, w.ID, auth.NewKey{Name: "bootstrap"})
		made = []field{
			{"userId", u.ID},
			{"websiteId", w.ID},
			{"trackingId", w.TrackingID},
			{"accountToken", token},
			{"websiteKey", key},
		}
		return err
	})
	return made, err
}
