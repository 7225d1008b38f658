package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// interactive reports whether a person can be asked: input and output are
// terminals and --no-input was not given.
func (s *session) interactive() bool {
	return isTerminal(s.cmd.InOrStdin()) && isTerminal(s.cmd.OutOrStdout()) && !s.on("no-input")
}

// readLine asks a question and reads a line; Ctrl+C and the end of input cancel.
func (s *session) readLine(question string) (string, error) {
	fmt.Fprint(s.cmd.ErrOrStderr(), question+" ")
	return wait(s.cmd.Context(), func() (string, error) {
		// Read byte by byte: what follows the line is for the next question.
		var line []byte
		b := make([]byte, 1)
		for {
			n, err := s.cmd.InOrStdin().Read(b)
			switch {
			case n == 1 && b[0] == '\n':
				return strings.TrimSpace(string(line)), nil
			case n == 1:
				line = append(line, b[0])
			case errors.Is(err, io.EOF):
				return "", errCancelled
			case err != nil:
				return "", fmt.Errorf("read an answer: %w", err)
			}
		}
	})
}

// readHidden reads a secret that is not shown.
func (s *session) readHidden(question string) (string, error) {
	f, ok := s.cmd.InOrStdin().(*os.File)
	if !ok {
		return s.readLine(question)
	}
	fmt.Fprint(s.cmd.ErrOrStderr(), question+" ")
	fd := int(f.Fd()) //nolint:gosec // a descriptor is small
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("hide what is typed: %w", err)
	}
	secret, err := wait(s.cmd.Context(), func() (string, error) {
		b, err := term.ReadPassword(fd)
		if errors.Is(err, io.EOF) {
			return "", errCancelled
		}
		return strings.TrimSpace(string(b)), err
	})
	if s.cmd.Context().Err() != nil {
		_ = term.Restore(fd, before) // ReadPassword did not get to it
	}
	fmt.Fprintln(s.cmd.ErrOrStderr())
	return secret, err
}

// wait runs something that blocks until Ctrl+C.
func wait(ctx context.Context, read func() (string, error)) (string, error) {
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := read()
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		return r.text, r.err
	case <-ctx.Done():
		return "", errCancelled
	}
}

// agree asks for yes or no.
func (s *session) agree(question string) (bool, error) {
	typed, err := s.readLine(question + " [y/N]")
	typed = strings.ToLower(typed)
	return typed == "y" || typed == "yes", err
}

// longList is from how many entries on a picker asks to narrow them.
const longList = 30

// pickFrom lets a person choose one of the labels; its index. 0 is Cancel. Text
// that is no number narrows the list.
func (s *session) pickFrom(question string, labels []string) (int, error) {
	shown := make([]int, len(labels))
	for i := range labels {
		shown[i] = i
	}
	for {
		s.listLabels(question, labels, shown)
		typed, err := s.readLine("Number, or part of a name:")
		if err != nil {
			return 0, err
		}
		n, err := strconv.Atoi(typed)
		switch {
		case err == nil && n == 0, strings.EqualFold(typed, "cancel"):
			return 0, errCancelled
		case err == nil && n <= len(shown):
			return shown[n-1], nil
		}
		if fitting := narrow(labels, typed); len(fitting) == 1 {
			return fitting[0], nil
		} else if len(fitting) > 1 {
			shown = fitting
			continue
		}
		say(s.cmd.ErrOrStderr(), "%q fits none", typed)
	}
}

// pickSeveral lets a person choose several of the labels, by numbers or names with
// commas between; nothing typed chooses none.
func (s *session) pickSeveral(question string, labels []string) ([]int, error) {
	all := make([]int, len(labels))
	for i := range labels {
		all[i] = i
	}
	s.listLabels(question, labels, all)
	for {
		typed, err := s.readLine("Numbers or names, by commas:")
		if err != nil {
			return nil, err
		}
		chosen, wrong := several(labels, typed)
		switch wrong {
		case "":
			return chosen, nil
		case "0":
			return nil, errCancelled
		}
		say(s.cmd.ErrOrStderr(), "%q is not one of them", wrong)
	}
}

// several reads numbers and names; wrong is the first that is neither.
func several(labels []string, typed string) (chosen []int, wrong string) {
	for _, part := range splitList(typed) {
		n, err := strconv.Atoi(part)
		if fitting := narrow(labels, part); err != nil && len(fitting) == 1 {
			n = fitting[0] + 1
		}
		if n < 1 || n > len(labels) {
			return nil, part
		}
		chosen = append(chosen, n-1)
	}
	return chosen, ""
}

func (s *session) listLabels(question string, labels []string, shown []int) {
	w := s.cmd.ErrOrStderr()
	say(w, "%s", question)
	for i, at := range shown[:min(len(shown), longList)] {
		say(w, "%3d  %s", i+1, labels[at])
	}
	if len(shown) > longList {
		say(w, "     … and %d more: type part of a name", len(shown)-longList)
	}
	say(w, "  0  Cancel")
}

