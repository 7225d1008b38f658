package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"datafast/internal/account"
)

func usersCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "users", Short: "People with an account", RunE: help}
	cmd.AddCommand(userCreate(), userList(), userDisable("disable", true), userDisable("enable", false), userReset())
	return cmd
}

func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

func userCreate() *cobra.Command {
	cmd := &cobra.Command{Use: "create", Short: "Create an account"}
	email := required(cmd, "email", "Address of the user.")
	name := cmd.Flags().String("name", "", "Name of the user.")
	withPassword(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		pass, err := password(cmd)
		if err != nil {
			return err
		}
		return with(cmd, func(ctx context.Context, o *office) error {
			u, err := o.people.Create(ctx, account.NewUser{Email: *email, Name: *name, Password: pass})
			if err != nil {
				return err
			}
			return show(cmd, field{"userId", u.ID})
		})
	}
	return cmd
}

// userRow is a user in `users list --json`.
type userRow struct {
	UserID    string `json:"userId"`
	Email     string `json:"email"`
	Name      string `json:"name"`
	Disabled  bool   `json:"disabled"`
	CreatedAt string `json:"createdAt"`
}

func userList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List all accounts", RunE: func(cmd *cobra.Command, _ []string) error {
		return with(cmd, func(ctx context.Context, o *office) error {
			users, err := o.people.List(ctx)
			if err != nil {
				return err
			}
			return printUsers(cmd, users)
		})
	}}
}

func printUsers(cmd *cobra.Command, users []*account.User) error {
	rows := make([]userRow, len(users))
	for i, u := range users {
		rows[i] = userRow{u.ID, u.Email, u.Name, u.Disabled, u.CreatedAt.Format("2006-01-02T15:04:05.000Z")}
	}
	if asJSON, err := cmd.Flags().GetBool("json"); err != nil || asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(rows)
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tADDRESS\tNAME\tSTATE\tSINCE")
	for _, r := range rows {
		state := "active"
		if r.Disabled {
			state = "disabled"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.UserID, r.Email, r.Name, state, r.CreatedAt[:10])
	}
	return w.Flush()
}

func userDisable(verb string, disabled bool) *cobra.Command {
	short := "Give sign-in and API access back"
	if disabled {
		short = "Take sign-in and API access away, at once"
	}
	cmd := &cobra.Command{Use: verb, Short: short}
	email := required(cmd, "email", "Address of the user.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return with(cmd, func(ctx context.Context, o *office) error {
			u, err := o.people.ByEmail(ctx, *email)
			if err != nil {
				return err
			}
			if err := o.people.Disable(ctx, u.ID, disabled); err != nil {
				return err
			}
			return show(cmd, field{"userId", u.ID}, field{"disabled", disabled})
		})
	}
	return cmd
}

func userReset() *cobra.Command {
	cmd := &cobra.Command{Use: "reset-password", Short: "Set a new password and end all sign-ins of a user"}
	email := required(cmd, "email", "Address of the user.")
	withPassword(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		pass, err := password(cmd)
		if err != nil {
			return err
		}
		return with(cmd, func(ctx context.Context, o *office) error {
			u, err := o.people.ByEmail(ctx, *email)
			if err != nil {
				return err
			}
			if err := o.people.ResetPassword(ctx, u.ID, pass); err != nil {
				return err
			}
			return show(cmd, field{"userId", u.ID})
		})
	}
	return cmd
}
