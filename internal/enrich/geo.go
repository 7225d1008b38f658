package enrich

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"strconv"

	"github.com/maypok86/otter/v2"
	"github.com/oschwald/maxminddb-golang/v2"

	"datafast/internal/event"
	"datafast/internal/place"
)

// geodata holds the country file that `make build` lays there; without it, places
// come from city files and headers alone.
//
//go:embed all:geodata
var geodata embed.FS

// cachedAddresses bounds the cache of looked-up address blocks.
const cachedAddresses = 50_000

// Geo finds places of addresses. It is safe for concurrent use.
type Geo struct {
	readers []*maxminddb.Reader // asked in order until one knows the address
	cache   *otter.Cache[netip.Prefix, event.Place]
}

// OpenGeo opens the given MMDB files (GeoLite2-City, DB-IP City Lite, IPinfo or
// the default files' layout) and, after them, the embedded country file.
func OpenGeo(files ...string) (*Geo, error) {
	cache, err := otter.New(&otter.Options[netip.Prefix, event.Place]{MaximumSize: cachedAddresses})
	if err != nil {
		return nil, fmt.Errorf("make geo cache: %w", err)
	}
	g := &Geo{cache: cache}
	for _, file := range files {
		r, err := maxminddb.Open(file)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("geo file %s cannot be read: %w; give an MMDB file with --geo-file", file, err), g.Close())
		}
		g.readers = append(g.readers, r)
	}
	country, err := geodata.ReadFile("geodata/country.mmdb")
	if errors.Is(err, fs.ErrNotExist) {
		return g, nil
	}
	if err != nil {
		return nil, errors.Join(err, g.Close())
	}
	r, err := maxminddb.OpenBytes(country)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read embedded country file: %w", err), g.Close())
	}
	g.readers = append(g.readers, r)
	return g, nil
}

// Close releases the files.
func (g *Geo) Close() error {
	var errs []error
	for _, r := range g.readers {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}

// flatRecord is the layout of the default files and of IPinfo's.
type flatRecord struct {
	CountryCode string  `maxminddb:"country_code"`
	State       string  `maxminddb:"state1"`
	Region      string  `maxminddb:"region"`
	City        string  `maxminddb:"city"`
	Latitude    float64 `maxminddb:"latitude"`
	Longitude   float64 `maxminddb:"longitude"`
}

// nestedRecord is the layout of GeoLite2-City and DB-IP City Lite.
type nestedRecord struct {
	Country struct {
		ISOCode string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	Subdivisions []struct {
		ISOCode string            `maxminddb:"iso_code"`
		Names   map[string]string `maxminddb:"names"`
	} `maxminddb:"subdivisions"`
	City struct {
		Names map[string]string `maxminddb:"names"`
	} `maxminddb:"city"`
	Location struct {
		Latitude  float64 `maxminddb:"latitude"`
		Longitude float64 `maxminddb:"longitude"`
	} `maxminddb:"location"`
}

// Find returns the place of an address; the zero Place when no file knows it.
func (g *Geo) Find(addr netip.Addr) event.Place {
	if !addr.IsValid() || addr.IsPrivate() || addr.IsLoopback() {
		return event.Place{}
	}
	addr = addr.Unmap()
	bits := 24
	if addr.Is6() {
		bits = 48
	}
	block, err := addr.Prefix(bits)
	if err != nil {
		return event.Place{}
	}
	if p, ok := g.cache.GetIfPresent(block); ok {
		return p
	}
	p := g.lookUp(addr)
	g.cache.Set(block, p)
	return p
}

func (g *Geo) lookUp(addr netip.Addr) event.Place {
	for _, r := range g.readers {
		if addr.Is6() && r.Metadata.IPVersion == 4 {
			continue
		}
		if p := read(r.Lookup(addr)); p.Country != "" {
			return p
		}
	}
	return event.Place{}
}

func read(found maxminddb.Result) event.Place {
	if !found.Found() {
		return event.Place{}
	}
	var flat flatRecord
	if err := found.Decode(&flat); err == nil && flat.CountryCode != "" {
		region := flat.State
		if region == "" {
			region = flat.Region
		}
		return event.Place{
			Country: flat.CountryCode, Region: place.RegionCode(flat.CountryCode, region), City: flat.City,
			Latitude: flat.Latitude, Longitude: flat.Longitude,
		}
	}
	var nested nestedRecord
	if err := found.Decode(&nested); err != nil || nested.Country.ISOCode == "" {
		return ipinfo(found)
	}
	p := event.Place{
		Country: nested.Country.ISOCode, City: nested.City.Names["en"],
		Latitude: nested.Location.Latitude, Longitude: nested.Location.Longitude,
	}
	if len(nested.Subdivisions) > 0 {
		s := nested.Subdivisions[0]
		p.Region = place.RegionCode(p.Country, s.Names["en"])
		if s.ISOCode != "" {
			p.Region = p.Country + "-" + s.ISOCode
		}
	}
	return p
}

// ipinfo reads IPinfo's layout, whose country is a plain code and whose coordinates
// are texts.
func ipinfo(found maxminddb.Result) event.Place {
	var r struct {
		Country   string `maxminddb:"country"`
		Region    string `maxminddb:"region"`
		City      string `maxminddb:"city"`
		Latitude  string `maxminddb:"lat"`
		Longitude string `maxminddb:"lng"`
	}
	if err := found.Decode(&r); err != nil || len(r.Country) != 2 {
		return event.Place{}
	}
	p := event.Place{Country: r.Country, Region: place.RegionCode(r.Country, r.Region), City: r.City}
	latitude, latErr := strconv.ParseFloat(r.Latitude, 64)
	longitude, lonErr := strconv.ParseFloat(r.Longitude, 64)
	if latErr == nil && lonErr == nil {
		p.Latitude, p.Longitude = latitude, longitude
	}
	return p
}

// CountryFromHeaders reads the country that a proxy in front determined
// (tracker.md §8); "" when none did.
func CountryFromHeaders(h http.Header) string {
	for _, key := range []string{"Cf-Ipcountry", "X-Vercel-Ip-Country", "Cloudfront-Viewer-Country"} {
		if code, ok := place.CountryCode(h.Get(key)); ok && len(h.Get(key)) == 2 {
			return code
		}
	}
	return ""
}
