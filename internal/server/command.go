package server

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"datafast/internal/store"
)

// Command is `datafast serve`.
func Command(version string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the tracker, the API, the dashboard and the docs",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			settings, err := Load(cmd.Flags(), os.Getenv)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			s, err := Open(ctx, settings, Options{Version: version, Stdout: cmd.OutOrStdout(), Stderr: cmd.ErrOrStderr()})
			if err != nil {
				return withCure(err)
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			return s.Run(ctx)
		},
	}
	Bind(cmd.Flags())
	return cmd
}

// withCure tells what to do about a disk that is full; other errors say it
// themselves.
func withCure(err error) error {
	if store.DiskFull(err) {
		return fmt.Errorf("%w; the disk is full: make room and start again", err)
	}
	return err
}
