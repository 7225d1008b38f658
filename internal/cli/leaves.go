package cli

import "slices"

// group is a command that holds others.
type group struct {
	path    string
	aliases string
	short   string
	long    string
	list    string // command that runs off a terminal when none is named
}

func groupsOf() []group {
	return []group{
		{path: "analytics", short: "Reports: visitors, sources, pages, places, revenue"},
		{path: "visitors", aliases: "visitor", short: "Visitors and their journeys"},
		{path: "websites", aliases: "website", short: "Websites, their settings, keys and team", list: "list"},
		{path: "websites apikeys", short: "Keys (df_) of a website"},
		{path: "websites team", short: "People who may see or manage a website"},
		{path: "tokens", aliases: "token", short: "Account tokens (dft_) for scripts and agents"},
		{path: "goals", aliases: "goal", short: "Goals: how they are shown, and their events", list: "list"},
		{path: "funnels", aliases: "funnel", short: "Funnels", list: "list"},
		{path: "alerts", aliases: "alert", short: "Alerts when a goal is completed", list: "list"},
		{path: "payments", short: "Payments"},
		{path: "notes", aliases: "note", short: "Notes of the team, shown on charts"},
		{path: "account", short: "My account"},
		{path: "config", short: "What this program has stored: server, credentials, default website"},
		{path: "import", short: "Bring in data from elsewhere"},
	}
}

// leaves are all commands that are data.
func leaves() []leaf {
	return slices.Concat(analyticsLeaves(), visitorLeaves(), websiteLeaves(), keyLeaves(), teamLeaves(), tokenLeaves(),
		goalLeaves(), funnelLeaves(), alertLeaves(), paymentLeaves(), noteLeaves(), accountLeaves())
}

// Arguments and flags that many commands have.

func website() arg { return arg{name: argWebsite} }

func limitFlag(most string) flag {
	return flag{name: "limit", kind: whole, to: "limit", help: "Rows of a page, at most " + most}
}

func offsetFlag() flag {
	return flag{name: "offset", kind: whole, to: "offset", help: "Rows to skip"}
}

// pageOf gives a page the length that the command line has by default.
func pageOf(limit string) func(c *call) error {
	return func(c *call) error {
		if !c.query.Has("limit") {
			c.query.Set("limit", limit)
		}
		return nil
	}
}

func goalChoice() *choice {
	return &choice{endpoint: "/admin/websites/{website}/goals", id: "goalName", label: []string{"goalName", "displayName"}}
}
