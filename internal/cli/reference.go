package cli

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Reference is the Markdown reference of a command tree: the text of each page by
// its file name, one for each command at the top and commands.md, which lists them
// with the common flags.
func Reference(root *cobra.Command) map[string]string {
	pages := map[string]string{}
	var index bytes.Buffer
	heading(&index, "Command line", "Every command of datafast, with its flags.")
	fmt.Fprintf(&index, "%s\n", root.Long)
	for _, g := range root.Groups() {
		fmt.Fprintf(&index, "\n## %s\n\n", strings.TrimSuffix(g.Title, ":"))
		for _, cmd := range root.Commands() {
			if cmd.GroupID != g.ID || !cmd.IsAvailableCommand() || cmd.Name() == "help" {
				continue
			}
			fmt.Fprintf(&index, "- [`datafast %s`](%s.md): %s\n", cmd.Name(), cmd.Name(), cmd.Short)
			var page bytes.Buffer
			heading(&page, "datafast "+cmd.Name(), cmd.Short+".")
			section(&page, cmd, 2)
			pages[cmd.Name()+".md"] = page.String()
		}
	}
	index.WriteString("\n## Common flags\n\nAll commands that drive a server have these.\n\n")
	common := pflag.NewFlagSet("", pflag.ContinueOnError)
	bindCommon(common)
	flagTable(&index, common)
	index.WriteString(codes)
	pages["commands.md"] = index.String()
	return pages
}

// codes is what stands under the common flags.
const codes = `
## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | other failure: the server's, the network's, a broken configuration, part of several not done |
| 2 | usage: wrong flag, missing argument where nobody can be asked |
| 3 | not logged in, or the credential is not valid (401) |
| 4 | refused (403); the hint says what is missing |
| 5 | not found (404) |
| 6 | refused as it was sent (400, 409, 413) |
| 7 | too many requests (429), also after waiting |
| 130 | Ctrl+C, or Cancel in a picker |
`

func heading(b *bytes.Buffer, title, description string) {
	fmt.Fprintf(b, "---\ntitle: %q\ndescription: %q\n---\n<!-- Code generated from the commands by go generate; DO NOT EDIT. -->\n\n# %s\n\n", title, description, title)
}

// section writes a command and those below it.
func section(b *bytes.Buffer, cmd *cobra.Command, level int) {
	text := cmd.Long
	if text == "" {
		text = cmd.Short + "."
	}
	fmt.Fprintf(b, "%s\n", strings.ReplaceAll(strings.ReplaceAll(text, "{", "\\{"), "<", "\\<"))
	if cmd.Runnable() && !cmd.HasAvailableSubCommands() {
		fmt.Fprintf(b, "\n```\n%s\n```\n", cmd.UseLine())
	}
	if len(cmd.Aliases) > 0 {
		fmt.Fprintf(b, "\nAlso: `%s`.\n", strings.Join(cmd.Aliases, "`, `"))
	}
	if cmd.Example != "" {
		fmt.Fprintf(b, "\n```sh\n%s\n```\n", strings.ReplaceAll(strings.TrimPrefix(cmd.Example, "  "), "\n  ", "\n"))
	}
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	cmd.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		if isCommon := f.Name == "help" || cmd.GroupID == groupClient && cmd.PersistentFlags().Lookup(f.Name) != nil; !isCommon {
			own.AddFlag(f)
		}
	})
	if own.HasAvailableFlags() {
		b.WriteString("\n")
		flagTable(b, own)
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			fmt.Fprintf(b, "\n%s %s\n\n", strings.Repeat("#", level), sub.CommandPath())
			section(b, sub, level+1)
		}
	}
}

func flagTable(b *bytes.Buffer, set *pflag.FlagSet) {
	b.WriteString("| flag | meaning |\n|---|---|\n")
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name := "`--" + f.Name + "`"
		if f.Shorthand != "" {
			name = "`-" + f.Shorthand + "`, " + name
		}
		usage := strings.NewReplacer("|", "\\|", "\n", " ", "<", "\\<").Replace(f.Usage)
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" && f.DefValue != "0" {
			usage += " Default `" + f.DefValue + "`."
		}
		fmt.Fprintf(b, "| %s | %s |\n", name, usage)
	})
}

func hide(f *pflag.Flag) { f.Hidden = true }

// Operation is what a command calls, and what it says that takes.
type Operation struct {
	Command, Method, Path string
	Needs, Role           string
	TakesKey              bool
}

// Operations lists what the commands call, for a comparison with the server.
func Operations() []Operation {
	all := append(leaves(), *exportLeaf(), *importLeaf())
	var out []Operation
	for _, l := range all {
		out = append(out, Operation{"datafast " + l.path, l.method, l.endpoint, l.needs, l.role, l.takesKey})
	}
	return out
}
