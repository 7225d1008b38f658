package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
)

// configCommands are the commands of `config`.
func (p *program) configCommands() []*cobra.Command {
	command := func(use, short string, args cobra.PositionalArgs, do func(s *session, args []string) error) *cobra.Command {
		return &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
			s, err := p.open(cmd)
			if err != nil {
				return err
			}
			return do(s, args)
		}}
	}
	set := func(key string) func(s *session, args []string) error {
		return func(s *session, args []string) error { return s.store(key, args[0]) }
	}
	clear := func(key string) func(s *session, args []string) error {
		return func(s *session, _ []string) error { return s.store(key, nil) }
	}
	return []*cobra.Command{
		command("show", "Show what is in force, and where it comes from", cobra.NoArgs, (*session).showConfig),
		command("set-website <website>", "Set the default website: id, tracking id or domain", cobra.ExactArgs(1), (*session).setWebsite),
		command("clear-website", "Forget the default website", cobra.NoArgs, clear(keyWebsite)),
		command("set-site-key <df_…|->", "Set the website key; - reads it from standard input", cobra.ExactArgs(1), (*session).setSiteKey),
		command("clear-site-key", "Forget the website key", cobra.NoArgs, clear(keySiteKey)),
		command("set-api-base <url>", "Set the server", cobra.ExactArgs(1), set(keyBase)),
		command("profiles", "List the servers of the configuration", cobra.NoArgs, (*session).listProfiles),
	}
}

func (s *session) store(key string, value any) error {
	if key == keyBase {
		s.base = origin{fmt.Sprint(value), "argument"}
		base, err := s.server()
		if err != nil {
			return err
		}
		value = base
	}
	if err := s.file.change(map[string]any{key: value}); err != nil {
		return err
	}
	say(s.cmd.OutOrStdout(), "saved in %s", s.file.path)
	return nil
}

func (s *session) setSiteKey(args []string) error {
	key, err := args[0], error(nil)
	if key == "-" {
		key, err = s.readSecret()
	}
	if err != nil {
		return err
	}
	if !isSiteKey(key) {
		return usage("a website key begins with df_")
	}
	return s.store(keySiteKey, key)
}

func (s *session) setWebsite(args []string) error {
	id := args[0]
	if !isWebsiteID(id) {
		c, err := s.as(false)
		if err != nil {
			return err
		}
		if id, err = s.reference(s.cmd.Context(), c, id); err != nil {
			return err
		}
	}
	return s.store(keyWebsite, id)
}

// masked is a credential as it may be shown: its display form.
func masked(secret string) string {
	if len(secret) < 15 {
		return "…"
	}
	return secret[:7] + "..." + secret[len(secret)-4:]
}

func (s *session) showConfig([]string) error {
	show := func(o origin, secret bool) object {
		value := any(nil)
		if o.value != "" {
			value = o.value
			if secret {
				value = masked(o.value)
			}
		}
		return object{{"value", value}, {"from", orNull(o.from)}}
	}
	doc := object{
		{"token", show(s.token, true)},
		{"siteKey", show(s.key, true)},
		{"apiBase", show(s.base, false)},
		{"websiteId", show(s.website, false)},
		{"profile", orNull(s.file.profile)},
		{"file", orNull(s.file.path)},
	}
	return s.printLocal(doc, func() error {
		columns := []column{
			{path: "token.value", head: "token"},
			{path: "token.from", head: "  from"},
			{path: "siteKey.value", head: "site key"},
			{path: "siteKey.from", head: "  from"},
			{path: "apiBase.value", head: "server"},
			{path: "apiBase.from", head: "  from"},
			{path: "websiteId.value", head: "website"},
			{path: "websiteId.from", head: "  from"},
			{path: "profile"},
			{path: "file"},
		}
		look{}.record(s.cmd.OutOrStdout(), columns, doc, func(s string) string { return s })
		return nil
	})
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (s *session) listProfiles([]string) error {
	names, err := s.file.profileNames()
	if err != nil {
		return err
	}
	rows := []any{}
	for _, name := range names {
		profile := &configFile{path: s.file.path, profile: name, all: s.file.all}
		stored, err := profile.settings()
		if err != nil {
			return err
		}
		rows = append(rows, object{{"profile", name}, {"apiBase", orNull(stored.APIBase)}, {"websiteId", orNull(stored.WebsiteID)}})
	}
	return s.printLocal(rows, func() error {
		for _, row := range rows {
			o, _ := row.(object)
			fmt.Fprintf(s.cmd.OutOrStdout(), "%s  %s\n", o.text("profile"), o.text("apiBase"))
		}
		return nil
	})
}

// printLocal prints what no server answered.
func (s *session) printLocal(doc any, table func() error) error {
	f, err := formatOf(s.cmd)
	if err != nil {
		return err
	}
	if f != asJSON {
		return table()
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	if q := s.cmd.Flag("jq").Value.String(); q != "" {
		return writeJQ(s.cmd.OutOrStdout(), text, q, s.on("compact"))
	}
	return printJSON(s.cmd.OutOrStdout(), text, s.on("compact"))
}
