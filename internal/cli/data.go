package cli

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"datafast/internal/client"
)

// importCommand is `import events FILE|-`.
func (p *program) importCommand() *cobra.Command {
	l := &leaf{
		path: "import events", short: "Bring in a history of events, one JSON object a line", method: "POST", endpoint: websitePath + "/import/events",
		needs: settingsWrite, role: roleMember, args: []arg{{name: "file"}},
		long: "Sends the lines of a file, or of standard input for -, and prints what became of them. Exits 1 when lines were rejected. A line is what `datafast export events` writes.",
		run:  runImport,
	}
	return p.command(l)
}

// runImport streams the lines.
func runImport(c *call) error {
	in := c.cmd.InOrStdin()
	if name := c.values["file"]; name != "-" {
		f, err := os.Open(name) //nolint:gosec // the file that was asked for
		if err != nil {
			return usage("%s", err.Error())
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	stream, err := c.session.client(c.client.Token, true)
	if err != nil {
		return err
	}
	counted := &counter{Reader: in, tell: func(n int64) { c.progress("sent %d kB", n>>10) }}
	a, err := exchange(c.cmd.Context(), stream, client.Request{
		Method: http.MethodPost, Path: "/api/v1" + c.target(), Body: counted, ContentType: "application/x-ndjson",
	})
	if err != nil {
		return c.explain(err)
	}
	if err := c.print(a, func(w io.Writer) error { showImport(w, a.one()); return nil }); err != nil {
		return err
	}
	rejected, _ := a.one().get("rejected").([]any)
	for _, line := range rejected {
		if o, ok := line.(object); ok {
			say(c.cmd.ErrOrStderr(), "line %s: %s", o.text("line"), o.text("message"))
		}
	}
	if len(rejected) > 0 {
		return failure{errors.New("some lines were rejected"), exitFailed, "mend them and send all again: events with an id are stored once"}
	}
	return nil
}

func showImport(w io.Writer, r object) {
	fmt.Fprintf(w, "%s lines: %s stored, %s duplicates", r.text("received"), r.text("stored"), r.text("duplicates"))
	dropped, _ := r.get("dropped").(object)
	for _, m := range dropped {
		fmt.Fprintf(w, ", %s dropped (%s)", plainText(m.value), m.key)
	}
	fmt.Fprintln(w)
}

// counter tells how much was read, now and then.
type counter struct {
	io.Reader
	n    int64
	at   time.Time
	tell func(n int64)
}

// Read implements io.Reader.
func (c *counter) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += int64(n)
	if time.Since(c.at) > 200*time.Millisecond {
		c.at = time.Now()
		c.tell(c.n)
	}
	return n, err
}

// exportCommand is `export events|sessions|visitors|payments`.
func (p *program) exportCommand() *cobra.Command {
	kinds := []string{"events", "sessions", "visitors", "payments"}
	l := &leaf{
		path: "export", short: "Write what is stored to standard output or a file", method: "GET", endpoint: "/exports/{what}", needs: analyticsRead, takesKey: true,
		long:    "Writes events, sessions, visitors or payments, oldest first, for all time unless a period is given. Payments need payments:read. An export that breaks off goes on where it stopped.",
		example: "datafast export events --output events.ndjson\ndatafast export sessions --format csv --period last30d",
		args:    []arg{{name: "what"}}, period: true, filters: analyticsFilters(),
		flags: []flag{{name: "format", to: "format", help: "Format; default ndjson", choices: []string{"ndjson", "csv"}}, {name: "output", help: "File to write to"}},
		prepare: func(c *call) error {
			if !slices.Contains(kinds, c.values["what"]) {
				return usage("%q cannot be exported; use one of %s", c.values["what"], strings.Join(kinds, ", "))
			}
			if c.values["what"] == "payments" {
				c.leaf.needs = "payments:read"
			}
			return nil
		},
		run: runExport,
	}
	cmd := p.command(l)
	cmd.ValidArgs = kinds
	return cmd
}

// runExport copies page after page: the server says with each whether there is
// more.
func runExport(c *call) (err error) {
	out := c.cmd.OutOrStdout()
	if name := c.cmd.Flag("output").Value.String(); name != "" {
		f, err := os.Create(name) //nolint:gosec // the file that was asked for
		if err != nil {
			return usage("--output: %s", err.Error())
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	}
	stream, err := c.session.client(c.client.Token, true)
	if err != nil {
		return err
	}
	for {
		cursor, err := c.exportPage(stream, out)
		if err != nil || cursor == "" {
			return err
		}
		c.query.Set("cursor", cursor)
	}
}

func (c *call) exportPage(stream *client.Client, out io.Writer) (cursor string, err error) {
	resp, err := stream.Send(c.cmd.Context(), client.Request{Method: http.MethodGet, Path: "/api/v1" + c.target(), Query: url.Values(c.query)})
	if err != nil {
		return "", c.explain(err)
	}
	defer func() { _ = resp.Body.Close() }()
	counted := &counter{Reader: resp.Body, tell: func(n int64) {
		if !isTerminal(out) {
			c.progress("received %d kB", n>>10)
		}
	}}
	if _, err := io.Copy(out, counted); err != nil {
		return "", fmt.Errorf("write rows: %w", err)
	}
	return resp.Header.Get("X-Next-Cursor"), nil
}
