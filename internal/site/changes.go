package site

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"datafast/internal/fault"
	"datafast/internal/field"
	"datafast/internal/place"
)

// Limits of settings (api.md §9.3).
const (
	maxName      = 100
	maxHostnames = 100
	maxRules     = 200
)

// ColorSchemes are the colours that a KPI may have.
func ColorSchemes() []string {
	return []string{"red", "orange", "yellow", "green", "purple", "pink", "gray", "blue", "teal", "indigo"}
}

// RevenueMetrics are what the revenue card may show.
func RevenueMetrics() []string { return []string{"revenue", "mrr"} }

// Attributions are the models of product.md §5, the default first.
func Attributions() []string { return []string{"last_non_direct", "first_touch", "last_touch"} }

// Changes is a partial update: nil fields stay as they are, lists replace.
type Changes struct {
	Domain         *string
	Name           *string // empty clears
	Timezone       *string
	Currency       *string
	KPI            *string // a seen or automatic goal's name; empty clears
	KPIColorScheme *string
	RevenueMetric  *string
	Attribution    *string

	IncludeRenewalRevenue    *bool
	IsCookieless             *bool
	IsAttackModeEnabled      *bool
	RespectGPC               *bool
	IsAllHostnamesAllowed    *bool
	SendWeeklyReports        *bool
	SendViralTrafficAlerts   *bool
	IsPublicDashboardEnabled *bool
	IsPublicDataEnabled      *bool
	Suspended                *bool // by the operator only

	AllowedHostnames  *[]string
	ExcludedIPs       *[]string
	ExcludedPaths     *[]string
	ExcludedCountries *[]string // codes or names
	ExcludedHostnames *[]string
}

// Empty reports whether nothing is to be changed.
func (c Changes) Empty() bool { return c == Changes{} }

// Goals knows which goals a website has seen; automatic ones (payment, …) count.
type Goals interface {
	GoalSeen(ctx context.Context, websiteID, name string) (bool, error)
}

// Checks are the rules that other packages know.
type Checks struct {
	Goals Goals
	// Currency reads an ISO 4217 code in any case; revenue.ParseCurrency is one.
	Currency func(field, value string) (string, error)
	// Most is how many websites a user may own; 0: any number.
	Most int
}

// apply returns a changed copy of w; all bad fields together are a fault.List.
func (c Changes) apply(ctx context.Context, w Website, checks Checks) (*Website, error) {
	var faults fault.List
	setText := func(name string, target *string, value *string, check func(name, value string) (string, error)) {
		if value == nil {
			return
		}
		checked, err := check(name, *value)
		faults.Add(err)
		*target = checked
	}
	setText("domain", &w.Domain, c.Domain, field.Host)
	setText("name", &w.Name, c.Name, checkName)
	setText("timezone", &w.Timezone, c.Timezone, field.Timezone)
	setText("currency", &w.Currency, c.Currency, checks.Currency)
	setText("kpiColorScheme", &w.KPIColorScheme, c.KPIColorScheme, oneOf(ColorSchemes()))
	setText("revenueMetric", &w.RevenueMetric, c.RevenueMetric, oneOf(RevenueMetrics()))
	setText("attribution", &w.Attribution, c.Attribution, oneOf(Attributions()))
	c.applySwitches(&w)

	setList := func(name string, target *[]string, values *[]string, most int, check func(name, value string) (string, error)) {
		if values == nil {
			return
		}
		checked, err := checkList(name, *values, most, check)
		faults.Add(err)
		*target = checked
	}
	setList("allowedHostnames", &w.AllowedHostnames, c.AllowedHostnames, maxHostnames, field.Host)
	setList("excludedIps", &w.ExcludedIPs, c.ExcludedIPs, maxRules, checkIP)
	setList("excludedPaths", &w.ExcludedPaths, c.ExcludedPaths, maxRules, checkPath)
	setList("excludedCountries", &w.ExcludedCountries, c.ExcludedCountries, maxRules*2, checkCountry)
	setList("excludedHostnames", &w.ExcludedHostnames, c.ExcludedHostnames, maxHostnames, checkHostRule)
	if c.KPI != nil {
		kpi, err := checkKPI(ctx, w.ID, *c.KPI, checks.Goals)
		if err != nil && fault.CodeOf(err) != fault.CodeInvalid {
			return nil, fmt.Errorf("look for goal %q: %w", *c.KPI, err)
		}
		faults.Add(err)
		w.KPI = kpi
	}
	return &w, faults.Err()
}

