package cli

import (
	"fmt"
	"net/url"
	"strings"
)

func funnelLeaves() []leaf {
	const path = websitePath + "/funnels"
	funnel := arg{name: "funnelId", pick: &choice{path, "_id", []string{"name", "_id"}}}
	shown := append(cols("_id", "name", "slug"), column{path: "isActive", head: "active", kind: yesNo}, column{path: "createdAt", head: "created", kind: moment})
	steps := flag{name: "steps", kind: jsonText, to: "steps", help: "2 to 8 steps"}
	return []leaf{
		{
			path: "funnels list", short: "List a website's funnels", method: "GET", endpoint: path, needs: "funnels:read", args: []arg{website()}, columns: shown,
			flags: []flag{{name: "include-inactive", kind: fixed, value: true, to: "includeInactive", help: "Hidden ones as well"}},
		},
		{
			path: "funnels view", short: "Visitors, conversion and drop-off of each step", method: "GET", endpoint: "/analytics/funnels/{funnelId}", needs: analyticsRead, takesKey: true,
			args: []arg{website(), funnel}, period: true, filters: analyticsFilters(), show: showFunnel,
			columns: []column{{path: "revenue", kind: money}},
		},
		{
			path: "funnels create", short: "Make a funnel", method: "POST", endpoint: path, needs: "funnels:write", role: roleMember, args: []arg{website()},
			long:  "A step is {\"name\":\"Landing\",\"type\":\"pageview\",\"url\":\"/\"} or {\"name\":\"Signup\",\"type\":\"goal\",\"goalName\":\"signup\"}. On a terminal without --steps they are asked for.",
			flags: []flag{{name: "name", to: "name", help: "Name", required: true}, steps},
			prepare: func(c *call) error {
				if _, given := c.body["steps"]; given {
					return nil
				}
				if !c.interactive() {
					return usage("--steps is missing: give a JSON array, or @file")
				}
				steps, err := c.askSteps()
				c.body["steps"] = steps
				return err
			},
			record: true, columns: shown,
		},
		{
			path: "funnels update", short: "Change, hide or show a funnel", method: "PUT", endpoint: path + "/{funnelId}", needs: "funnels:write", role: roleMember,
			args: []arg{website(), funnel}, edits: true, record: true, columns: shown,
			flags: []flag{
				{name: "name", to: "name", help: "Name"},
				steps,
				{name: "enable", kind: fixed, value: true, to: "isActive", help: "Show it again"},
				{name: "disable", kind: fixed, value: false, to: "isActive", help: "Hide it"},
			},
			prepare: exclusive("enable", "disable"),
		},
		{
			path: "funnels delete", short: "Delete funnels", method: "DELETE", endpoint: path + "/{funnelId}", needs: "funnels:write", role: roleMember,
			args: []arg{website(), funnel}, many: true, destroys: "Delete the funnel {funnelId}?", done: "deleted {funnelId}",
		},
	}
}

// exclusive refuses two switches that contradict each other.
func exclusive(a, b string) func(c *call) error {
	return func(c *call) error {
		if c.on(a) && c.on(b) {
			return usage("--%s and --%s exclude each other", a, b)
		}
		return nil
	}
}

func showFunnel(c *call, a *answer) error {
	data := a.one()
	var rows []object
	list, _ := data.get("steps").([]any)
	for _, v := range list {
		if o, ok := v.(object); ok {
			rows = append(rows, o)
		}
	}
	columns := []column{
		{path: "order", head: "#", kind: number},
		{path: "name", head: "step"},
		{path: "visitors", kind: number},
		{path: "stepConversionRate", head: "conversion", kind: percent},
		{path: "dropOff", head: "left", kind: number},
		{path: "dropOffRate", head: "drop-off", kind: percent},
		{path: "medianTimeFromPrevious", head: "median time", kind: millis},
		{path: "revenue", kind: money},
	}
	l := c.look(a)
	w := c.cmd.OutOrStdout()
	l.gridOf(columns, rows, nil).write(w, widthOf(w), c.bold)
	fmt.Fprintf(w, "%s: %s of %s visitors, %s%%\n", oneLine(data.text("funnel.name")), data.text("completedVisitors"), data.text("totalVisitors"), data.text("conversionRate"))
	return nil
}

// Limits of a funnel's steps.
const (
	leastSteps = 2
	mostSteps  = 8
)

