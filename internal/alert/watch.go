package alert

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"datafast/internal/account"
)

// Completion is one goal that a visitor completed.
type Completion struct {
	WebsiteID string
	Website   string // its name or domain, for the text
	GoalName  string
	VisitorID string
	At        time.Time
	Source    string
	Country   string
	Page      string
	Amount    string // "29.00 EUR"; empty without one
}

// Message is what a Notifier delivers. Done is told the outcome, once.
type Message struct {
	To      string
	Subject string
	Text    string
	Done    func(err error)
}

// Notifier takes messages for delivery in the background. An error means that it
// did not take this one, and Done is not called.
type Notifier interface {
	Notify(m Message) error
}

// Owners finds a website's owner.
type Owners interface {
	Owner(ctx context.Context, websiteID string) (account.Member, error)
}

// Bounds of watching.
const (
	waiting   = 4096            // completions that may wait for the worker
	freshness = 4 * time.Second // how old the rules may be when another process changed them
	quiet     = time.Minute     // between two mails of one alert
	mostHeld  = 1000            // completions that one digest tells of
)

// Watch compares completed goals with the rules and notifies. At most one mail a
// minute goes out per alert; what comes meanwhile is told in a digest.
type Watch struct {
	store    Store
	owners   Owners
	notifier Notifier
	baseURL  string
	log      *slog.Logger
	newID    func() string

	mu      sync.RWMutex
	rules   map[string]ruleset // by website
	changes uint64             // counts Refresh, so that a slow read cannot undo one

	queue chan Completion
	ended chan struct{}
	held  map[string]*digest // by alert; the worker's own
}

// ruleset is the enabled alerts of a website as they were read.
type ruleset struct {
	alerts []Alert
	until  time.Time
}

// digest is what waits for an alert's next mail.
type digest struct {
	alert   Alert
	due     time.Time
	waiting []Completion
}

// NewWatch starts watching; Close ends it. baseURL is where the dashboard is,
// without a final slash.
func NewWatch(store Store, owners Owners, notifier Notifier, baseURL string, log *slog.Logger, newID func() string) *Watch {
	w := &Watch{
		store: store, owners: owners, notifier: notifier, baseURL: baseURL, log: log, newID: newID, rules: map[string]ruleset{},
		queue: make(chan Completion, waiting), ended: make(chan struct{}), held: map[string]*digest{},
	}
	go w.work()
	return w
}

// Completed tells of a completed goal. It never waits for anybody: most websites
// have no alert on most goals, and that is answered from memory.
func (w *Watch) Completed(ctx context.Context, c Completion) {
	w.mu.RLock()
	rules, known := w.rules[c.WebsiteID]
	w.mu.RUnlock()
	if known && time.Now().Before(rules.until) && !rules.wants(c.GoalName) {
		return
	}
	select {
	case w.queue <- c:
	default:
		w.log.WarnContext(ctx, "an alert was left out: too many goals are waiting", "website", c.WebsiteID, "goal", c.GoalName)
	}
}

func (r ruleset) wants(goal string) bool {
	for _, a := range r.alerts {
		if a.GoalName == goal {
			return true
		}
	}
	return false
}

// Refresh forgets the rules, so that a change counts at once.
func (w *Watch) Refresh() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes++
	clear(w.rules)
}

// Close tells what is held and ends the worker. Completed must not be called any
// more.
func (w *Watch) Close() error {
	close(w.queue)
	<-w.ended
	return nil
}

func (w *Watch) work() {
	defer close(w.ended)
	ctx := context.Background()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case c, open := <-w.queue:
			if !open {
				w.flush(ctx, time.Time{})
				return
			}
			w.take(ctx, c)
		case <-timer.C:
			w.flush(ctx, time.Now())
		}
		timer.Reset(w.untilNext())
	}
}

// untilNext is how long until the next digest is due; an hour when none waits.
func (w *Watch) untilNext() time.Duration {
	next := time.Hour
	for _, d := range w.held {
		if len(d.waiting) > 0 {
			next = min(next, max(0, time.Until(d.due)))
		}
	}
	return next
}

