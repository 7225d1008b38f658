package alert_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"datafast/internal/account"
	"datafast/internal/alert"
)

// desk is Store, Owners and Notifier of a test.
type desk struct {
	mu     sync.Mutex
	alerts []alert.Alert
	logs   []alert.Log
	mails  []alert.Message
	refuse error
	reads  int
}

func (d *desk) InTx(ctx context.Context, do func(context.Context) error) error { return do(ctx) }
func (d *desk) Alerts(context.Context, string) ([]alert.Alert, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reads++
	return append([]alert.Alert{}, d.alerts...), nil
}
func (d *desk) InsertAlert(context.Context, alert.Alert) error                 { return nil }
func (d *desk) UpdateAlert(context.Context, alert.Alert) error                 { return nil }
func (d *desk) DeleteAlert(context.Context, string, string) error              { return nil }
func (d *desk) Logs(context.Context, string, string, int) ([]alert.Log, error) { return nil, nil }
func (d *desk) CountLogs(context.Context, string, string) (alert.Counts, error) {
	return alert.Counts{}, nil
}

func (d *desk) InsertLogs(_ context.Context, logs []alert.Log) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.logs = append(d.logs, logs...)
	return nil
}

func (d *desk) Owner(context.Context, string) (account.Member, error) {
	return account.Member{Email: "owner@example.com"}, nil
}

func (d *desk) Notify(m alert.Message) error {
	d.mu.Lock()
	d.mails = append(d.mails, m)
	refuse := d.refuse
	d.mu.Unlock()
	if refuse == nil {
		m.Done(nil)
	}
	return refuse
}

// seen is what has happened so far.
func (d *desk) seen() (mails []alert.Message, logs []alert.Log, reads int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append(mails, d.mails...), append(logs, d.logs...), d.reads
}

// set changes the rules as another process would.
func (d *desk) set(alerts ...alert.Alert) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.alerts = alerts
}

func watch(d *desk) *alert.Watch {
	return alert.NewWatch(d, d, d, "http://stats.example", slog.New(slog.DiscardHandler), func() string { return "id" })
}

func done(goal, visitor string) alert.Completion {
	return alert.Completion{WebsiteID: "w", Website: "Shop", GoalName: goal, VisitorID: visitor, Source: "Google", Country: "France", Page: "shop.example/buy"}
}

func sale() alert.Alert {
	return alert.Alert{ID: "a", WebsiteID: "w", Name: "Sale", GoalName: "purchase", Message: "{{goal}} from {{source}}, {{country}} on {{page}}", Enabled: true}
}

// TestWatch_digest: one mail at once, the rest of the minute in a digest, and a
// history row for each completion.
func TestWatch_digest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{alerts: []alert.Alert{sale()}}
		w := watch(d)
		for i := range 13 {
			w.Completed(t.Context(), done("purchase", fmt.Sprint(i)))
		}
		w.Completed(t.Context(), done("signup", "x"))
		synctest.Wait()
		mails, logs, _ := d.seen()
		if len(mails) != 1 || len(logs) != 1 {
			t.Fatalf("at once: %d mails, %d rows; want one each", len(mails), len(logs))
		}
		if m := mails[0]; m.To != "owner@example.com" || m.Subject != "Sale on Shop" || !strings.HasPrefix(m.Text, "purchase from Google, France on shop.example/buy\n\nThe visitor's journey:\nhttp://stats.example/dashboard/w/visitors/0\n") {
			t.Errorf("mail %+v", m)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		mails, logs, _ = d.seen()
		if len(mails) != 2 || len(logs) != 13 || !strings.HasPrefix(mails[1].Text, "12 more since the last mail.") {
			t.Errorf("after a minute: %d mails, %d rows, last %+v", len(mails), len(logs), mails[len(mails)-1])
		}
		time.Sleep(2 * time.Minute)
		w.Completed(t.Context(), done("purchase", "later"))
		synctest.Wait()
		if mails, _, _ = d.seen(); len(mails) != 3 {
			t.Errorf("after a quiet minute: %d mails, want a third at once", len(mails))
		}
		w.Completed(t.Context(), done("purchase", ""))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if mails, logs, _ = d.seen(); len(mails) != 4 || len(logs) != 15 {
			t.Errorf("at the end: %d mails, %d rows; what was held must be told", len(mails), len(logs))
		}
		if last := mails[len(mails)-1].Text; !strings.Contains(last, "\nThe dashboard:\nhttp://stats.example/dashboard/w\n") {
			t.Errorf("without a visitor: %s", last)
		}
	})
}

func TestWatch_refused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{alerts: []alert.Alert{sale()}, refuse: errors.New("no mail server")}
		w := watch(d)
		w.Completed(t.Context(), done("purchase", "v"))
		synctest.Wait()
		if _, logs, _ := d.seen(); len(logs) != 1 || logs[0].Status != alert.Failed || logs[0].Error != "no mail server" || logs[0].VisitorID != "v" {
			t.Errorf("history %+v", logs)
		}
		_ = w.Close()
	})
}

// TestWatch_rules: rules are read once in a while, at once after a change, and
// not at all for goals that nobody waits for.
func TestWatch_rules(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		disabled := sale()
		disabled.Enabled = false
		d := &desk{alerts: []alert.Alert{disabled}}
		w := watch(d)
		for range 100 {
			w.Completed(t.Context(), done("purchase", "v"))
			synctest.Wait()
		}
		if mails, _, reads := d.seen(); reads != 1 || len(mails) != 0 {
			t.Errorf("%d reads and %d mails for a disabled alert; want 1 and none", reads, len(mails))
		}
		d.set(sale())
		w.Refresh()
		w.Completed(t.Context(), done("purchase", "v"))
		synctest.Wait()
		if mails, _, _ := d.seen(); len(mails) != 1 {
			t.Error("a change did not count at once")
		}
		d.set() // by another process
		time.Sleep(5 * time.Second)
		w.Completed(t.Context(), done("purchase", "v"))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if mails, _, _ := d.seen(); len(mails) != 1 {
			t.Error("a change of another process did not count within 5 s")
		}
		_ = w.Close()
	})
}
