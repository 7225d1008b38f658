// Package alert tells people when a visitor completes a goal.
//
// Read Alert, Alerts (the service: rules and history), then Watch, which takes
// the goals as they happen and delivers through a Notifier.
//
// It may import account, field and fault. It must not send mail itself.
package alert

import (
	"context"
	"regexp"
	"strings"
	"time"

	"datafast/internal/fault"
	"datafast/internal/field"
)

// Bounds of alerts (api.md §9.8).
const (
	MaxAlerts  = 25 // per website
	maxName    = 100
	maxSubject = 200
	minMessage = 10
	maxMessage = 2000
	recentLogs = 5
)

// Alert is a rule: when a goal is completed, the website's owner gets a mail.
type Alert struct {
	ID        string
	WebsiteID string
	Name      string
	GoalName  string
	Subject   string // empty: made from name and website
	Message   string // may hold {{goal}} {{visitor}} {{source}} {{country}} {{page}} {{amount}}
	Enabled   bool
	CreatedAt time.Time

	Recent []Log // the newest five, filled in by List and Get
}

// Status is how a trigger ended.
type Status string

// The statuses.
const (
	Sent   Status = "sent"
	Failed Status = "failed"
)

// Log is one trigger of an alert.
type Log struct {
	ID          string
	WebsiteID   string
	AlertID     string
	AlertName   string
	GoalName    string
	Status      Status
	Error       string // empty when sent
	VisitorID   string
	TriggeredAt time.Time
}

// Counts says how many triggers ended how.
type Counts struct{ Sent, Failed int }

// Store keeps alerts and their history. Unknown things are faults with code
// not_found.
type Store interface {
	InTx(ctx context.Context, do func(ctx context.Context) error) error
	Alerts(ctx context.Context, websiteID string) ([]Alert, error) // oldest first
	InsertAlert(ctx context.Context, a Alert) error
	UpdateAlert(ctx context.Context, a Alert) error
	DeleteAlert(ctx context.Context, websiteID, alertID string) error

	InsertLogs(ctx context.Context, logs []Log) error
	// Logs lists newest first; alertID empty: of all the website's alerts.
	Logs(ctx context.Context, websiteID, alertID string, limit int) ([]Log, error)
	CountLogs(ctx context.Context, websiteID, alertID string) (Counts, error)
}

// Alerts makes and changes alerts.
type Alerts struct {
	store   Store
	now     func() time.Time
	newID   func() string
	changed func()
	goal    *regexp.Regexp
}

// New returns the service over a store; changed is called after every change
// (Watch.Refresh).
func New(store Store, changed func(), now func() time.Time, newID func() string) *Alerts {
	return &Alerts{store: store, now: now, newID: newID, changed: changed, goal: regexp.MustCompile(`^[a-z0-9_:-]{1,64}$`)}
}

// Input is what an alert is made from or changed to; nil: left out.
type Input struct {
	Name     *string
	GoalName *string
	Subject  *string // empty clears
	Message  *string
	Enabled  *bool
}

// List returns a website's alerts, oldest first, with their recent logs.
func (s *Alerts) List(ctx context.Context, websiteID string) ([]Alert, error) {
	all, err := s.store.Alerts(ctx, websiteID)
	for i := range all {
		if err == nil {
			all[i].Recent, err = s.store.Logs(ctx, websiteID, all[i].ID, recentLogs)
		}
	}
	return all, err
}

// Get returns one alert with its recent logs.
func (s *Alerts) Get(ctx context.Context, websiteID, alertID string) (Alert, error) {
	all, err := s.store.Alerts(ctx, websiteID)
	if err != nil {
		return Alert{}, err
	}
	for _, a := range all {
		if a.ID == alertID {
			a.Recent, err = s.store.Logs(ctx, websiteID, alertID, recentLogs)
			return a, err
		}
	}
	return Alert{}, fault.NotFound("Alert not found")
}

// Create makes an alert. All bad fields are invalid together; the 26th of a
// website is forbidden.
func (s *Alerts) Create(ctx context.Context, websiteID string, in Input) (Alert, error) {
	for _, required := range []**string{&in.Name, &in.GoalName, &in.Message} {
		if *required == nil {
			*required = new(string)
		}
	}
	a := Alert{ID: s.newID(), WebsiteID: websiteID, Enabled: true, CreatedAt: s.now(), Recent: []Log{}}
	if err := s.apply(&a, in); err != nil {
		return Alert{}, err
	}
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		all, err := s.store.Alerts(ctx, websiteID)
		if err != nil {
			return err
		}
		if len(all) >= MaxAlerts {
			return fault.New(fault.CodeForbidden, "A website can have %d alerts; delete one first", MaxAlerts).Because("limit_reached")
		}
		return s.store.InsertAlert(ctx, a)
	})
	s.changed()
	return a, err
}

// Update changes what is given.
func (s *Alerts) Update(ctx context.Context, websiteID, alertID string, in Input) (a Alert, err error) {
	if in == (Input{}) {
		return Alert{}, fault.New(fault.CodeInvalid, "Send name, trigger, template or isEnabled")
	}
	if err := s.apply(&Alert{}, in); err != nil {
		return Alert{}, err // told before whether there is such an alert (api.md §2.4)
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		a, err = s.Get(ctx, websiteID, alertID)
		if err != nil {
			return err
		}
		if err := s.apply(&a, in); err != nil {
			return err
		}
		return s.store.UpdateAlert(ctx, a)
	})
	s.changed()
	return a, err
}

// Delete removes an alert; its history stays.
func (s *Alerts) Delete(ctx context.Context, websiteID, alertID string) error {
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.Get(ctx, websiteID, alertID); err != nil {
			return err
		}
		return s.store.DeleteAlert(ctx, websiteID, alertID)
	})
	s.changed()
	return err
}

// History lists the newest triggers of a website's alerts, or of one, and counts
// all of them.
func (s *Alerts) History(ctx context.Context, websiteID, alertID string, limit int) ([]Log, Counts, error) {
	logs, err := s.store.Logs(ctx, websiteID, alertID, limit)
	if err != nil {
		return nil, Counts{}, err
	}
	counts, err := s.store.CountLogs(ctx, websiteID, alertID)
	return logs, counts, err
}

func (s *Alerts) apply(a *Alert, in Input) error {
	var faults fault.List
	var err error
	if in.Name != nil {
		a.Name, err = field.Line("name", *in.Name, 1, maxName)
		faults.Add(err)
	}
	if in.GoalName != nil {
		a.GoalName = strings.ToLower(strings.TrimSpace(*in.GoalName))
		if !s.goal.MatchString(a.GoalName) {
			faults.Add(fault.Invalid("trigger.goalName", "%q is not a goal name; use 1 to 64 of the characters a-z, 0-9, _, : and -", *in.GoalName))
		}
	}
	if in.Subject != nil {
		a.Subject, err = field.Line("template.subject", *in.Subject, 0, maxSubject)
		faults.Add(err)
	}
	if in.Message != nil {
		a.Message, err = field.Lines("template.message", *in.Message, minMessage, maxMessage)
		faults.Add(err)
	}
	if in.Enabled != nil {
		a.Enabled = *in.Enabled
	}
	return faults.Err()
}