// narrow finds the labels with a text in them; one that begins with it as a word
// is meant alone.
func narrow(labels []string, typed string) []int {
	var fitting []int
	for i, label := range labels {
		if name, _, _ := strings.Cut(label, "  "); strings.EqualFold(name, typed) {
			return []int{i}
		}
		if strings.Contains(strings.ToLower(label), strings.ToLower(typed)) {
			fitting = append(fitting, i)
		}
	}
	return fitting
}

// choose lets a person choose among the rows of an endpoint.
func (c *call) choose(from choice, question string) (string, error) {
	path := from.endpoint
	for name, value := range c.values {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	a, err := fetch(c.cmd.Context(), c.client, path, nil)
	if err != nil {
		return "", c.explain(err)
	}
	return c.pickRow(a.rows(), from, question)
}

func (c *call) pickRow(rows []object, from choice, question string) (string, error) {
	if len(rows) == 0 {
		return "", failure{errors.New("there is nothing to choose from yet"), exitNotFound, ""}
	}
	labels := make([]string, len(rows))
	for i, row := range rows {
		var parts []string
		for _, path := range from.label {
			if text := row.text(path); text != "" {
				parts = append(parts, oneLine(text))
			}
		}
		labels[i] = strings.Join(parts, "  ")
	}
	i, err := c.pickFrom(question, labels)
	if err != nil {
		return "", err
	}
	return rows[i].text(from.id), nil
}

// askFlag asks for a required flag, or refuses naming it.
func (c *call) askFlag(f *flag) (any, error) {
	if !c.interactive() {
		return nil, usage("--%s is missing: %s", f.name, strings.TrimSuffix(f.usage(), " (required)."))
	}
	typed, err := c.typeFlag(f)
	if err != nil {
		return nil, err
	}
	return f.parse(typed)
}

// typeFlag asks for a flag's value.
func (c *call) typeFlag(f *flag) (string, error) {
	question := first(f.prompt, f.help) + ":"
	choices := f.choices
	if f.kind == truth {
		choices = []string{"true", "false"}
	}
	if len(choices) > 0 {
		i, err := c.pickFrom(question, choices)
		if err != nil {
			return "", err
		}
		return choices[i], nil
	}
	preset := ""
	if f.preset != nil {
		preset = f.preset()
		question = strings.TrimSuffix(question, ":") + " [" + preset + "]:"
	}
	typed, err := c.readLine(question)
	return first(typed, preset), err
}

// edit is the guided editor: fields one by one, each saved at once.
func (c *call) edit() error {
	if !c.interactive() {
		return usage("there is nothing to change: give a flag")
	}
	for {
		var labels []string
		for _, f := range c.leaf.flags {
			labels = append(labels, f.name+"  "+f.help)
		}
		i, err := c.pickFrom("What to change?", labels)
		if err != nil {
			return err
		}
		f := &c.leaf.flags[i]
		typed := ""
		if f.kind != fixed {
			if typed, err = c.typeFlag(f); err != nil {
				return err
			}
		}
		value, err := f.parse(typed)
		if err != nil {
			say(c.cmd.ErrOrStderr(), "error: %s", err)
			continue
		}
		for _, made := range c.leaf.flags {
			delete(c.body, strings.SplitN(made.to, ".", 2)[0])
		}
		c.keepFixed()
		put(c.body, f.to, value)
		if _, err := c.send(); err != nil {
			say(c.cmd.ErrOrStderr(), "error: %s", err)
			continue
		}
		say(c.cmd.ErrOrStderr(), "saved %s", f.name)
	}
}

// keepFixed puts back what the request holds besides flags.
func (c *call) keepFixed() {
	if goal := c.values["goal"]; goal != "" {
		c.body["goalName"] = goal
	}
}

// runGroup is a group without a command: a picker on a terminal, else its list or
// its help.
func (p *program) runGroup(cmd *cobra.Command, _ []string) error {
	s := &session{program: p, cmd: cmd}
	if cmd.HasParent() && isTerminal(cmd.InOrStdin()) && isTerminal(cmd.OutOrStdout()) && !s.on("no-input") {
		return s.pickCommand()
	}
	if list := cmd.Annotations[annotationList]; list != "" {
		for _, sub := range cmd.Commands() {
			if sub.Name() == list {
				sub.SetContext(cmd.Context())
				if err := sub.ParseFlags(nil); err != nil {
					return err
				}
				cmd.InheritedFlags()
				return sub.RunE(sub, nil)
			}
		}
	}
	if err := cmd.Help(); err != nil || !cmd.HasParent() {
		return err
	}
	return failure{errors.New("name a command"), exitUsage, fmt.Sprintf("such as `%s %s`", cmd.CommandPath(), cmd.Commands()[0].Name())}
}

func (s *session) pickCommand() error {
	var subs []*cobra.Command
	var labels []string
	for _, sub := range s.cmd.Commands() {
		if sub.IsAvailableCommand() {
			subs, labels = append(subs, sub), append(labels, sub.Name()+"  "+sub.Short)
		}
	}
	i, err := s.pickFrom("Which command?", labels)
	if err != nil {
		return err
	}
	sub := subs[i]
	sub.SetContext(s.cmd.Context())
	if err := sub.ParseFlags(nil); err != nil {
		return err
	}
	return sub.RunE(sub, nil)
}
