package api

import (
	"context"

	"datafast/internal/account"
	"datafast/internal/auth"
	"datafast/internal/fault"
	"datafast/internal/site"
)

// websiteRow is a website in a list.
type websiteRow struct {
	ID         string `json:"_id"`
	Domain     string `json:"domain"`
	Name       string `json:"name"`
	TrackingID string `json:"trackingId"`
	Timezone   string `json:"timezone"`
	Currency   string `json:"currency"`
	Role       string `json:"role" enum:"viewer,member,owner"`
	CreatedAt  string `json:"createdAt"`
}

// websiteSettings is a website with all its settings (api.md §9.3).
type websiteSettings struct {
	ID                       string   `json:"_id"`
	Domain                   string   `json:"domain"`
	Name                     string   `json:"name"`
	TrackingID               string   `json:"trackingId"`
	Timezone                 string   `json:"timezone"`
	Currency                 string   `json:"currency"`
	KPI                      *string  `json:"kpi"`
	KPIColorScheme           string   `json:"kpiColorScheme"`
	RevenueMetric            string   `json:"revenueMetric"`
	IsCookieless             bool     `json:"isCookieless"`
	IsAttackModeEnabled      bool     `json:"isAttackModeEnabled"`
	IncludeRenewalRevenue    bool     `json:"includeRenewalRevenue"`
	SendWeeklyReports        bool     `json:"sendWeeklyReports"`
	SendViralTrafficAlerts   bool     `json:"sendViralTrafficAlerts"`
	IsPublicDashboardEnabled bool     `json:"isPublicDashboardEnabled"`
	IsPublicDataEnabled      bool     `json:"isPublicDataEnabled"`
	AllowedHostnames         []string `json:"allowedHostnames"`
	IsAllHostnamesAllowed    bool     `json:"isAllHostnamesAllowed"`
	ExcludedIPs              []string `json:"excludedIps"`
	ExcludedPaths            []string `json:"excludedPaths"`
	ExcludedCountries        []string `json:"excludedCountries"`
	ExcludedHostnames        []string `json:"excludedHostnames"`
	RespectGPC               bool     `json:"respectGpc"`
	Attribution              string   `json:"attribution"`
	Role                     string   `json:"role" enum:"viewer,member,owner"`
	CreatedAt                string   `json:"createdAt"`
}

type websiteBody struct {
	Domain   Opt[string] `json:"domain" doc:"Host without scheme, path or port"`
	Timezone Opt[string] `json:"timezone" doc:"IANA name"`
	Name     Opt[string] `json:"name,omitzero" doc:"At most 100 characters"`
}

type createdWebsite struct {
	WebsiteID  string `json:"websiteId"`
	Domain     string `json:"domain"`
	TrackingID string `json:"trackingId"`
}

