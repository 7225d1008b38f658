// Command datafast is the server, its operator's commands and its client in one
// program. It puts the command line together and hands over.
package main

import (
	"io"
	"os"
	"runtime/debug"
	_ "time/tzdata"

	"github.com/spf13/cobra"

	"datafast/internal/admin"
	"datafast/internal/cli"
	"datafast/internal/server"
)

// apiBase is the server that the client calls when none is configured; set with
// -ldflags "-X main.apiBase=https://stats.example.com", else there is none.
var apiBase string //nolint:gochecknoglobals // the linker writes it

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, in io.Reader, out, errOut io.Writer) int {
	root := newRoot()
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	return cli.Execute(root, args)
}

// newRoot is the whole tree of commands.
func newRoot() *cobra.Command {
	root := cli.New(version(), apiBase, os.Getenv)
	cli.AddServer(root, server.Command(version()), server.DemoCommand(version()), admin.Command())
	return root
}

// version is the module's version as the build knows it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
