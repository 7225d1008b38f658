package cli

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"datafast/internal/client"
)

func visitorLeaves() []leaf {
	t := func(name, to, help string) flag { return flag{name: name, to: to, help: help} }
	return []leaf{
		{
			path: "visitors list", short: "List visitors, last seen first", method: "GET", endpoint: "/visitors", needs: analyticsRead, takesKey: true,
			period: true, filters: visitorFilters(), bare: true,
			flags: []flag{
				t("visited-page", "visitedPage", "Who saw this path"), t("visited-page-contains", "visitedPageContains", "Who saw a path with this in it"),
				t("completed-goal", "completedGoal", "Who completed this goal"),
				{name: "is-customer", kind: fixed, help: "Only customers; =false: only others"},
				{name: "all", kind: fixed, help: "All pages, in one list"},
				limitFlag("250"), offsetFlag(),
			},
			columns: []column{
				{path: "visitorId", head: "visitor"},
				{path: "lastSeenAt", head: "last seen", kind: moment},
				{path: "identity.country", head: "country"},
				{path: "identity.city", head: "city"},
				{path: "identity.device", head: "device"},
				{path: "identity.browser", head: "browser"},
				{path: "acquisition.referrer", head: "referrer"},
				{path: "currentUrl", head: "page"},
				{path: "isCustomer", head: "customer", kind: yesNo},
			},
			prepare: prepareVisitors, run: runVisitors,
		},
		{
			path: "visitors get", short: "Show one visitor", method: "GET", endpoint: "/visitors/{visitorId}", needs: analyticsRead, takesKey: true,
			args: []arg{{name: "visitorId", pick: &choice{"/visitors", "visitorId", []string{"visitorId", "identity.country", "currentUrl"}}}}, record: true,
			columns: []column{
				{path: "visitorId", head: "visitor"},
				{path: "identity.country", head: "country"},
				{path: "identity.region", head: "region"},
				{path: "identity.city", head: "city"},
				{path: "identity.browser.name", head: "browser"},
				{path: "identity.os.name", head: "os"},
				{path: "identity.device.type", head: "device"},
				{path: "activity.visitCount", head: "visits", kind: number},
				{path: "activity.pageViewCount", head: "page views", kind: number},
				{path: "activity.firstVisitAt", head: "first visit", kind: moment},
				{path: "activity.lastVisitAt", head: "last visit", kind: moment},
				{path: "activity.currentUrl", head: "page"},
				{path: "profile.userId", head: "user"},
				{path: "prediction.score", head: "likelihood", kind: number},
			},
		},
		{
			path: "identify", short: "Say which user a visitor is", method: "POST", endpoint: "/identify", needs: "identify:write", role: roleMember, takesKey: true,
			args: []arg{{name: "visitorId"}},
			flags: []flag{
				{name: "user-id", to: "user_id", help: "Your id of the user", required: true},
				{name: "meta", kind: pairs, help: "What else is known of the user"},
			},
			prepare: func(c *call) error {
				typed, err := c.cmd.Flags().GetStringArray("meta")
				if err != nil {
					return err
				}
				meta, err := parsePairs("meta", typed)
				for name, value := range meta {
					if name != "user_id" && name != "datafast_visitor_id" {
						c.body[name] = value
					}
				}
				c.body["datafast_visitor_id"] = c.values["visitorId"]
				return err
			},
			done: "{message}",
		},
	}
}

func prepareVisitors(c *call) error {
	if f := c.cmd.Flag("is-customer"); f.Changed {
		if c.query.Has("completedGoal") {
			return usage("--completed-goal and --is-customer exclude each other")
		}
		c.query.Set("isCustomer", f.Value.String())
	}
	if c.on("all") && (c.query.Has("limit") || c.query.Has("offset")) {
		return usage("--all excludes --limit and --offset")
	}
	return pageOf("50")(c)
}

// mostVisitors is the greatest page of the list of visitors.
const mostVisitors = 250

// runVisitors fetches one page, or all of them into one list.
func runVisitors(c *call) error {
	if !c.on("all") {
		return c.once()
	}
	var rows []any
	for {
		c.query.Set("limit", strconv.Itoa(mostVisitors))
		c.query.Set("offset", strconv.Itoa(len(rows)))
		page, err := c.send()
		if err != nil {
			if len(rows) > 0 {
				say(c.cmd.ErrOrStderr(), "only the first %d visitors were read", len(rows))
			}
			return err
		}
		data, _ := page.data().([]any)
		rows = append(rows, data...)
		c.progress("%s of %s visitors", strconv.Itoa(len(rows)), page.doc.text("pagination.total"))
		if len(data) == 0 || page.doc.get("pagination.hasMore") != true {
			break
		}
	}
	c.endProgress()
	return c.merged(rows)
}

// merged prints rows of several pages as one answer.
func (c *call) merged(rows []any) error {
	if rows == nil {
		rows = []any{}
	}
	count := json.Number(strconv.Itoa(len(rows)))
	return c.printRows(rows, member{"pagination", object{
		{"limit", count}, {"offset", json.Number("0")}, {"total", count}, {"hasMore", false},
	}})
}

