package site

import "time"

// Website is one tracked property with all its settings. Values are immutable
// once read: a change makes a new Website.
type Website struct {
	ID         string // 24 hex
	TrackingID string // dfid_…, public
	Domain     string // lower case, "www." kept
	Name       string // empty: the domain stands for it
	Logo       string // URL of the site's icon; empty: none
	Timezone   string // IANA
	Currency   string // ISO 4217
	CreatedAt  time.Time

	KPI            string // goal name; empty: none
	KPIColorScheme string
	RevenueMetric  string // "revenue" or "mrr"
	Attribution    string // "last_non_direct", "first_touch" or "last_touch"

	IncludeRenewalRevenue    bool
	IsCookieless             bool
	IsAttackModeEnabled      bool
	RespectGPC               bool
	IsAllHostnamesAllowed    bool
	SendWeeklyReports        bool
	SendViralTrafficAlerts   bool
	IsPublicDashboardEnabled bool
	IsPublicDataEnabled      bool
	Suspended                bool // tracking refused with 403

	AllowedHostnames  []string // additional domains: equal or below
	ExcludedIPs       []string // addresses or CIDR
	ExcludedPaths     []string // "/admin" or "/admin/*"
	ExcludedCountries []string // ISO 3166-1 alpha-2
	ExcludedHostnames []string // exact or "*.vercel.app"
}

// DisplayName is the name, or the domain where there is none.
func (w *Website) DisplayName() string {
	if w.Name == "" {
		return w.Domain
	}
	return w.Name
}
