package cli

import (
	"fmt"
	"net/http"
	"os"
	"strings"

	"datafast/internal/client"
)

const (
	websitesPath   = "/admin/websites"
	websitePath    = "/admin/websites/{website}"
	settingsRead   = "settings:read"
	settingsWrite  = "settings:write"
	websitesRead   = "websites:read"
	websitesWrite  = "websites:write"
	keysRead       = "api-keys:read"
	keysWrite      = "api-keys:write"
	roleMember     = "member or owner"
	roleOwner      = "owner"
	presetReadOnly = "analytics:read,websites:read,settings:read,alerts:read,funnels:read,goals:read"
	presetGrowth   = "analytics:read,websites:read,settings:write,funnels:write,alerts:write,api-keys:read"
)

// colorSchemes are those of a website's goal on the chart.
func colorSchemes() []string {
	return []string{"red", "orange", "yellow", "green", "purple", "pink", "gray", "blue", "teal", "indigo"}
}

func websiteLeaves() []leaf {
	return []leaf{
		{
			path: "websites list", short: "List my websites", method: "GET", endpoint: websitesPath, needs: websitesRead,
			columns: cols("_id", "domain", "name", "trackingId", "timezone", "currency", "role"),
		},
		{
			path: "websites get", short: "Show a website's settings", method: "GET", endpoint: websitePath, needs: settingsRead,
			args: []arg{website()}, record: true,
		},
		{
			path: "websites create", short: "Add a website", method: "POST", endpoint: websitesPath, needs: websitesWrite,
			example: "datafast websites create --domain shop.example --timezone Europe/Bucharest",
			flags: []flag{
				{name: "domain", to: "domain", help: "Domain, without https://", required: true},
				{name: "timezone", to: "timezone", help: "IANA zone of its days", required: true, preset: machineZone},
				{name: "name", to: "name", help: "Name"},
			},
			show: showCreatedWebsite,
		},
		{
			path: "websites update", short: "Change a website's settings", method: "PUT", endpoint: websitePath, needs: settingsWrite, role: roleMember,
			long: "On a terminal without flags: an editor that saves field by field.",
			args: []arg{website()}, flags: settingsFlags(), edits: true, record: true,
		},
		{
			path: "websites delete", short: "Delete a website (only in the dashboard)", method: "DELETE", endpoint: websitePath, needs: websitesWrite, role: roleOwner,
			long: "The API never deletes a website: this says where it is done.",
			args: []arg{website()}, destroys: "Delete {website}?",
			run: func(c *call) error {
				_, err := c.send()
				if err != nil && strings.Contains(err.Error(), "only available in the dashboard") {
					return failure{err, exitRefused, "open " + c.client.Base + "/dashboard/" + c.values[argWebsite] + "/settings"}
				}
				return err
			},
		},
		{
			path: "websites kpi", short: "Show or set the goal that a website is measured by", method: "PUT", endpoint: websitePath, needs: settingsWrite, role: roleMember,
			args: []arg{website(), {name: "goal", optional: true}},
			flags: []flag{
				{name: "clear", kind: fixed, to: "kpi", value: nil, help: "Measure by none"},
				{name: "color", to: "kpiColorScheme", help: "Its colour", choices: colorSchemes()},
			},
			record: true, columns: cols("kpi", "kpiColorScheme"), run: runKPI,
		},
	}
}

