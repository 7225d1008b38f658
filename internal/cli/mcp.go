package cli

import (
	"github.com/spf13/cobra"

	"datafast/internal/mcp/stdio"
)

// mcpCommand is `datafast mcp`: the MCP server on standard input and output.
func mcpCommand(getenv func(string) string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mcp",
		Short: "Serve the API's tools to an agent on standard input and output (MCP)",
		Long:  "Speaks the Model Context Protocol on standard input and output, for agents that start programs. Tools are those that the credential may use on the server.",
		Args:  cobra.NoArgs,
	}
	bindConfig(cmd)
	readOnly := cmd.Flags().Bool("read-only", false, "Offer only tools that change nothing.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, _, err := connect(cmd, getenv)
		if err != nil {
			return err
		}
		return stdio.Serve(cmd.Context(), c, *readOnly, cmd.InOrStdin(), cmd.OutOrStdout())
	}
	return cmd
}
