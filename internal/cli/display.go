package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/atotto/clipboard"
)

// table prints columns, a record, or a sentence.
func (c *call) table(a *answer) func(w io.Writer) error {
	return func(w io.Writer) error {
		l := c.leaf
		switch {
		case l.done != "":
			fmt.Fprintln(w, c.sentence(a))
		case l.record:
			c.look(a).record(w, l.columns, a.one(), c.bold)
		default:
			c.grid(w, a)
		}
		return nil
	}
}

// grid prints rows, and which of how many they are.
func (c *call) grid(w io.Writer, a *answer) {
	rows := a.rows()
	columns := present(c.leaf.columns, rows)
	var totals object
	if c.leaf.totals {
		totals, _ = a.doc.get("totals").(object)
	}
	if len(rows) == 0 {
		fmt.Fprintln(w, "nothing found")
		return
	}
	c.look(a).gridOf(columns, rows, totals).write(w, widthOf(w), c.bold)
	if total := a.doc.text("pagination.total"); total != "" {
		from := floatOf(a.doc.get("pagination.offset"))
		fmt.Fprintf(w, "rows %.0f–%.0f of %s\n", from+1, from+float64(len(rows)), thousands(total))
	}
}

// present keeps the columns that any row has: --fields leaves some out.
func present(columns []column, rows []object) []column {
	var out []column
	for _, c := range columns {
		for _, row := range rows {
			if has(row, c.path) {
				out = append(out, c)
				break
			}
		}
	}
	if len(out) == 0 {
		return columns
	}
	return out
}

// has reports whether a row holds a path's first key, be it null.
func has(row object, path string) bool {
	for _, m := range row {
		for p := range strings.SplitSeq(path, "|") {
			if h, _, _ := strings.Cut(p, "."); h == m.key {
				return true
			}
		}
	}
	return false
}

// look is how this website's money and times are shown.
func (c *call) look(a *answer) look {
	l := look{symbol: first(a.one().text("currency"), a.doc.text("currency")), zone: time.UTC}
	var about aboutWebsite
	needsSymbol, needsZone := c.leaf.shows(money) && l.symbol == "", c.leaf.shows(moment)
	if c.client != nil && c.leaf.wantsWebsite() && (needsSymbol || needsZone) {
		about = c.site()
	}
	if l.symbol == "" {
		l.symbol = about.Currency
	}
	l.symbol = symbolOf(l.symbol)
	zone := first(c.query.Get("timezone"), about.Timezone)
	if place, err := time.LoadLocation(zone); err == nil && zone != "" {
		l.zone = place
	}
	return l
}

func (l *leaf) shows(k kind) bool {
	for _, c := range l.columns {
		if c.kind == k {
			return true
		}
	}
	return false
}

// bold is how heads are set off, unless colours are off.
func (c *call) bold(s string) string {
	if c.getenv("NO_COLOR") != "" || c.getenv("TERM") == "dumb" || !isTerminal(c.cmd.OutOrStdout()) {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}

// sentence is the leaf's, with names of data in braces.
func (c *call) sentence(a *answer) string {
	text := c.leaf.done
	for name, value := range c.values {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	for _, m := range a.one() {
		text = strings.ReplaceAll(text, "{"+m.key+"}", plainText(m.value))
	}
	return text
}

// keepSecret copies a new credential to the clipboard of a person, and says that
// it will not be shown again.
func (c *call) keepSecret(a *answer) {
	if c.format != asTable || !isTerminal(c.cmd.OutOrStdout()) {
		return
	}
	note := "It is shown this once; keep it now."
	if !c.on("no-clipboard") && clipboard.WriteAll(a.one().text("key")) == nil {
		note = "It is shown this once, and lies in the clipboard."
	}
	say(c.cmd.ErrOrStderr(), "%s", note)
}
