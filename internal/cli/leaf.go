package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// leaf is one command that calls one operation of the API.
type leaf struct {
	path    string // "websites apikeys roll"
	aliases string // further names, by blanks
	short   string
	long    string
	example string

	method   string
	endpoint string // below /api/v1, with {website} and the names of args
	// needs is the permission of the operation; role what one must be on the
	// website: empty means any.
	needs string
	role  string

	args  []arg
	flags []flag
	// takesKey: a website key will do as well, and then names the website. The
	// website goes into the query, unless the endpoint has it in its path.
	takesKey bool
	// period adds the flags of time, filters those of filters.
	period  bool
	filters []string // names that --filter's shorthands have
	// bare sends the shorthands without filter_ (the visitors list).
	bare bool

	columns []column
	record  bool   // print data as lines of name and value
	totals  bool   // `totals` of the answer under the table
	done    string // instead of a table: a sentence; "{message}" from data
	secret  bool   // data holds a credential, shown this once
	// destroys is the question of a confirmation; {name} stands for argument or flag.
	destroys string
	// many lets the last argument be given several times: a call for each.
	many bool
	// edits offers its flags one by one on a terminal when none is given.
	edits bool

	prepare func(c *call) error            // checks and completes the request
	show    func(c *call, a *answer) error // prints instead of columns
	run     func(c *call) error            // replaces the call altogether
}

// arg is a positional argument.
type arg struct {
	name     string // "website", "funnel"
	optional bool
	// pick lists what there is to choose from, on a terminal.
	pick *choice
	in   string // query parameter; empty: in the path
}

// choice is where a picker gets its entries.
type choice struct {
	endpoint string
	id       string
	label    []string
}

// valueKind is how a flag is read and sent.
type valueKind int

const (
	text     valueKind = iota
	whole              // a whole number
	decimal            // a number, sent as it is written
	truth              // true or false, said after the flag
	list               // by commas; an empty text clears
	pairs              // name=value, repeated
	jsonText           // JSON, or @file
	fixed              // a switch that sends value
)

// flag is one flag of a leaf and where its value goes.
type flag struct {
	name     string
	kind     valueKind
	to       string // field of the body, dotted, or query parameter; empty: nowhere
	query    bool   // into the query although there is a body
	value    any    // what a fixed one sends
	help     string
	required bool
	prompt   string // what a person is asked; empty: the help
	choices  []string
	preset   func() string
}

// commands builds the client's commands.
func (p *program) commands() []*cobra.Command {
	groups := map[string]*cobra.Command{}
	var top []*cobra.Command
	add := func(path string, cmd *cobra.Command) {
		parent, _, nested := cutLast(path)
		if !nested {
			bindCommon(cmd.PersistentFlags())
			cmd.GroupID = groupClient
			top = append(top, cmd)
			return
		}
		groups[parent].AddCommand(cmd)
	}
	for _, g := range groupsOf() {
		_, name, _ := cutLast(g.path)
		cmd := &cobra.Command{Use: name, Short: g.short, Long: g.long, Aliases: strings.Fields(g.aliases), RunE: p.runGroup}
		cmd.Annotations = map[string]string{annotationList: g.list}
		groups[g.path] = cmd
		add(g.path, cmd)
	}
	leaves := leaves()
	for i := range leaves {
		add(leaves[i].path, p.command(&leaves[i]))
	}
	for _, cmd := range []*cobra.Command{p.loginCommand(), p.logoutCommand(), p.apiCommand(), p.exportCommand(), p.mcpCommand()} {
		add(cmd.Name(), cmd)
	}
	groups["import"].AddCommand(p.importCommand())
	groups["config"].AddCommand(p.configCommands()...)
	return top
}

// annotationList marks a group that runs a command when none is named and there
// is no terminal.
const annotationList = "list"

func cutLast(path string) (parent, name string, nested bool) {
	i := strings.LastIndexByte(path, ' ')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}

// command makes the cobra command of a leaf.
func (p *program) command(l *leaf) *cobra.Command {
	_, name, _ := cutLast(l.path)
	cmd := &cobra.Command{
		Use: name + l.usage(), Short: l.short, Long: l.description(), Example: indent(l.example), Aliases: strings.Fields(l.aliases),
		Args: l.checkArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return p.run(cmd, l, args) },
	}
	for _, f := range l.flags {
		f.bind(cmd.Flags())
	}
	if l.period {
		bindPeriod(cmd.Flags(), l.presetPeriod())
	}
	bindFilters(cmd.Flags(), l.filters, l.bare)
	return cmd
}

// usage is the arguments as help shows them.
func (l *leaf) usage() string {
	var b strings.Builder
	for i, a := range l.args {
		name := "<" + a.name + ">"
		if l.many && i == len(l.args)-1 {
			name += "..."
		}
		if a.optional || a.name == argWebsite {
			name = "[" + name + "]"
		}
		b.WriteString(" " + name)
	}
	return b.String()
}

// description is the long help: what it does, what it calls, what it needs.
func (l *leaf) description() string {
	var b strings.Builder
	b.WriteString(l.short + ".")
	if l.long != "" {
		b.WriteString("\n\n" + l.long)
	}
	if l.endpoint == "" {
		return b.String()
	}
	b.WriteString("\n\nCalls " + l.method + " " + l.endpoint)
	if l.needs != "" {
		b.WriteString("; an account token needs " + l.needs)
	}
	if l.role != "" {
		b.WriteString(", and you must be " + l.role + " of the website")
	}
	if l.takesKey {
		b.WriteString(". A website key will do as well")
	}
	b.WriteString(".")
	return b.String()
}

func indent(s string) string {
	if s == "" {
		return ""
	}
	return "  " + strings.ReplaceAll(s, "\n", "\n  ")
}

// argWebsite is the argument that falls back to the default website.
const argWebsite = "website"

// checkArgs refuses more arguments than there are; missing ones are asked for or
// refused later, when the website is known.
func (l *leaf) checkArgs(_ *cobra.Command, args []string) error {
	if len(args) > len(l.args) && !l.many {
		return usage("%q is one argument too many", args[len(l.args)])
	}
	return nil
}
