package place_test

import (
	"slices"
	"testing"

	"datafast/internal/place"
)

func TestCountryCode(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"US", "US"},
		{"us", "US"},
		{"United States of America", "US"},
		{"united states", "US"},
		{"UK", "GB"},
		{"Germany", "DE"},
		{" germany ", "DE"},
		{"Cote d'Ivoire", "CI"},
		{"Narnia", ""},
	}
	for _, tt := range tests {
		if got, ok := place.CountryCode(tt.in); got != tt.want || ok != (tt.want != "") {
			t.Errorf("CountryCode(%q) = %q, %v; want %q", tt.in, got, ok, tt.want)
		}
	}
}

func TestRegions(t *testing.T) {
	t.Parallel()
	if got := place.RegionName("IN-KA"); got != "Karnataka" {
		t.Errorf("RegionName(IN-KA) = %q", got)
	}
	if got := place.RegionName("FR-IDF"); got != "Île-de-France" {
		t.Errorf("RegionName(FR-IDF) = %q", got)
	}
	for _, tt := range []struct{ country, name, want string }{
		{"DE", "Hesse", "DE-HE"},
		{"DE", "Hessen", "DE-HE"},
		{"CA", "Quebec", "CA-QC"},
		{"US", "California", "US-CA"},
		{"GB", "England", "GB-ENG"},
		{"US", "Nowhere", "Nowhere"},
		{"US", "", ""},
	} {
		if got := place.RegionCode(tt.country, tt.name); got != tt.want {
			t.Errorf("RegionCode(%s, %q) = %q, want %q", tt.country, tt.name, got, tt.want)
		}
	}
	if got := place.RegionCodes("karnataka"); !slices.Equal(got, []string{"IN-KA"}) {
		t.Errorf("RegionCodes(karnataka) = %v", got)
	}
	if got := place.RegionCodes("us-ca"); !slices.Equal(got, []string{"US-CA"}) {
		t.Errorf("RegionCodes(us-ca) = %v", got)
	}
}

func TestCountryOfZone(t *testing.T) {
	t.Parallel()
	for zone, want := range map[string]string{"Europe/Berlin": "DE", "Asia/Calcutta": "IN", "UTC": "", "Mars/Base": ""} {
		if got := place.CountryOfZone(zone); got != want {
			t.Errorf("CountryOfZone(%s) = %q, want %q", zone, got, want)
		}
	}
}
