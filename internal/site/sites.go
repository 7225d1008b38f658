package site

import (
	"context"
	"crypto/rand"
	"math/big"
	"reflect"
	"strings"
	"time"

	"datafast/internal/audit"
	"datafast/internal/fault"
	"datafast/internal/field"
)

// Store keeps websites. Unknown things are faults with code not_found.
type Store interface {
	Source
	InTx(ctx context.Context, do func(ctx context.Context) error) error

	// OwnedDomain returns the id of the user's own website with a domain; empty
	// when there is none.
	OwnedDomain(ctx context.Context, ownerID, domain string) (websiteID string, err error)
	CountOwned(ctx context.Context, ownerID string) (int, error)
	OwnerOf(ctx context.Context, websiteID string) (userID string, err error)
	InsertWebsite(ctx context.Context, w *Website, ownerID string) error // the owner joins the team
	UpdateWebsite(ctx context.Context, w *Website) error
	// DeleteWebsite removes a website with its team, keys, funnels, alerts and notes.
	DeleteWebsite(ctx context.Context, websiteID string) error
	Websites(ctx context.Context) ([]*Website, error) // all, by domain
}

// Sites makes and changes websites.
type Sites struct {
	store     Store
	directory *Directory
	checks    Checks
	followers []Follower
	log       *audit.Log
	now       func() time.Time
	newID     func() string
}

// Follower does elsewhere what follows from a change here, within its
// transaction: an error undoes the change.
type Follower interface {
	CurrencyChanged(ctx context.Context, w *Website) error
	WebsiteDeleted(ctx context.Context, websiteID string) error
}

// Follow adds a follower; before the service is used.
func (s *Sites) Follow(f Follower) { s.followers = append(s.followers, f) }

// NewSites returns the service; changes show in directory at once.
func NewSites(store Store, directory *Directory, checks Checks, log *audit.Log, now func() time.Time, newID func() string) *Sites {
	return &Sites{store: store, directory: directory, checks: checks, log: log, now: now, newID: newID}
}

// NewWebsite is what a website is made from.
type NewWebsite struct {
	Domain   string
	Timezone string
	Name     string // may be empty
	Currency string // empty: USD
}

// Create makes a website owned by a user. Bad fields are invalid together; a
// domain that the user owns already is a conflict; one more than the operator
// allows is forbidden.
func (s *Sites) Create(ctx context.Context, ownerID string, n NewWebsite) (*Website, error) {
	var faults fault.List
	w := defaults()
	set := func(target *string, err error, value string) {
		faults.Add(err)
		*target = value
	}
	domain, err := field.Host("domain", n.Domain)
	set(&w.Domain, err, domain)
	timezone, err := field.Timezone("timezone", n.Timezone)
	set(&w.Timezone, err, timezone)
	name, err := checkName("name", n.Name)
	set(&w.Name, err, name)
	if n.Currency != "" {
		code, err := s.checks.Currency("currency", n.Currency)
		set(&w.Currency, err, code)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	w.ID, w.TrackingID, w.CreatedAt = s.newID(), newTrackingID(), s.now()
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.domainFree(ctx, ownerID, w); err != nil {
			return err
		}
		if err := s.room(ctx, ownerID); err != nil {
			return err
		}
		if err := s.store.InsertWebsite(ctx, w, ownerID); err != nil {
			return err
		}
		return s.log.Record(ctx, audit.Change{
			Action: "website.create", WebsiteID: w.ID, UserID: ownerID, Target: w.Domain,
			After: map[string]string{"domain": w.Domain, "timezone": w.Timezone},
		})
	})
	s.directory.Invalidate()
	return w, err
}

// defaults is a website before anything is set (api.md §9.3).
func defaults() *Website {
	return &Website{
		Currency: "USD", KPIColorScheme: "orange", RevenueMetric: "revenue", Attribution: "last_non_direct",
		IncludeRenewalRevenue: true, SendWeeklyReports: true,
		AllowedHostnames: []string{}, ExcludedIPs: []string{}, ExcludedPaths: []string{},
		ExcludedCountries: []string{}, ExcludedHostnames: []string{},
	}
}

func (s *Sites) domainFree(ctx context.Context, ownerID string, w *Website) error {
	other, err := s.store.OwnedDomain(ctx, ownerID, w.Domain)
	if err == nil && other != "" && other != w.ID {
		err = fault.New(fault.CodeConflict, "domain: %s is on this account already", w.Domain)
	}
	return err
}

