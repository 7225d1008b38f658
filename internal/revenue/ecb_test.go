package revenue_test

import (
	"strings"
	"testing"

	"datafast/internal/revenue"
)

func TestParseRates_refuses(t *testing.T) {
	t.Parallel()
	const head, tail = `<Envelope><Cube>`, `</Cube></Envelope>`
	for name, text := range map[string]string{
		"not XML":          "nothing here",
		"nothing":          head + tail,
		"no day":           head + `<Cube time="today"><Cube currency="USD" rate="1.1"/></Cube>` + tail,
		"no dollar":        head + `<Cube time="2026-05-01"><Cube currency="JPY" rate="160"/></Cube>` + tail,
		"a rate of zero":   head + `<Cube time="2026-05-01"><Cube currency="USD" rate="0"/></Cube>` + tail,
		"a rate in letter": head + `<Cube time="2026-05-01"><Cube currency="USD" rate="much"/></Cube>` + tail,
		"cut off":          head + `<Cube time="2026-05-01"><Cube currency="USD" rate="1.1"/>`,
	} {
		if days, err := revenue.ParseRates(strings.NewReader(text)); err == nil {
			t.Errorf("%s: read as %v", name, days)
		}
	}
}