// take notifies of a completion at once, or holds it for the alert's next mail.
func (w *Watch) take(ctx context.Context, c Completion) {
	rules, err := w.rulesOf(ctx, c.WebsiteID)
	if err != nil {
		w.log.ErrorContext(ctx, "read alerts", "website", c.WebsiteID, "error", err)
		return
	}
	now := time.Now()
	for _, a := range rules.alerts {
		if a.GoalName != c.GoalName {
			continue
		}
		d := w.held[a.ID]
		if d == nil {
			d = &digest{}
			w.held[a.ID] = d
		}
		d.alert = a
		if now.Before(d.due) {
			d.waiting = append(d.waiting, c)
			continue
		}
		d.due = now.Add(quiet)
		w.send(ctx, a, []Completion{c}, false)
	}
}

func (w *Watch) rulesOf(ctx context.Context, websiteID string) (ruleset, error) {
	w.mu.RLock()
	rules, known := w.rules[websiteID]
	changes := w.changes
	w.mu.RUnlock()
	now := time.Now()
	if known && now.Before(rules.until) {
		return rules, nil
	}
	all, err := w.store.Alerts(ctx, websiteID)
	if err != nil {
		return ruleset{}, err
	}
	rules = ruleset{until: now.Add(freshness)}
	for _, a := range all {
		if a.Enabled {
			rules.alerts = append(rules.alerts, a)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changes == changes {
		w.rules[websiteID] = rules
	}
	return rules, nil
}

// flush sends the digests that are due at now (all of them for the zero time) and
// forgets alerts that have been quiet.
func (w *Watch) flush(ctx context.Context, now time.Time) {
	for id, d := range w.held {
		if !now.IsZero() && now.Before(d.due) {
			continue
		}
		if len(d.waiting) == 0 {
			delete(w.held, id)
			continue
		}
		held := d.waiting
		d.waiting, d.due = nil, time.Now().Add(quiet)
		w.send(ctx, d.alert, held, true)
	}
}

// send hands one mail to the notifier and writes a history row for each
// completion that it tells of.
func (w *Watch) send(ctx context.Context, a Alert, of []Completion, more bool) {
	done := func(err error) { w.record(ctx, a, of, err) }
	owner, err := w.owners.Owner(ctx, a.WebsiteID)
	if err != nil {
		done(fmt.Errorf("find the website's owner: %w", err))
		return
	}
	m := Message{To: owner.Email, Subject: subject(a, of), Text: w.text(a, of, more), Done: done}
	if err := w.notifier.Notify(m); err != nil {
		done(err)
	}
}

func (w *Watch) record(ctx context.Context, a Alert, of []Completion, outcome error) {
	logs := make([]Log, min(len(of), mostHeld))
	for i := range logs {
		logs[i] = Log{
			ID: w.newID(), WebsiteID: a.WebsiteID, AlertID: a.ID, AlertName: a.Name, GoalName: a.GoalName,
			Status: Sent, VisitorID: of[i].VisitorID, TriggeredAt: of[i].At,
		}
		if outcome != nil {
			logs[i].Status, logs[i].Error = Failed, outcome.Error()
		}
	}
	if err := w.store.InsertLogs(ctx, logs); err != nil {
		w.log.ErrorContext(ctx, "write the history of an alert", "alert", a.ID, "error", err)
	}
}

func subject(a Alert, of []Completion) string {
	s := a.Subject
	if s == "" {
		s = a.Name + " on " + of[0].Website
	}
	return strings.ReplaceAll(fill(s, of[0]), "\n", " ")
}

func (w *Watch) text(a Alert, of []Completion, more bool) string {
	latest := of[len(of)-1]
	body := fill(a.Message, latest)
	if more {
		body = fmt.Sprintf("%d more since the last mail. The latest:\n\n%s", len(of), body)
	}
	return body + "\n\n" + w.link(latest) + "\n\n-- \nYou get this because of the alert \"" + a.Name + "\" on " + of[0].Website + ".\n"
}

// link leads to the visitor in the dashboard, or to the website where there is none.
func (w *Watch) link(c Completion) string {
	page := w.baseURL + "/dashboard/" + c.WebsiteID
	if c.VisitorID == "" {
		return "The dashboard:\n" + page
	}
	return "The visitor's journey:\n" + page + "/visitors/" + c.VisitorID
}

// fill puts a completion's facts into a text.
func fill(s string, c Completion) string {
	return strings.NewReplacer(
		"{{goal}}", c.GoalName, "{{visitor}}", c.VisitorID, "{{source}}", c.Source,
		"{{country}}", c.Country, "{{page}}", c.Page, "{{amount}}", c.Amount,
	).Replace(s)
}
