// Package admin is the operator's commands: they open the control store
// themselves, with the server running or not, and see all accounts.
//
// It may import the domain packages, store and fault. It must not have rules of
// its own: every command calls the same services as the API.
package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"datafast/internal/account"
	"datafast/internal/audit"
	"datafast/internal/auth"
	"datafast/internal/id"
	"datafast/internal/revenue"
	"datafast/internal/site"
	"datafast/internal/store"
	"datafast/internal/store/control"
)

// Command is `datafast admin`.
func Command() *cobra.Command {
	cmd := &cobra.Command{
		Use: "admin", Short: "Operator's commands: people, roles, websites, tokens", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().String("data", orDefault(os.Getenv("DATAFAST_DATA"), "./data"), "Directory that holds everything. Also DATAFAST_DATA.")
	cmd.PersistentFlags().String("database-url", os.Getenv("DATAFAST_DATABASE_URL"), "PostgreSQL for control data. Also DATAFAST_DATABASE_URL.")
	cmd.PersistentFlags().Bool("json", false, "Print JSON.")
	cmd.AddCommand(bootstrapCommand(), usersCommand(), membersCommand(), websitesCommand(), tokensCommand(), migrateCommand())
	return cmd
}

func orDefault(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

// office is the services over an opened control store.
type office struct {
	store  *control.Store
	people *account.People
	teams  *account.Teams
	keeper *auth.Keeper
	sites  *site.Sites
}

// with opens the control store, runs do, and closes it.
func with(cmd *cobra.Command, do func(ctx context.Context, o *office) error) (err error) {
	data, err := cmd.Flags().GetString("data")
	if err != nil {
		return err
	}
	databaseURL, err := cmd.Flags().GetString("database-url")
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	s, err := store.OpenControl(ctx, data, databaseURL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Moving(ctx); err != nil {
		return err
	}
	return do(ctx, open(s.Store))
}

func open(s *control.Store) *office {
	ids := id.NewGenerator()
	newID := func() string { return ids.New(time.Now()) }
	log := audit.NewLog(s, time.Now, newID)
	o := &office{store: s}
	o.people = account.NewPeople(s, log, account.NewHasher(19*1024, 2, runtime.GOMAXPROCS(0)), time.Now, newID)
	o.teams = account.NewTeams(s, log, o.people, time.Now, newID)
	o.keeper = auth.NewKeeper(s, log, slog.New(slog.DiscardHandler), time.Now, newID)
	o.sites = site.NewSites(s, site.NewDirectory(s, time.Now), site.Checks{Currency: revenue.ParseCurrency}, log, time.Now, newID)
	return o
}

// field is a named value of an answer.
type field struct {
	name  string
	value any
}

// show prints an answer: one JSON object with --json, else a line each.
func show(cmd *cobra.Command, fields ...field) error {
	asJSON, err := cmd.Flags().GetBool("json")
	if err != nil {
		return err
	}
	var b strings.Builder
	if asJSON {
		object := make([]string, len(fields))
		for i, f := range fields {
			v, err := json.Marshal(f.value)
			if err != nil {
				return fmt.Errorf("encode %s: %w", f.name, err)
			}
			object[i] = fmt.Sprintf("%q:%s", f.name, v)
		}
		b.WriteString("{" + strings.Join(object, ",") + "}\n")
	} else {
		for _, f := range fields {
			fmt.Fprintf(&b, "%s: %v\n", f.name, f.value)
		}
	}
	_, err = io.WriteString(cmd.OutOrStdout(), b.String())
	return err
}

// password reads the first line of standard input; the flag that says so is
// mandatory, so that nobody is tempted to put one on the command line.
func password(cmd *cobra.Command) (string, error) {
	if fromStdin, err := cmd.Flags().GetBool("password-stdin"); err != nil || !fromStdin {
		return "", errors.Join(err, errors.New("give --password-stdin and the password on standard input"))
	}
	line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func withPassword(cmd *cobra.Command) {
	cmd.Flags().Bool("password-stdin", false, "Read the password from standard input.")
}

// required adds a string flag that must be given.
func required(cmd *cobra.Command, name, usage string) *string {
	value := cmd.Flags().String(name, "", usage)
	if err := cmd.MarkFlagRequired(name); err != nil {
		panic(err) // the flag was defined a line before
	}
	return value
}
