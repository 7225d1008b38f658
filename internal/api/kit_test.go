package api_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spf13/pflag"
	_ "modernc.org/sqlite" // to look at the control store from outside

	"datafast/internal/account"
	"datafast/internal/audit"
	"datafast/internal/auth"
	"datafast/internal/enginetest"
	"datafast/internal/id"
	"datafast/internal/revenue"
	"datafast/internal/server"
	"datafast/internal/site"
	"datafast/internal/store"
	"datafast/internal/store/control"
)

// world is a whole server in a directory of its own, with services beside it that
// make people and credentials without going through HTTP.
type world struct {
	testing.TB
	server *server.Server
	store  *control.Store
	data   string
	log    *syncBuffer
	people *account.People
	teams  *account.Teams
	keeper *auth.Keeper
	sites  *site.Sites
	newID  *id.Generator
	leaks  leakCheck
	// metrics is what /metrics said, for tests that asked.
	metrics string
	calls   atomic.Uint32
}

// password is what every user of a world has.
const password = "correct horse battery"

// newWorld starts a world; rate limits are off unless flags say otherwise.
func newWorld(tb testing.TB, flags ...string) *world {
	tb.Helper()
	w := &world{TB: tb, data: tb.TempDir(), log: &syncBuffer{}}
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	server.Bind(set)
	args := append([]string{"--data", w.data, "--rate-limit", "0", "--base-url", "http://stats.example", "--log-level", "debug"}, flags...)
	databaseURL, eventsURL := enginetest.Databases(tb)
	args = append(args, "--database-url", databaseURL, "--events-url", eventsURL)
	if err := set.Parse(args); err != nil {
		tb.Fatal(err)
	}
	settings, err := server.Load(set, func(string) string { return "" })
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { w.leaks.search(w) }) // runs last, when all is closed
	w.server, err = server.Open(tb.Context(), settings, server.Options{Version: "test", Stdout: io.Discard, Stderr: w.log})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { w.must(w.server.Close()) })
	opened, err := store.OpenControl(tb.Context(), w.data, databaseURL)
	if err != nil {
		tb.Fatal(err)
	}
	w.store = opened.Store
	tb.Cleanup(func() { w.must(w.store.Close()) })
	w.newID = id.NewGenerator()
	newID := func() string { return w.newID.New(time.Now()) }
	control := w.store
	log := audit.NewLog(control, time.Now, newID)
	w.people = account.NewPeople(control, log, account.NewHasher(64, 1, 4), time.Now, newID)
	w.teams = account.NewTeams(control, log, w.people, time.Now, newID)
	w.keeper = auth.NewKeeper(control, log, nil, time.Now, newID)
	w.sites = site.NewSites(control, site.NewDirectory(control, time.Now), site.Checks{Currency: revenue.ParseCurrency}, log, time.Now, newID)
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) user(name string) *account.User {
	w.Helper()
	u, err := w.people.Create(w.Context(), account.NewUser{Email: name + "@example.com", Name: name, Password: password})
	w.must(err)
	return u
}

func (w *world) website(owner *account.User, domain string) *site.Website {
	w.Helper()
	s, err := w.sites.Create(w.Context(), owner.ID, site.NewWebsite{Domain: domain, Timezone: "Europe/Bucharest", Currency: "EUR"})
	w.must(err)
	return s
}

func (w *world) join(s *site.Website, u *account.User, role account.Role) {
	w.Helper()
	w.must(w.teams.Appoint(w.Context(), s.ID, u, role))
}

// token makes an account token; permissions as "analytics:read goals:read".
func (w *world) token(u *account.User, permissions string, websites ...*site.Website) string {
	w.Helper()
	n := auth.NewToken{Permissions: strings.Fields(permissions), Websites: []string{}}
	for _, s := range websites {
		n.Websites = append(n.Websites, s.ID)
	}
	_, secret, err := w.keeper.CreateToken(w.Context(), auth.SignedIn("", u.ID, false), n, w.sites)
	w.must(err)
	w.leaks.note(secret, "a token")
	return secret
}

func (w *world) key(s *site.Website, creator *account.User) string {
	w.Helper()
	_, secret, err := w.keeper.CreateKey(w.Context(), auth.SignedIn("", creator.ID, false), s.ID, auth.NewKey{})
	w.must(err)
	w.leaks.note(secret, "a key")
	return secret
}

// grant is token without the rules of making one: any number of them, any end.
func (w *world) grant(u *account.User, permissions []string, expires time.Time, websites ...*site.Website) string {
	w.Helper()
	now := time.Now()
	c := &auth.Credential{ID: w.newID.New(now), Kind: auth.AccountToken, UserID: u.ID, Granted: permissions, CreatedAt: now, ExpiresAt: expires}
	for _, s := range websites {
		c.WebsiteIDs = append(c.WebsiteIDs, s.ID)
	}
	secret := auth.NewSecret(c.Kind)
	w.must(w.store.InsertCredential(w.Context(), c, auth.HashSecret(secret)))
	return secret
}

