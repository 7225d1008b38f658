// Package place knows the names of countries and regions: ISO 3166-1 and 3166-2
// codes, their English names, the other names that people and geo files use, and
// the country of a time zone.
//
// It imports nothing of ours. Its tables are generated from public data.
package place

import (
	"embed"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

//go:embed tables/*.tsv
var files embed.FS

// Unknown stands for a country, region or city that nothing tells.
const Unknown = "Unknown"

type tables struct {
	countryName map[string]string            // code -> name
	countryCode map[string]string            // folded name or code -> code
	regionName  map[string]string            // code -> name
	regionCode  map[string]map[string]string // country -> folded name -> code
	regionCodes map[string][]string          // folded name -> codes in any country
	zoneCountry map[string]string            // time zone -> code
}

// loaded is filled at first use; the tables never change.
var loaded = sync.OnceValue(load) //nolint:gochecknoglobals // immutable tables, read once

func load() *tables {
	t := &tables{
		countryName: map[string]string{}, countryCode: map[string]string{},
		regionName: map[string]string{}, regionCode: map[string]map[string]string{},
		regionCodes: map[string][]string{}, zoneCountry: map[string]string{},
	}
	for _, row := range rows("countries.tsv") {
		code, name := row[0], row[1]
		t.countryName[code] = name
		t.countryCode[Fold(code)], t.countryCode[Fold(name)] = code, code
		for alias := range strings.SplitSeq(row[2], "|") {
			if alias != "" {
				t.countryCode[Fold(alias)] = code
			}
		}
	}
	for _, row := range rows("regions.tsv") {
		t.addRegion(row[0][:2], row[1], row[0])
		t.regionName[row[0]] = row[1]
	}
	for _, row := range rows("region_aliases.tsv") {
		t.addRegion(row[0], row[1], row[2])
	}
	for _, row := range rows("timezones.tsv") {
		t.zoneCountry[row[0]] = row[1]
	}
	return t
}

func (t *tables) addRegion(country, name, code string) {
	folded := Fold(name)
	if t.regionCode[country] == nil {
		t.regionCode[country] = map[string]string{}
	}
	if _, taken := t.regionCode[country][folded]; !taken {
		t.regionCode[country][folded] = code
		t.regionCodes[folded] = append(t.regionCodes[folded], code)
	}
}

func rows(name string) [][]string {
	text, err := files.ReadFile("tables/" + name)
	if err != nil {
		panic(err) // embedded: cannot be missing in a built binary
	}
	var out [][]string
	for line := range strings.SplitSeq(string(text), "\n") {
		if line != "" && line[0] != '#' {
			out = append(out, strings.Split(line, "\t"))
		}
	}
	return out
}

// Fold makes names comparable: lower case, without diacritics and outer blanks.
func Fold(s string) string {
	s = strings.TrimSpace(s)
	if ascii(s) {
		return strings.ToLower(s)
	}
	plain, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), s)
	if err != nil {
		plain = s
	}
	return strings.ToLower(plain)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// CountryName returns the English name of an ISO 3166-1 alpha-2 code, Unknown
// for "" and for codes that are not assigned.
func CountryName(code string) string {
	if name, ok := loaded().countryName[code]; ok {
		return name
	}
	return Unknown
}

// CountryCode reads a code or any known name, in any case; ok is false for others.
func CountryCode(nameOrCode string) (code string, ok bool) {
	code, ok = loaded().countryCode[Fold(nameOrCode)]
	return code, ok
}

// RegionName returns the name of an ISO 3166-2 code, Unknown for "", and the
// argument itself where it is no code (a name that no table knows).
func RegionName(code string) string {
	if code == "" {
		return Unknown
	}
	if name, ok := loaded().regionName[code]; ok {
		return name
	}
	return code
}

// RegionCode finds the ISO 3166-2 code of a region by its name in a country. A
// name that no table knows is returned as it is.
func RegionCode(country, name string) string {
	if name == "" {
		return ""
	}
	if code, ok := loaded().regionCode[country][Fold(name)]; ok {
		return code
	}
	return name
}

// RegionCodes returns every code that a filter value may mean: the code itself,
// or all regions of that name in any country.
func RegionCodes(nameOrCode string) []string {
	upper := strings.ToUpper(strings.TrimSpace(nameOrCode))
	if _, ok := loaded().regionName[upper]; ok {
		return []string{upper}
	}
	return loaded().regionCodes[Fold(nameOrCode)]
}

// CountryOfZone returns the country in which an IANA time zone is mainly used,
// "" when there is none.
func CountryOfZone(zone string) string { return loaded().zoneCountry[zone] }
