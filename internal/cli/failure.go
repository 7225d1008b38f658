package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"datafast/internal/client"
)

// Exit codes (cli.md §2).
const (
	exitFailed    = 1
	exitUsage     = 2
	exitSignedIn  = 3 // not signed in, or 401
	exitRefused   = 4 // 403
	exitNotFound  = 5 // 404
	exitInvalid   = 6 // 400, 409, 413
	exitTooMany   = 7 // 429
	exitCancelled = 130
)

// errCancelled is Cancel in a picker, or Ctrl+C at a prompt.
var errCancelled = errors.New("cancelled")

// failure is an error with its exit code and, where it helps, what to do.
type failure struct {
	error
	code int
	hint string
}

// Unwrap returns the error itself.
func (f failure) Unwrap() error { return f.error }

// usage is an error of the command line.
func usage(format string, args ...any) error {
	return failure{error: fmt.Errorf(format, args...), code: exitUsage}
}

// notLoggedIn is an error of the configuration that logging in cures.
func notLoggedIn(message string) error {
	return failure{error: errors.New(message), code: exitSignedIn}
}

// exitCode is the one place where an error becomes an exit code.
func exitCode(err error) int {
	var f failure
	var refused *client.Error
	switch {
	case errors.Is(err, errCancelled):
		return exitCancelled
	case errors.As(err, &f):
		return f.code
	case errors.As(err, &refused):
		return exitOf(refused.Status)
	case errors.Is(err, syscall.EPIPE):
		return 0
	}
	return exitFailed
}

func exitOf(status int) int {
	switch status {
	case http.StatusUnauthorized:
		return exitSignedIn
	case http.StatusForbidden:
		return exitRefused
	case http.StatusNotFound:
		return exitNotFound
	case http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge:
		return exitInvalid
	case http.StatusTooManyRequests:
		return exitTooMany
	}
	return exitFailed
}

// report says what went wrong: the server's envelope on standard output with
// --json, else a line and a hint on standard error. A reader that has gone, and a
// person who cancelled, need no word.
func report(cmd *cobra.Command, err error) {
	if errors.Is(err, errCancelled) || errors.Is(err, syscall.EPIPE) {
		return
	}
	var refused *client.Error
	if errors.As(err, &refused) && len(refused.Body) > 0 && switchedOn(cmd, "json") {
		if printJSON(cmd.OutOrStdout(), bytes.TrimSpace(refused.Body), switchedOn(cmd, "compact")) == nil {
			return
		}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "error: %s\n", messageOf(err))
	if hint := hintOf(cmd, err); hint != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "hint: %s\n", hint)
	}
}

func messageOf(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return err.Error() + " (see --timeout)"
	}
	return err.Error()
}

// hintOf is what to do about an error; empty when it says so itself.
func hintOf(cmd *cobra.Command, err error) string {
	var f failure
	if errors.As(err, &f) && (f.hint != "" || f.code == exitUsage) {
		if f.hint == "" {
			return fmt.Sprintf("see `%s --help`", cmd.CommandPath())
		}
		return f.hint
	}
	var refused *client.Error
	if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
		return "the token or key is unknown, revoked or expired; run `datafast login`"
	}
	return ""
}

func switchedOn(cmd *cobra.Command, name string) bool {
	f := cmd.Flag(name)
	return f != nil && f.Value.Type() == "bool" && f.Value.String() == "true"
}

// unknownFlag is a wrong flag, with the nearest one.
func unknownFlag(cmd *cobra.Command, err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		return err
	}
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) || len(missing.GetSpecifiedName()) < 2 {
		return usage("%s", err.Error())
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if near := nearest(missing.GetSpecifiedName(), names); near != "" {
		return failure{fmt.Errorf("unknown flag: --%s", missing.GetSpecifiedName()), exitUsage, "did you mean --" + near + "?"}
	}
	return usage("%s", err.Error())
}

// unknownCommand is a wrong command, with the nearest one.
func unknownCommand(cmd *cobra.Command, name string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(append(names, c.Name()), c.Aliases...)
		}
	}
	err := fmt.Errorf("unknown command %q for %q", name, cmd.CommandPath())
	if near := nearest(name, names); near != "" {
		return failure{err, exitUsage, fmt.Sprintf("did you mean `%s %s`?", cmd.CommandPath(), near)}
	}
	return failure{err, exitUsage, ""}
}

// nearest is the word with the fewest edits, at most a third of its letters and
// one; or one that the typed word begins.
func nearest(typed string, words []string) string {
	best, least := "", len(typed)/3+2
	for _, w := range words {
		d := edits(typed, w)
		if strings.HasPrefix(w, typed) && len(typed) > 2 {
			d = min(d, 1)
		}
		if d < least {
			best, least = w, d
		}
	}
	return best
}

// edits is the Levenshtein distance of two words.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// say writes a line for people on standard error.
func say(w io.Writer, format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
