package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// Settings is the whole configuration, parsed and checked once.
type Settings struct {
	Data          string
	Listen        string
	BaseURL       string // without a final slash
	DatabaseURL   string
	EventsURL     string
	EventsCluster string
	RatesURL      string

	RateLimit      int
	MostWebsites   int
	TrustedProxies []netip.Prefix
	IngestTrustAny bool

	SMTPURL  string
	MailFrom string

	MetricsListen string
	GeoFile       string

	EventsMemoryMB int
	DataCenters    []netip.Prefix

	LogLevel slog.Level
	LogJSON  bool
}

// Setting is one row of the table of settings.
type Setting struct {
	Flag    string // "rate-limit"; the variable is DATAFAST_RATE_LIMIT
	Default string
	Doc     string
	set     func(s *Settings, value string) error
}

// Env is the setting's environment variable.
func (s Setting) Env() string {
	return "DATAFAST_" + strings.ToUpper(strings.ReplaceAll(s.Flag, "-", "_"))
}

// Table lists every setting: the one source of flags, environment variables,
// defaults and their documentation.
func Table() []Setting {
	return []Setting{
		{"data", "./data", "Directory that holds everything.", text(func(s *Settings) *string { return &s.Data })},
		{"listen", "127.0.0.1:8000", "Address and port to serve on.", text(func(s *Settings) *string { return &s.Listen })},
		{"base-url", "", "URL under which people reach the server; empty: http:// and the listen address. Cookies are marked Secure when it is https.", setBaseURL},
		{"database-url", "", "PostgreSQL for control data, as postgres://user:password@host:5432/database; empty: SQLite in the data directory. Goes with events-url.", text(func(s *Settings) *string { return &s.DatabaseURL })},
		{"events-url", "", "ClickHouse for events, as clickhouse://user:password@host:9000/database or https://…; empty: DuckDB in the data directory. Goes with database-url.", text(func(s *Settings) *string { return &s.EventsURL })},
		{"events-cluster", "", "Name of the ClickHouse cluster whose servers replicate and share the events; empty: the one server of events-url.", text(func(s *Settings) *string { return &s.EventsCluster })},
		{"rate-limit", "600", "API requests a minute and credential; 0 switches the limit off. Failed sign-ins, failed authentication and events keep their own limits.", atLeast(0, func(s *Settings) *int { return &s.RateLimit })},
		{"websites-per-account", "0", "Websites that an account may own; more are refused with 403. 0: any number. The operator's commands are not bound by it.", atLeast(0, func(s *Settings) *int { return &s.MostWebsites })},
		{"trusted-proxies", "", "Addresses or ranges of reverse proxies whose X-Forwarded-For is believed, separated by commas.", setProxies},
		{"ingest-trust", "any", "Whose address headers the tracker's requests may carry: any or proxies (those of trusted-proxies).", setIngestTrust},
		{"smtp-url", "", "Mail server, as smtp://user:password@host:587 (STARTTLS when offered), smtps://… (TLS) or smtp+insecure://… (never TLS); empty: no mail, links are shown instead.", text(func(s *Settings) *string { return &s.SMTPURL })},
		{"mail-from", "", "Sender of mails, as stats@example.com; empty: datafast@ the host of the base URL.", text(func(s *Settings) *string { return &s.MailFrom })},
		{"metrics-listen", "", "Address and port for /metrics, on a listener of its own; empty: no metrics.", text(func(s *Settings) *string { return &s.MetricsListen })},
		{"rates-url", "", "Daily exchange rates to fetch, in the form of eurofxref-hist-90d.xml, which the European Central Bank publishes; empty: nothing is fetched, and payments after the last day of the table in the program take the rates of that day.", setRatesURL},
		{"geo-file", "", "MMDB files for places, separated by commas; empty: those beside the program, else the built-in countries.", text(func(s *Settings) *string { return &s.GeoFile })},
		{"events-memory", "512", "Megabytes that the event store may use; on ClickHouse, one query.", atLeast(64, func(s *Settings) *int { return &s.EventsMemoryMB })},
		{"datacenter-ranges", "", "Address ranges of data centres, separated by commas, which attack mode refuses.", setDataCenters},
		{"log-level", "info", "debug, info, warn or error.", setLogLevel},
		{"log-format", "text", "text or json.", setLogFormat},
	}
}

