package site

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"datafast/internal/fault"
	"datafast/internal/field"
)

// Customization is how a goal is shown; the raw name stays its key.
type Customization struct {
	WebsiteID   string
	GoalName    string
	DisplayName string // empty: the raw name
	Color       string // of the palette; empty: chosen by the page
	Description string
	UpdatedAt   time.Time
}

// Color is one colour of the palette.
type Color struct {
	Color  string `json:"color"` // "#rrggbb"
	Family string `json:"family"`
	Label  string `json:"label"`
}

// Palette is the colours that a goal may have (api.md §9.6).
func Palette() []Color {
	return []Color{
		{"#f97316", "orange", "Orange"},
		{"#8dcdff", "blue", "Light blue"},
		{"#84cc16", "lime", "Lime"},
		{"#eab308", "yellow", "Yellow"},
		{"#ec4899", "pink", "Pink"},
		{"#ef4444", "red", "Red"},
		{"#a855f7", "purple", "Purple"},
		{"#14b8a6", "teal", "Teal"},
		{"#22c55e", "green", "Green"},
		{"#3b82f6", "blue", "Blue"},
		{"#6366f1", "indigo", "Indigo"},
		{"#6b7280", "gray", "Gray"},
	}
}

// CustomizationStore keeps customizations. Unknown things are faults with code
// not_found.
type CustomizationStore interface {
	InTx(ctx context.Context, do func(ctx context.Context) error) error
	Customizations(ctx context.Context, websiteID string) ([]Customization, error) // by goal name
	SetCustomization(ctx context.Context, c Customization) error
	DeleteCustomization(ctx context.Context, websiteID, goalName string) (found bool, err error)
}

// Customizations says how goals are shown.
type Customizations struct {
	store CustomizationStore
	now   func() time.Time
	name  *regexp.Regexp
}

// NewCustomizations returns the service over a store.
func NewCustomizations(store CustomizationStore, now func() time.Time) *Customizations {
	return &Customizations{store: store, now: now, name: regexp.MustCompile(`^[a-z0-9_:-]{1,64}$`)}
}

// List returns all of a website, or the one of a goal when goalName is not empty.
func (c *Customizations) List(ctx context.Context, websiteID, goalName string) ([]Customization, error) {
	all, err := c.store.Customizations(ctx, websiteID)
	if err != nil || goalName == "" {
		return all, err
	}
	return slices.DeleteFunc(all, func(x Customization) bool { return x.GoalName != goalName }), nil
}

// CustomizationInput is a partial change: nil stays, empty clears.
type CustomizationInput struct {
	GoalName    string
	DisplayName *string
	Color       *string
	Description *string
}

// Set changes how a goal is shown; the goal need not have events yet.
func (c *Customizations) Set(ctx context.Context, websiteID string, in CustomizationInput) (set Customization, err error) {
	if err := c.check(&in); err != nil {
		return Customization{}, err
	}
	err = c.store.InTx(ctx, func(ctx context.Context) error {
		existing, err := c.List(ctx, websiteID, in.GoalName)
		if err != nil {
			return err
		}
		set = Customization{WebsiteID: websiteID, GoalName: in.GoalName}
		if len(existing) > 0 {
			set = existing[0]
		}
		for _, change := range []struct{ target, value *string }{
			{&set.DisplayName, in.DisplayName}, {&set.Color, in.Color}, {&set.Description, in.Description},
		} {
			if change.value != nil {
				*change.target = *change.value
			}
		}
		set.UpdatedAt = c.now()
		return c.store.SetCustomization(ctx, set)
	})
	return set, err
}

// GoalName brings a goal's name into its stored form and checks it.
func (c *Customizations) GoalName(value string) (string, error) {
	name := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(value)), " ", "_")
	if !c.name.MatchString(name) {
		return "", fault.Invalid("goalName", "%q is not a goal name; use 1 to 64 of the characters a-z, 0-9, _, : and -", value)
	}
	return name, nil
}

func (c *Customizations) check(in *CustomizationInput) error {
	var faults fault.List
	name, err := c.GoalName(in.GoalName)
	faults.Add(err)
	in.GoalName = name
	if in.DisplayName == nil && in.Color == nil && in.Description == nil {
		faults.Add(fault.New(fault.CodeInvalid, "Send displayName, color or description; null clears one"))
	}
	if in.DisplayName != nil {
		*in.DisplayName, err = field.Line("displayName", *in.DisplayName, 0, 80)
		faults.Add(err)
	}
	if in.Description != nil {
		*in.Description, err = field.Lines("description", *in.Description, 0, 300)
		faults.Add(err)
	}
	if in.Color != nil && *in.Color != "" {
		color := strings.ToLower(*in.Color)
		if !slices.ContainsFunc(Palette(), func(p Color) bool { return p.Color == color }) {
			faults.Add(fault.Invalid("color", "%q is not in the palette; use one of the colors that GET lists", *in.Color))
		}
		in.Color = &color
	}
	return faults.Err()
}

// Delete resets how a goal is shown; found is false when there was nothing to reset.
func (c *Customizations) Delete(ctx context.Context, websiteID, goalName string) (found bool, err error) {
	name, err := c.GoalName(goalName)
	if err != nil {
		return false, err
	}
	return c.store.DeleteCustomization(ctx, websiteID, name)
}