// call is one request; as is a raw token, "cookie …", or any Authorization value
// with a blank in it.
type call struct {
	as     string
	method string
	path   string
	body   string
	header http.Header
}

// answered is what came back.
type answered struct {
	testing.TB
	status int
	header http.Header
	body   string
}

// do sends a request from an address of its own, so that no limit per address
// is in the way.
func (w *world) do(c call) answered {
	w.Helper()
	r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body)).WithContext(w.Context())
	n := w.calls.Add(1)
	r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1234", n>>16&255, n>>8&255, n&255)
	for name, values := range c.header {
		r.Header[name] = values
	}
	cookie, isCookie := strings.CutPrefix(c.as, "cookie ")
	switch {
	case c.as == "":
	case isCookie:
		r.Header.Set("Cookie", cookie)
	case strings.Contains(c.as, " "):
		r.Header.Set("Authorization", c.as)
	default:
		r.Header.Set("Authorization", "Bearer "+c.as)
	}
	if c.body != "" && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	rec := httptest.NewRecorder()
	w.server.Router.ServeHTTP(rec, r)
	w.leaks.watch(w, c, rec)
	return answered{w.TB, rec.Code, rec.Header(), rec.Body.String()}
}

// get, post and send are the usual calls.
func (w *world) get(as, path string) answered {
	w.Helper()
	return w.do(call{as: as, method: "GET", path: path})
}

func (w *world) send(as, method, path, body string) answered {
	w.Helper()
	return w.do(call{as: as, method: method, path: path, body: body})
}

// is fails the test unless the status is as wanted and the body contains all of
// the texts.
func (a answered) is(status int, contains ...string) answered {
	a.Helper()
	if a.status != status {
		a.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	for _, text := range contains {
		if !strings.Contains(a.body, text) {
			a.Errorf("body lacks %q: %s", text, a.body)
		}
	}
	return a
}

// value reads a path such as "data.0._id" from the body.
func (a answered) value(path string) any {
	a.Helper()
	var v any
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		a.Fatalf("body is not JSON: %v: %s", err, a.body)
	}
	for part := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(x) {
				a.Fatalf("no %s in %s", path, a.body)
			}
			v = x[i]
		default:
			a.Fatalf("no %s in %s", path, a.body)
		}
	}
	return v
}

// text is value as a string.
func (a answered) text(path string) string {
	a.Helper()
	s, ok := a.value(path).(string)
	if !ok {
		a.Fatalf("%s is not a text in %s", path, a.body)
	}
	return s
}

// signIn signs a user in and returns what do takes as "as".
func (w *world) signIn(u *account.User) string {
	w.Helper()
	a := w.send("", "POST", "/api/auth/sign-in", fmt.Sprintf(`{"email":%q,"password":%q}`, u.Email, password)).is(200)
	return "cookie " + a.cookie()
}

// cookie is the cookie that an answer sets, as the browser sends it back.
func (a answered) cookie() string {
	a.Helper()
	name, _, ok := strings.Cut(a.header.Get("Set-Cookie"), ";")
	if !ok {
		a.Fatalf("no cookie in %v", a.header)
	}
	return name
}

// volatile tables and columns change with every request, refused ones as well.
func volatile(column string) bool {
	return slices.Contains([]string{"last_used_at", "last_used_ip", "last_seen_at"}, column)
}

// dump is the whole control store as text, but for volatile parts: two dumps
// differ when something was changed.
func (w *world) dump() string {
	w.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.data, store.ControlFile)+"?mode=ro")
	w.must(err)
	defer func() { w.must(db.Close()) }()
	var out bytes.Buffer
	for _, table := range w.texts(db, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('permission_uses', 'sessions', 'goose_db_version') ORDER BY name`) {
		columns := slices.DeleteFunc(w.texts(db, `SELECT name FROM pragma_table_info('`+table+`')`), volatile)
		rows := w.texts(db, `SELECT `+strings.Join(columns, ` || '|' || `)+` FROM `+table)
		slices.Sort(rows)
		fmt.Fprintf(&out, "%s\n%s\n", table, strings.Join(rows, "\n"))
	}
	return out.String()
}

func (w *world) texts(db *sql.DB, query string) []string {
	w.Helper()
	rows, err := db.QueryContext(w.Context(), query)
	w.must(err)
	defer func() { w.must(rows.Close()) }()
	var all []string
	for rows.Next() {
		var s sql.NullString
		w.must(rows.Scan(&s))
		all = append(all, s.String)
	}
	w.must(rows.Err())
	return all
}

// age makes a credential older than it is.
func (w *world) age(credentialID string, by time.Duration) {
	w.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.data, store.ControlFile)+"?_pragma=busy_timeout(5000)")
	w.must(err)
	defer func() { w.must(db.Close()) }()
	_, err = db.ExecContext(w.Context(), `UPDATE credentials SET created_at = created_at - ? WHERE id = ?`, by.Milliseconds(), credentialID)
	w.must(err)
}