// settingsBody is a partial update of a website.
type settingsBody struct {
	Domain                   Opt[string]   `json:"domain,omitzero"`
	Name                     Opt[string]   `json:"name,omitzero" doc:"At most 100 characters; null: the domain stands for it"`
	Timezone                 Opt[string]   `json:"timezone,omitzero" doc:"IANA name"`
	Currency                 Opt[string]   `json:"currency,omitzero" doc:"ISO 4217"`
	KPI                      Opt[string]   `json:"kpi,omitzero" doc:"Name of a goal that the website has seen, or of an automatic one; null clears"`
	KPIColorScheme           Opt[string]   `json:"kpiColorScheme,omitzero"`
	RevenueMetric            Opt[string]   `json:"revenueMetric,omitzero" doc:"revenue or mrr"`
	SendWeeklyReports        Opt[bool]     `json:"sendWeeklyReports,omitzero"`
	SendViralTrafficAlerts   Opt[bool]     `json:"sendViralTrafficAlerts,omitzero"`
	IsPublicDashboardEnabled Opt[bool]     `json:"isPublicDashboardEnabled,omitzero"`
	IsPublicDataEnabled      Opt[bool]     `json:"isPublicDataEnabled,omitzero"`
	IsCookieless             Opt[bool]     `json:"isCookieless,omitzero"`
	IsAttackModeEnabled      Opt[bool]     `json:"isAttackModeEnabled,omitzero"`
	IncludeRenewalRevenue    Opt[bool]     `json:"includeRenewalRevenue,omitzero"`
	AllowedHostnames         Opt[[]string] `json:"allowedHostnames,omitzero" doc:"At most 100; replaces the list"`
	IsAllHostnamesAllowed    Opt[bool]     `json:"isAllHostnamesAllowed,omitzero"`
	ExcludedIPs              Opt[[]string] `json:"excludedIps,omitzero" doc:"At most 200 addresses or ranges; replaces the list"`
	ExcludedPaths            Opt[[]string] `json:"excludedPaths,omitzero" doc:"At most 200, as /admin or /admin/*; replaces the list"`
	ExcludedCountries        Opt[[]string] `json:"excludedCountries,omitzero" doc:"ISO 3166-1 alpha-2 or English names; replaces the list"`
	ExcludedHostnames        Opt[[]string] `json:"excludedHostnames,omitzero" doc:"At most 100, as staging.shop.example or *.vercel.app; replaces the list"`
	RespectGPC               Opt[bool]     `json:"respectGpc,omitzero"`
	Attribution              Opt[string]   `json:"attribution,omitzero" doc:"last_non_direct, first_touch or last_touch"`
}

const settingsExample = `{"status":"success","data":[{"_id":"665f0b3c4d2e1a0012345678","domain":"shop.example","name":"Shop","trackingId":"dfid_8KqW2mZr4TnB5xYc7LdVp","timezone":"Europe/Bucharest","currency":"EUR","kpi":"signup","kpiColorScheme":"orange","revenueMetric":"revenue","isCookieless":false,"isAttackModeEnabled":false,"includeRenewalRevenue":true,"sendWeeklyReports":true,"sendViralTrafficAlerts":false,"isPublicDashboardEnabled":false,"isPublicDataEnabled":false,"allowedHostnames":["shop.example","www.shop.example"],"isAllHostnamesAllowed":false,"excludedIps":[],"excludedPaths":["/admin"],"excludedCountries":[],"excludedHostnames":[],"respectGpc":false,"attribution":"last_non_direct","role":"owner","createdAt":"2026-05-19T00:00:00.000Z"}]}`

