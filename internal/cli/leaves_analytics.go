package cli

import (
	"fmt"
	"time"
)

const analyticsRead = "analytics:read"

// breakdown is one report by an attribute.
type breakdown struct {
	name, aliases, endpoint, short string
	columns                        []column
}

func breakdowns() []breakdown {
	rest := func(own ...column) []column {
		return append(own, column{path: "visitors", kind: number}, column{path: "revenue", kind: money}, column{path: "payments", kind: number})
	}
	plainBy := func(name, key, short string) breakdown {
		return breakdown{name: name, endpoint: name, short: short, columns: rest(column{path: key})}
	}
	return []breakdown{
		{name: "pages", endpoint: "pages", short: "Pages by visitors", columns: rest(cols("path", "hostname")...)},
		{name: "entry-pages", endpoint: "entry-pages", short: "First pages of sessions", columns: rest(cols("path", "hostname")...)},
		plainBy("hostnames", "hostname", "Hostnames by visitors"),
		plainBy("referrers", "referrer", "Where visitors come from"),
		plainBy("channels", "channel", "Channels: search, social, e-mail, direct …"),
		{name: "campaigns", endpoint: "campaigns", short: "Campaigns by their URL parameters", columns: rest(
			column{path: "campaign.utm_source"}, column{path: "campaign.utm_medium"}, column{path: "campaign.utm_campaign"},
			column{path: "campaign.ref|campaign.source|campaign.via", head: "ref"})},
		plainBy("countries", "country", "Countries by visitors"),
		plainBy("regions", "region", "Regions by visitors"),
		plainBy("cities", "city", "Cities by visitors"),
		plainBy("devices", "device", "Desktop, mobile and tablet"),
		plainBy("browsers", "browser", "Browsers by visitors"),
		{name: "os", aliases: "operating-systems", endpoint: "operating-systems", short: "Operating systems by visitors", columns: rest(column{path: "operating_system", head: "os"})},
		{name: "goals", endpoint: "goals", short: "Goals by completions", columns: []column{{path: "goal"}, {path: "completions", kind: number}, {path: "visitors", kind: number}}},
		{name: "exit-clicks", endpoint: "exit-clicks", short: "Links that visitors left by", columns: []column{{path: "url"}, {path: "clicks", kind: number}, {path: "visitors", kind: number}}},
	}
}

// fieldsFlag narrows a report to some of its fields.
func fieldsFlag() flag {
	return flag{name: "fields", to: "fields", help: "Fields to answer, by commas"}
}

func analyticsLeaves() []leaf {
	var all []leaf
	for _, b := range breakdowns() {
		all = append(all, leaf{
			path: "analytics " + b.name, aliases: b.aliases, short: b.short,
			method: "GET", endpoint: "/analytics/" + b.endpoint, needs: analyticsRead, takesKey: true,
			period: true, filters: analyticsFilters(), columns: b.columns, prepare: pageOf("50"),
			flags: []flag{fieldsFlag(), limitFlag("1000"), offsetFlag()},
		})
	}
	return append(all, overviewLeaf(), timeseriesLeaf(), realtimeLeaf(), leaf{
		path: "analytics realtime-map", short: "Who is on the website now", method: "GET", endpoint: "/analytics/realtime/map",
		needs: analyticsRead, takesKey: true, show: showMap,
	}, leaf{
		path: "analytics metadata", short: "The website's name, zone and currency", method: "GET", endpoint: "/analytics/metadata",
		needs: analyticsRead, takesKey: true, record: true, flags: []flag{fieldsFlag()},
	}, leaf{
		path: "analytics goal-properties", short: "Properties of a goal's events, or the values of one", method: "GET", endpoint: "/analytics/goals/properties",
		needs: analyticsRead, takesKey: true, period: true, prepare: pageOf("50"),
		args:    []arg{{name: "event", in: "eventName"}, {name: "property", in: "propertyName", optional: true}},
		flags:   []flag{limitFlag("1000"), offsetFlag()},
		columns: []column{{path: "property|value"}, {path: "completions", kind: number}, {path: "visitors", kind: number}},
	}, leaf{
		path: "analytics mentions", short: "Mentions of the website elsewhere", method: "GET", endpoint: "/mentions",
		needs: analyticsRead, takesKey: true, period: true, prepare: pageOf("50"),
		flags: []flag{
			{name: "q", to: "q", help: "Text to look for"},
			{name: "platform", to: "platform", help: "Where", choices: []string{"x", "reddit"}},
			{name: "order", to: "order", help: "Order by time", choices: []string{"desc", "asc"}},
			limitFlag("1000"), offsetFlag(),
		},
		columns: []column{{path: "timestamp", kind: moment}, {path: "platform"}, {path: "author.name"}, {path: "text"}, {path: "url"}},
	})
}

