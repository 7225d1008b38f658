package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"datafast/internal/client"
)

// importCommand is `import events FILE|-`.
func (p *program) importCommand() *cobra.Command { return p.command(importLeaf()) }

func importLeaf() *leaf {
	return &leaf{
		path: "import events", short: "Bring in a history of events, one JSON object a line", method: "POST", endpoint: websitePath + "/import/events",
		needs: settingsWrite, role: roleMember, args: []arg{{name: "file"}},
		long: "Sends the lines of a file, or of standard input for -, and prints what became of them. Exits 1 when lines were rejected. A line is what `datafast export events` writes.",
		run:  runImport,
	}
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
	c.endProgress()
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
	cmd := p.command(exportLeaf())
	cmd.ValidArgs = exported()
	return cmd
}

// exported is what can be exported.
func exported() []string { return []string{"events", "sessions", "visitors", "payments"} }

func exportLeaf() *leaf {
	return &leaf{
		path: "export", short: "Write what is stored to standard output or a file", method: "GET", endpoint: "/exports/{what}", needs: analyticsRead, takesKey: true,
		long:    "Writes events, sessions, visitors or payments, oldest first, for all time unless a period is given. Payments need payments:read. It asks for page after page; one that breaks off is asked for again.",
		example: "datafast export events --output events.ndjson\ndatafast export sessions --format csv --period last30d",
		args:    []arg{{name: "what"}}, period: true, filters: analyticsFilters(),
		flags: []flag{{name: "format", to: "format", help: "Format; default ndjson", choices: []string{"ndjson", "csv"}}, {name: "output", help: "File to write to"}, {name: "batch", kind: whole, to: "limit", help: "Rows to ask for at a time; default 20000"}},
		prepare: func(c *call) error {
			if !slices.Contains(exported(), c.values["what"]) {
				return usage("%q cannot be exported; use one of %s", c.values["what"], strings.Join(exported(), ", "))
			}
			if c.values["what"] == "payments" {
				c.leaf.needs = "payments:read"
			}
			return nil
		},
		run: runExport,
	}
}

// runExport copies page after page: the server says with each whether there is
// more, and where it begins.
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
	if !c.query.Has("limit") {
		c.query.Set("limit", "20000")
	}
	var written int64
	for first := true; ; first = false {
		page, cursor, err := c.exportPage()
		if err != nil {
			return err
		}
		if !first && c.query.Get("format") == "csv" {
			_, page, _ = bytes.Cut(page, []byte("\n")) // the header stands above the first page
		}
		if _, err := out.Write(page); err != nil {
			return fmt.Errorf("write rows: %w", err)
		}
		if cursor == "" {
			c.endProgress()
			return nil
		}
		if written += int64(len(page)); !isTerminal(out) {
			c.progress("received %d kB", written>>10)
		}
		c.query.Set("cursor", cursor)
	}
}

// exportPage reads one page. One that breaks off is read again: nothing of it has
// been written yet.
func (c *call) exportPage() (page []byte, cursor string, err error) {
	for tries := 0; ; tries++ {
		resp, err := c.client.Send(c.cmd.Context(), client.Request{Method: http.MethodGet, Path: "/api/v1" + c.target(), Query: c.query})
		if err != nil {
			return nil, "", c.explain(err)
		}
		page, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		switch {
		case err == nil:
			return page, resp.Header.Get("X-Next-Cursor"), nil
		case tries == mostPageTries || c.on("no-retry"):
			return nil, "", &client.Unreachable{Base: c.client.Base, Cause: err}
		}
		say(c.cmd.ErrOrStderr(), "the answer broke off; reading this page again")
	}
}

const mostPageTries = 2