func settingsFlags() []flag {
	t := func(name, to, help string) flag { return flag{name: name, to: to, help: help} }
	b := func(name, to, help string) flag { return flag{name: name, to: to, help: help, kind: truth} }
	l := func(name, to, help string) flag {
		return flag{name: name, to: to, help: help + " (\"\" for none)", kind: list}
	}
	return []flag{
		t("name", "name", "Name"), t("domain", "domain", "Domain"), t("timezone", "timezone", "IANA zone of its days"),
		t("currency", "currency", "Currency, such as EUR"), t("kpi", "kpi", "Goal that it is measured by"),
		{name: "kpi-color-scheme", to: "kpiColorScheme", help: "Colour of that goal", choices: colorSchemes()},
		{name: "revenue-metric", to: "revenueMetric", help: "What revenue means", choices: []string{"revenue", "mrr"}},
		{name: "attribution", to: "attribution", help: "Which session gets a payment's credit", choices: []string{"last_non_direct", "first_touch", "last_touch"}},
		b("cookieless", "isCookieless", "Count without cookies"), b("include-renewal-revenue", "includeRenewalRevenue", "Count renewals as revenue"),
		b("weekly-reports", "sendWeeklyReports", "Mail a weekly report"), b("viral-alerts", "sendViralTrafficAlerts", "Mail when traffic rises suddenly"),
		b("public-dashboard", "isPublicDashboardEnabled", "Let everybody see the dashboard"), b("public-data", "isPublicDataEnabled", "Let everybody read the numbers"),
		b("attack-mode", "isAttackModeEnabled", "Drop suspicious traffic"), b("respect-gpc", "respectGpc", "Respect Global Privacy Control"),
		l("allowed-hostnames", "allowedHostnames", "Hostnames that may send events"), b("all-hostnames", "isAllHostnamesAllowed", "Take events from all hostnames"),
		l("excluded-ips", "excludedIps", "Addresses and ranges not to count"), l("excluded-paths", "excludedPaths", "Paths not to count, with *"),
		l("excluded-countries", "excludedCountries", "Countries not to count"), l("excluded-hostnames", "excludedHostnames", "Hostnames not to count"),
	}
}

// machineZone is the zone of this machine; UTC when it does not say.
func machineZone() string {
	if zone := os.Getenv("TZ"); zone != "" {
		return strings.TrimPrefix(zone, ":")
	}
	if target, err := os.Readlink("/etc/localtime"); err == nil {
		if _, zone, ok := strings.Cut(target, "zoneinfo/"); ok {
			return zone
		}
	}
	return "UTC"
}

func showCreatedWebsite(c *call, a *answer) error {
	made := a.one()
	c.look(a).record(c.cmd.OutOrStdout(), cols("websiteId", "domain", "trackingId"), made, c.bold)
	fmt.Fprintf(c.cmd.OutOrStdout(), "\nPut this tag on each page, in <head>:\n\n<script defer data-website-id=%q data-domain=%q src=\"%s/js/script.js\"></script>\n",
		made.text("trackingId"), made.text("domain"), c.client.Base)
	return nil
}

// runKPI shows the goal when nothing is to be changed.
func runKPI(c *call) error {
	if goal := c.values["goal"]; goal != "" {
		c.body["kpi"] = goal
	}
	if len(c.body) > 0 {
		return c.once()
	}
	a, err := fetch(c.cmd.Context(), c.client, c.target(), nil)
	if err != nil {
		return c.explain(err)
	}
	return c.display(a)
}

// credentialColumns are what tokens and keys have in common.
func credentialColumns() []column {
	return append(cols("_id", "name", "displayKey"), column{path: "lastUsedAt", head: "last used", kind: moment}, column{path: "createdAt", head: "created", kind: moment})
}

func graceFlag() flag {
	return flag{name: "grace", kind: whole, to: "graceSeconds", help: "Seconds that the old value still works, at most 604800"}
}

func nameFlag(help string) flag { return flag{name: "name", to: "name", help: help} }

func clipboardFlag() flag {
	return flag{name: "no-clipboard", kind: fixed, help: "Do not copy it to the clipboard"}
}

func keyLeaves() []leaf {
	key := arg{name: "keyId", pick: &choice{websitePath + "/apikeys", "_id", []string{"name", "displayKey"}}}
	made := append(cols("_id", "name", "key"), column{path: "createdAt", head: "created", kind: moment})
	return []leaf{
		{path: "websites apikeys list", short: "List a website's keys", method: "GET", endpoint: websitePath + "/apikeys", needs: keysRead, args: []arg{website()}, columns: credentialColumns()},
		{
			path: "websites apikeys create", short: "Make a website key, shown once", method: "POST", endpoint: websitePath + "/apikeys", needs: keysWrite, role: roleMember,
			example: "datafast websites apikeys create <websiteId> --name \"Prod key\"",
			args:    []arg{website()}, flags: []flag{nameFlag("Name"), {name: "expires-at", to: "expiresAt", help: "When it ends, such as 2027-01-01T00:00:00Z"}, clipboardFlag()},
			record: true, columns: made, secret: true,
		},
		{
			path: "websites apikeys roll", short: "Give a website key a new value, shown once", method: "PUT", endpoint: websitePath + "/apikeys/{keyId}", needs: keysWrite, role: roleMember,
			args: []arg{website(), key}, flags: []flag{graceFlag(), clipboardFlag()}, destroys: "Give the key {keyId} a new value? Programs with the old one stop working.",
			record: true, columns: made, secret: true,
		},
		{
			path: "websites apikeys delete", short: "Delete website keys", method: "DELETE", endpoint: websitePath + "/apikeys/{keyId}", needs: keysWrite, role: roleMember,
			args: []arg{website(), key}, many: true, destroys: "Delete the key {keyId}? Programs with it stop working.", done: "deleted {keyId}",
		},
	}
}

