// Package funnel holds funnel definitions: ordered steps that visitors should
// take, their limits, names and slugs.
//
// It may import field and fault (and, for matching steps, analytics, site and
// event). It must not scan events by itself.
package funnel

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"datafast/internal/fault"
	"datafast/internal/field"
)

// Bounds of funnels (api.md §9.7).
const (
	MinSteps  = 2
	MaxSteps  = 8
	MaxActive = 50 // per website
	maxName   = 100
	maxURL    = 500
)

// StepType is what a step waits for.
type StepType string

// The types of step.
const (
	Pageview StepType = "pageview"
	Goal     StepType = "goal"
)

// Step is one step of a funnel.
type Step struct {
	ID       string // slug of the name, unique in the funnel
	Name     string
	Type     StepType
	URL      string // of a pageview step: a path, or a full URL; `*` is any run of characters
	GoalName string // of a goal step
}

// Funnel is a named sequence of steps on one website.
type Funnel struct {
	ID        string
	WebsiteID string
	Name      string // unique among the website's active funnels, in any case
	Slug      string // of the name, unique on the website
	Steps     []Step
	Active    bool // false: hidden
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Input is what a funnel is made from or changed to; nil: left out.
type Input struct {
	Name   *string
	Steps  *[]Step // without ids
	Active *bool
}

// Store keeps funnels. Deleted ones are gone for everybody; their slugs stay taken.
type Store interface {
	InTx(ctx context.Context, do func(ctx context.Context) error) error
	// Funnels lists a website's funnels, oldest first, hidden ones included.
	Funnels(ctx context.Context, websiteID string) ([]Funnel, error)
	FunnelSlugs(ctx context.Context, websiteID string) ([]string, error) // of deleted ones too
	InsertFunnel(ctx context.Context, f Funnel) error
	UpdateFunnel(ctx context.Context, f Funnel) error
	DeleteFunnel(ctx context.Context, websiteID, funnelID string) error
}

// Funnels makes and changes funnels.
type Funnels struct {
	store Store
	now   func() time.Time
	newID func() string
	goal  *regexp.Regexp
}

// New returns the service over a store.
func New(store Store, now func() time.Time, newID func() string) *Funnels {
	return &Funnels{store: store, now: now, newID: newID, goal: regexp.MustCompile(`^[a-z0-9_:-]{1,64}$`)}
}

// List returns a website's active funnels, and hidden ones when wanted.
func (s *Funnels) List(ctx context.Context, websiteID string, hidden bool) ([]Funnel, error) {
	all, err := s.store.Funnels(ctx, websiteID)
	if err != nil || hidden {
		return all, err
	}
	return slices.DeleteFunc(all, func(f Funnel) bool { return !f.Active }), nil
}

// Active returns one active funnel of a website; not_found otherwise.
func (s *Funnels) Active(ctx context.Context, websiteID, funnelID string) (Funnel, error) {
	f, err := s.find(ctx, websiteID, funnelID)
	if err == nil && !f.Active {
		err = notFound()
	}
	return f, err
}

func (s *Funnels) find(ctx context.Context, websiteID, funnelID string) (Funnel, error) {
	all, err := s.store.Funnels(ctx, websiteID)
	if err != nil {
		return Funnel{}, err
	}
	for _, f := range all {
		if f.ID == funnelID {
			return f, nil
		}
	}
	return Funnel{}, notFound()
}

func notFound() error { return fault.NotFound("Funnel not found") }

// Create makes a funnel. All bad fields are invalid together; a taken name is a
// conflict; the 51st active funnel is forbidden.
func (s *Funnels) Create(ctx context.Context, websiteID string, in Input) (f Funnel, err error) {
	if in.Name == nil {
		in.Name = new(string)
	}
	if in.Steps == nil {
		in.Steps = &[]Step{}
	}
	now := s.now()
	f = Funnel{ID: s.newID(), WebsiteID: websiteID, Active: true, CreatedAt: now, UpdatedAt: now}
	if err := s.apply(&f, in); err != nil {
		return Funnel{}, err
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.mayBeActive(ctx, f); err != nil {
			return err
		}
		if f.Slug, err = s.freeSlug(ctx, f); err != nil {
			return err
		}
		return s.store.InsertFunnel(ctx, f)
	})
	return f, err
}

