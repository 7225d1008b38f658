// Package cli holds the commands that drive a server from the shell. Each speaks
// HTTP through package client; the server's access table alone decides what it
// may do.
//
// Most commands are alike and so are data: a leaf says method, path, arguments,
// flags and columns (leaves_*.go), and one piece of code runs them all (run.go).
// Read Execute, then leaf, then run; arguments.go and flag.go turn what was typed
// into a request. Where server and credential come from stands in config.go and
// session.go, how results are printed in output.go and table.go, and what an error
// says and which exit code it has in failure.go and cure.go, once.
//
// Beside cobra it leans on gojq for --jq, go-keyring and clipboard for secrets,
// go-runewidth to measure cells, and x/term to know a terminal.
//
// It may import client and fault. It must not open a store.
package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// New returns the root command with the commands of this package; getenv reads
// the environment. Others, such as `serve`, are added to it by the caller.
func New(version, defaultBase string, getenv func(string) string) *cobra.Command {
	p := &program{getenv: getenv, version: version, defaultBase: defaultBase}
	root := &cobra.Command{
		Use: "datafast", Short: "Web analytics that you host yourself", Version: version,
		Long:         "Web analytics that you host yourself: the server, its operator's commands, and a client of its API in one program.",
		SilenceUsage: true, SilenceErrors: true, SuggestionsMinimumDistance: 2,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.RunE = p.runGroup
	root.AddGroup(&cobra.Group{ID: groupClient, Title: "Drive a server:"}, &cobra.Group{ID: groupServer, Title: "Run a server:"},
		&cobra.Group{ID: groupProgram, Title: "This program:"})
	root.SetHelpCommandGroupID(groupProgram)
	root.AddCommand(p.commands()...)
	root.AddCommand(versionCommand(), p.completionCommand(), manCommand())
	return root
}

// Groups of the root's help.
const (
	groupClient  = "client"
	groupServer  = "server"
	groupProgram = "program"
)

// AddServer adds commands that are no clients: of the server and its operator.
func AddServer(root *cobra.Command, commands ...*cobra.Command) {
	for _, c := range commands {
		c.GroupID = groupServer
	}
	root.AddCommand(commands...)
}

// Execute runs a command line and returns its exit code.
func Execute(root *cobra.Command, args []string) int {
	root.SetFlagErrorFunc(unknownFlag)
	markArgs(root)
	args = hoist(args)
	root.SetArgs(args)
	ctx := context.Background()
	if isClient(root, args) { // the server's commands listen to signals themselves
		var stop context.CancelFunc
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
	}
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, errCancelled)) {
		return exitCancelled
	}
	report(cmd, err)
	return exitCode(err)
}

// isClient reports whether a command line is of a command that drives a server.
func isClient(root *cobra.Command, args []string) bool {
	cmd, _, err := root.Find(args)
	for err == nil && cmd.HasParent() && cmd.Parent() != root {
		cmd = cmd.Parent()
	}
	return err == nil && cmd.GroupID == groupClient
}

// hoist moves common flags that stand before the command behind it, where cobra
// reads them.
func hoist(args []string) []string {
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	set.SetInterspersed(false)
	bindCommon(set)
	set.Usage = func() {}
	if len(args) == 0 || !strings.HasPrefix(args[0], "-") || set.Parse(args) != nil || set.NArg() == 0 {
		return args
	}
	rest := set.Args()
	before := args[:len(args)-len(rest)]
	return append(append([]string{rest[0]}, before...), rest[1:]...)
}

// markArgs makes wrong arguments usage errors, on every level.
func markArgs(cmd *cobra.Command) {
	check := cmd.Args
	if check == nil {
		check = cobra.NoArgs
	}
	cmd.Args = func(c *cobra.Command, args []string) error {
		if c.HasAvailableSubCommands() && len(args) > 0 {
			return unknownCommand(c, args[0])
		}
		if err := check(c, args); err != nil {
			return usage("%s", err.Error())
		}
		return nil
	}
	for _, sub := range cmd.Commands() {
		markArgs(sub)
	}
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", GroupID: groupProgram, Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			cmd.Printf("datafast version %s\n", cmd.Root().Version)
		},
	}
}
