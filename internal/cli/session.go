package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/zalando/go-keyring"

	"datafast/internal/client"
)

// program is what all commands share.
type program struct {
	getenv      func(string) string
	version     string
	defaultBase string // set when the program was built; usually empty
}

// bindCommon defines the flags that every client command has.
func bindCommon(f *pflag.FlagSet) {
	f.String("api-base", "", "Server, such as https://stats.example.com. Also DATAFAST_API_BASE.")
	f.String("token", "", "Token for this call. It shows in the shell's history and in process lists: better DATAFAST_TOKEN or `datafast login`.")
	f.Bool("site-key", false, "Use the stored website key although there is a token.")
	f.String("website", "", "Website: its id, tracking id or domain. Also DATAFAST_WEBSITE.")
	f.String("website-id", "", "Same as --website.")
	f.String("profile", "", "Server of this name in the configuration. Also DATAFAST_PROFILE.")
	f.Bool("json", false, "Print the server's answer as JSON; the default when the output is no terminal.")
	f.Bool("table", false, "Print a table although the output is no terminal.")
	f.Bool("csv", false, "Print rows as CSV.")
	f.Bool("data", false, "Of JSON print only `data`.")
	f.Bool("compact", false, "Print JSON on one line.")
	f.String("jq", "", "Filter JSON with this jq expression.")
	f.BoolP("yes", "y", false, "Do not ask for confirmation.")
	f.Bool("force", false, "Same as --yes.")
	f.Bool("no-input", false, "Never ask for anything.")
	f.Bool("verbose", false, "Tell each exchange with the server on standard error.")
	f.Duration("timeout", 30*time.Second, "How long to wait for an answer.")
	f.Bool("no-retry", false, "Do not try again.")
	f.Lookup("data").NoOptDefVal = "true"
	for _, name := range []string{"website-id", "force"} {
		f.Lookup(name).Hidden = true
	}
	// pflag takes a word in back quotes for the value's name.
	for _, name := range []string{"token", "data"} {
		f.Lookup(name).Usage = strings.ReplaceAll(f.Lookup(name).Usage, "`", "\"")
	}
}

// origin is a value and where it comes from.
type origin struct{ value, from string }

// session is one run of a command: its server, credentials and website.
type session struct {
	*program
	cmd  *cobra.Command
	file *configFile

	base, token, key, website origin
}

// open reads flags, environment and file, in this order of precedence.
func (p *program) open(cmd *cobra.Command) (*session, error) {
	profile := first(cmd.Flag("profile").Value.String(), p.getenv("DATAFAST_PROFILE"))
	file, err := openConfig(p.getenv, profile)
	if err != nil {
		return nil, err
	}
	stored, err := file.settings()
	if err != nil {
		return nil, err
	}
	s := &session{program: p, cmd: cmd, file: file}
	flag := func(name string) string { return cmd.Flag(name).Value.String() }
	s.base = pick(origin{flag("api-base"), "flag"}, origin{p.getenv("DATAFAST_API_BASE"), "environment"},
		origin{stored.APIBase, "file"}, origin{p.defaultBase, "built in"})
	s.website = pick(origin{first(flag("website"), flag("website-id")), "flag"},
		origin{p.getenv("DATAFAST_WEBSITE"), "environment"}, origin{stored.WebsiteID, "file"})
	s.credentials(stored, flag("token"))
	return s, nil
}

// credentials sorts what is there by prefix into token and website key.
func (s *session) credentials(stored settings, flag string) {
	var token, key []origin
	sort := func(o origin, slot string) {
		switch {
		case o.value == "":
		case isSiteKey(o.value):
			key = append(key, o)
			if slot == "token" {
				say(s.cmd.ErrOrStderr(), "note: the token of the %s is a website key (df_) and is used as one", o.from)
			}
		default:
			token = append(token, o)
			if slot == "key" {
				say(s.cmd.ErrOrStderr(), "note: the website key of the %s is an account token (dft_) and is used as one", o.from)
			}
		}
	}
	sort(origin{flag, "flag"}, "")
	if flag == "" {
		sort(origin{s.getenv("DATAFAST_TOKEN"), "environment"}, "token")
		sort(origin{s.getenv("DATAFAST_SITE_KEY"), "environment"}, "key")
		sort(origin{s.getenv("DATAFAST_API_KEY"), "environment"}, "")
		sort(origin{stored.Token, "file"}, "")
		sort(origin{stored.SiteKey, "file"}, "key")
	}
	s.token, s.key = pick(token...), pick(key...)
	if s.token.value == "" && stored.Keyring && flag == "" {
		if secret, err := keyring.Get(keyringService, s.keyringName()); err == nil {
			s.token = origin{secret, "keyring"}
		}
	}
}

const keyringService = "datafast"

// keyringName is under which name a profile's token lies in the keyring.
func (s *session) keyringName() string { return first(s.file.profile, "default") }

