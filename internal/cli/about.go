package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// aboutWebsite is what periods and tables need to know; kept for an hour.
type aboutWebsite struct {
	Timezone string    `json:"timezone"`
	Currency string    `json:"currency"`
	At       time.Time `json:"at"`
}

const aboutLifetime = time.Hour

// site is what is known of the website, from a file of the last hour or from
// the server; nothing when neither knows.
func (c *call) site() aboutWebsite {
	if c.about != nil {
		return *c.about
	}
	c.about = &aboutWebsite{}
	file := c.aboutFile()
	if raw, err := os.ReadFile(file); err == nil && json.Unmarshal(raw, c.about) == nil && time.Since(c.about.At) < aboutLifetime { //nolint:gosec // our own cache
		return *c.about
	}
	query := url.Values{}
	if id := c.values[argWebsite]; id != "" {
		query.Set("websiteId", id)
	}
	a, err := fetch(c.cmd.Context(), c.client, "/analytics/metadata", query)
	if err != nil {
		*c.about = aboutWebsite{}
		return *c.about
	}
	*c.about = aboutWebsite{Timezone: a.one().text("timezone"), Currency: a.one().text("currency"), At: time.Now()}
	if raw, err := json.Marshal(c.about); err == nil && file != "" {
		if os.MkdirAll(filepath.Dir(file), 0o700) == nil {
			_ = os.WriteFile(file, raw, 0o600) // a cache: without it one asks again
		}
	}
	return *c.about
}

// aboutFile is where it is kept; empty without a home.
func (c *call) aboutFile() string {
	dir := c.getenv("XDG_CACHE_HOME")
	if dir == "" {
		if c.getenv("HOME") == "" {
			return ""
		}
		dir = filepath.Join(c.getenv("HOME"), ".cache")
	}
	who := first(c.values[argWebsite], c.client.Token)
	sum := sha256.Sum256([]byte(c.client.Base + " " + who))
	return filepath.Join(dir, "datafast", "website-"+hex.EncodeToString(sum[:8])+".json")
}

// symbolOf is a currency's symbol; its code where none is usual.
func symbolOf(code string) string {
	switch code {
	case "USD":
		return "$"
	case "EUR":
		return "€"
	case "GBP":
		return "£"
	case "JPY":
		return "¥"
	case "INR":
		return "₹"
	}
	return code
}
