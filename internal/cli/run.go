package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"datafast/internal/client"
)

// call is one run of a leaf.
type call struct {
	*session
	leaf   *leaf
	format format
	client *client.Client
	// values are the arguments by name; of a repeated one the present.
	values map[string]string
	many   []string // all of a repeated last argument
	query  url.Values
	body   map[string]any

	about *aboutWebsite // what is known of the website; nil: not asked yet
}

// run does what a leaf says.
func (p *program) run(cmd *cobra.Command, l *leaf, args []string) error {
	c, err := p.newCall(cmd, l)
	if err != nil {
		return err
	}
	if err := c.arguments(args); err != nil {
		return err
	}
	if err := c.fields(); err != nil {
		return err
	}
	if l.prepare != nil {
		if err := l.prepare(c); err != nil {
			return err
		}
	}
	if l.edits && len(c.body) == 0 {
		return c.edit()
	}
	if err := c.confirm(); err != nil {
		return err
	}
	switch {
	case l.run != nil:
		return l.run(c)
	case l.many && len(c.many) > 1:
		return c.bulk()
	}
	return c.once()
}

func (p *program) newCall(cmd *cobra.Command, l *leaf) (*call, error) {
	s, err := p.open(cmd)
	if err != nil {
		return nil, err
	}
	c := &call{session: s, leaf: l, values: map[string]string{}, query: url.Values{}, body: map[string]any{}}
	if c.format, err = formatOf(cmd); err != nil {
		return nil, err
	}
	if q := cmd.Flag("jq").Value.String(); q != "" {
		if _, err := parseJQ(q); err != nil {
			return nil, err
		}
	}
	if l.endpoint == "" {
		return c, nil
	}
	c.client, err = s.as(l.takesKey)
	return c, err
}

// target is the endpoint with its names replaced.
func (c *call) target() string {
	path := c.leaf.endpoint
	for name, value := range c.values {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	return path
}

// send calls the operation.
func (c *call) send() (*answer, error) {
	q := client.Request{Method: c.leaf.method, Path: "/api/v1" + c.target(), Query: c.query}
	if c.leaf.method != http.MethodGet && (c.leaf.method != http.MethodDelete || len(c.body) > 0) {
		text, err := json.Marshal(c.body)
		if err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}
		q.Body, q.ContentType = bytes.NewReader(text), "application/json"
	}
	a, err := exchange(c.cmd.Context(), c.client, q)
	return a, c.explain(err)
}

// once calls and prints.
func (c *call) once() error {
	a, err := c.send()
	if err != nil {
		return err
	}
	return c.display(a)
}

// display prints an answer in the leaf's way.
func (c *call) display(a *answer) error {
	if c.leaf.secret {
		defer c.keepSecret(a)
	}
	if c.leaf.show != nil && c.format == asTable {
		return c.leaf.show(c, a)
	}
	return c.print(a, c.table(a))
}

// bulk calls for each value of the last argument, and says what was done and
// what was not: on a terminal as it goes, else as JSON of the same shape as an
// answer's.
func (c *call) bulk() error {
	name := c.leaf.args[len(c.leaf.args)-1].name
	rows := []any{}
	var failed int
	var last error
	for _, id := range c.many {
		c.values[name] = id
		_, err := c.send()
		row := object{{"id", id}, {"done", err == nil}}
		if err != nil {
			failed, last = failed+1, err
			row = append(row, member{"error", err.Error()})
			say(c.cmd.ErrOrStderr(), "not done: %s: %s", id, err)
		} else if c.format == asTable {
			fmt.Fprintf(c.cmd.OutOrStdout(), "done: %s\n", id)
		}
		rows = append(rows, row)
		if c.cmd.Context().Err() != nil {
			return err
		}
	}
	if c.format != asTable {
		if err := c.printRows(rows); err != nil {
			return err
		}
	}
	switch {
	case failed == len(c.many):
		return last
	case failed > 0:
		return failure{fmt.Errorf("%d of %d were not done", failed, len(c.many)), exitFailed, ""}
	}
	return nil
}

// printRows prints rows that this program made as an answer.
func (c *call) printRows(rows []any, siblings ...member) error {
	doc := append(object{{"status", "success"}, {"data", rows}}, siblings...)
	raw, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("encode rows: %w", err)
	}
	return c.display(&answer{raw, doc})
}

// confirm asks before something is destroyed.
func (c *call) confirm() error {
	if c.leaf.destroys == "" || c.on("yes") || c.on("force") {
		return nil
	}
	question := c.leaf.destroys
	for name, value := range c.values {
		question = strings.ReplaceAll(question, "{"+name+"}", value)
	}
	if len(c.many) > 1 {
		question = strings.ReplaceAll(question, c.many[0], strings.Join(c.many, ", "))
	}
	if !c.interactive() {
		return failure{errors.New("this cannot be undone and nobody can be asked: give --yes"), exitUsage, ""}
	}
	yes, err := c.agree(question)
	if err == nil && !yes {
		return errCancelled
	}
	return err
}
