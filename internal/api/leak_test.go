package api_test

import (
	"bytes"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// leakCheck follows every world through its life: it collects each raw secret
// that the server hands out or takes in, and at the end searches the log and all
// files of the installation for them. Answers that refuse are searched at once.
type leakCheck struct {
	mu      sync.Mutex
	secrets map[string]string // value → what it is
}

var (
	rawToken   = regexp.MustCompile(`dft?_[0-9a-f]{48}`)
	rawOneTime = regexp.MustCompile(`"(?:key|secret|recoveryCodes|device_code)":\[?"([^"]{8,})"`)
	rawInBody  = regexp.MustCompile(`"(?:password|current|secret)":"([^"]{8,})"`)
	rawLink    = regexp.MustCompile(`/invite#([0-9a-f]{64})`)
)

// watch looks at one request and its answer.
func (l *leakCheck) watch(w *world, c call, rec *httptest.ResponseRecorder) {
	w.Helper()
	body := rec.Body.String()
	for _, text := range []string{c.as, c.path, c.body, body} {
		for _, found := range rawToken.FindAllString(text, -1) {
			l.note(found, "a token")
		}
	}
	for _, found := range rawInBody.FindAllStringSubmatch(c.body, -1) {
		l.note(found[1], "a password or secret that was sent")
	}
	for _, found := range rawLink.FindAllStringSubmatch(body, -1) {
		l.note(found[1], "the secret of an invitation")
	}
	if !strings.Contains(c.path, "/totp") { // its secret must be kept as it is
		for _, found := range rawOneTime.FindAllStringSubmatch(body, -1) {
			l.note(found[1], "a value shown once")
		}
	}
	if value, ok := strings.CutPrefix(rec.Header().Get("Set-Cookie"), "datafast_session="); ok {
		if value, _, _ = strings.Cut(value, ";"); value != "" {
			l.note(value, "a cookie")
		}
	}
	_, secret, _ := strings.Cut(c.as, "=")
	for _, sent := range []string{c.as, secret} {
		if rec.Code >= 400 && len(sent) > 20 && strings.Contains(body, sent) {
			w.Errorf("%s %s: the refusal repeats the credential: %s", c.method, c.path, body)
		}
	}
}

func (l *leakCheck) note(secret, what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.secrets == nil {
		l.secrets = map[string]string{}
	}
	l.secrets[secret] = what
}

// search looks through what a world left behind.
func (l *leakCheck) search(w *world) {
	w.Helper()
	places := map[string][]byte{"the log": []byte(withoutOperatorsLinks(w.log.String())), "/metrics": []byte(w.metrics)}
	err := filepath.WalkDir(w.data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		places[filepath.Base(path)] = content
		return err
	})
	w.must(err)
	for place, content := range places {
		for secret, what := range l.secrets {
			if bytes.Contains(content, []byte(secret)) {
				w.Errorf("%s holds %s in the clear", place, what)
			}
		}
	}
}

// TestMetrics: requests are counted by route, and the numbers tell no secrets.
func TestMetrics(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	w := newWorld(t, "--metrics-listen", addr)
	u := w.user("u")
	w.get(w.token(u, "*"), "/api/v1/admin/account?secret="+w.token(u, "*")).is(200)
	w.get("", "/api/v1/admin/account/"+w.token(u, "*")).is(404)
	resp, err := http.Get("http://" + addr + "/metrics")
	w.must(err)
	text, err := io.ReadAll(resp.Body)
	w.must(err)
	w.must(resp.Body.Close())
	w.metrics = string(text)
	for _, want := range []string{
		`datafast_http_requests_total{method="GET",route="/api/v1/admin/account",status="200"} 1`,
		`datafast_http_requests_total{method="GET",route="-",status="404"} 1`, "go_goroutines ",
	} {
		if !strings.Contains(w.metrics, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	if rawToken.MatchString(w.metrics) {
		t.Error("/metrics holds a token")
	}
}

// withoutOperatorsLinks leaves out the links that the log is meant to show to the
// operator when there is no mail server.
func withoutOperatorsLinks(log string) string {
	return regexp.MustCompile(`/reset#[0-9a-f]{64}`).ReplaceAllString(log, "/reset#…")
}

// TestLeakCheck: the check itself can fail.
func TestLeakCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("u")
	raw := w.send(w.signIn(u), "POST", tokensPath, `{}`).is(200).text("data.0.key")
	w.leaks.mu.Lock()
	defer w.leaks.mu.Unlock()
	kinds := map[string]bool{}
	for _, what := range w.leaks.secrets {
		kinds[what] = true
	}
	if w.leaks.secrets[raw] == "" || !kinds["a cookie"] || !kinds["a password or secret that was sent"] {
		t.Errorf("noted only %v", kinds)
	}
	spy := &testing.T{}
	fake := &world{TB: spy, data: t.TempDir(), log: &syncBuffer{}}
	if err := os.WriteFile(filepath.Join(fake.data, "control.db"), []byte("x"+raw+"x"), 0o600); err != nil {
		t.Fatal(err)
	}
	check := leakCheck{secrets: map[string]string{raw: "a token"}}
	check.search(fake)
	if !spy.Failed() {
		t.Error("a raw token in a file is not found")
	}
}
