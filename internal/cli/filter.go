package cli

import (
	"strings"

	"github.com/spf13/pflag"
)

// analyticsFilters are the names that --filter has shorthands for.
func analyticsFilters() []string {
	return []string{
		"country", "region", "city", "device", "browser", "os", "referrer", "page", "entry-page", "hostname", "goal",
		"utm-source", "utm-medium", "utm-campaign", "utm-term", "utm-content", "ref", "source", "via", "visit-count",
	}
}

// visitorFilters are those of the list of visitors.
func visitorFilters() []string {
	return []string{
		"country", "region", "city", "device", "browser", "os", "referrer", "hostname",
		"utm-source", "utm-medium", "utm-campaign", "utm-term", "utm-content", "ref", "source", "via",
	}
}

func bindFilters(f *pflag.FlagSet, names []string, bare bool) {
	if len(names) == 0 {
		return
	}
	if !bare {
		f.StringArrayP("filter", "F", nil, "Filter, as name[:op]=value, such as page:contains=/docs; may be repeated. Operators: is, is_not, contains, does_not_contain, gte, lte.")
	}
	for _, name := range names {
		help := "Only this " + strings.ReplaceAll(name, "-", " ") + "; several by commas."
		if !bare {
			help = "Same as --filter " + strings.ReplaceAll(name, "-", "_") + "=; may start with an operator and a colon."
		}
		f.String(name, "", help)
	}
}

// filterFlags puts --filter and its shorthands into the query.
func (c *call) filterFlags() error {
	if len(c.leaf.filters) == 0 {
		return nil
	}
	prefix := "filter_"
	if c.leaf.bare {
		prefix = ""
	}
	for _, name := range c.leaf.filters {
		if v := c.cmd.Flag(name).Value.String(); v != "" {
			c.query.Add(prefix+strings.ReplaceAll(name, "-", "_"), v)
		}
	}
	if c.leaf.bare {
		return nil
	}
	all, err := c.cmd.Flags().GetStringArray("filter")
	if err != nil {
		return err
	}
	for _, f := range all {
		name, value, ok := strings.Cut(f, "=")
		name, op, hasOp := strings.Cut(name, ":")
		if !ok || name == "" || hasOp && op == "" {
			return usage("--filter: %q is not name[:op]=value, such as page:contains=/docs", f)
		}
		if hasOp {
			value = op + ":" + value
		}
		c.query.Add("filter_"+strings.ReplaceAll(name, "-", "_"), value)
	}
	return nil
}
