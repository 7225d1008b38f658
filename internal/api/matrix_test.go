package api_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"datafast/internal/account"
	"datafast/internal/site"
)

// row is one line of testdata/access_matrix.tsv.
type row struct {
	method, path, key, permission string
	role                          map[account.Role]string // y, n or -
	narrowed                      string
	later                         bool
}

func (r row) bound() bool  { return r.role[account.RoleOwner] != "-" }
func (r row) name() string { return r.method + " " + r.path }
func (r row) reads() bool  { return r.method == "GET" || r.name() == "POST /analytics/query" }

// readMatrix reads the table as the contract has it.
func readMatrix(t *testing.T) []row {
	t.Helper()
	text, err := os.ReadFile("testdata/access_matrix.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 9 {
			t.Fatalf("line has %d fields: %q", len(f), line)
		}
		roles := map[account.Role]string{account.RoleViewer: f[4], account.RoleMember: f[5], account.RoleOwner: f[6]}
		rows = append(rows, row{method: f[0], path: f[1], key: f[2], permission: f[3], role: roles, narrowed: f[7], later: f[8] == "later"})
	}
	return rows
}

// candidate is a caller of the matrix.
type candidate struct {
	name string
	as   string
	bad  bool // 401 everywhere

	key     bool // a website key
	foreign bool // of another website
	ofOwner bool // made by the owner

	permissions []string
	role        account.Role // of its user on the website
	narrowed    bool
	outside     bool // the list leaves the website out
}

// holds applies rule 2.2.1 as the contract words it.
func (c candidate) holds(permission string) bool {
	if slices.Contains(c.permissions, "*") || slices.Contains(c.permissions, permission) {
		return true
	}
	noun, isRead := strings.CutSuffix(permission, ":read")
	managed := slices.Contains([]string{"websites", "settings", "api-keys", "funnels", "alerts", "team", "notes"}, noun)
	return isRead && managed && slices.Contains(c.permissions, noun+":write")
}

// verdict is the expected outcome: 0 means let in, else the status and a text of
// the refusal.
func (c candidate) verdict(r row) (status int, text string) {
	switch {
	case c.bad:
		return 401, "Missing or invalid API key"
	case c.key && r.key == "no":
		return 403, "account token"
	case !c.key && !c.holds(r.permission):
		return 403, "Missing permission: " + r.permission
	case c.narrowed && r.narrowed == "n":
		return 403, "limited to some websites"
	case !r.bound():
		return 0, ""
	case c.key && c.foreign:
		return 403, "another website"
	case c.key && r.key == "owner":
		return map[bool]int{true: 0, false: 403}[c.ofOwner], "owner"
	case !c.key && c.role == account.RoleNone:
		return 404, "Website not found"
	case c.outside:
		return 403, "not allowed on this website"
	}
	role := c.role
	if c.key {
		role = account.RoleMember
	}
	if r.role[role] == "y" {
		return 0, ""
	}
	if role == account.RoleViewer {
		return 403, "viewer"
	}
	return 403, "Only the website's owner"
}

// stage is what the matrix is played on: a website with one of everything.
type stage struct {
	*world
	website *site.Website
	good    string // the owner's token for everything
	ids     map[string]string
	callers []candidate
	names   []string // all permissions
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rows := readMatrix(t)
	compareRoutes(t, w, rows)
	s := newStage(w, permissionNames(rows))
	rows = slices.DeleteFunc(rows, func(r row) bool { return !registered(w, r) })
	casts := make([][]candidate, len(rows))
	for i, r := range rows {
		casts[i] = s.cast(r)
	}
	cases, state, events := 0, w.dump(), s.events()
	for i, r := range rows {
		for _, c := range casts[i] {
			cases++
			s.play(t, r, c, &state)
		}
		if r.reads() {
			continue
		}
		if after := s.events(); after != events {
			t.Errorf("%s changed events although nobody was to succeed:\n%s", r.name(), difference(events, after))
			events = after
		}
	}
	if cases < 2000 {
		t.Errorf("only %d cases were played", cases)
	}
	t.Logf("%d cases", cases)
}

// permissionNames are those of the contract's §2.2.
func permissionNames(rows []row) []string {
	var names []string
	for _, r := range rows {
		if !slices.Contains(names, r.permission) {
			names = append(names, r.permission)
		}
	}
	return names
}

func registered(w *world, r row) bool {
	for _, route := range w.server.Router.Routes() {
		if route.Method == r.method && route.Path == "/api/v1"+r.path {
			return true
		}
	}
	return false
}

