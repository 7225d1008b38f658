package server

import (
	"bufio"
	"bytes"
	cryptorand "crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"datafast/internal/account"
	"datafast/internal/auth"
	"datafast/internal/enginetest"
	"datafast/internal/site"
)

// installation is a server with one website, driven through its router.
type installation struct {
	t       testing.TB
	server  *Server
	website *site.Website
	token   string
}

func newInstallation(t testing.TB, domain, zone, currency string) *installation {
	t.Helper()
	in := openInstallation(t, t.TempDir(), domain, zone, currency)
	t.Cleanup(func() {
		if err := in.server.Close(); err != nil {
			t.Error(err)
		}
	})
	return in
}

func openInstallation(t testing.TB, dir, domain, zone, currency string) *installation {
	t.Helper()
	databaseURL, eventsURL := enginetest.Databases(t)
	s, err := Open(t.Context(), Settings{
		DatabaseURL: databaseURL, EventsURL: eventsURL, Data: dir, Listen: "127.0.0.1:0", BaseURL: "http://stats.example.com", EventsMemoryMB: 512, IngestTrustAny: true, MailFrom: "datafast@example.com",
	}, Options{Version: "test", Stdout: io.Discard, Stderr: testWriter{t}})
	if err != nil {
		t.Fatal(err)
	}
	in := &installation{t: t, server: s}
	in.website, in.token = in.addOwner("owner@example.com", domain, zone, currency)
	return in
}

// testWriter shows the server's errors in the test's log.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("level=ERROR")) {
		w.t.Logf("server: %s", b)
	}
	return len(b), nil
}

func (in *installation) addOwner(email, domain, zone, currency string) (*site.Website, string) {
	in.t.Helper()
	ctx := in.t.Context()
	u, err := in.server.people.people.Create(ctx, account.NewUser{Email: email, Name: "Owner", Password: cryptorand.Text()})
	if err != nil {
		in.t.Fatal(err)
	}
	w, err := in.server.people.sites.Create(ctx, u.ID, site.NewWebsite{Domain: domain, Timezone: zone, Currency: currency})
	if err != nil {
		in.t.Fatal(err)
	}
	_, token, err := in.server.people.keeper.CreateToken(ctx, auth.SignedIn("", u.ID, false), auth.NewToken{Name: "test"}, in.server.people.sites)
	if err != nil {
		in.t.Fatal(err)
	}
	return w, token
}

// call sends a request with the owner's token and decodes the answer.
func (in *installation) call(method, path string, query url.Values, body []byte, kind string) (int, map[string]any) {
	in.t.Helper()
	if query != nil {
		path += "?" + query.Encode()
	}
	r := httptest.NewRequestWithContext(in.t.Context(), method, path, bytes.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+in.token)
	r.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	in.server.Router.ServeHTTP(w, r)
	out := map[string]any{}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		in.t.Fatalf("%s %s: %d %q: %v", method, path, w.Code, w.Body.String(), err)
	}
	return w.Code, out
}

// mustCall fails the test when the answer is no success.
func (in *installation) mustCall(method, path string, query url.Values, body []byte, kind string) map[string]any {
	in.t.Helper()
	status, out := in.call(method, path, query, body, kind)
	if status >= http.StatusBadRequest {
		in.t.Fatalf("%s %s: %d %v", method, path, status, out)
	}
	return out
}

const (
	jsonType  = "application/json"
	linesType = "application/x-ndjson"
)

// question is one line of the world's questions.
type question struct {
	Path   string            `json:"path"`
	Params [][2]string       `json:"params"`
	Steps  []json.RawMessage `json:"steps"`
	Expect any               `json:"expect"`
}

func lines(t testing.TB, name string) [][]byte {
	t.Helper()
	f, err := os.Open("testdata/world/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out [][]byte
	scan := bufio.NewScanner(f)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		out = append(out, bytes.Clone(scan.Bytes()))
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestWorld stores the small world through the API, its events in one piece or
// shuffled and cut, and asks all its questions.
func TestWorld(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		cut   int
		order func(list [][]byte)
	}{
		{"in one piece", 1000, func([][]byte) {}},
		{"shuffled and cut", 97, func(list [][]byte) {
			rng := rand.New(rand.NewPCG(3, 4))
			rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := newInstallation(t, "shop.example", "Europe/Berlin", "EUR")
			events := lines(t, "events.ndjson")
			tt.order(events)
			for len(events) > 0 {
				n := min(tt.cut, len(events))
				in.mustCall("POST", "/api/v1/admin/websites/"+in.website.ID+"/import/events", nil, bytes.Join(events[:n], []byte("\n")), linesType)
				events = events[n:]
			}
			site := url.Values{"websiteId": {in.website.ID}}
			for _, p := range lines(t, "payments.ndjson") {
				in.mustCall("POST", "/api/v1/payments", site, p, jsonType)
			}
			for i, line := range lines(t, "questions.ndjson") {
				in.ask(i, line)
			}
		})
	}
}

func (in *installation) ask(number int, line []byte) {
	in.t.Helper()
	var q question
	if err := json.Unmarshal(line, &q); err != nil {
		in.t.Fatal(err)
	}
	if len(q.Steps) > 0 {
		body, err := json.Marshal(map[string]any{"name": fmt.Sprintf("Funnel %d", number), "steps": q.Steps})
		if err != nil {
			in.t.Fatal(err)
		}
		made := in.mustCall("POST", "/api/v1/admin/websites/"+in.website.ID+"/funnels", nil, body, jsonType)
		id, _ := made["data"].([]any)[0].(map[string]any)["_id"].(string)
		q.Path = strings.Replace(q.Path, "{id}", id, 1)
	}
	query := url.Values{"websiteId": {in.website.ID}}
	for _, p := range q.Params {
		query.Add(p[0], p[1])
	}
	got := in.mustCall("GET", "/api/v1"+q.Path, query, nil, jsonType)
	for _, diff := range differs("", q.Expect, got) {
		in.t.Errorf("question %d %s %v: %s", number, q.Path, q.Params, diff)
	}
}

// differs lists where an answer lacks what is expected; further keys are fine, and
// numbers are exact to two decimals.
func differs(path string, want, got any) []string {
	switch want := want.(type) {
	case map[string]any:
		have, ok := got.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s is %v, want an object", path, got)}
		}
		var out []string
		for key, value := range want {
			out = append(out, differs(path+"."+key, value, have[key])...)
		}
		return out
	case []any:
		have, ok := got.([]any)
		if !ok || len(have) != len(want) {
			return []string{fmt.Sprintf("%s is %v, want %v", path, got, want)}
		}
		var out []string
		for i := range want {
			out = append(out, differs(fmt.Sprintf("%s[%d]", path, i), want[i], have[i])...)
		}
		return out
	case float64:
		if have, ok := got.(float64); ok && math.Abs(have-want) < 0.0051 {
			return nil
		}
		return []string{fmt.Sprintf("%s is %v, want %v", path, got, want)}
	}
	if want != got {
		return []string{fmt.Sprintf("%s is %v, want %v", path, got, want)}
	}
	return nil
}
