package demo

import (
	"math/rand/v2"

	"datafast/internal/event"
)

// Agent is a user agent and what enrich reads from it.
type Agent struct {
	Weight        int
	UserAgent     string
	System        event.System
	Width, Height int
}

// Place is where a person lives.
type Place struct {
	Weight              int
	Country             string
	Region              string
	City                string
	Latitude, Longitude float64
	Language            string
	Timezone            string
}

// Origin is where a session comes from.
type Origin struct {
	Weight   int
	Referrer string
	Query    string
	Entry    string
	Interest float64 // added to the chance of a further page
}

// Page is a page or other name that is drawn by weight.
type Page struct {
	Weight int
	Path   string
}

type weighted interface{ weight() int }

func (a Agent) weight() int  { return a.Weight }
func (p Place) weight() int  { return p.Weight }
func (o Origin) weight() int { return o.Weight }
func (p Page) weight() int   { return p.Weight }

// pick draws an element by weight.
func pick[T weighted](rng *rand.Rand, list []T) T {
	total := 0
	for _, x := range list {
		total += x.weight()
	}
	n := rng.IntN(total)
	for _, x := range list {
		if n -= x.weight(); n < 0 {
			return x
		}
	}
	return list[0]
}

func agents() []Agent {
	return []Agent{
		{30, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36", event.System{Browser: "Chrome", BrowserVersion: "141.0", OS: "Windows", OSVersion: "10", Device: "desktop"}, 1920, 953},
		{22, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36", event.System{Browser: "Chrome", BrowserVersion: "141.0", OS: "Mac OS", OSVersion: "10.15", Device: "desktop"}, 1440, 789},
		{20, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1", event.System{Browser: "Mobile Safari", BrowserVersion: "18.6", OS: "iOS", OSVersion: "18.6", Device: "mobile"}, 390, 664},
		{14, "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36", event.System{Browser: "Chrome Mobile", BrowserVersion: "141.0", OS: "Android", OSVersion: "10", Device: "mobile"}, 412, 785},
		{9, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15", event.System{Browser: "Safari", BrowserVersion: "18.6", OS: "Mac OS", OSVersion: "10.15", Device: "desktop"}, 1512, 860},
		{7, "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", event.System{Browser: "Firefox", BrowserVersion: "144.0", OS: "Linux", Device: "desktop"}, 1920, 1011},
		{6, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0", event.System{Browser: "Edge", BrowserVersion: "141.0", OS: "Windows", OSVersion: "10", Device: "desktop"}, 1536, 730},
		{3, "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1", event.System{Browser: "Mobile Safari", BrowserVersion: "18.6", OS: "iOS", OSVersion: "18.6", Device: "tablet"}, 820, 1106},
	}
}

func places() []Place {
	return []Place{
		{18, "US", "US-CA", "San Francisco", 37.77, -122.42, "en-US", "America/Los_Angeles"},
		{14, "US", "US-NY", "New York", 40.71, -74.01, "en-US", "America/New_York"},
		{8, "US", "US-TX", "Austin", 30.27, -97.74, "en-US", "America/Chicago"},
		{12, "DE", "DE-BE", "Berlin", 52.52, 13.4, "de-DE", "Europe/Berlin"},
		{6, "DE", "DE-BY", "Munich", 48.14, 11.58, "de-DE", "Europe/Berlin"},
		{11, "GB", "GB-ENG", "London", 51.51, -0.13, "en-GB", "Europe/London"},
		{9, "FR", "FR-IDF", "Paris", 48.86, 2.35, "fr-FR", "Europe/Paris"},
		{8, "IN", "IN-KA", "Bengaluru", 12.97, 77.59, "en-IN", "Asia/Kolkata"},
		{4, "IN", "IN-MH", "Mumbai", 19.08, 72.88, "en-IN", "Asia/Kolkata"},
		{6, "NL", "NL-NH", "Amsterdam", 52.37, 4.9, "nl-NL", "Europe/Amsterdam"},
		{5, "CA", "CA-ON", "Toronto", 43.65, -79.38, "en-CA", "America/Toronto"},
		{5, "BR", "BR-SP", "São Paulo", -23.55, -46.63, "pt-BR", "America/Sao_Paulo"},
		{4, "ES", "ES-MD", "Madrid", 40.42, -3.7, "es-ES", "Europe/Madrid"},
		{4, "PL", "PL-14", "Warsaw", 52.23, 21.01, "pl-PL", "Europe/Warsaw"},
		{3, "AU", "AU-NSW", "Sydney", -33.87, 151.21, "en-AU", "Australia/Sydney"},
		{3, "JP", "JP-13", "Tokyo", 35.68, 139.69, "ja-JP", "Asia/Tokyo"},
		{3, "SE", "SE-AB", "Stockholm", 59.33, 18.07, "sv-SE", "Europe/Stockholm"},
		{2, "RO", "RO-CJ", "Cluj-Napoca", 46.77, 23.59, "ro-RO", "Europe/Bucharest"},
	}
}

func origins() []Origin {
	return []Origin{
		{34, "", "", "", 0.02},
		{26, "https://www.google.com/", "", "", 0},
		{3, "https://www.bing.com/", "", "", 0},
		{3, "https://duckduckgo.com/", "", "", 0.02},
		{6, "https://t.co/a1b2c3", "", "", -0.1},
		{4, "https://www.linkedin.com/", "", "/", -0.05},
		{4, "https://www.reddit.com/", "", "/blog/launch", -0.05},
		{3, "https://news.ycombinator.com/", "", "/blog/launch", -0.1},
		{3, "https://chatgpt.com/", "", "/docs", 0.08},
		{2, "https://www.youtube.com/", "", "/", 0.05},
		{2, "https://github.com/", "", "/docs", 0.05},
		{5, "https://www.google.com/", "utm_source=google&utm_medium=cpc&utm_campaign=brand&gclid=Cj0KCQ", "/", 0.1},
		{4, "", "utm_source=newsletter&utm_medium=email&utm_campaign=spring-sale", "/pricing", 0.15},
		{3, "https://l.facebook.com/", "utm_source=facebook&utm_medium=paid_social&utm_campaign=spring-sale&fbclid=IwAR0", "/", -0.02},
		{2, "", "via=partner", "/pricing", 0.12},
		{2, "https://www.producthunt.com/", "ref=producthunt", "/", 0.05},
	}
}

func entries() []Page {
	return []Page{{40, "/"}, {14, "/pricing"}, {14, "/blog/launch"}, {12, "/docs"}, {8, "/blog/how-we-price"}, {6, "/features"}, {3, "/docs/api"}, {3, "/about"}}
}

// nextPages are where a visitor may go from a page.
func nextPages(path string) []Page {
	switch path {
	case "/pricing":
		return []Page{{35, "/signup"}, {25, "/features"}, {15, "/docs"}, {15, "/"}, {10, "/checkout"}}
	case "/signup":
		return []Page{{35, "/checkout"}, {35, "/app"}, {15, "/pricing"}, {15, "/docs"}}
	case "/checkout":
		return []Page{{60, "/checkout"}, {25, "/pricing"}, {15, "/app"}}
	case "/docs", "/docs/api":
		return []Page{{40, "/docs/api"}, {20, "/docs"}, {20, "/pricing"}, {20, "/signup"}}
	case "/app":
		return []Page{{60, "/app/reports"}, {25, "/app"}, {15, "/docs"}}
	}
	return []Page{{30, "/pricing"}, {22, "/features"}, {16, "/docs"}, {12, "/blog/launch"}, {10, "/signup"}, {6, "/blog/how-we-price"}, {4, "/about"}}
}

func plans() []Page { return []Page{{50, "starter"}, {35, "pro"}, {15, "team"}} }
