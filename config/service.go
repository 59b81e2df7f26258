package config

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// Store is where events and the ledger are kept.
type Store struct {
	// URL is sqlite:FILE or postgres://…, without a password. A FILE is relative to
	// the config's folder as it is written, and to the working directory as Load
	// returns it.
	URL string `yaml:"url"`
}

// sqliteScheme begins the URL of a SQLite store.
const sqliteScheme = "sqlite:"

// Err returns what is wrong with a store that stands in no file, or nil.
func (s Store) Err() error {
	if wrong := s.wrong(); wrong != "" {
		return errors.New("the URL of a store " + wrong)
	}
	return nil
}

func (s Store) check(p *report) {
	if wrong := s.wrong(); wrong != "" {
		p.on("store.url", "%s", wrong)
	}
}

// wrong returns what is wrong with the URL and what to do, as the end of a sentence; "" for
// nothing. It leaves the URL out, which may hold a password.
func (s Store) wrong() string {
	const right = "write sqlite:FILE, such as sqlite:yourturn.db, or postgres://USER@HOST/DATABASE"
	if file, ok := strings.CutPrefix(s.URL, sqliteScheme); ok {
		if file == "" {
			return "names no file; " + right
		}
		return ""
	}
	u, err := url.Parse(s.URL)
	switch {
	case err != nil || u.Scheme != "postgres":
		return "is not a known store; " + right
	case u.Hostname() == "":
		return "names no host; " + right
	}
	if _, ok := u.User.Password(); ok || u.Query().Has("password") || u.Query().Has("sslpassword") {
		return "holds a password, which is refused; put it into a file that PGPASSFILE names, or into the environment as PGPASSWORD"
	}
	return ""
}

// Webhook is how Jira reports a change before the next poll.
type Webhook struct {
	SecretFile string `yaml:"secret_file"` // where Secret was read from; empty: no webhook is accepted

	Secret Secret `yaml:"-" json:"-"`
}

// Log is what the service writes about itself.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn or error
	Format string `yaml:"format"` // console or json
}

func (l Log) check(p *report) {
	checkWord(p, "log.level", l.Level, "debug", "info", "warn", "error")
	checkWord(p, "log.format", l.Format, "console", "json")
}

// Metrics is how the metrics are exposed.
type Metrics struct {
	OpenWaitsPerOwner int  `yaml:"open_waits_per_owner"` // how many of the oldest waits of an owner and kind have a series of their own
	NativeHistograms  bool `yaml:"native_histograms"`

	// Families says of metric families, by their names, whether they are exposed. Those
	// that it does not name are.
	Families map[string]bool `yaml:"families"`
}

// LeftOut returns the names of the metric families that are not exposed, in order.
func (m Metrics) LeftOut() []string {
	var out []string
	for name, exposed := range m.Families {
		if !exposed {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func (m Metrics) check(p *report) {
	if m.OpenWaitsPerOwner < 0 {
		p.on("metrics.open_waits_per_owner", "%d is negative; write 0 or more, such as 20", m.OpenWaitsPerOwner)
	}
}
