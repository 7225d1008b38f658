package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// settings are the values of one server: the keys at the top of the file, or
// those of a profile (cli.md §1.2).
type settings struct {
	Token     string
	SiteKey   string
	APIBase   string
	WebsiteID string
	Keyring   bool // the token is in the system keyring
}

// configFile is the file with all that other programs keep in it.
type configFile struct {
	path    string
	profile string                     // empty: the keys at the top
	all     map[string]json.RawMessage // the whole file
}

// Keys of the file.
const (
	keyToken    = "token"
	keySiteKey  = "siteKey"
	keyBase     = "apiBase"
	keyWebsite  = "websiteId"
	keyKeyring  = "keyring"
	keyProfiles = "profiles"
)

// openConfig reads the configuration file; a missing one is empty. Without a home
// there is none, path is empty.
func openConfig(getenv func(string) string, profile string) (*configFile, error) {
	c := &configFile{profile: profile, all: map[string]json.RawMessage{}}
	dir := getenv("XDG_CONFIG_HOME")
	if dir == "" {
		home := getenv("HOME")
		if home == "" {
			return c, nil
		}
		dir = filepath.Join(home, ".config")
	}
	c.path = filepath.Join(dir, "datafast", "config.json")
	raw, err := os.ReadFile(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	if err := json.Unmarshal(raw, &c.all); err != nil {
		return nil, fmt.Errorf("configuration %s is not valid JSON: %w; mend or delete it", c.path, err)
	}
	return c, nil
}

// section is the keys in force: of the profile, or at the top.
func (c *configFile) section() (map[string]json.RawMessage, error) {
	if c.profile == "" {
		return c.all, nil
	}
	section := map[string]json.RawMessage{}
	profiles, err := c.profiles()
	if err != nil || profiles[c.profile] == nil {
		return section, err
	}
	if err := json.Unmarshal(profiles[c.profile], &section); err != nil {
		return nil, fmt.Errorf("configuration %s: profile %s is not an object; mend it", c.path, c.profile)
	}
	return section, nil
}

func (c *configFile) profiles() (map[string]json.RawMessage, error) {
	profiles := map[string]json.RawMessage{}
	if raw := c.all[keyProfiles]; raw != nil {
		if err := json.Unmarshal(raw, &profiles); err != nil {
			return nil, fmt.Errorf("configuration %s: %s is not an object; mend it", c.path, keyProfiles)
		}
	}
	return profiles, nil
}

// profileNames lists the profiles of the file.
func (c *configFile) profileNames() ([]string, error) {
	profiles, err := c.profiles()
	return slices.Sorted(maps.Keys(profiles)), err
}

// settings reads the keys in force. Files of other programs name the token
// otherwise; a website key is told by its prefix, wherever it stands.
func (c *configFile) settings() (settings, error) {
	section, err := c.section()
	if err != nil {
		return settings{}, err
	}
	text := func(key string) (string, error) {
		var s string
		if raw := section[key]; raw != nil && string(raw) != "null" {
			if err := json.Unmarshal(raw, &s); err != nil {
				return "", fmt.Errorf("configuration %s: %s is not a text; mend it", c.path, key)
			}
		}
		return s, nil
	}
	var s settings
	for key, target := range map[string]*string{keySiteKey: &s.SiteKey, keyBase: &s.APIBase, keyWebsite: &s.WebsiteID} {
		if *target, err = text(key); err != nil {
			return s, err
		}
	}
	for _, key := range []string{"api_key", "accessToken", keyToken} {
		value, err := text(key)
		switch {
		case err != nil:
			return s, err
		case isSiteKey(value) && s.SiteKey == "":
			s.SiteKey = value
		case value != "" && !isSiteKey(value):
			s.Token = value
		}
	}
	s.Keyring = string(section[keyKeyring]) == "true"
	return s, nil
}

// isSiteKey tells a df_ key from a dft_ token.
func isSiteKey(s string) bool { return strings.HasPrefix(s, "df_") }

// change sets keys, or removes those whose value is nil, and writes the file by
// renaming. Keys of others stay.
func (c *configFile) change(values map[string]any) error {
	if c.path == "" {
		return errors.New("there is no place for a configuration file: set HOME or XDG_CONFIG_HOME")
	}
	section, err := c.section()
	if err != nil {
		return err
	}
	for key, value := range values {
		if value == nil {
			delete(section, key)
			continue
		}
		if section[key], err = json.Marshal(value); err != nil {
			return fmt.Errorf("encode %s: %w", key, err)
		}
	}
	if c.profile != "" {
		if err := c.putProfile(section); err != nil {
			return err
		}
	}
	return c.write()
}

func (c *configFile) putProfile(section map[string]json.RawMessage) error {
	profiles, err := c.profiles()
	if err != nil {
		return err
	}
	if profiles[c.profile], err = json.Marshal(section); err != nil {
		return fmt.Errorf("encode profile %s: %w", c.profile, err)
	}
	c.all[keyProfiles], err = json.Marshal(profiles)
	return err
}

func (c *configFile) write() error {
	dir := filepath.Dir(c.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the configuration's folder: %w", err)
	}
	text, err := json.MarshalIndent(c.all, "", "  ")
	if err != nil {
		return fmt.Errorf("encode configuration: %w", err)
	}
	f, err := os.CreateTemp(dir, ".config-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write configuration: %w", err), os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), c.path)
}
