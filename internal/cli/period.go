package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// periods are the names of --period.
func periods() []string {
	return []string{"today", "yesterday", "last24h", "last7d", "last30d", "last12m", "week", "month", "year", "all"}
}

func bindPeriod(f *pflag.FlagSet, preset string) {
	f.String("period", "", "Period in the website's zone: "+strings.Join(periods(), ", ")+". Default "+preset+".")
	f.String("from", "", "First day (2026-05-01) or instant (2026-05-01T10:00:00Z).")
	f.String("to", "", "Last day or instant, itself included.")
	f.String("start", "", "Same as --from.")
	f.String("end", "", "Same as --to.")
	f.String("timezone", "", "IANA zone of the days; default the website's.")
	for _, name := range []string{"start", "end"} {
		f.Lookup(name).Hidden = true
	}
}

// theServers is a period that the server chooses.
const theServers = "what suits the interval"

// presetPeriod is the period when none is given.
func (l *leaf) presetPeriod() string {
	switch l.path {
	case "analytics timeseries":
		return theServers
	case "export", "visitors list":
		return "all"
	}
	return "last30d"
}

// period puts startAt, endAt and timezone into the query.
func (c *call) period() error {
	flag := func(name string) string { return c.cmd.Flag(name).Value.String() }
	from, to := first(flag("from"), flag("start")), first(flag("to"), flag("end"))
	period, zone := flag("period"), flag("timezone")
	if zone != "" {
		if _, err := time.LoadLocation(zone); err != nil {
			return usage("--timezone: %q is no IANA zone such as Europe/Bucharest", zone)
		}
		c.query.Set("timezone", zone)
	}
	switch {
	case period != "" && (from != "" || to != ""):
		return usage("--period and --from/--to exclude each other")
	case period != "" && !slices.Contains(periods(), period):
		return usage("--period: %q is none of %s", period, strings.Join(periods(), ", "))
	case from != "" || to != "":
		return c.dates(from, to)
	}
	if period == "" {
		period = c.leaf.presetPeriod()
	}
	if period == theServers || period == "all" {
		return nil
	}
	place, err := time.LoadLocation(first(zone, c.site().Timezone, "UTC"))
	if err != nil {
		place = time.UTC
	}
	start, end := bounds(period, time.Now().In(place))
	c.query.Set("startAt", start)
	c.query.Set("endAt", end)
	return nil
}

// dates takes --from and --to, which must name whole days or exact instants.
func (c *call) dates(from, to string) error {
	for name, value := range map[string]string{"from": from, "to": to} {
		_, dayErr := time.Parse(time.DateOnly, value)
		_, instantErr := time.Parse(time.RFC3339, value)
		switch {
		case value == "":
			return usage("--from and --to go together; --%s is missing", name)
		case dayErr != nil && instantErr != nil && strings.ContainsAny(value, "T "):
			return usage("--%s: %q has no zone; add Z or an offset such as +02:00", name, value)
		case dayErr != nil && instantErr != nil:
			return usage("--%s: %q is neither a day (2026-05-01) nor an instant (2026-05-01T10:00:00Z)", name, value)
		}
	}
	c.query.Set("startAt", from)
	c.query.Set("endAt", to)
	return nil
}

// bounds are a period's first and last day, or instants, as of now.
func bounds(period string, now time.Time) (start, end string) {
	day := func(t time.Time) string { return t.Format(time.DateOnly) }
	today := day(now)
	switch period {
	case "yesterday":
		return day(now.AddDate(0, 0, -1)), day(now.AddDate(0, 0, -1))
	case "last24h":
		return now.Add(-24 * time.Hour).UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339)
	case "last7d":
		return day(now.AddDate(0, 0, -6)), today
	case "last30d":
		return day(now.AddDate(0, 0, -29)), today
	case "last12m":
		return day(time.Date(now.Year(), now.Month()-11, 1, 0, 0, 0, 0, now.Location())), today
	case "week":
		return day(now.AddDate(0, 0, -(int(now.Weekday())+6)%7)), today
	case "month":
		return today[:8] + "01", today
	case "year":
		return today[:5] + "01-01", today
	}
	return today, today
}
