package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"github.com/zalando/go-keyring"

	"datafast/internal/client"
)

func (p *program) loginCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "login", Short: "Log in to a server", Args: cobra.NoArgs,
		Long: `Log in to a server and keep the credential.

Without flags it opens the page of the server where tokens are made, and asks for one. --token - reads it from standard input, for scripts; a token given as --token VALUE stays in the shell's history. --device shows a code that a signed-in person approves in any browser, choosing permissions and websites. A website key (df_) is taken as well.`,
		Example: "  datafast login --api-base https://stats.example.com\n  datafast login --device\n  datafast login --token - < token.txt",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := p.open(cmd)
			if err != nil {
				return err
			}
			return s.login()
		},
	}
	cmd.Flags().Bool("device", false, "Show a code to approve in a browser, here or elsewhere.")
	cmd.Flags().Bool("no-browser", false, "Print the page's address instead of opening it.")
	cmd.Flags().Bool("keyring", false, "Keep the token in the system keyring instead of the file.")
	return cmd
}

func (s *session) login() error {
	if s.file.path == "" && !s.on("keyring") {
		return errors.New("there is no place for a configuration file: set HOME or XDG_CONFIG_HOME")
	}
	base, err := s.server()
	if err != nil {
		return err
	}
	secret, err := s.obtain(base)
	if err != nil {
		return err
	}
	c, err := s.client(secret, false)
	if err != nil {
		return err
	}
	who, err := fetch(s.cmd.Context(), c, "/admin/account", nil)
	var refused *client.Error
	switch {
	case errors.As(err, &refused) && refused.Reason == "missing_permission":
		say(s.cmd.ErrOrStderr(), "note: the token is good, but without analytics:read it cannot say whose it is")
	case err != nil:
		return err
	}
	if err := s.keep(base, secret); err != nil {
		return err
	}
	if env := first(s.getenv("DATAFAST_TOKEN"), s.getenv("DATAFAST_API_KEY")); env != "" && env != secret {
		say(s.cmd.ErrOrStderr(), "note: the token of the environment goes before the stored one")
	}
	if who != nil {
		say(s.cmd.OutOrStdout(), "Logged in to %s as %s (%s).", base, oneLine(who.one().text("name")), who.one().text("email"))
	} else {
		say(s.cmd.OutOrStdout(), "Logged in to %s.", base)
	}
	return nil
}

// obtain gets a credential: by flag, from standard input, by code, or typed.
func (s *session) obtain(base string) (string, error) {
	typed := s.cmd.Flag("token").Value.String()
	var err error
	switch {
	case s.on("device"):
		return s.device(base)
	case typed == "-":
		typed, err = s.readSecret()
	case typed == "" && !s.interactive():
		return "", usage("nobody can be asked for a token: give --token - and the token on standard input, or --device")
	case typed == "":
		page := base + "/dashboard/settings?tab=api"
		if !s.browse(page) {
			say(s.cmd.ErrOrStderr(), "Make a token at %s", page)
		}
		typed, err = s.readHidden("Token:")
	}
	if err == nil && !isSiteKey(typed) && (len(typed) < 4 || typed[:4] != "dft_") {
		err = usage("this is no token: one begins with dft_ (account) or df_ (website)")
	}
	return typed, err
}

// browse opens a page in the browser; false when there is none, or it is not
// wanted.
func (s *session) browse(page string) bool {
	if s.on("no-browser") {
		return false
	}
	name, args := "xdg-open", []string{page}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", page}
	default:
		if s.getenv("DISPLAY") == "" && s.getenv("WAYLAND_DISPLAY") == "" {
			return false
		}
	}
	say(s.cmd.ErrOrStderr(), "Opening %s", page)
	return exec.CommandContext(context.WithoutCancel(s.cmd.Context()), name, args...).Start() == nil
}

// keep writes server and credential down.
func (s *session) keep(base, secret string) error {
	values := map[string]any{keyBase: base}
	switch {
	case isSiteKey(secret):
		values[keySiteKey] = secret
	case s.on("keyring"):
		if err := keyring.Set(keyringService, s.keyringName(), secret); err != nil {
			return fmt.Errorf("keep the token in the system keyring: %w", err)
		}
		values[keyKeyring], values[keyToken] = true, nil
	default:
		values[keyToken], values[keyKeyring] = secret, nil
	}
	return s.file.change(values)
}

