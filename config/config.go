// Package config reads the YAML file that says what the service watches, by which
// rules, and for whom. It is strict: an unknown key or an impossible value is an
// error that names the file, the line and what would be right. It reports all
// errors of a file at once.
package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"
)

// maxFile is the size of the largest file that a config may name, in bytes.
const maxFile = 1 << 20

// Config is the content of a valid file. It does not change once it is read.
type Config struct {
	Jira               Jira             `yaml:"jira"`
	Store              Store            `yaml:"store"`
	Web                Web              `yaml:"web"`
	Webhook            Webhook          `yaml:"webhook"`
	Log                Log              `yaml:"log"`
	Metrics            Metrics          `yaml:"metrics"`
	Calendar           Calendar         `yaml:"calendar"`
	Defaults           Settings         `yaml:"defaults"` // before Projects, which start from them
	Projects           Projects         `yaml:"projects"`
	Owners             map[string]Owner `yaml:"owners"`
	Delegations        []Delegation     `yaml:"delegations"`
	AutomationAccounts []string         `yaml:"automation_accounts"` // accounts that are automation though Jira does not say so
	Privacy            Privacy          `yaml:"privacy"`

	calendars calendars
	file      string
	lines     map[string]int
	texts     []text
	proxies   []proxy // of the environment
	warnings  []string
}

// Load reads the file at path, the environment, and the secret files that the file
// names. The error for an invalid file is of type Problems; the error for a file
// that cannot be read wraps the cause.
func Load(path string) (*Config, error) { return LoadIn(path, os.Getenv) }

// LoadIn is Load in another environment: env is as for Parse.
func LoadIn(path string, env func(string) string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: the config cannot be read: %w; name another file with --config.file", path, reason(err))
	}
	cfg, err := Parse(path, data, env)
	if err != nil {
		return nil, err
	}
	cfg.findStore()
	return cfg, nil
}

// Same reports whether o says the same as c, in the same lines of the same file.
func (c *Config) Same(o *Config) bool {
	a, b := *c, *o
	a.calendars, b.calendars = calendars{}, calendars{} // they follow from the rest, and hold functions, which no comparison finds equal
	return reflect.DeepEqual(a, b)
}

// Parse reads the content of a file. Problems call the file name, and the files
// that it names are relative to name's folder. env returns the value of an
// environment variable, "" if it is not set; nil is an empty environment. The
// error is of type Problems and holds everything that is wrong.
func Parse(name string, data []byte, env func(string) string) (*Config, error) {
	cfg := &Config{
		Jira:    Jira{Flavor: "auto", PollInterval: time.Minute, Overlap: 10 * time.Minute, CensusInterval: 6 * time.Hour, CensusMaxRemoved: 0.05},
		Store:   Store{URL: "sqlite:yourturn.db"},
		Web:     defaultWeb(),
		Log:     Log{Level: "info", Format: "console"},
		Metrics: Metrics{OpenWaitsPerOwner: 20},
		Privacy: Privacy{Titles: true, PerOwner: true, AccessLog: true},

		Defaults: defaultSettings(),
		file:     name,
		lines:    map[string]int{},
	}
	d := &decoder{report: report{file: name, lines: cfg.lines}, cfg: cfg}
	if top := d.parse(data); top != nil {
		cfg.texts = textsOf(top, "")
		d.structure(top, reflect.ValueOf(cfg).Elem(), "")
		cfg.Calendar = cfg.Calendar.over(defaultCalendar())
		cfg.check(&d.report)
		cfg.readFiles(&d.report, env)
	}
	if err := d.err(); err != nil {
		return nil, err
	}
	return cfg, nil
}

// check reports problems, section by section.
func (c *Config) check(p *report) {
	c.Jira.check(p)
	c.Store.check(p)
	c.Web.check(p)
	c.Log.check(p)
	c.Metrics.check(p)
	c.buildCalendars(p) // before what has dates, which need their time zones
	c.Defaults.check(p, "defaults")
	c.checkProjects(p)
	c.checkOwners(p)
	c.checkRoles(p)
	c.checkDelegations(p)
	c.Privacy.check(p)
}