func teamLeaves() []leaf {
	const path = websitePath + "/team"
	person := arg{name: "userId", pick: &choice{path, "userId", []string{"name", "email", "role"}}}
	return []leaf{
		{
			path: "websites team list", short: "List who may see or manage a website", method: "GET", endpoint: path, needs: "team:read", args: []arg{website()},
			columns: append(cols("userId", "name", "email", "role"), column{path: "joinedAt", head: "joined", kind: moment}),
		},
		{
			path: "websites team invite", short: "Invite somebody", method: "POST", endpoint: path, needs: "team:write", role: roleOwner, args: []arg{website()},
			flags: []flag{
				{name: "email", to: "email", help: "E-mail address", required: true},
				{name: "role", to: "role", help: "Role", choices: []string{"viewer", "member"}},
			},
			record: true, columns: cols("message", "email", "role", "invitationId", "inviteUrl"),
		},
		{
			path: "websites team role", short: "Change somebody's role", method: "PATCH", endpoint: path + "/{userId}", needs: "team:write", role: roleOwner,
			args: []arg{website(), person}, flags: []flag{{name: "role", to: "role", help: "Role", choices: []string{"viewer", "member"}, required: true}},
			prepare: findPerson, record: true, columns: cols("userId", "name", "email", "role"),
		},
		{
			path: "websites team remove", short: "Remove somebody", method: "DELETE", endpoint: path, needs: "team:write", role: roleOwner,
			args: []arg{website(), person}, destroys: "Remove {userId} from the website?", done: "{message}",
			prepare: func(c *call) error {
				err := findPerson(c)
				c.body["userId"] = c.values["userId"]
				return err
			},
		},
	}
}

// findPerson takes an e-mail address in place of a user's id.
func findPerson(c *call) error {
	typed := c.values["userId"]
	if !strings.Contains(typed, "@") {
		return nil
	}
	team, err := fetch(c.cmd.Context(), c.client, strings.ReplaceAll(websitePath+"/team", "{website}", c.values[argWebsite]), nil)
	if err != nil {
		return c.explain(err)
	}
	for _, m := range team.rows() {
		if strings.EqualFold(m.text("email"), typed) {
			c.values["userId"] = m.text("userId")
			return nil
		}
	}
	return failure{fmt.Errorf("nobody with the address %s is on the team", typed), exitNotFound, ""}
}

func tokenLeaves() []leaf {
	const path = "/admin/access-tokens"
	token := arg{name: "tokenId", pick: &choice{path, "_id", []string{"name", "displayKey"}}}
	made := append(cols("_id", "name", "key", "permissions"), column{path: "websiteIds", head: "websites", none: "all"}, column{path: "expiresAt", head: "expires", kind: moment})
	return []leaf{
		{
			path: "tokens list", short: "List my account tokens", method: "GET", endpoint: path, needs: keysRead,
			columns: append(credentialColumns(), column{path: "permissions"}, column{path: "websiteIds", head: "websites", none: "all"}),
		},
		{
			path: "tokens create", short: "Make an account token, shown once", method: "POST", endpoint: path, needs: keysWrite,
			long: "A token never gets more than the one that makes it. Off a terminal, --permissions or --preset must be given.\n\n" +
				"Presets: read-only is " + presetReadOnly + "; growth is " + presetGrowth + ".",
			example: "datafast tokens create --name \"AI agent\" --permissions \"analytics:read,websites:read,funnels:write,alerts:write\"",
			flags: []flag{
				nameFlag("Name"),
				{name: "permissions", kind: list, to: "permissions", help: "Permissions, or \"*\" for all"},
				{name: "preset", help: "Permissions by name", choices: []string{"read-only", "growth"}},
				{name: "websites", kind: list, to: "websiteIds", help: "Websites that it is limited to; default all"},
				{name: "expires-at", to: "expiresAt", help: "When it ends, such as 2027-01-01T00:00:00Z"},
				clipboardFlag(),
			},
			prepare: prepareToken, record: true, columns: made, secret: true,
		},
		{
			path: "tokens roll", short: "Give an account token a new value, shown once", method: "PUT", endpoint: path + "/{tokenId}", needs: keysWrite,
			args: []arg{token}, flags: []flag{graceFlag(), clipboardFlag()}, destroys: "Give the token {tokenId} a new value? Programs with the old one stop working.",
			record: true, columns: made, secret: true,
		},
		{
			path: "tokens delete", short: "Delete account tokens", method: "DELETE", endpoint: path + "/{tokenId}", needs: keysWrite,
			args: []arg{token}, many: true, destroys: "Delete the token {tokenId}? Programs with it stop working.", done: "deleted {tokenId}",
		},
	}
}

