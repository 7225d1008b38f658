package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

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

// arguments gives each argument its value. One too few: the website is the
// default one.
func (c *call) arguments(args []string) error {
	l := c.leaf
	rest := args
	for i, a := range l.args {
		last := i == len(l.args)-1
		if a.name == argWebsite && c.leavesWebsite(rest, l.args[i:]) {
			continue
		}
		switch {
		case last && l.many && len(rest) > 0:
			c.many, rest = rest, nil
			c.values[a.name] = c.many[0]
		case len(rest) > 0:
			c.values[a.name], rest = rest[0], rest[1:]
		}
	}
	if len(rest) > 0 {
		return usage("%q is one argument too many", rest[0])
	}
	if err := c.websiteOf(); err != nil {
		return err
	}
	for _, a := range l.args {
		if err := c.ask(a); err != nil {
			return err
		}
	}
	return nil
}

// leavesWebsite reports whether the website argument was left out: fewer values
// than arguments that must be, and a website from elsewhere. What looks like a
// website is one.
func (c *call) leavesWebsite(given []string, args []arg) bool {
	must := 0
	for _, a := range args {
		if !a.optional {
			must++
		}
	}
	if len(given) >= must && len(args) == must {
		return false
	}
	if len(given) == 0 {
		return true
	}
	// One argument for a website and an optional other thing: the default
	// website decides, unless the argument is an id.
	known := c.website.value != "" || isSiteKey(c.client.Token)
	return known && (len(given) < must || len(args) > must && len(given) < len(args) && !isWebsiteID(given[0]))
}

// ask lets a person choose a missing argument.
func (c *call) ask(a arg) error {
	if a.optional || a.name == argWebsite || c.values[a.name] != "" {
		return nil
	}
	if a.pick == nil || !c.interactive() {
		return usage("<%s> is missing", a.name)
	}
	id, err := c.choose(*a.pick, "Which "+a.name+"?")
	c.values[a.name] = id
	return err
}

// wantsWebsite reports whether the leaf is bound to a website.
func (l *leaf) wantsWebsite() bool {
	return strings.Contains(l.endpoint, "{website}") || l.takesKey
}

// websiteOf finds the website: argument, flag, environment, file, picker. A
// website key needs none in the query, and says itself which one in the path.
func (c *call) websiteOf() error {
	if !c.leaf.wantsWebsite() {
		return nil
	}
	typed := first(c.values[argWebsite], c.website.value)
	isKey := isSiteKey(c.client.Token)
	inPath := strings.Contains(c.leaf.endpoint, "{website}")
	var err error
	switch {
	case typed == "" && isKey && !inPath:
		return nil
	case typed == "" && isKey:
		typed, err = c.ownWebsite()
	case typed == "":
		typed, err = c.chooseWebsite()
	}
	if err != nil {
		return err
	}
	if isKey && !isWebsiteID(typed) {
		typed, err = c.ownWebsite()
	} else {
		typed, err = c.reference(c.cmd.Context(), c.client, typed)
	}
	if err != nil {
		return c.explain(err)
	}
	c.values[argWebsite] = typed
	if !inPath {
		c.query.Set("websiteId", typed)
	}
	return nil
}

// ownWebsite is that of a website key.
func (c *call) ownWebsite() (string, error) {
	a, err := fetch(c.cmd.Context(), c.client, "/admin/account", nil)
	if err != nil {
		return "", err
	}
	return a.one().text("websiteId"), nil
}

// chooseWebsite asks for the website, or refuses naming the flag.
func (c *call) chooseWebsite() (string, error) {
	all, err := fetch(c.cmd.Context(), c.client, "/admin/websites", nil)
	if !c.interactive() {
		f := failure{errors.New("name the website with --website, or set a default one with `datafast config set-website`"), exitUsage, ""}
		if err == nil {
			f.hint = candidates(all.rows())
		}
		return "", f
	}
	if err != nil {
		return "", err
	}
	return c.pickRow(all.rows(), choice{id: "_id", label: []string{"domain", "name"}}, "Which website?")
}

