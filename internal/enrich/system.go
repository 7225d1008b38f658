package enrich

import (
	_ "embed"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/maypok86/otter/v2"
	"github.com/ua-parser/uap-go/uaparser"

	"datafast/internal/event"
)

//go:embed tables/bots.txt
var botTable string

// cachedAgents bounds the cache of parsed user agents: parsing one takes some
// hundred microseconds, and sites see few distinct ones.
const cachedAgents = 20_000

// maxAgent is how much of a user agent is looked at.
const maxAgent = 1024

// Agent is what a user agent string tells.
type Agent struct {
	System event.System
	Bot    bool
}

// Systems reads user agents. It is safe for concurrent use.
type Systems struct {
	parser *uaparser.Parser
	bots   *regexp.Regexp
	cache  *otter.Cache[string, Agent]
}

// NewSystems compiles the tables of browsers, systems and bots.
func NewSystems() (*Systems, error) {
	parser, err := uaparser.New()
	if err != nil {
		return nil, fmt.Errorf("read user agent table: %w", err)
	}
	bots, err := compileBots()
	if err != nil {
		return nil, err
	}
	cache, err := otter.New(&otter.Options[string, Agent]{MaximumSize: cachedAgents})
	if err != nil {
		return nil, fmt.Errorf("make user agent cache: %w", err)
	}
	return &Systems{parser: parser, bots: bots, cache: cache}, nil
}

func compileBots() (*regexp.Regexp, error) {
	var patterns []string
	for line := range strings.SplitSeq(botTable, "\n") {
		if line != "" && line[0] != '#' {
			patterns = append(patterns, "(?:"+line+")")
		}
	}
	// The client's own list (tracker.md §9), which tools cannot be without.
	patterns = append(patterns,
		"headlesschrome", "phantomjs", "selenium", "webdriver", "puppeteer", "playwright",
		"python", "curl", "wget", "java/", "go-http", `node\.js`, "axios", "postman",
	)
	re, err := regexp.Compile("(?i)" + strings.Join(patterns, "|"))
	if err != nil {
		return nil, fmt.Errorf("compile bot patterns: %w", err)
	}
	return re, nil
}

// Read parses a user agent string.
func (s *Systems) Read(userAgent string) Agent {
	if len(userAgent) > maxAgent {
		userAgent = userAgent[:maxAgent]
	}
	if a, ok := s.cache.GetIfPresent(userAgent); ok {
		return a
	}
	a := Agent{Bot: len(userAgent) < 5 || s.bots.MatchString(userAgent), System: s.system(userAgent)}
	s.cache.Set(strings.Clone(userAgent), a)
	return a
}

func (s *Systems) system(userAgent string) event.System {
	c := s.parser.Parse(userAgent)
	return event.System{
		Browser:        known(c.UserAgent.Family),
		BrowserVersion: version(c.UserAgent.Major, c.UserAgent.Minor),
		OS:             osName(known(c.Os.Family)),
		OSVersion:      version(c.Os.Major, c.Os.Minor),
		Device:         device(userAgent),
	}
}

// known turns ua-parser's "Other" into the empty value for unknown.
func known(family string) string {
	if family == "Other" {
		return ""
	}
	return family
}

func osName(family string) string {
	if family == "Mac OS X" {
		return "Mac OS"
	}
	return family
}

func version(major, minor string) string {
	if major == "" || minor == "" {
		return major
	}
	return major + "." + minor
}

// device tells the device type from a user agent: consoles and television sets
// count as desktop (tracker.md §8).
func device(userAgent string) string {
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(userAgent, p) {
				return true
			}
		}
		return false
	}
	switch {
	case has("iPad", "Tablet", "PlayBook", "Kindle", "Silk/"):
		return "tablet"
	case has("TV", "BRAVIA", "CrKey", "PlayStation", "Xbox", "Nintendo"):
		return "desktop"
	case has("Android") && !has("Mobile"):
		return "tablet"
	case has("Mobi", "iPhone", "iPod", "Android", "Windows Phone", "BlackBerry", "Opera Mini"):
		return "mobile"
	}
	return "desktop"
}

// WithHints refines a system by the client hints that Chromium sends with every
// request: the brand behind "Chrome", the platform, mobile or not.
func WithHints(s event.System, h http.Header) event.System {
	if brands := h.Get("Sec-Ch-Ua"); brands != "" && s.Browser == "Chrome" {
		for _, brand := range []struct{ mark, name string }{
			{"Brave", "Brave"}, {"Vivaldi", "Vivaldi"}, {"Opera", "Opera"}, {"Microsoft Edge", "Edge"}, {"Arc", "Arc"},
		} {
			if strings.Contains(brands, `"`+brand.mark+`"`) {
				s.Browser = brand.name
			}
		}
	}
	if p := strings.Trim(h.Get("Sec-Ch-Ua-Platform"), `"`); p != "" && s.OS == "" {
		s.OS = strings.Replace(p, "macOS", "Mac OS", 1)
	}
	if h.Get("Sec-Ch-Ua-Mobile") == "?1" && s.Device == "desktop" {
		s.Device = "mobile"
	}
	return s
}

// App returns the system of an app event: the platform names the system, and an
// app is the browser of its platform.
func App(platform, osVersion string) event.System {
	name := map[string]string{"ios": "iOS", "android": "Android"}[platform]
	return event.System{Browser: name + " App", OS: name, OSVersion: clip(printable(osVersion), 40), Device: "mobile"}
}