// Update changes name, steps (all of them) or whether it is active.
func (s *Funnels) Update(ctx context.Context, websiteID, funnelID string, in Input) (f Funnel, err error) {
	if in == (Input{}) {
		return Funnel{}, fault.New(fault.CodeInvalid, "Send name, steps or isActive")
	}
	if err := s.apply(&Funnel{}, in); err != nil {
		return Funnel{}, err // told before whether there is such a funnel (api.md §2.4)
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		f, err = s.find(ctx, websiteID, funnelID)
		if err != nil {
			return err
		}
		before := f
		if err := s.apply(&f, in); err != nil {
			return err
		}
		if f.Active && (!before.Active || f.Name != before.Name) {
			if err := s.mayBeActive(ctx, f); err != nil {
				return err
			}
		}
		if f.Name != before.Name {
			if f.Slug, err = s.freeSlug(ctx, f); err != nil {
				return err
			}
		}
		f.UpdatedAt = s.now()
		return s.store.UpdateFunnel(ctx, f)
	})
	return f, err
}

// Delete removes a funnel; its numbers are not kept anywhere, so nothing is lost.
func (s *Funnels) Delete(ctx context.Context, websiteID, funnelID string) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.find(ctx, websiteID, funnelID); err != nil {
			return err
		}
		return s.store.DeleteFunnel(ctx, websiteID, funnelID)
	})
}

// mayBeActive checks the name and the number of active funnels.
func (s *Funnels) mayBeActive(ctx context.Context, f Funnel) error {
	active, err := s.List(ctx, f.WebsiteID, false)
	if err != nil {
		return err
	}
	others := 0
	for _, other := range active {
		if other.ID == f.ID {
			continue
		}
		others++
		if strings.EqualFold(other.Name, f.Name) {
			return fault.New(fault.CodeConflict, "name: there is a funnel named %q already", other.Name)
		}
	}
	if others >= MaxActive {
		return fault.New(fault.CodeForbidden, "A website can have %d active funnels; hide or delete one first", MaxActive).Because("limit_reached")
	}
	return nil
}

func (s *Funnels) freeSlug(ctx context.Context, f Funnel) (string, error) {
	taken, err := s.store.FunnelSlugs(ctx, f.WebsiteID)
	if err != nil {
		return "", err
	}
	if i := slices.Index(taken, f.Slug); f.Slug != "" && i >= 0 {
		taken = slices.Delete(taken, i, i+1) // one's own
	}
	return Unique(Slug(f.Name, "funnel"), taken), nil
}

// apply checks what is given and puts it into f.
func (s *Funnels) apply(f *Funnel, in Input) error {
	var faults fault.List
	var err error
	if in.Name != nil {
		f.Name, err = field.Line("name", *in.Name, 1, maxName)
		faults.Add(err)
	}
	if in.Steps != nil {
		f.Steps, err = s.steps(*in.Steps)
		faults.Add(err)
	}
	if in.Active != nil {
		f.Active = *in.Active
	}
	return faults.Err()
}

// steps checks all steps and gives them ids.
func (s *Funnels) steps(in []Step) ([]Step, error) {
	if len(in) < MinSteps || len(in) > MaxSteps {
		return nil, fault.Invalid("steps", "there are %d; a funnel has %d to %d", len(in), MinSteps, MaxSteps)
	}
	var faults fault.List
	var ids []string
	out := make([]Step, len(in))
	for i, step := range in {
		checked, err := s.step(fmt.Sprintf("steps[%d]", i), step)
		faults.Add(err)
		checked.ID = Unique(Slug(checked.Name, "step"), ids)
		ids = append(ids, checked.ID)
		out[i] = checked
	}
	return out, faults.Err()
}

func (s *Funnels) step(at string, in Step) (Step, error) {
	var faults fault.List
	out := Step{Type: in.Type}
	var err error
	out.Name, err = field.Line(at+".name", in.Name, 1, maxName)
	faults.Add(err)
	switch in.Type {
	case Pageview:
		out.URL, err = stepURL(at+".url", in.URL)
		faults.Add(err)
	case Goal:
		out.GoalName = strings.TrimSpace(in.GoalName)
		if !s.goal.MatchString(out.GoalName) {
			faults.Add(fault.Invalid(at+".goalName", "%q is not a goal name; use 1 to 64 of the characters a-z, 0-9, _, : and -", in.GoalName))
		}
	default:
		faults.Add(fault.Invalid(at+".type", "%q is not known; use pageview or goal", string(in.Type)))
	}
	return out, faults.Err()
}

func stepURL(name, value string) (string, error) {
	value, err := field.Line(name, value, 1, maxURL)
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(value, "/") {
		return value, nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", fault.Invalid(name, "%q is neither a path such as /pricing nor a full URL such as https://shop.example/pricing", value)
	}
	return value, nil
}