func goalLeaves() []leaf {
	const path = websitePath + "/goals"
	customizations := path + "/customizations"
	goal := arg{name: "goal", pick: goalChoice()}
	shown := cols("goalName", "displayName", "color", "description")
	return []leaf{
		{
			path: "goals list", short: "List a website's goals, with how often they were completed", method: "GET", endpoint: path, needs: settingsRead, args: []arg{website()},
			columns: []column{
				{path: "goalName", head: "goal"},
				{path: "completions", kind: number},
				{path: "visitors", kind: number},
				{path: "displayName", head: "shown as"},
				{path: "color"},
				{path: "description"},
				{path: "lastSeenAt", head: "last", kind: moment},
			},
		},
		{
			path: "goals customizations", short: "List how goals are shown", method: "GET", endpoint: customizations, needs: "goals:read", args: []arg{website()},
			flags: []flag{{name: "goal", to: "goalName", help: "Only this goal"}}, columns: append(shown, column{path: "updatedAt", head: "updated", kind: moment}),
		},
		{
			path: "goals colors", short: "List the colours that goals may have", method: "GET", endpoint: customizations, needs: "goals:read", args: []arg{website()},
			columns: cols("color", "family", "label"),
			run: func(c *call) error {
				a, err := c.send()
				if err != nil {
					return err
				}
				colors, _ := a.doc.get("colors").([]any)
				return c.printRows(colors)
			},
		},
		{
			path: "goals customize", short: "Change how a goal is shown", method: "PATCH", endpoint: customizations, needs: "goals:write", role: roleMember,
			long: "On a terminal without flags: an editor that saves field by field.",
			args: []arg{website(), goal}, edits: true,
			flags: []flag{
				{name: "display-name", to: "displayName", help: "Name to show"},
				{name: "color", to: "color", help: "Colour, one of `datafast goals colors`"},
				{name: "description", to: "description", help: "Description"},
				{name: "clear-display-name", kind: fixed, to: "displayName", help: "Show the goal's own name"},
				{name: "clear-color", kind: fixed, to: "color", help: "No colour of its own"},
				{name: "clear-description", kind: fixed, to: "description", help: "No description"},
			},
			prepare: func(c *call) error {
				if len(c.body) > 0 {
					c.keepFixed()
				}
				return nil
			},
			record: true, columns: shown,
		},
		{
			path: "goals reset", short: "Show a goal as it came", method: "DELETE", endpoint: customizations, needs: "goals:write", role: roleMember,
			args: []arg{website(), {name: "goal", in: "goalName", pick: goalChoice()}}, destroys: "Forget how {goal} is shown?", done: "reset {goal}",
		},
		{
			path: "goals create", aliases: "track", short: "Record that a visitor completed a goal", method: "POST", endpoint: "/goals", needs: "goals:write", role: roleMember, takesKey: true,
			args: []arg{{name: "name"}},
			flags: []flag{
				{name: "visitor-id", to: "datafast_visitor_id", help: "The visitor, a UUID", required: true},
				{name: "description", to: "description", help: "Description"},
				{name: "param", kind: pairs, to: "metadata", help: "Property of the event"},
			},
			prepare: func(c *call) error { c.body["name"] = c.values["name"]; return nil }, record: true, columns: cols("message", "eventId"),
		},
		{
			path: "goals delete", short: "Delete events of goals", method: "DELETE", endpoint: "/goals", needs: "goals:write", role: roleMember, takesKey: true,
			flags: append([]flag{
				{name: "visitor-id", to: "datafast_visitor_id", help: "Only of this visitor"},
				{name: "name", to: "name", help: "Only of this goal"},
			}, rangeFlags()...),
			prepare:  func(c *call) error { return c.scope("goal events", "name", "datafast_visitor_id") },
			destroys: "Delete {scope}?", done: "{message} ({deletedCount})",
		},
	}
}

// rangeFlags are a plain range of time, of a deletion.
func rangeFlags() []flag {
	return []flag{
		{name: "from", to: "startAt", help: "First day or instant"},
		{name: "to", to: "endAt", help: "Last day or instant, itself included"},
	}
}

// scope refuses a deletion without any limit, and words what it will hit.
func (c *call) scope(what string, filters ...string) error {
	var by []string
	for _, name := range filters {
		if v := c.query.Get(name); v != "" {
			by = append(by, name+" "+v)
		}
	}
	from, to := c.query.Get("startAt"), c.query.Get("endAt")
	if (from == "") != (to == "") {
		return usage("--from and --to go together")
	}
	text := "ALL " + what + " of " + strings.Join(by, " and ")
	switch {
	case len(by) == 0 && from == "":
		return usage("say what to delete: a flag for one thing, or --from and --to")
	case len(by) == 0:
		text = "ALL " + what + " from " + from + " to " + to
	case from != "":
		text += " from " + from + " to " + to
	}
	c.values["scope"] = text
	return nil
}