func (a *Account) websiteRoutes() []Route {
	const path = "/api/v1/admin/websites"
	onOne := func(kinds auth.Kind, p auth.Permission, least account.Role) auth.Rule {
		return auth.Rule{Kinds: kinds, Permission: p, Website: auth.ByPath, Least: least}
	}
	return []Route{
		{Method: "GET", Path: path, Rule: auth.Rule{Kinds: auth.AllKinds, Permission: auth.WebsitesRead}, Handle: a.listWebsites, Doc: Doc{
			ID: "listWebsites", Tag: "Websites", Summary: "List websites",
			Description: "Those that the credential reaches, by domain; a website key sees its own.",
			Data:        []websiteRow{},
			Example:     `{"status":"success","data":[{"_id":"665f0b3c4d2e1a0012345678","domain":"shop.example","name":"Shop","trackingId":"dfid_8KqW2mZr4TnB5xYc7LdVp","timezone":"Europe/Bucharest","currency":"EUR","role":"owner","createdAt":"2026-05-19T00:00:00.000Z"}]}`,
		}},
		{Method: "POST", Path: path, Rule: auth.Rule{Kinds: auth.Tokens, Permission: auth.WebsitesWrite, NotNarrowed: true}, Handle: a.createWebsite, Doc: Doc{
			ID: "createWebsite", Tag: "Websites", Summary: "Create a website",
			Description: "The caller becomes its owner.",
			Body:        websiteBody{}, Data: []createdWebsite{},
			BodyExample: `{"domain":"shop.example","timezone":"Europe/Bucharest","name":"Shop"}`,
			Example:     `{"status":"success","data":[{"websiteId":"665f0b3c4d2e1a0012345678","domain":"shop.example","trackingId":"dfid_8KqW2mZr4TnB5xYc7LdVp"}]}`,
		}},
		{Method: "GET", Path: path + "/{websiteId}", Rule: onOne(auth.AllKinds, auth.SettingsRead, account.RoleViewer), Handle: a.getWebsite, Doc: Doc{
			ID: "getWebsite", Tag: "Websites", Summary: "Get a website's settings", Data: []websiteSettings{}, Example: settingsExample,
		}},
		{Method: "PUT", Path: path + "/{websiteId}", Rule: onOne(auth.AllKinds, auth.SettingsWrite, account.RoleMember), Handle: a.updateWebsite, Doc: Doc{
			ID: "updateWebsite", Tag: "Websites", Summary: "Change a website's settings",
			Description: "Partial: what is not sent stays; lists replace.",
			Body:        settingsBody{}, Data: []websiteSettings{}, Example: settingsExample, BodyExample: `{"excludedPaths":["/admin"]}`,
		}},
		{Method: "DELETE", Path: path + "/{websiteId}", Rule: onOne(auth.Tokens, auth.WebsitesWrite, account.RoleOwner), Handle: refuseDeletion, Doc: Doc{
			ID: "deleteWebsite", Tag: "Websites", Summary: "Delete a website: always refused",
			Description: "Always 403: a website is deleted in the dashboard.", Data: []deletedRow{},
		}},
	}
}

func (a *Account) listWebsites(ctx context.Context, r *Request) (*Response, error) {
	if r.Principal.Kind == auth.WebsiteKey {
		w, err := a.Sites.Find(ctx, r.Principal.WebsiteID)
		if err != nil {
			return nil, err
		}
		return One(rowOf(w, string(account.RoleMember))), nil
	}
	memberships, err := a.SiteOf.WebsitesOf(ctx, r.Principal.UserID)
	if err != nil {
		return nil, err
	}
	rows := []websiteRow{}
	for _, m := range memberships {
		if r.Principal.Reaches(m.Website.ID) {
			rows = append(rows, rowOf(m.Website, m.Role))
		}
	}
	return OK(rows), nil
}

func rowOf(w *site.Website, role string) websiteRow {
	return websiteRow{w.ID, w.Domain, w.DisplayName(), w.TrackingID, w.Timezone, w.Currency, role, Stamp(w.CreatedAt)}
}

func (a *Account) createWebsite(ctx context.Context, r *Request) (*Response, error) {
	var body websiteBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	w, err := a.Sites.Create(ctx, r.Principal.UserID, site.NewWebsite{
		Domain: body.Domain.Value, Timezone: body.Timezone.Value, Name: body.Name.Value,
	})
	if err != nil {
		return nil, err
	}
	return One(createdWebsite{w.ID, w.Domain, w.TrackingID}), nil
}

func (a *Account) getWebsite(_ context.Context, r *Request) (*Response, error) {
	return One(settingsOf(r.Website, r.Role)), nil
}

func (a *Account) updateWebsite(ctx context.Context, r *Request) (*Response, error) {
	var body settingsBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	changes, err := body.changes()
	if err != nil {
		return nil, err
	}
	w, err := a.Sites.Update(ctx, r.Website.ID, changes)
	if err != nil {
		return nil, err
	}
	return One(settingsOf(w, r.Role)), nil
}

