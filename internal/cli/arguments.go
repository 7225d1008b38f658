package cli

import (
	"errors"
	"net/http"
	"strings"
)

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