func overviewLeaf() leaf {
	return leaf{
		path: "analytics overview", short: "The main numbers of a period", method: "GET", endpoint: "/analytics/overview",
		needs: analyticsRead, takesKey: true, period: true, filters: analyticsFilters(), record: true,
		example: "datafast analytics overview --period last7d --country US\ndatafast analytics overview --json --jq '.data[0].visitors'",
		flags:   []flag{fieldsFlag()},
		columns: []column{
			{path: "visitors", kind: number},
			{path: "sessions", kind: number},
			{path: "pageviews", kind: number},
			{path: "bounce_rate", head: "bounce rate", kind: percent},
			{path: "avg_session_duration", head: "session duration", kind: millis},
			{path: "revenue", kind: money},
			{path: "payments", kind: number},
			{path: "revenue_per_visitor", head: "revenue per visitor", kind: money},
			{path: "conversion_rate", head: "conversion rate", kind: percent},
		},
	}
}

func timeseriesLeaf() leaf {
	return leaf{
		path: "analytics timeseries", short: "Numbers over time", method: "GET", endpoint: "/analytics/timeseries",
		needs: analyticsRead, takesKey: true, period: true, filters: analyticsFilters(), totals: true,
		example: "datafast analytics timeseries --interval month --period year --fields visitors,revenue",
		flags: []flag{
			{name: "interval", to: "interval", help: "Size of a step", choices: []string{"hour", "day", "week", "month"}},
			{name: "fields", to: "fields", help: "Fields to answer, by commas; default visitors,sessions,revenue"},
			limitFlag("1000"), offsetFlag(),
		},
		prepare: func(c *call) error {
			for name, value := range map[string]string{"interval": "day", "fields": "visitors,sessions,revenue"} {
				if !c.query.Has(name) {
					c.query.Set(name, value)
				}
			}
			return pageOf("50")(c)
		},
		columns: []column{
			{path: "name", head: "time"},
			{path: "visitors", kind: number},
			{path: "sessions", kind: number},
			{path: "pageviews", kind: number},
			{path: "revenue", kind: money},
			{path: "payments", kind: number},
			{path: "bounce_rate", head: "bounce rate", kind: percent},
			{path: "avg_session_duration", head: "duration", kind: millis},
			{path: "conversion_rate", head: "per visitor", kind: money},
			{path: "visitors|sessions|pageviews|revenue", head: " ", kind: bar},
		},
	}
}

// watchEvery is the time between two looks of --watch.
const watchEvery = 5 * time.Second

func realtimeLeaf() leaf {
	return leaf{
		path: "analytics realtime", short: "Visitors of the last ten minutes", method: "GET", endpoint: "/analytics/realtime",
		needs: analyticsRead, takesKey: true, record: true, columns: []column{{path: "visitors", kind: number}},
		flags: []flag{{name: "watch", kind: fixed, help: "Look again every 5 seconds until Ctrl+C"}},
		run: func(c *call) error {
			for {
				if err := c.once(); err != nil || !c.on("watch") {
					return err
				}
				select {
				case <-time.After(watchEvery):
				case <-c.cmd.Context().Done():
					return errCancelled
				}
			}
		},
	}
}

func showMap(c *call, a *answer) error {
	data, _ := a.data().(object)
	var rows []object
	list, _ := data.get("visitors").([]any)
	for _, v := range list {
		if o, ok := v.(object); ok {
			rows = append(rows, o)
		}
	}
	columns := []column{
		{path: "visitorId", head: "visitor"},
		{path: "location.city", head: "city"},
		{path: "location.countryCode", head: "country"},
		{path: "system.device.type", head: "device"},
		{path: "system.browser.name", head: "browser"},
		{path: "currentUrl", head: "page"},
		{path: "referrer"},
		{path: "visitCount", head: "visits", kind: number},
		{path: "isCustomer", head: "customer", kind: yesNo},
	}
	w := c.cmd.OutOrStdout()
	c.look(a).gridOf(columns, rows, nil).write(w, widthOf(w), c.bold)
	fmt.Fprintf(w, "%s visitors in the last ten minutes\n", plainText(data.get("count")))
	return nil
}