// changes turns the body into a partial update; null is only allowed where it
// clears.
func (b settingsBody) changes() (site.Changes, error) {
	var faults fault.List
	c := site.Changes{
		Domain: noNull("domain", b.Domain, &faults), Name: orClear(b.Name), Timezone: noNull("timezone", b.Timezone, &faults),
		Currency: noNull("currency", b.Currency, &faults), KPI: orClear(b.KPI),
		KPIColorScheme: noNull("kpiColorScheme", b.KPIColorScheme, &faults),
		RevenueMetric:  noNull("revenueMetric", b.RevenueMetric, &faults), Attribution: noNull("attribution", b.Attribution, &faults),

		IncludeRenewalRevenue:    noNull("includeRenewalRevenue", b.IncludeRenewalRevenue, &faults),
		IsCookieless:             noNull("isCookieless", b.IsCookieless, &faults),
		IsAttackModeEnabled:      noNull("isAttackModeEnabled", b.IsAttackModeEnabled, &faults),
		RespectGPC:               noNull("respectGpc", b.RespectGPC, &faults),
		IsAllHostnamesAllowed:    noNull("isAllHostnamesAllowed", b.IsAllHostnamesAllowed, &faults),
		SendWeeklyReports:        noNull("sendWeeklyReports", b.SendWeeklyReports, &faults),
		SendViralTrafficAlerts:   noNull("sendViralTrafficAlerts", b.SendViralTrafficAlerts, &faults),
		IsPublicDashboardEnabled: noNull("isPublicDashboardEnabled", b.IsPublicDashboardEnabled, &faults),
		IsPublicDataEnabled:      noNull("isPublicDataEnabled", b.IsPublicDataEnabled, &faults),

		AllowedHostnames:  noNull("allowedHostnames", b.AllowedHostnames, &faults),
		ExcludedIPs:       noNull("excludedIps", b.ExcludedIPs, &faults),
		ExcludedPaths:     noNull("excludedPaths", b.ExcludedPaths, &faults),
		ExcludedCountries: noNull("excludedCountries", b.ExcludedCountries, &faults),
		ExcludedHostnames: noNull("excludedHostnames", b.ExcludedHostnames, &faults),
	}
	return c, faults.Err()
}

// noNull is the value of a field that cannot be cleared; nil when it was not sent.
func noNull[T any](name string, o Opt[T], faults *fault.List) *T {
	if o.Set && o.Null {
		faults.Add(fault.Invalid(name, "must not be null; leave it out to keep it"))
	}
	return o.Ptr()
}

// orClear is the value of a field that null clears; nil when it was not sent.
func orClear(o Opt[string]) *string {
	if o.Set && o.Null {
		return new(string)
	}
	return o.Ptr()
}

func settingsOf(w *site.Website, role account.Role) websiteSettings {
	return websiteSettings{
		ID: w.ID, Domain: w.Domain, Name: w.DisplayName(), TrackingID: w.TrackingID, Timezone: w.Timezone, Currency: w.Currency,
		KPI: orNull(w.KPI), KPIColorScheme: w.KPIColorScheme, RevenueMetric: w.RevenueMetric,
		IsCookieless: w.IsCookieless, IsAttackModeEnabled: w.IsAttackModeEnabled, IncludeRenewalRevenue: w.IncludeRenewalRevenue,
		SendWeeklyReports: w.SendWeeklyReports, SendViralTrafficAlerts: w.SendViralTrafficAlerts,
		IsPublicDashboardEnabled: w.IsPublicDashboardEnabled, IsPublicDataEnabled: w.IsPublicDataEnabled,
		AllowedHostnames: nonNil(w.AllowedHostnames), IsAllHostnamesAllowed: w.IsAllHostnamesAllowed,
		ExcludedIPs: nonNil(w.ExcludedIPs), ExcludedPaths: nonNil(w.ExcludedPaths),
		ExcludedCountries: nonNil(w.ExcludedCountries), ExcludedHostnames: nonNil(w.ExcludedHostnames),
		RespectGPC: w.RespectGPC, Attribution: w.Attribution, Role: string(role), CreatedAt: Stamp(w.CreatedAt),
	}
}

func refuseDeletion(context.Context, *Request) (*Response, error) {
	return nil, fault.New(fault.CodeForbidden, "Website deletion is only available in the dashboard")
}