// askSteps builds the steps with a person.
func (c *call) askSteps() ([]map[string]string, error) {
	var steps []map[string]string
	for len(steps) < mostSteps {
		question := fmt.Sprintf("Name of step %d", len(steps)+1)
		if len(steps) >= leastSteps {
			question += " (empty: that is all)"
		}
		name, err := c.readLine(question + ":")
		if err != nil {
			return nil, err
		}
		if name == "" && len(steps) >= leastSteps {
			break
		}
		i, err := c.pickFrom("What is it?", []string{"pageview  a page is shown", "goal  a goal is completed"})
		if err != nil {
			return nil, err
		}
		step := map[string]string{"name": name, "type": []string{"pageview", "goal"}[i]}
		key := []string{"url", "goalName"}[i]
		if step[key], err = c.readLine([]string{"Path, such as /pricing:", "Goal:"}[i]); err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	return steps, nil
}

func alertLeaves() []leaf {
	const path = websitePath + "/alerts"
	alert := arg{name: "alertId", pick: &choice{path, "_id", []string{"name", "trigger.goalName"}}}
	shown := append(cols("_id", "name"), column{path: "trigger.goalName", head: "goal"}, column{path: "isEnabled", head: "enabled", kind: yesNo}, column{path: "template.message", head: "message"})
	fields := func(creates bool) []flag {
		return []flag{
			{name: "name", to: "name", help: "Name", required: creates},
			{name: "goal", to: "trigger.goalName", help: "Goal", required: creates},
			{name: "subject", to: "template.subject", help: "Subject of the mail"},
			{name: "message", to: "template.message", help: "Text of the mail, 10 to 2000 characters"},
		}
	}
	disabled := flag{name: "disabled", kind: fixed, value: false, to: "isEnabled", help: "Off"}
	return []leaf{
		{path: "alerts list", short: "List a website's alerts", method: "GET", endpoint: path, needs: "alerts:read", args: []arg{website()}, columns: shown},
		{
			path: "alerts get", short: "Show one alert", method: "GET", endpoint: path + "/{alertId}", needs: "alerts:read",
			args: []arg{website(), alert}, record: true, columns: shown, run: runAlert,
		},
		{
			path: "alerts create", short: "Make an alert", method: "POST", endpoint: path, needs: "alerts:write", role: roleMember, args: []arg{website()},
			flags: append(fields(true), disabled), prepare: defaultMessage, record: true, columns: shown,
		},
		{
			path: "alerts update", short: "Change an alert", method: "PUT", endpoint: path + "/{alertId}", needs: "alerts:write", role: roleMember,
			args: []arg{website(), alert}, edits: true, record: true, columns: shown,
			flags:   append(fields(false), flag{name: "enabled", kind: fixed, value: true, to: "isEnabled", help: "On"}, disabled),
			prepare: exclusive("enabled", "disabled"),
		},
		{
			path: "alerts delete", short: "Delete alerts", method: "DELETE", endpoint: path + "/{alertId}", needs: "alerts:write", role: roleMember,
			args: []arg{website(), alert}, many: true, destroys: "Delete the alert {alertId}?", done: "deleted {alertId}",
		},
		{
			path: "alerts history", short: "List when alerts were raised", method: "GET", endpoint: path + "/history", needs: "alerts:read", args: []arg{website()},
			flags: []flag{{name: "alert", to: "alertId", help: "Only of this alert"}, limitFlag("100")},
			columns: []column{
				{path: "triggeredAt", head: "time", kind: moment},
				{path: "alertName", head: "alert"},
				{path: "goalName", head: "goal"},
				{path: "status"},
				{path: "error"},
				{path: "visitorId", head: "visitor"},
			},
		},
	}
}

// runAlert looks into the list where a server has no route for one alert.
func runAlert(c *call) error {
	a, err := c.send()
	if !notServed(err) {
		if err != nil {
			return err
		}
		return c.display(a)
	}
	all, listErr := fetch(c.cmd.Context(), c.client, strings.ReplaceAll(websitePath, "{website}", url.PathEscape(c.values[argWebsite]))+"/alerts", nil)
	if listErr != nil {
		return err
	}
	for _, row := range all.rows() {
		if row.text("_id") != c.values["alertId"] {
			continue
		}
		return c.printRows([]any{row})
	}
	return err
}

// defaultMessage fills in the text that the API asks for.
func defaultMessage(c *call) error {
	template, _ := c.body["template"].(map[string]any)
	trigger, _ := c.body["trigger"].(map[string]any)
	if template["message"] != nil {
		return nil
	}
	domain := c.values[argWebsite]
	if a, err := fetch(c.cmd.Context(), c.client, "/analytics/metadata", url.Values{"websiteId": {domain}}); err == nil {
		domain = first(a.one().text("domain"), domain)
	}
	put(c.body, "template.message", fmt.Sprintf("Goal %q was completed on %s.", fmt.Sprint(trigger["goalName"]), domain))
	return nil
}
