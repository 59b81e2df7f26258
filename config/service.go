package config

import (
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

func (s Store) check(p *report) {
	const right = "write sqlite:FILE, such as sqlite:yourturn.db"
	if file, ok := strings.CutPrefix(s.URL, sqliteScheme); ok {
		if file == "" {
			p.on("store.url", "names no file; %s", right)
		}
		return
	}
	u, err := url.Parse(s.URL)
	switch {
	case err != nil || u.Scheme != "postgres": // the message leaves the URL out, which may hold a password
		p.on("store.url", "is not a known store; %s", right)
	case u.Hostname() == "":
		p.on("store.url", "names no host; %s", right)
	default:
		if _, ok := u.User.Password(); ok || u.Query().Has("password") {
			p.on("store.url", "a password in this file is refused; put it into a file that PGPASSFILE names, or into the environment as PGPASSWORD")
		}
	}
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