// prepareToken completes the permissions: a preset, or asked for. An unattended
// call must not make a token that can do everything by leaving them out.
func prepareToken(c *call) error {
	preset := c.cmd.Flag("preset").Value.String()
	_, named := c.body["permissions"]
	switch {
	case preset != "" && named:
		return usage("--preset and --permissions exclude each other")
	case preset == "read-only":
		c.body["permissions"] = splitList(presetReadOnly)
	case preset == "growth":
		c.body["permissions"] = splitList(presetGrowth)
	case !named && !c.interactive():
		return usage("--permissions is missing: name them, or \"*\" for all, or give --preset")
	case !named:
		return askToken(c)
	}
	return nil
}

// askToken asks a person for name, permissions and websites.
func askToken(c *call) error {
	if _, named := c.body["name"]; !named {
		name, err := c.readLine("Name:")
		if err != nil {
			return err
		}
		c.body["name"] = name
	}
	choices := []string{"read-only  " + presetReadOnly, "growth  " + presetGrowth, "everything  *", "others  choose from a list"}
	i, err := c.pickFrom("What may it do?", choices)
	if err != nil {
		return err
	}
	c.body["permissions"] = [][]string{splitList(presetReadOnly), splitList(presetGrowth), {"*"}, nil}[i]
	if i == len(choices)-1 {
		if c.body["permissions"], err = c.askPermissions(); err != nil {
			return err
		}
	}
	if _, named := c.body["websiteIds"]; !named {
		c.body["websiteIds"], err = c.askWebsites()
	}
	return err
}

// askPermissions is the checklist of what there is.
func (c *call) askPermissions() ([]string, error) {
	a, err := exchange(c.cmd.Context(), c.client, client.Request{Method: http.MethodGet, Path: "/api/app/permissions"})
	if err != nil {
		return nil, err
	}
	var names, labels []string
	list, _ := a.one().get("permissions").([]any)
	for _, v := range list {
		o, _ := v.(object)
		names, labels = append(names, o.text("name")), append(labels, o.text("name")+"  "+o.text("allows"))
	}
	return c.pickNamed("Which permissions?", labels, names)
}

// askWebsites is the checklist of websites; none chosen means all.
func (c *call) askWebsites() ([]string, error) {
	a, err := fetch(c.cmd.Context(), c.client, websitesPath, nil)
	if err != nil {
		return []string{}, nil //nolint:nilerr // who may not list them is not asked: all
	}
	var ids, labels []string
	for _, w := range a.rows() {
		ids, labels = append(ids, w.text("_id")), append(labels, w.text("domain"))
	}
	return c.pickNamed("On which websites? (empty: all)", labels, ids)
}

// pickNamed is pickSeveral with what the labels stand for.
func (c *call) pickNamed(question string, labels, values []string) ([]string, error) {
	chosen, err := c.pickSeveral(question, labels)
	out := []string{}
	for _, i := range chosen {
		out = append(out, values[i])
	}
	return out, err
}

func accountLeaves() []leaf {
	return []leaf{
		{
			path: "whoami", short: "Who I am on the server, and what my token may do", method: "GET", endpoint: "/admin/account", needs: analyticsRead,
			record: true, columns: []column{
				{path: "name"},
				{path: "email"},
				{path: "planType", head: "plan"},
				{path: "token.kind", head: "token"},
				{path: "token.name", head: "token name"},
				{path: "token.permissions", head: "permissions"},
				{path: "token.websiteIds", head: "websites", none: "all"},
			},
		},
		{
			path: "account update", short: "Change my name", method: "PUT", endpoint: "/admin/account", needs: settingsWrite,
			flags: []flag{{name: "name", to: "name", help: "Name", required: true}}, record: true, columns: cols("name", "email"),
		},
	}
}
