package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// kind is how a value is shown in a table.
type kind int

const (
	plain kind = iota
	number
	money   // major units
	percent // 0 to 100
	millis  // a duration in milliseconds
	moment  // ISO 8601
	yesNo
	bar // a number, drawn beside the others of its column
)

// column is one column of a table, or one line of a record.
type column struct {
	path string // of the value, dotted; of the first that is there, by "|"
	head string // empty: the path's last part, in words
	kind kind
	none string // what stands for an absent value; empty: a dash
}

// col lists plain columns.
func cols(paths ...string) []column {
	all := make([]column, len(paths))
	for i, p := range paths {
		all[i] = column{path: p}
	}
	return all
}

func (c column) title() string {
	if c.head != "" {
		return c.head
	}
	path, _, _ := strings.Cut(c.path, "|")
	return words(path[strings.LastIndexByte(path, '.')+1:])
}

// words is a name of JSON in words: trackingId is "tracking id".
func words(name string) string {
	var b strings.Builder
	for i, r := range strings.TrimPrefix(name, "_") {
		switch {
		case r == '_':
			r = ' '
		case unicode.IsUpper(r) && i > 0:
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

func (c column) value(row object) any {
	for path := range strings.SplitSeq(c.path, "|") {
		if v := row.get(path); v != nil {
			return v
		}
	}
	return nil
}

// firm columns are of no use when they are cut: numbers, times and ids.
func (c column) firm() bool {
	return c.kind != plain && c.kind != bar || strings.HasSuffix(strings.ToLower(c.path), "id") || c.path == "displayKey"
}

func (c column) right() bool {
	return c.kind == number || c.kind == money || c.kind == percent || c.kind == millis
}

// look is what cells need to know of the website.
type look struct {
	symbol string
	zone   *time.Location
}

// show writes a value as its column wants it; absent ones as a dash.
func (l look) show(c column, v any) string {
	if plainText(v) == "" {
		return first(c.none, "–")
	}
	n, isNumber := v.(json.Number)
	f, _ := strconv.ParseFloat(n.String(), 64)
	switch {
	case c.kind == yesNo:
		if v == true {
			return "yes"
		}
		return "no"
	case c.kind == moment:
		at, err := time.Parse(time.RFC3339, plainText(v))
		if err != nil || l.zone == nil {
			return plainText(v)
		}
		return at.In(l.zone).Format("2006-01-02 15:04")
	case !isNumber:
		return oneLine(plainText(v))
	case c.kind == number:
		return thousands(n.String())
	case c.kind == money:
		return amount(l.symbol, f)
	case c.kind == percent:
		return strconv.FormatFloat(f, 'f', -1, 64) + "%"
	case c.kind == millis:
		return span(time.Duration(f) * time.Millisecond)
	}
	return n.String()
}

// oneLine keeps control characters, which a stranger may have sent, away from the
// terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

// thousands puts commas into a number's whole part.
func thousands(s string) string {
	sign := ""
	if rest, negative := strings.CutPrefix(s, "-"); negative {
		sign, s = "-", rest
	}
	whole, fraction, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		return sign + whole + "." + fraction
	}
	return sign + whole
}

// amount is money with its symbol in front, a code behind.
func amount(symbol string, f float64) string {
	text := thousands(strconv.FormatFloat(f, 'f', 2, 64))
	switch {
	case symbol == "":
		return text
	case strings.Trim(symbol, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "":
		return text + " " + symbol
	}
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		return "-" + symbol + rest
	}
	return symbol + text
}

// span is a duration as people say it: 3m 4s.
func span(d time.Duration) string {
	d = d.Round(time.Second)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case h > 0:
		return fmt.Sprintf("%dh %dm", h, m)
	case m > 0:
		return fmt.Sprintf("%dm %ds", m, s)
	}
	return fmt.Sprintf("%ds", s)
}

// grid is a table ready to be written.
type grid struct {
	head  []string
	rows  [][]string
	foot  []string // a line of totals; nil: none
	right []bool
	firm  []bool // columns that are cut last
}

// gap stands between columns.
const gap = "  "

// write prints the grid; a width above 0 cuts the widest cells until a line fits.
func (g grid) write(w io.Writer, width int, bold func(string) string) {
	widths := make([]int, len(g.head))
	for _, row := range append(append([][]string{g.head}, g.rows...), g.foot) {
		for i, cell := range row {
			widths[i] = max(widths[i], runewidth.StringWidth(cell))
		}
	}
	g.fit(widths, width)
	fmt.Fprintln(w, bold(g.line(g.head, widths)))
	for _, row := range g.rows {
		fmt.Fprintln(w, g.line(row, widths))
	}
	if g.foot != nil {
		fmt.Fprintln(w, bold(g.line(g.foot, widths)))
	}
}

// narrowest is the least width that a cut column keeps.
const narrowest = 6

// fit takes from the widest columns until a line fits, from firm ones last.
func (g grid) fit(widths []int, width int) {
	if width <= 0 {
		return
	}
	excess := len(gap)*(len(widths)-1) - width
	for _, w := range widths {
		excess += w
	}
	for _, firm := range []bool{false, true} {
		for ; excess > 0; excess-- {
			widest := -1
			for i, w := range widths {
				if isFirm := g.firm != nil && g.firm[i]; isFirm == firm && w > narrowest && (widest < 0 || w > widths[widest]) {
					widest = i
				}
			}
			if widest < 0 {
				break
			}
			widths[widest]--
		}
	}
}

func (g grid) line(row []string, widths []int) string {
	var b strings.Builder
	for i, cell := range row {
		if runewidth.StringWidth(cell) > widths[i] {
			cell = runewidth.Truncate(cell, widths[i], "…")
		}
		fill := strings.Repeat(" ", max(0, widths[i]-runewidth.StringWidth(cell)))
		if i > 0 {
			b.WriteString(gap)
		}
		if g.right[i] {
			b.WriteString(fill + cell)
		} else {
			b.WriteString(cell + fill)
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// gridOf lays rows out in columns.
func (l look) gridOf(columns []column, rows []object, totals object) grid {
	g := grid{}
	for _, c := range columns {
		g.head, g.right, g.firm = append(g.head, strings.ToUpper(c.title())), append(g.right, c.right()), append(g.firm, c.firm())
	}
	tallest := make([]float64, len(columns))
	for i, c := range columns {
		for _, row := range rows {
			tallest[i] = max(tallest[i], floatOf(c.value(row)))
		}
	}
	for _, row := range rows {
		line := make([]string, len(columns))
		for i, c := range columns {
			line[i] = l.show(c, c.value(row))
			if c.kind == bar {
				line[i] = barOf(floatOf(c.value(row)), tallest[i])
			}
		}
		g.rows = append(g.rows, line)
	}
	if totals != nil {
		g.foot = make([]string, len(columns))
		for i, c := range columns {
			if v := c.value(totals); v != nil && c.kind != bar {
				g.foot[i] = l.show(c, v)
			}
		}
		g.foot[0] = "total"
	}
	return g
}

func floatOf(v any) float64 {
	n, _ := v.(json.Number)
	f, err := n.Float64()
	if err != nil {
		return 0
	}
	return f
}

// barOf draws a value against the greatest of its column, in eighths of a cell.
func barOf(value, most float64) string {
	const cells = 12
	if most <= 0 || value <= 0 {
		return ""
	}
	eighths := max(1, int(value/most*cells*8+0.5))
	text := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		text += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return text
}

// record writes one object, a line for each column that it has.
func (l look) record(w io.Writer, columns []column, o object, bold func(string) string) {
	if len(columns) == 0 {
		flatten("", o, func(key, _ string) { columns = append(columns, column{path: key}) })
	}
	width := 0
	for _, c := range columns {
		width = max(width, runewidth.StringWidth(c.title()))
	}
	for _, c := range columns {
		if v := c.value(o); v != nil {
			fmt.Fprintf(w, "%s%s%s%s\n", bold(c.title()), strings.Repeat(" ", width-runewidth.StringWidth(c.title())), gap, l.show(c, v))
		}
	}
}