// room refuses one more website where the user has as many as the operator allows.
func (s *Sites) room(ctx context.Context, ownerID string) error {
	if s.checks.Most == 0 {
		return nil
	}
	owned, err := s.store.CountOwned(ctx, ownerID)
	if err == nil && owned >= s.checks.Most {
		err = fault.New(fault.CodeForbidden, "An account can own %d websites on this server; delete one first, or ask the operator", s.checks.Most).Because("limit_reached")
	}
	return err
}

// Update changes settings and returns the website as it is now. Nothing to change
// is invalid.
func (s *Sites) Update(ctx context.Context, websiteID string, c Changes) (changed *Website, err error) {
	if c.Empty() {
		return nil, fault.New(fault.CodeInvalid, "The body names no setting; send at least one, as in {\"name\":\"Shop\"}")
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		w, err := s.store.Website(ctx, websiteID)
		if err != nil {
			return err
		}
		if changed, err = c.apply(ctx, *w, s.checks); err != nil {
			return err
		}
		return s.update(ctx, w, changed)
	})
	s.directory.Invalidate()
	return changed, err
}

func (s *Sites) update(ctx context.Context, before, after *Website) error {
	if before.Domain != after.Domain {
		owner, err := s.store.OwnerOf(ctx, after.ID)
		if err != nil {
			return err
		}
		if err := s.domainFree(ctx, owner, after); err != nil {
			return err
		}
	}
	was, is := differences(*before, *after)
	if len(is) == 0 {
		return nil
	}
	if err := s.store.UpdateWebsite(ctx, after); err != nil {
		return err
	}
	if before.Currency != after.Currency {
		for _, f := range s.followers {
			if err := f.CurrencyChanged(ctx, after); err != nil {
				return err
			}
		}
	}
	return s.log.Record(ctx, audit.Change{
		Action: "settings.update", WebsiteID: after.ID, Target: after.Domain, Before: was, After: is,
	})
}

// differences lists the settings that differ, by lowerCamel name.
func differences(before, after Website) (was, is map[string]any) {
	was, is = map[string]any{}, map[string]any{}
	b, a := reflect.ValueOf(before), reflect.ValueOf(after)
	for i := range b.NumField() {
		if reflect.DeepEqual(b.Field(i).Interface(), a.Field(i).Interface()) {
			continue
		}
		name := settingName(b.Type().Field(i).Name)
		was[name], is[name] = b.Field(i).Interface(), a.Field(i).Interface()
	}
	return was, is
}

// settingName is a field's name as the settings are called everywhere else.
func settingName(field string) string {
	switch field {
	case "KPI":
		return "kpi"
	case "KPIColorScheme":
		return "kpiColorScheme"
	case "ExcludedIPs":
		return "excludedIps"
	case "RespectGPC":
		return "respectGpc"
	}
	return strings.ToLower(field[:1]) + field[1:]
}

// Delete removes a website for everybody. The domain must be given as it is, so
// that nobody deletes one by accident.
func (s *Sites) Delete(ctx context.Context, websiteID, domain string) error {
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		w, err := s.store.Website(ctx, websiteID)
		if err != nil {
			return err
		}
		if !strings.EqualFold(strings.TrimSpace(domain), w.Domain) {
			return fault.Invalid("domain", "%q is not this website's domain; type %s to delete it", domain, w.Domain)
		}
		owner, err := s.store.OwnerOf(ctx, websiteID)
		if err != nil {
			return err
		}
		if err := s.store.DeleteWebsite(ctx, websiteID); err != nil {
			return err
		}
		for _, f := range s.followers {
			if err := f.WebsiteDeleted(ctx, websiteID); err != nil {
				return err
			}
		}
		return s.log.Record(ctx, audit.Change{
			Action: "website.delete", UserID: owner, Target: w.Domain, Before: map[string]string{"_id": w.ID, "domain": w.Domain},
		})
	})
	s.directory.Invalidate()
	return err
}

// Find returns the website of an id or tracking id.
func (s *Sites) Find(ctx context.Context, ref string) (*Website, error) {
	return s.directory.Find(ctx, ref)
}

// newTrackingID makes dfid_ and 21 letters or digits, as the hosted product's ids.
func newTrackingID() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, 21)
	for i := range b {
		n, _ := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet)))) // never fails: crypto/rand documents it
		b[i] = alphabet[n.Int64()]
	}
	return "dfid_" + string(b)
}

// Membership is a website with somebody's role on it, as the store joins them.
type Membership struct {
	Website *Website
	Role    string
}
