package admin_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"datafast/internal/admin"
	"datafast/internal/auth"
	"datafast/internal/store"
)

// desk runs operator's commands on one data directory.
type desk struct {
	testing.TB
	data string
}

// run runs a command with a password on standard input; output and error as text.
func (d desk) run(args ...string) (string, error) {
	cmd := admin.Command()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(append(args, "--data", d.data, "--json"))
	cmd.SetIn(strings.NewReader("correct horse battery\n"))
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(d.Context())
	return out.String(), err
}

// made runs a command that must succeed and returns what it printed.
func (d desk) made(args ...string) map[string]any {
	d.Helper()
	out, err := d.run(args...)
	if err != nil {
		d.Fatalf("%v: %v", args, err)
	}
	var v map[string]any
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		d.Fatalf("%v printed no JSON: %q", args, out)
	}
	return v
}

// refused runs a command that must fail with a text.
func (d desk) refused(text string, args ...string) {
	d.Helper()
	if out, err := d.run(args...); err == nil || !strings.Contains(err.Error(), text) {
		d.Errorf("%v = %q, %v; want an error with %q", args, out, err, text)
	}
}

// principal is whom a raw token or key stands for; nil when it is not in force.
func (d desk) principal(secret string) *auth.Principal {
	d.Helper()
	s, err := store.OpenControl(d.Context(), d.data, "")
	if err != nil {
		d.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	p, err := auth.NewKeeper(s, nil, nil, time.Now, nil).BySecret(d.Context(), secret)
	if err != nil {
		d.Fatal(err)
	}
	return p
}

func TestBootstrap(t *testing.T) {
	t.Parallel()
	d := desk{t, filepath.Join(t.TempDir(), "data")}
	d.refused("is not a time zone", "bootstrap", "--email", "a@example.com", "--website", "shop.example", "--timezone", "Moon", "--password-stdin")
	d.refused("--password-stdin", "bootstrap", "--email", "a@example.com", "--website", "shop.example")
	d.refused("required flag", "bootstrap", "--email", "a@example.com", "--password-stdin")

	got := d.made("bootstrap", "--email", "a@example.com", "--website", "shop.example", "--timezone", "Europe/Paris", "--currency", "EUR", "--password-stdin")
	for _, name := range []string{"userId", "websiteId", "trackingId", "accountToken", "websiteKey"} {
		if s, ok := got[name].(string); !ok || s == "" {
			t.Errorf("no %s in %v", name, got)
		}
	}
	token, key := d.principal(got["accountToken"].(string)), d.principal(got["websiteKey"].(string))
	if token == nil || token.Permissions != auth.Full || token.Narrowed() || token.UserID != got["userId"] {
		t.Errorf("token %+v", token)
	}
	if key == nil || key.WebsiteID != got["websiteId"] {
		t.Errorf("key %+v", key)
	}
	d.refused("accounts already; nothing was changed", "bootstrap", "--email", "b@example.com", "--website", "b.example", "--password-stdin")
	if out, err := d.run("users", "list"); err != nil || strings.Contains(out, "b@example.com") {
		t.Errorf("a refused bootstrap changed something: %s, %v", out, err)
	}
}

func TestPeople(t *testing.T) {
	t.Parallel()
	d := desk{t, t.TempDir()}
	owner := d.made("users", "create", "--email", "O@example.com", "--name", "Owner", "--password-stdin")
	d.made("users", "create", "--email", "m@example.com", "--password-stdin")
	d.refused("has an account already", "users", "create", "--email", "o@example.com", "--password-stdin")
	d.refused("is not an e-mail address", "users", "create", "--email", "o", "--password-stdin")
	out, err := d.run("users", "list")
	var list []map[string]any
	if err != nil || json.Unmarshal([]byte(out), &list) != nil || len(list) != 2 || list[1]["email"] != "o@example.com" || list[1]["userId"] != owner["userId"] {
		t.Errorf("users list = %s, %v", out, err)
	}

	site := d.made("websites", "create", "--email", "o@example.com", "--domain", "shop.example", "--timezone", "UTC")
	id := site["websiteId"].(string)
	d.refused("on this account already", "websites", "create", "--email", "o@example.com", "--domain", "shop.example", "--timezone", "UTC")
	d.refused("no account with the address", "websites", "create", "--email", "x@example.com", "--domain", "x.example", "--timezone", "UTC")

	d.refused("Website not found", "tokens", "create", "--email", "m@example.com", "--name", "t", "--permissions", "*", "--websites", id)
	d.made("members", "set", "--website", id, "--email", "m@example.com", "--role", "viewer")
	d.refused("is the owner; make somebody else the owner first", "members", "set", "--website", id, "--email", "o@example.com", "--role", "none")
	d.refused("is not a role", "members", "set", "--website", id, "--email", "m@example.com", "--role", "king")
	made := d.made("tokens", "create", "--email", "m@example.com", "--name", "t", "--permissions", "analytics:read, funnels:write", "--websites", site["trackingId"].(string))
	secret := made["token"].(string)
	if p := d.principal(secret); p == nil || p.ID != made["tokenId"] || len(p.Granted) != 2 || len(p.WebsiteIDs) != 1 || p.WebsiteIDs[0] != id {
		t.Errorf("token %+v", p)
	}
	d.refused(`unknown "x"`, "tokens", "create", "--email", "m@example.com", "--name", "t", "--permissions", "x")
	d.refused("must not be empty", "tokens", "create", "--email", "m@example.com", "--name", "t", "--permissions", "")

	d.made("users", "disable", "--email", "m@example.com")
	if p := d.principal(secret); p == nil || !p.Disabled {
		t.Errorf("token of a disabled user: %+v", p)
	}
	d.made("users", "enable", "--email", "m@example.com")
	d.made("users", "reset-password", "--email", "m@example.com", "--password-stdin")
	d.made("members", "set", "--website", id, "--email", "m@example.com", "--role", "owner")
	d.made("members", "set", "--website", id, "--email", "o@example.com", "--role", "none") // no owner any more
}