// Bind adds a flag for every setting.
func Bind(flags *pflag.FlagSet) {
	for _, s := range Table() {
		flags.String(s.Flag, s.Default, s.Doc+" Also "+s.Env()+".")
	}
}

// Load reads all settings: a flag that was given, else the environment, else the
// default. All bad values are reported together.
func Load(flags *pflag.FlagSet, getenv func(string) string) (Settings, error) {
	var out Settings
	var errs []error
	for _, s := range Table() {
		value, from := s.Default, "--"+s.Flag
		if env := getenv(s.Env()); env != "" {
			value, from = env, s.Env()
		}
		if f := flags.Lookup(s.Flag); f != nil && f.Changed {
			value, from = f.Value.String(), "--"+s.Flag
		}
		if err := s.set(&out, strings.TrimSpace(value)); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", from, err))
		}
	}
	if len(errs) == 0 {
		errs = append(errs, out.complete())
	}
	return out, errors.Join(errs...)
}

// complete derives what was left empty.
func (s *Settings) complete() error {
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		return fmt.Errorf("--listen: %q is not an address and port such as 127.0.0.1:8000", s.Listen)
	}
	if s.BaseURL == "" {
		s.BaseURL = "http://" + s.Listen
	}
	if s.MailFrom == "" {
		u, err := url.Parse(s.BaseURL)
		if err != nil {
			return fmt.Errorf("--base-url: %w", err)
		}
		s.MailFrom = "datafast@" + u.Hostname()
	}
	return nil
}

func text(target func(*Settings) *string) func(*Settings, string) error {
	return func(s *Settings, value string) error {
		*target(s) = value
		return nil
	}
}

func setBaseURL(s *Settings, value string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return fmt.Errorf("%q is not a base URL; write it as https://stats.example.com, without a path", value)
	}
	s.BaseURL = u.Scheme + "://" + u.Host
	return nil
}

// atLeast reads a whole number with a lower bound.
func atLeast(least int, target func(s *Settings) *int) func(s *Settings, value string) error {
	return func(s *Settings, value string) error {
		n, err := strconv.Atoi(value)
		if err != nil || n < least {
			return fmt.Errorf("%q is not a whole number of at least %d", value, least)
		}
		*target(s) = n
		return nil
	}
}

func setProxies(s *Settings, value string) (err error) {
	s.TrustedProxies, err = prefixes(value)
	return err
}

func setDataCenters(s *Settings, value string) (err error) {
	s.DataCenters, err = prefixes(value)
	return err
}

// prefixes reads a list of addresses and ranges.
func prefixes(value string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for part := range strings.SplitSeq(value, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(part)
		if err != nil {
			addr, addrErr := netip.ParseAddr(part)
			if addrErr != nil {
				return nil, fmt.Errorf("%q is neither an address nor a range such as 10.0.0.0/8", part)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		out = append(out, prefix.Masked())
	}
	return out, nil
}

func setIngestTrust(s *Settings, value string) error {
	if value != "any" && value != "proxies" {
		return fmt.Errorf("%q is not known; use any or proxies", value)
	}
	s.IngestTrustAny = value == "any"
	return nil
}

func setLogLevel(s *Settings, value string) error {
	if err := s.LogLevel.UnmarshalText([]byte(value)); err != nil {
		return fmt.Errorf("%q is not a level; use debug, info, warn or error", value)
	}
	return nil
}

func setLogFormat(s *Settings, value string) error {
	if value != "text" && value != "json" {
		return fmt.Errorf("%q is not a format; use text or json", value)
	}
	s.LogJSON = value == "json"
	return nil
}

func setRatesURL(s *Settings, value string) error {
	u, err := url.Parse(value)
	if value != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		return fmt.Errorf("%.80q is not an address such as https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist-90d.xml", value)
	}
	s.RatesURL = value
	return nil
}
