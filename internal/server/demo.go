package server

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"datafast/internal/account"
	"datafast/internal/demo"
	"datafast/internal/fault"
	"datafast/internal/funnel"
	"datafast/internal/revenue"
	"datafast/internal/site"
)

// The demo's shop: some 300,000 events in 90 days.
const (
	demoDomain  = "shop.example"
	demoEmail   = "owner@example.com"
	demoZone    = "Europe/Berlin"
	demoDays    = 90
	demoPerDay  = 1000
	demoSeed    = 20260521
	demoDataDir = "./demo-data"
)

// DemoCommand is `datafast demo`: a data directory with a believable shop, then
// serve.
func DemoCommand(version string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Fill a new data directory with a believable shop of 90 days, then serve it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			settings, err := Load(cmd.Flags(), os.Getenv)
			if err != nil {
				return err
			}
			if !cmd.Flags().Changed("data") && os.Getenv("DATAFAST_DATA") == "" {
				settings.Data = demoDataDir
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			s, err := Open(ctx, settings, Options{Version: version, Stdout: cmd.OutOrStdout(), Stderr: cmd.ErrOrStderr()})
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			if err := s.fillDemo(ctx); err != nil {
				return err
			}
			return s.Run(ctx)
		},
	}
	Bind(cmd.Flags())
	return cmd
}

// fillDemo makes the shop on an empty installation; on one that has people it
// changes nothing.
func (s *Server) fillDemo(ctx context.Context) error {
	raw := make([]byte, 9)
	if _, err := rand.Read(raw); err != nil {
		return fmt.Errorf("make password: %w", err)
	}
	password := hex.EncodeToString(raw)
	var website *site.Website
	err := s.people.people.Bootstrap(ctx, account.NewUser{Email: demoEmail, Name: "Shop owner", Password: password},
		func(ctx context.Context, u *account.User) (err error) {
			website, err = s.people.sites.Create(ctx, u.ID, site.NewWebsite{Domain: demoDomain, Timezone: demoZone, Currency: "EUR", Name: "Demo shop"})
			return err
		})
	if fault.CodeOf(err) == fault.CodeConflict {
		_, err = fmt.Fprintf(s.out, "%s has people already: serving it as it is\n", s.Data)
		return err
	}
	if err != nil {
		return err
	}
	started := time.Now()
	stored, err := s.fillShop(ctx, website)
	if err != nil {
		return err
	}
	steps := []funnel.Step{
		{Name: "Landing", Type: funnel.Pageview, URL: "/"},
		{Name: "Pricing", Type: funnel.Pageview, URL: "/pricing"},
		{Name: "Signup", Type: funnel.Goal, GoalName: "signup"},
	}
	name := "Landing to signup"
	if _, err := s.people.funnels.Create(ctx, website.ID, funnel.Input{Name: &name, Steps: &steps}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "The shop has %d events of %d days (%.0f s). Sign in as %s with the password %s\n",
		stored, demoDays, time.Since(started).Seconds(), demoEmail, password)
	return err
}

// fillShop sends the shop's traffic through the backfill, its payments through
// the payments service.
func (s *Server) fillShop(ctx context.Context, w *site.Website) (stored int, err error) {
	zone, err := time.LoadLocation(demoZone)
	if err != nil {
		return 0, fmt.Errorf("load zone: %w", err)
	}
	shop := demo.New(demo.Options{
		Seed: demoSeed, Domain: demoDomain, End: time.Now().Add(-time.Minute), Days: demoDays, PerDay: demoPerDay, Zone: zone, Payments: true,
	})
	var payments []demo.Payment
	pipe, lines := io.Pipe()
	go func() {
		out := bufio.NewWriterSize(lines, 1<<20)
		err := shop.Days(func(hits []demo.Hit, p []demo.Payment) error {
			payments = append(payments, p...)
			for i := range hits {
				line, err := hits[i].Line(demoDomain)
				if err != nil {
					return err
				}
				if _, err := out.Write(line); err != nil {
					return fmt.Errorf("write line: %w", err)
				}
			}
			return nil
		})
		lines.CloseWithError(errors.Join(err, out.Flush()))
	}()
	report, err := s.flow.ingest.Backfill(ctx, w, pipe, s.events)
	if err != nil {
		return 0, fmt.Errorf("store the shop: %w", err)
	}
	for chunk := range slices.Chunk(ofShop(payments), 100) {
		if _, err := s.flow.revenue.RecordAll(ctx, w, chunk); err != nil {
			return 0, err
		}
	}
	return report.Stored, nil
}

// ofShop turns the shop's payments into those of the service.
func ofShop(payments []demo.Payment) []revenue.Payment {
	list := make([]revenue.Payment, len(payments))
	for i, p := range payments {
		list[i] = revenue.Payment{
			TransactionID: p.ID, Kind: demoKind(p), AmountMinor: revenue.Minor(p.Amount, "EUR"), Currency: "EUR",
			Time: p.Time, SentVisitor: p.Visitor, CustomerID: p.Customer,
		}
	}
	return list
}

func demoKind(p demo.Payment) revenue.Kind {
	switch {
	case p.Refund:
		return revenue.Refund
	case p.Renewal:
		return revenue.Renewal
	}
	return revenue.New
}