// compareRoutes finds routes without a row, and rows without a route.
func compareRoutes(t *testing.T, w *world, rows []row) {
	t.Helper()
	known := map[string]bool{}
	for _, r := range rows {
		if known[r.name()] {
			t.Errorf("%s has two rows", r.name())
		}
		known[r.name()] = true
		if !r.later && !registered(w, r) {
			t.Errorf("%s has a row but no route", r.name())
		}
	}
	for _, route := range w.server.Router.Routes() {
		path, isAPI := strings.CutPrefix(route.Path, "/api/v1")
		name := route.Method + " " + path
		switch {
		case isAPI && !known[name]:
			t.Errorf("%s has no row in testdata/access_matrix.tsv", name)
		case !isAPI && !strings.HasPrefix(route.Path, "/api/auth/") && !strings.HasPrefix(route.Path, "/api/app/") && !strings.HasPrefix(route.Path, "/api/cli/"):
			t.Errorf("route %s stands outside the places that the contract names", route.Path)
		}
	}
}

// newStage makes the website and everybody who is not particular to a row.
func newStage(w *world, names []string) *stage {
	w.Helper()
	owner, member, viewer, nobody := w.user("owner"), w.user("member"), w.user("viewer"), w.user("nobody")
	a, b := w.website(owner, "a.example"), w.website(owner, "b.example")
	w.join(a, member, account.RoleMember)
	w.join(a, viewer, account.RoleViewer)
	s := &stage{world: w, website: a, names: names}
	star, never := []string{"*"}, time.Time{}
	good := w.grant(owner, star, never)
	s.good = good
	s.furnish(member)
	for role, u := range map[account.Role]*account.User{
		account.RoleOwner: owner, account.RoleMember: member, account.RoleViewer: viewer, account.RoleNone: nobody,
	} {
		name := map[bool]string{true: "nobody", false: string(role)}[role == account.RoleNone]
		s.callers = append(s.callers,
			candidate{name: "* of " + name, as: w.grant(u, star, never), permissions: star, role: role},
			candidate{name: "cookie of " + name, as: w.signIn(u), permissions: star, role: role})
	}
	s.callers = append(s.callers,
		candidate{name: "no header", as: "", bad: true},
		candidate{name: "another scheme", as: "Basic " + good, bad: true},
		candidate{name: "scheme without token", as: "Bearer ", bad: true},
		candidate{name: "garbage", as: "xyz", bad: true},
		candidate{name: "truncated token", as: good[:len(good)-1], bad: true},
		candidate{name: "mistyped token", as: good[:len(good)-1] + map[bool]string{true: "1", false: "0"}[strings.HasSuffix(good, "0")], bad: true},
		candidate{name: "unknown token", as: strangeToken(), bad: true},
		candidate{name: "revoked token", as: revokedToken(w, nobody), bad: true},
		candidate{name: "revoked key", as: revokedKey(w, a, owner), bad: true},
		candidate{name: "expired token", as: w.grant(owner, star, time.Now().Add(-time.Second)), bad: true},
		candidate{name: "expired key", as: w.expiredKey(a, owner), bad: true},
		candidate{name: "forged cookie", as: "cookie datafast_session=forged", bad: true},
		candidate{name: "own key of owner", as: w.key(a, owner), key: true, ofOwner: true},
		candidate{name: "own key of member", as: w.key(a, member), key: true},
		candidate{name: "key of another website", as: w.key(b, owner), key: true, foreign: true, ofOwner: true},
		candidate{name: "* on this website", as: w.grant(owner, star, never, a), permissions: star, role: account.RoleOwner, narrowed: true},
		candidate{name: "* on another website", as: w.grant(owner, star, never, b), permissions: star, role: account.RoleOwner, narrowed: true, outside: true},
	)
	for _, p := range names {
		one := []string{p}
		s.callers = append(s.callers,
			candidate{name: "owner with only " + p, as: w.grant(owner, one, never), permissions: one, role: account.RoleOwner})
	}
	return s
}

// cast is everybody who tries a row: the usual callers, and those made for its
// permission.
func (s *stage) cast(r row) []candidate {
	s.Helper()
	only := slices.IndexFunc(s.callers, func(c candidate) bool { return c.name == "owner with only "+r.permission })
	if only < 0 {
		s.Fatalf("nobody holds %s", r.permission)
	}
	all := slices.DeleteFunc(slices.Clone(s.names), func(p string) bool {
		probe := candidate{permissions: []string{p}}
		return probe.holds(r.permission)
	})
	return append(slices.Clone(s.callers), candidate{
		name: "owner without " + r.permission, as: s.grantTo("owner", all), permissions: all, role: account.RoleOwner,
	}, candidate{
		name: "member with only " + r.permission, as: s.grantTo("member", []string{r.permission}), permissions: []string{r.permission}, role: account.RoleMember,
	}, candidate{
		name: "viewer with only " + r.permission, as: s.grantTo("viewer", []string{r.permission}), permissions: []string{r.permission}, role: account.RoleViewer,
	}, candidate{
		name: "nobody with only " + r.permission, as: s.grantTo("nobody", []string{r.permission}), permissions: []string{r.permission},
	})
}
