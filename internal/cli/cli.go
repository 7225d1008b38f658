// Package cli holds the commands that drive a server from the shell. Each speaks
// HTTP through package client; exit codes are decided here, once.
//
// Read Commands, then config (where server and credential come from). It may
// import client and fault. It must not open a store.
package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"datafast/internal/client"
)

// Exit codes (cli.md §2).
const (
	exitFailed   = 1
	exitUsage    = 2
	exitSignedIn = 3 // not signed in, or 401
	exitRefused  = 4 // 403
	exitNotFound = 5 // 404
	exitInvalid  = 6 // 400, 409, 413
	exitTooMany  = 7 // 429
)

// coded is an error with its exit code.
type coded struct {
	error
	code int
}

// Unwrap returns the error itself.
func (c coded) Unwrap() error { return c.error }

// ExitCode is the exit code of a command's error; 0 for none.
func ExitCode(err error) int {
	var c coded
	var refused *client.Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &c):
		return c.code
	case errors.As(err, &refused):
		return exitOf(refused.Status)
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

// Commands are the commands of this package. getenv reads the environment.
func Commands(getenv func(string) string) []*cobra.Command {
	return []*cobra.Command{importCommand(getenv), exportCommand(getenv), mcpCommand(getenv)}
}

// config is where to call and as whom: a flag, else the environment, else the
// file (cli.md §1.2, §1.3).
type config struct {
	APIBase   string `json:"apiBase"`
	Token     string `json:"token"`
	SiteKey   string `json:"siteKey"`
	WebsiteID string `json:"websiteId"`
}

// bindConfig adds the flags that every command has.
func bindConfig(cmd *cobra.Command) {
	cmd.Flags().String("api-base", "", "Server, such as https://stats.example.com. Also DATAFAST_API_BASE.")
	cmd.Flags().String("token", "", "Token for this call; it stays in the shell's history. Better: DATAFAST_TOKEN.")
	cmd.Flags().String("website", "", "Website: its id or tracking id. Also DATAFAST_WEBSITE.")
}

// connect reads the configuration and returns a client and the website, "" when
// none is named.
func connect(cmd *cobra.Command, getenv func(string) string) (*client.Client, string, error) {
	c, err := readConfig(getenv)
	if err != nil {
		return nil, "", err
	}
	override := func(target *string, values ...string) {
		for _, v := range values {
			if v != "" {
				*target = v
			}
		}
	}
	flag := func(name string) string { return cmd.Flag(name).Value.String() }
	override(&c.APIBase, getenv("DATAFAST_API_BASE"), flag("api-base"))
	override(&c.WebsiteID, getenv("DATAFAST_WEBSITE"), flag("website"))
	token := c.SiteKey
	override(&token, getenv("DATAFAST_SITE_KEY"), c.Token, getenv("DATAFAST_API_KEY"), getenv("DATAFAST_TOKEN"), flag("token"))
	switch {
	case c.APIBase == "":
		return nil, "", coded{errors.New("no server configured: set DATAFAST_API_BASE or give --api-base"), exitSignedIn}
	case token == "":
		return nil, "", coded{errors.New("no credential: set DATAFAST_TOKEN"), exitSignedIn}
	}
	return &client.Client{Base: c.APIBase, Token: token, HTTP: http.DefaultClient}, c.WebsiteID, nil
}

// readConfig reads the configuration file; a missing one is empty.
func readConfig(getenv func(string) string) (config, error) {
	var c config
	dir := getenv("XDG_CONFIG_HOME")
	if dir == "" {
		home := getenv("HOME")
		if home == "" {
			return c, nil
		}
		dir = filepath.Join(home, ".config")
	}
	file := filepath.Join(dir, "datafast", "config.json")
	raw, err := os.ReadFile(file) //nolint:gosec // the user's own file
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("read configuration: %w", err)
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, fmt.Errorf("configuration %s is not valid JSON: %w; mend or delete it", file, err)
	}
	return c, nil
}

// usage is an error of the command line.
func usage(format string, args ...any) error {
	return coded{fmt.Errorf(format, args...), exitUsage}
}

// oneOf reports whether s is among the words, and lists them for a message.
func oneOf(s string, words ...string) (bool, string) {
	for _, w := range words {
		if s == w {
			return true, ""
		}
	}
	return false, strings.Join(words, ", ")
}