func (c Changes) applySwitches(w *Website) {
	set := func(target *bool, value *bool) {
		if value != nil {
			*target = *value
		}
	}
	set(&w.IncludeRenewalRevenue, c.IncludeRenewalRevenue)
	set(&w.IsCookieless, c.IsCookieless)
	set(&w.IsAttackModeEnabled, c.IsAttackModeEnabled)
	set(&w.RespectGPC, c.RespectGPC)
	set(&w.IsAllHostnamesAllowed, c.IsAllHostnamesAllowed)
	set(&w.SendWeeklyReports, c.SendWeeklyReports)
	set(&w.SendViralTrafficAlerts, c.SendViralTrafficAlerts)
	set(&w.IsPublicDashboardEnabled, c.IsPublicDashboardEnabled)
	set(&w.IsPublicDataEnabled, c.IsPublicDataEnabled)
	set(&w.Suspended, c.Suspended)
}

func checkName(name, value string) (string, error) { return field.Line(name, value, 0, maxName) }

func oneOf(valid []string) func(name, value string) (string, error) {
	return func(name, value string) (string, error) {
		if !slices.Contains(valid, value) {
			return "", fault.Invalid(name, "%q is not known; use %s", value, strings.Join(valid, ", "))
		}
		return value, nil
	}
}

// checkList checks every value, drops repeated ones, and names each bad one.
func checkList(name string, values []string, most int, check func(name, value string) (string, error)) ([]string, error) {
	if len(values) > most {
		return nil, fault.Invalid(name, "has %d entries; give at most %d", len(values), most)
	}
	var faults fault.List
	kept := []string{}
	for _, v := range values {
		v, err := check(name, v)
		faults.Add(err)
		if err == nil && !slices.Contains(kept, v) {
			kept = append(kept, v)
		}
	}
	return kept, faults.Err()
}

func checkIP(name, value string) (string, error) {
	value = strings.TrimSpace(value)
	if p, err := netip.ParsePrefix(value); err == nil && p.Addr().Zone() == "" {
		return p.Masked().String(), nil
	}
	if a, err := netip.ParseAddr(value); err == nil && a.Zone() == "" {
		return a.Unmap().String(), nil
	}
	return "", fault.Invalid(name, "%q is neither an address nor a range; write it as 203.0.113.7 or 203.0.113.0/24", value)
}

func checkPath(name, value string) (string, error) {
	value, err := field.Line(name, value, 1, 500)
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(value, "/") || strings.ContainsAny(value, "?#") {
		return "", fault.Invalid(name, "%q is not a path; write it as /admin or /admin/*", value)
	}
	return value, nil
}

func checkCountry(name, value string) (string, error) {
	code, ok := place.CountryCode(strings.TrimSpace(value))
	if !ok {
		return "", fault.Invalid(name, "%q is not a country; use an ISO 3166-1 code such as FR, or its English name", value)
	}
	return code, nil
}

func checkHostRule(name, value string) (string, error) {
	rest, wild := strings.CutPrefix(strings.TrimSpace(value), "*.")
	host, err := field.Host(name, rest)
	if err != nil {
		return "", fault.Invalid(name, "%q is not a host name; write it as staging.shop.example or *.vercel.app", value)
	}
	if wild {
		host = "*." + host
	}
	return host, nil
}

func checkKPI(ctx context.Context, websiteID, value string, goals Goals) (string, error) {
	value = strings.ToLower(strings.TrimSpace(value))
	if value == "" {
		return "", nil
	}
	seen, err := goals.GoalSeen(ctx, websiteID, value)
	if err == nil && !seen {
		err = fault.Invalid("kpi", "the goal %q has not been seen on this website; send it once first, or use null for none", value)
	}
	return value, err
}