// deviceStart is the answer that starts a device login.
type deviceStart struct {
	DeviceCode string
	UserCode   string
	Page       string
	Whole      string
	Interval   time.Duration
	ExpiresIn  time.Duration
}

// device shows a code and waits until somebody approves it.
func (s *session) device(base string) (string, error) {
	c, err := s.client("", false)
	if err != nil {
		return "", err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "an unnamed machine"
	}
	a, err := s.ask(c, "/api/cli/device", map[string]string{"program": "datafast on " + host})
	if err != nil {
		return "", err
	}
	row := a.one()
	d := deviceStart{
		DeviceCode: row.text("device_code"), UserCode: row.text("user_code"), Page: row.text("verification_uri"), Whole: row.text("verification_uri_complete"),
		Interval: time.Duration(floatOf(row.get("interval"))) * time.Second, ExpiresIn: time.Duration(floatOf(row.get("expires_in"))) * time.Second,
	}
	say(s.cmd.ErrOrStderr(), "Open %s and approve the code %s within %s.", first(d.Page, base+"/device"), d.UserCode, d.ExpiresIn)
	if s.interactive() && d.Whole != "" {
		s.browse(d.Whole)
	}
	return s.await(c, d)
}

// await asks for the token until there is one, or none will come.
func (s *session) await(c *client.Client, d deviceStart) (string, error) {
	interval, end := max(d.Interval, time.Second), time.Now().Add(d.ExpiresIn)
	for {
		select {
		case <-time.After(interval):
		case <-s.cmd.Context().Done():
			return "", errCancelled
		}
		a, err := s.ask(c, "/api/cli/device/token", map[string]string{"device_code": d.DeviceCode})
		var refused *client.Error
		switch {
		case err == nil:
			return a.one().text("token"), nil
		case !errors.As(err, &refused):
			return "", err
		case refused.Reason == "slow_down":
			interval += 5 * time.Second
		case refused.Reason != "authorization_pending":
			return "", failure{refused, exitSignedIn, "start again with `datafast login --device`"}
		}
		if time.Now().After(end) {
			return "", failure{errors.New("nobody approved the code in time"), exitSignedIn, "start again with `datafast login --device`"}
		}
	}
}

// ask posts to a path outside the API.
func (s *session) ask(c *client.Client, path string, body any) (*answer, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	return exchange(s.cmd.Context(), c, client.Request{Method: http.MethodPost, Path: path, Body: bytes.NewReader(text), ContentType: "application/json"})
}

func (p *program) logoutCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "logout", Short: "Forget the stored credential", Args: cobra.NoArgs,
		Long: "Removes token and website key from the configuration. --revoke also deletes the token on the server.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := p.open(cmd)
			if err != nil {
				return err
			}
			return s.logout()
		},
	}
	cmd.Flags().Bool("revoke", false, "Also delete the token on the server.")
	return cmd
}

func (s *session) logout() error {
	var revoked error
	if s.on("revoke") {
		revoked = s.revoke()
	}
	stored, err := s.file.settings()
	if err != nil {
		return err
	}
	if stored.Keyring {
		if err := keyring.Delete(keyringService, s.keyringName()); err != nil && !errors.Is(err, keyring.ErrNotFound) {
			return fmt.Errorf("remove the token from the system keyring: %w", err)
		}
	}
	if stored != (settings{APIBase: stored.APIBase, WebsiteID: stored.WebsiteID}) {
		if err := s.file.change(map[string]any{keyToken: nil, keySiteKey: nil, keyKeyring: nil, "accessToken": nil, "api_key": nil}); err != nil {
			return err
		}
	}
	say(s.cmd.OutOrStdout(), "Logged out.")
	return revoked
}

// revoke deletes the stored token on the server.
func (s *session) revoke() error {
	if s.token.value == "" {
		return notLoggedIn("there is no account token to revoke")
	}
	c, err := s.client(s.token.value, false)
	if err != nil {
		return err
	}
	who, err := fetch(s.cmd.Context(), c, "/admin/account", nil)
	if err == nil {
		id := who.one().text("token._id")
		_, err = exchange(s.cmd.Context(), c, client.Request{Method: http.MethodDelete, Path: "/api/v1/admin/access-tokens/" + id})
	}
	if err != nil {
		return fmt.Errorf("the token was forgotten here, but still works: %w", err)
	}
	return nil
}
