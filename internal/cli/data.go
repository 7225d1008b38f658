package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/spf13/cobra"
)

// importCommand is `import events FILE|-`.
func importCommand(getenv func(string) string) *cobra.Command {
	events := &cobra.Command{
		Use: "events FILE|-", Short: "Bring in a history of events, one JSON object a line", Args: cobra.ExactArgs(1),
		Long: "Sends the lines to POST /admin/websites/{websiteId}/import/events and prints what became of them; - reads standard input. Exits 1 when lines were rejected.",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, website, err := connect(cmd, getenv)
			if err != nil {
				return err
			}
			if website == "" {
				return usage("name the website with --website")
			}
			lines, closeLines, err := open(cmd, args[0])
			if err != nil {
				return err
			}
			defer closeLines()
			resp, err := c.Do(cmd.Context(), http.MethodPost, "/admin/websites/"+url.PathEscape(website)+"/import/events", nil, lines, "application/x-ndjson")
			if err != nil {
				return err
			}
			defer func() { _ = resp.Body.Close() }()
			return showImport(cmd, resp.Body)
		},
	}
	bindConfig(events)
	group := &cobra.Command{Use: "import", Short: "Bring in data from elsewhere"}
	group.AddCommand(events)
	return group
}

func open(cmd *cobra.Command, name string) (io.Reader, func(), error) {
	if name == "-" {
		return cmd.InOrStdin(), func() {}, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, fmt.Errorf("open lines: %w", err)
	}
	return f, func() { _ = f.Close() }, nil
}

// imported is the answer of the import route.
type imported struct {
	Data []struct {
		Received   int            `json:"received"`
		Stored     int            `json:"stored"`
		Duplicates int            `json:"duplicates"`
		Dropped    map[string]int `json:"dropped"`
		Rejected   []struct {
			Line    int    `json:"line"`
			Message string `json:"message"`
		} `json:"rejected"`
	} `json:"data"`
}

func showImport(cmd *cobra.Command, body io.Reader) error {
	var answer imported
	if err := json.NewDecoder(body).Decode(&answer); err != nil || len(answer.Data) != 1 {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	r := answer.Data[0]
	fmt.Fprintf(cmd.OutOrStdout(), "%d lines: %d stored, %d duplicates", r.Received, r.Stored, r.Duplicates)
	for reason, n := range r.Dropped {
		fmt.Fprintf(cmd.OutOrStdout(), ", %d dropped (%s)", n, reason)
	}
	fmt.Fprintln(cmd.OutOrStdout())
	for _, line := range r.Rejected {
		fmt.Fprintf(cmd.ErrOrStderr(), "line %d: %s\n", line.Line, line.Message)
	}
	if len(r.Rejected) > 0 {
		return errors.New("some lines were rejected")
	}
	return nil
}

// exportCommand is `export events|sessions|visitors|payments`.
func exportCommand(getenv func(string) string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "export events|sessions|visitors|payments", Short: "Write what is stored to standard output or a file", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if ok, words := oneOf(args[0], "events", "sessions", "visitors", "payments"); !ok {
				return usage("%q cannot be exported; use one of %s", args[0], words)
			}
			c, website, err := connect(cmd, getenv)
			if err != nil {
				return err
			}
			query := url.Values{}
			for flag, param := range map[string]string{"from": "startAt", "to": "endAt", "timezone": "timezone", "format": "format"} {
				if v := cmd.Flag(flag).Value.String(); v != "" {
					query.Set(param, v)
				}
			}
			if website != "" {
				query.Set("websiteId", website)
			}
			resp, err := c.Do(cmd.Context(), http.MethodGet, "/exports/"+args[0], query, nil, "")
			if err != nil {
				return err
			}
			defer func() { _ = resp.Body.Close() }()
			return save(cmd, resp.Body)
		},
	}
	bindConfig(cmd)
	cmd.Flags().String("from", "", "First day or instant.")
	cmd.Flags().String("to", "", "Last day or instant, itself included.")
	cmd.Flags().String("timezone", "", "IANA zone of the days; default the website's.")
	cmd.Flags().String("format", "", "ndjson (default) or csv.")
	cmd.Flags().String("output", "", "File to write to; default standard output.")
	return cmd
}

// save copies rows to --output, or to standard output.
func save(cmd *cobra.Command, rows io.Reader) (err error) {
	out := cmd.OutOrStdout()
	if name := cmd.Flag("output").Value.String(); name != "" {
		f, err := os.Create(name)
		if err != nil {
			return fmt.Errorf("make output file: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	}
	if _, err := io.Copy(out, rows); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	return nil
}
