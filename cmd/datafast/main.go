// Command datafast is the server, its operator's commands and its clients in one
// program. It parses the command line and hands over.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	_ "time/tzdata"

	"github.com/spf13/cobra"

	"datafast/internal/admin"
	"datafast/internal/cli"
	"datafast/internal/server"
)

// exitUsage is the exit code of a wrong command line; the others are cli's.
const exitUsage = 2

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// errUsage marks a wrong command line.
type errUsage struct{ error }

func run(args []string, in io.Reader, out, errOut io.Writer) int {
	root := &cobra.Command{
		Use: "datafast", Short: "Web analytics that you host yourself", Version: version(),
		SilenceUsage: true, SilenceErrors: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return errUsage{err} })
	root.AddCommand(server.Command(version()), server.DemoCommand(version()), admin.Command())
	root.AddCommand(cli.Commands(os.Getenv)...)
	markArgs(root)
	cmd, err := root.ExecuteContextC(context.Background())
	var usage errUsage
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(errOut, "datafast: %v\n%s", err, cmd.UsageString())
		return exitUsage
	}
	fmt.Fprintf(errOut, "datafast: %v\n", err)
	return cli.ExitCode(err)
}

// markArgs makes wrong arguments usage errors, on every level.
func markArgs(cmd *cobra.Command) {
	check := cmd.Args
	if check == nil {
		check = cobra.NoArgs
	}
	cmd.Args = func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return errUsage{err}
		}
		return nil
	}
	for _, sub := range cmd.Commands() {
		markArgs(sub)
	}
}

// version is the module's version as the build knows it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