// readFiles reads the secrets, and tries the other files that are named.
func (c *Config) readFiles(p *report, env func(string) string) {
	c.Jira.TokenFile = c.path(c.Jira.TokenFile)
	c.Jira.CAFile = c.path(c.Jira.CAFile)
	c.Web.ConfigFile = c.path(c.Web.ConfigFile)
	c.Webhook.SecretFile = c.path(c.Webhook.SecretFile)
	c.Privacy.KeyFile = c.path(c.Privacy.KeyFile)

	c.Jira.Token = readSecret(p, "jira.token_file", c.Jira.TokenFile)
	c.Webhook.Secret = readSecret(p, "webhook.secret_file", c.Webhook.SecretFile)
	c.Privacy.Key = readSecret(p, "privacy.key_file", c.Privacy.KeyFile)
	c.Privacy.checkKey(p)
	if env != nil {
		c.proxies = proxiesOf(env("HTTPS_PROXY"), env("https_proxy"), env("HTTP_PROXY"), env("http_proxy"), env("ALL_PROXY"), env("all_proxy"))
		token := Secret(strings.TrimSpace(env(tokenVariable)))
		switch {
		case token == "":
		case c.Jira.TokenFile != "":
			c.Jira.TokenTwice = true
		default:
			c.Jira.Token = token
		}
	}
	if ca := readFile(p, "jira.ca_file", c.Jira.CAFile); ca != nil && !x509.NewCertPool().AppendCertsFromPEM(ca) {
		p.on("jira.ca_file", "%s holds no certificate; name a file of certificates in PEM form", c.Jira.CAFile)
	}
	readFile(p, "web.config_file", c.Web.ConfigFile)
}

// path resolves a file name in the config: it is relative to the config's folder.
func (c *Config) path(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(c.file), name)
}

// findStore makes the path of the store relative to the config's folder. It keeps
// a store in the working directory in use, where versions before looked for it, if
// there is none where the config says now.
func (c *Config) findStore() {
	old, ok := strings.CutPrefix(c.Store.URL, sqliteScheme)
	if !ok || filepath.IsAbs(old) {
		return
	}
	file := c.path(old)
	c.Store.URL = sqliteScheme + file
	there, err := os.Stat(old)
	if err != nil || there.IsDir() {
		return
	}
	switch here, err := os.Stat(file); {
	case err != nil:
		c.Store.URL = sqliteScheme + old
		c.warnings = append(c.warnings, fmt.Sprintf("the store %s in the working directory is used: store.url is relative to the config's folder now, and %s does not exist. "+
			"Stop yourturn and move the store there, with the files whose names begin with its name, or write its whole path into store.url", old, file))
	case !os.SameFile(here, there):
		c.warnings = append(c.warnings, fmt.Sprintf("the store %s is used, and another one of that name in the working directory is not: store.url is relative to the config's folder. "+
			"Remove the one that you do not need, or write its whole path into store.url", file))
	}
}

// Warnings returns what is not wrong with the config and should be known all the same.
func (c *Config) Warnings() []string { return c.warnings }

// readSecret returns the content of a file without the white space around it:
// editors end files with a new line.
func readSecret(p *report, key, name string) Secret {
	data := readFile(p, key, name)
	secret := Secret(strings.TrimSpace(string(data)))
	switch {
	case data == nil:
	case secret == "":
		p.on(key, "%s is empty; write the secret into it", name)
	case strings.ContainsAny(secret.Reveal(), "\r\n"):
		p.on(key, "%s holds several lines; write the secret alone into it", name)
	}
	return secret
}

// readFile returns the content of a file; nil if name is "" or the file cannot be read.
func readFile(p *report, key, name string) []byte {
	if name == "" {
		return nil
	}
	data, err := readSome(name)
	if err != nil {
		p.on(key, "%s cannot be read: %v; name a file that this user may read", name, reason(err))
		return nil
	}
	return data
}

// readSome returns the content of a file of at most maxFile bytes.
func readSome(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = errors.New("it is larger than 1 MiB")
	}
	return data, err
}

// reason returns err without the file's name, which the message has already.
func reason(err error) error {
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// File returns the name of the file.
func (c *Config) File() string { return c.file }

// Line returns the line of a key, such as projects.PAY.owner. For a key that the
// file lacks it is the line that its value comes from, else that of its section,
// else 1.
func (c *Config) Line(key string) int { return lineOf(c.lines, key) }

// Given reports whether the file itself has a key, such as
// projects.PAY.acceptance_statuses. It is false for a project's setting that
// stands under defaults; see Written.
func (c *Config) Given(key string) bool { return c.lines[key] > 0 }

// Written reports whether the file has the value of a key: under that key, or,
// for a project's setting, under defaults. A value that is not written is the
// built-in default.
func (c *Config) Written(key string) bool {
	if c.Given(key) {
		return true
	}
	setting, ok := defaultKey(key)
	return ok && c.Given(setting)
}
