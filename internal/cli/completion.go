package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func (p *program) completionCommand() *cobra.Command {
	group := &cobra.Command{Use: "completion", Short: "Let the shell complete commands and flags", GroupID: groupProgram, Args: cobra.NoArgs, RunE: p.runGroup}
	bindCommon(group.PersistentFlags())
	group.PersistentFlags().VisitAll(hide)
	for _, shell := range shells() {
		group.AddCommand(&cobra.Command{
			Use: shell.name, Short: "Print the completion script of " + shell.name, Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return shell.script(cmd.Root(), cmd) },
		})
	}
	group.AddCommand(&cobra.Command{
		Use: "install", Short: "Set completion up in the current shell's init file", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.changeInit(cmd, true) },
	}, &cobra.Command{
		Use: "uninstall", Short: "Take completion out of the current shell's init file", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.changeInit(cmd, false) },
	})
	return group
}

// shell is one that can complete.
type shell struct {
	name   string
	init   string // its file, below home
	line   string
	script func(root, cmd *cobra.Command) error
}

func shells() []shell {
	return []shell{
		{"bash", ".bashrc", "source <(datafast completion bash)", func(root, cmd *cobra.Command) error { return root.GenBashCompletionV2(cmd.OutOrStdout(), true) }},
		{"zsh", ".zshrc", "autoload -U compinit; compinit; source <(datafast completion zsh)", func(root, cmd *cobra.Command) error { return root.GenZshCompletion(cmd.OutOrStdout()) }},
		{"fish", ".config/fish/config.fish", "datafast completion fish | source", func(root, cmd *cobra.Command) error { return root.GenFishCompletion(cmd.OutOrStdout(), true) }},
	}
}

// Lines around what is written into an init file.
const (
	markBegin = "# >>> datafast completion >>>"
	markEnd   = "# <<< datafast completion <<<"
)

// changeInit puts the lines into the shell's init file, once, or takes them out.
func (p *program) changeInit(cmd *cobra.Command, install bool) error {
	name, home := filepath.Base(p.getenv("SHELL")), p.getenv("HOME")
	for _, s := range shells() {
		if s.name != name || home == "" {
			continue
		}
		file := filepath.Join(home, s.init)
		raw, err := os.ReadFile(file) //nolint:gosec // the user's own file
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("read %s: %w", file, err)
		}
		text := without(string(raw))
		if install {
			if text != "" && !strings.HasSuffix(text, "\n") {
				text += "\n"
			}
			text += markBegin + "\n" + s.line + "\n" + markEnd + "\n"
		}
		if text == string(raw) {
			say(cmd.OutOrStdout(), "nothing to change in %s", file)
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // as the shell makes it
			return fmt.Errorf("make the folder of %s: %w", file, err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil { //nolint:gosec // as init files are
			return fmt.Errorf("write %s: %w", file, err)
		}
		say(cmd.OutOrStdout(), "changed %s; open a new shell", file)
		return nil
	}
	return usage("SHELL is %q; completion can be installed for bash, zsh and fish", p.getenv("SHELL"))
}

// without is a text without the marked lines.
func without(text string) string {
	before, rest, found := strings.Cut(text, markBegin+"\n")
	_, after, closed := strings.Cut(rest, markEnd+"\n")
	if !found || !closed {
		return text
	}
	return before + after
}

func manCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "man", Short: "Write the man pages", GroupID: groupProgram, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir := cmd.Flag("dir").Value.String()
			if dir == "" {
				return usage("--dir is missing: the folder to write to")
			}
			if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // for everybody to read
				return fmt.Errorf("make the folder: %w", err)
			}
			return doc.GenManTree(cmd.Root(), &doc.GenManHeader{Title: "DATAFAST", Section: "1", Source: "datafast", Manual: "datafast"}, dir)
		},
	}
	cmd.Flags().String("dir", "", "Folder to write to.")
	return cmd
}