func pick(all ...origin) origin {
	for _, o := range all {
		if o.value != "" {
			return o
		}
	}
	return origin{}
}

func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

// server is the base URL, checked.
func (s *session) server() (string, error) {
	base := strings.TrimSuffix(s.base.value, "/")
	if base == "" && s.file.profile != "" {
		return "", notLoggedIn(fmt.Sprintf("there is no server in profile %s: run `datafast login --profile %s --api-base URL`", s.file.profile, s.file.profile))
	}
	if base == "" {
		return "", notLoggedIn("no server configured: run `datafast login --api-base URL`")
	}
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", usage("--api-base: %q is no server; give a URL such as https://stats.example.com", base)
	}
	return strings.TrimSuffix(base, "/api/v1"), nil
}

// client is a client with a token; an empty one sends none. Streams have no time
// limit.
func (s *session) client(token string, stream bool) (*client.Client, error) {
	base, err := s.server()
	if err != nil {
		return nil, err
	}
	timeout, err := s.cmd.Flags().GetDuration("timeout")
	if err != nil {
		return nil, err
	}
	t := &client.Transport{Retry: !s.on("no-retry"), Note: func(line string) { say(s.cmd.ErrOrStderr(), "%s", line) }}
	if s.on("verbose") {
		t.Trace = func(line string) { say(s.cmd.ErrOrStderr(), "%s", line) }
	}
	h := &http.Client{Transport: t}
	if !stream {
		h.Timeout = timeout
	}
	return &client.Client{Base: base, Token: token, HTTP: h}, nil
}

func (s *session) on(name string) bool { return switchedOn(s.cmd, name) }

// credential chooses between token and website key (cli.md §1.3): what a website
// key may do as well is done with the token when a website is known, else with
// the key; everything else takes the token.
func (s *session) credential(takesKey bool) (string, error) {
	hasToken, hasKey := s.token.value != "", s.key.value != ""
	if s.on("site-key") {
		if !hasKey {
			return "", notLoggedIn("there is no website key: run `datafast config set-site-key -`, or set DATAFAST_SITE_KEY")
		}
		return s.key.value, nil
	}
	switch {
	case !hasToken && !hasKey:
		return "", notLoggedIn("not logged in: run `datafast login`, or set DATAFAST_TOKEN")
	case !hasToken, takesKey && hasKey && s.website.value == "":
		return s.key.value, nil
	}
	return s.token.value, nil
}

// as chooses the credential and connects.
func (s *session) as(takesKey bool) (*client.Client, error) {
	if _, err := s.server(); err != nil {
		return nil, err
	}
	token, err := s.credential(takesKey)
	if err != nil {
		return nil, err
	}
	return s.client(token, false)
}

// fetch reads an answer of GET below /api/v1.
func fetch(ctx context.Context, c *client.Client, path string, query url.Values) (*answer, error) {
	return exchange(ctx, c, client.Request{Method: http.MethodGet, Path: "/api/v1" + path, Query: query})
}

// reference finds a website by id, tracking id, domain or name.
func (s *session) reference(ctx context.Context, c *client.Client, typed string) (string, error) {
	if isWebsiteID(typed) {
		return typed, nil
	}
	list, err := fetch(ctx, c, "/admin/websites", nil)
	if err != nil {
		return "", fmt.Errorf("look for the website %q: %w", typed, err)
	}
	var exact, near []object
	for _, w := range list.rows() {
		domain, name := w.text("domain"), w.text("name")
		switch {
		case strings.EqualFold(domain, typed) || strings.EqualFold(name, typed):
			exact = append(exact, w)
		case strings.Contains(strings.ToLower(domain+" "+name), strings.ToLower(typed)):
			near = append(near, w)
		}
	}
	if len(exact) == 0 {
		exact = near
	}
	switch len(exact) {
	case 0:
		return "", failure{fmt.Errorf("no website is called %q", typed), exitUsage, candidates(list.rows())}
	case 1:
		return exact[0].text("_id"), nil
	}
	return "", failure{fmt.Errorf("%q fits several websites", typed), exitUsage, candidates(exact)}
}

// candidates lists websites for a hint.
func candidates(rows []object) string {
	if len(rows) == 0 {
		return "this credential reaches no website; run `datafast websites create`"
	}
	var parts []string
	for _, w := range rows[:min(len(rows), 10)] {
		parts = append(parts, w.text("domain")+" ("+w.text("_id")+")")
	}
	if len(rows) > 10 {
		parts = append(parts, fmt.Sprintf("and %d more", len(rows)-10))
	}
	return "choose one of " + strings.Join(parts, ", ")
}

// isWebsiteID recognises a website id or tracking id.
func isWebsiteID(s string) bool {
	return strings.HasPrefix(s, "dfid_") || len(s) == 24 && strings.Trim(s, "0123456789abcdef") == ""
}