// fields puts the flags into query and body, asking for required ones.
func (c *call) fields() error {
	for i := range c.leaf.flags {
		f := &c.leaf.flags[i]
		value, ok, err := f.given(c.cmd.Flags())
		if err != nil {
			return err
		}
		if !ok && f.required {
			if value, err = c.askFlag(f); err != nil {
				return err
			}
			ok = true
		}
		if ok && f.to != "" {
			c.place(f, value)
		}
	}
	for _, a := range c.leaf.args {
		if v := c.values[a.name]; a.in != "" && v != "" {
			c.query.Set(a.in, v)
		}
	}
	if c.leaf.period {
		if err := c.period(); err != nil {
			return err
		}
	}
	return c.filterFlags()
}

func (c *call) place(f *flag, value any) {
	if f.query || c.leaf.method == http.MethodGet || c.leaf.method == http.MethodDelete {
		c.query.Set(f.to, queryText(value))
		return
	}
	put(c.body, f.to, value)
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

// explain adds to a refusal what would cure it.
func (c *call) explain(err error) error {
	var refused *client.Error
	if !errors.As(err, &refused) || refused.Status != http.StatusForbidden {
		return err
	}
	hint := c.cure(refused)
	if hint == "" {
		return err
	}
	return failure{refused, exitRefused, hint}
}

// cure says what is missing, and prints the command that would make a fitting
// token.
func (c *call) cure(refused *client.Error) string {
	website := first(c.values[argWebsite], c.website.value)
	switch refused.Reason {
	case "missing_permission":
		missing := strings.TrimPrefix(refused.Message, "Missing permission: ")
		if !isPermission(missing) {
			return "a token can give only what it has; run this with one that has more"
		}
		return "this token lacks " + missing + "; make one that has it: " + c.tokenCommand(missing, website)
	case "website_scope":
		return "this token is not for this website; make one that is: " + c.tokenCommand(first(c.leaf.needs, "*"), website)
	case "token_narrowed":
		return "this token is limited to some websites; make one that is not: " + c.tokenCommand(first(c.leaf.needs, "*"), "")
	case "account_token_required":
		return "a website key (df_) cannot do this; log in with an account token: datafast login, or make one: " + c.tokenCommand(first(c.leaf.needs, "*"), "")
	case "role":
		return "your role must be " + first(c.leaf.role, "member") + "; the owner can give it: datafast websites team role " + first(website, "<website>") + " <you> --role member"
	case "owner_only":
		return "only the owner of the website can do this; datafast websites team list " + first(website, "<website>") + " shows who that is"
	}
	return ""
}

func isPermission(s string) bool {
	return s == "*" || strings.Count(s, ":") == 1 && !strings.ContainsAny(s, " ,")
}

// tokenCommand makes a token with what the present one has and what it lacks.
func (c *call) tokenCommand(missing, website string) string {
	permissions := []string{}
	if a, err := fetch(c.cmd.Context(), c.client, "/admin/account", nil); err == nil && missing != "*" && a.one().text("token.kind") == "account" {
		have, _ := a.one().get("token.permissions").([]any)
		for _, p := range have {
			if text := plainText(p); text != "*" && text != missing {
				permissions = append(permissions, text)
			}
		}
	}
	out := fmt.Sprintf("datafast tokens create --name %q --permissions %q", "datafast "+c.leaf.path, strings.Join(append(permissions, missing), ","))
	if website != "" && isWebsiteID(website) {
		out += " --websites " + website
	}
	return out
}

// aboutWebsite is what periods and tables need to know; kept for an hour.
type aboutWebsite struct {
	Timezone string    `json:"timezone"`
	Currency string    `json:"currency"`
	At       time.Time `json:"at"`
}
