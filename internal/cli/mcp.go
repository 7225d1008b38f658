package cli

import (
	"github.com/spf13/cobra"

	"datafast/internal/mcp/stdio"
)

// mcpCommand is `datafast mcp`: the MCP server on standard input and output.
func (p *program) mcpCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mcp",
		Short: "Serve the API's tools to an agent on standard input and output (MCP)",
		Long:  "Speaks the Model Context Protocol on standard input and output, for agents that start programs. Tools are those that the credential may use on the server.",
		Args:  cobra.NoArgs,
	}
	readOnly := cmd.Flags().Bool("read-only", false, "Offer only tools that change nothing.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		s, err := p.open(cmd)
		if err != nil {
			return err
		}
		c, err := s.as(true)
		if err != nil {
			return err
		}
		return stdio.Serve(cmd.Context(), c, *readOnly, cmd.InOrStdin(), cmd.OutOrStdout())
	}
	return cmd
}