func paymentLeaves() []leaf {
	t := func(name, to, help string) flag { return flag{name: name, to: to, help: help} }
	s := func(name, to, help string) flag {
		return flag{name: name, to: to, help: help, kind: fixed, value: true}
	}
	return []leaf{
		{
			path: "payments list", short: "List payments, newest first", method: "GET", endpoint: "/payments", needs: "payments:read", takesKey: true,
			flags: append(append([]flag{t("visitor-id", "visitor_id", "Only of this visitor")}, rangeFlags()...), limitFlag("1000"), offsetFlag()), prepare: pageOf("50"),
			columns: []column{
				{path: "transaction_id", head: "transaction"},
				{path: "timestamp", kind: moment},
				{path: "amount", kind: number},
				{path: "currency"},
				{path: "websiteAmount", head: "in the website's", kind: number},
				{path: "renewal", kind: yesNo},
				{path: "refunded", kind: yesNo},
				{path: "email"},
				{path: "datafast_visitor_id", head: "visitor"},
			},
		},
		{
			path: "payments track", short: "Record a payment, once for each transaction", method: "POST", endpoint: "/payments", needs: "payments:write", role: roleMember, takesKey: true,
			example: "datafast payments track --amount 29 --currency EUR --tx-id tx_1 --email ana@example.com",
			flags: []flag{
				{name: "amount", kind: decimal, to: "amount", help: "Amount in major units, such as 29.90", required: true},
				{name: "currency", to: "currency", help: "Currency, such as EUR", required: true},
				{name: "tx-id", to: "transaction_id", help: "Id of the transaction", required: true},
				t("visitor-id", "datafast_visitor_id", "The visitor who paid"), t("email", "email", "E-mail address of the customer"),
				t("name", "name", "Name of the customer"), t("customer-id", "customer_id", "Your id of the customer"),
				s("renewal", "renewal", "It renews a subscription"), s("refunded", "refunded", "It is a refund"), s("free-trial", "is_free_trial", "It starts a free trial"),
				t("timestamp", "timestamp", "When, such as 2026-05-01T10:00:00Z; default now"),
			},
			show: func(c *call, a *answer) error {
				say(c.cmd.OutOrStdout(), "%s: %s", a.doc.text("message"), a.doc.text("transaction_id"))
				return nil
			},
		},
		{
			path: "payments delete", short: "Delete payments", method: "DELETE", endpoint: "/payments", needs: "payments:write", role: roleMember, takesKey: true,
			flags: append([]flag{
				t("tx-id", "transaction_id", "This transaction"),
				t("visitor-id", "datafast_visitor_id", "Those of this visitor"),
			}, rangeFlags()...),
			prepare: func(c *call) error {
				if id := c.query.Get("transaction_id"); id != "" {
					c.values["scope"] = "the payment " + id
					return nil
				}
				return c.scope("payments", "datafast_visitor_id")
			},
			destroys: "Delete {scope}?", done: "{message}",
		},
	}
}

func noteLeaves() []leaf {
	const path = websitePath + "/notes"
	note := arg{name: "noteId", pick: &choice{path, "id", []string{"timestamp", "text"}}}
	shown := []column{{path: "id"}, {path: "timestamp", kind: moment}, {path: "author.name", head: "author"}, {path: "text"}}
	fields := func(required bool) []flag {
		return []flag{
			{name: "text", to: "text", help: "Text, at most 500 characters", required: required},
			{name: "timestamp", to: "timestamp", help: "Day, or instant with its zone", required: required},
		}
	}
	return []leaf{
		{
			path: "notes list", short: "List a website's notes, newest first", method: "GET", endpoint: path, needs: "notes:read", args: []arg{website()}, columns: shown,
			flags: append(rangeFlags(), flag{name: "timezone", to: "timezone", help: "IANA zone of the days"}, flag{name: "q", to: "q", help: "Text to look for"},
				flag{name: "order", to: "order", help: "Order by time", choices: []string{"desc", "asc"}}, limitFlag("1000"), offsetFlag()),
		},
		{
			path: "notes create", short: "Write a note", method: "POST", endpoint: path, needs: "notes:write", role: roleMember, args: []arg{website()}, record: true, columns: shown,
			flags: append(fields(true), flag{name: "idempotency-key", to: "idempotencyKey", help: "Repeating with the same key writes no second note"}),
		},
		{
			path: "notes update", short: "Change a note", method: "PUT", endpoint: path + "/{noteId}", needs: "notes:write", role: roleMember,
			args: []arg{website(), note}, flags: fields(false), edits: true, record: true, columns: shown,
		},
		{
			path: "notes delete", short: "Delete notes", method: "DELETE", endpoint: path + "/{noteId}", needs: "notes:write", role: roleMember,
			args: []arg{website(), note}, many: true, destroys: "Delete the note {noteId}?", done: "deleted {noteId}",
		},
	}
}

// notServed reports a route that an older server does not have.
func notServed(err error) bool {
	var refused *client.Error
	return errors.As(err, &refused) && (refused.Status == 404 || refused.Status == 405)
}
