package config

import (
	"errors"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tokenVariable is the environment variable that may hold the token.
const tokenVariable = "YOURTURN_JIRA_TOKEN"

// Jira is where stories come from and how often it is asked.
type Jira struct {
	URL              string        `yaml:"url"`         // without a slash at its end
	Flavor           string        `yaml:"flavor"`      // auto, cloud or datacenter
	Email            string        `yaml:"email"`       // of the API token's account; empty: the token is a personal access token
	TokenFile        string        `yaml:"token_file"`  // where Token was read from; empty: the environment
	Projects         []string      `yaml:"projects"`    // keys; empty where JQL is given
	JQL              string        `yaml:"jql"`         // empty where Projects are given
	IssueTypes       []string      `yaml:"issue_types"` // names or ids; empty: all but sub-tasks and epics
	PollInterval     time.Duration `yaml:"poll_interval"`
	Overlap          time.Duration `yaml:"overlap"` // how far each poll reaches back before the last one
	CensusInterval   time.Duration `yaml:"census_interval"`
	CensusMaxRemoved float64       `yaml:"census_max_removed"` // the share of stories that may go missing before a census is disbelieved, in (0, 1]
	ProxyURL         string        `yaml:"proxy_url"`
	CAFile           string        `yaml:"ca_file"`

	Token Secret `yaml:"-" json:"-"`

	TokenTwice bool `yaml:"-" json:"-"` // a file and the environment have one
}

// RequireToken returns an error that says where to put a token; nil if there is
// one. Two are refused: one of them may be old.
func (j Jira) RequireToken() error {
	if j.TokenTwice {
		return errors.New("jira.token_file is given, and the environment has " + tokenVariable + " too; keep one of them")
	}
	if j.Token == "" {
		return errors.New("no token for Jira: put it into a file that jira.token_file names, or into the environment as " + tokenVariable)
	}
	return nil
}

func (j *Jira) check(p *report) {
	j.URL = strings.TrimRight(j.URL, "/")
	if !p.given("jira.url") {
		p.on("jira.url", "is missing; write the address of your Jira, such as https://example.atlassian.net")
	} else {
		checkURL(p, "jira.url", j.URL, "https://example.atlassian.net", "take them out, and put the token into a file that jira.token_file names", "http", "https")
	}
	checkWord(p, "jira.flavor", j.Flavor, "auto", "cloud", "datacenter")
	if j.Flavor == "datacenter" && j.Email != "" {
		p.on("jira.email", "is for Jira Cloud; leave it out: on Data Center the token is a personal access token")
	}
	if j.Email != "" && !strings.Contains(j.Email, "@") {
		p.on("jira.email", "%q is not an e-mail address; write that of the account that owns the API token", j.Email)
	}

	switch projects, jql := len(j.Projects) > 0, strings.TrimSpace(j.JQL) != ""; {
	case projects && jql:
		p.on("jira.jql", "is given as well as jira.projects; keep one of them")
	case !projects && !jql:
		p.on("jira.projects", "is missing; write the keys of the projects to watch, such as [PAY, WEB], or jira.jql")
	}
	for i, project := range j.Projects {
		key := item("jira.projects", i)
		checkProjectKey(p, key, project)
		if first := slices.Index(j.Projects, project); first < i {
			p.on(key, "%s is listed twice; keep one", project)
		}
	}
	checkTexts(p, "jira.issue_types", j.IssueTypes, "a name or id of an issue type")

	if j.PollInterval < time.Second {
		p.on("jira.poll_interval", "%s is too short; write 1s or more, such as 60s", j.PollInterval)
	}
	if j.Overlap < 0 {
		p.on("jira.overlap", "%s is negative; write 0 or more, such as 10m", j.Overlap)
	}
	if j.CensusInterval <= 0 {
		p.on("jira.census_interval", "%s is too short; write more than 0, such as 6h", j.CensusInterval)
	}
	// The comparison is such that NaN fails it.
	if !(j.CensusMaxRemoved > 0 && j.CensusMaxRemoved <= 1) {
		p.on("jira.census_max_removed", "%v is not a share; write more than 0 and at most 1, such as 0.05", j.CensusMaxRemoved)
	}
	if j.ProxyURL != "" {
		checkURL(p, "jira.proxy_url", j.ProxyURL, "http://proxy.example.com:3128", "leave the key out, and set HTTPS_PROXY in the environment", "http", "https", "socks5")
	}
}

// checkURL reports a text that is not a URL with a host and one of the schemes. The
// message leaves the URL out, which may hold a password.
func checkURL(p *report, key, text, example, remedy string, schemes ...string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || !slices.Contains(schemes, u.Scheme) || u.Hostname() == "":
		p.on(key, "is not a URL with %s:// and a host; write it in full, such as %s", strings.Join(schemes, ":// or "), example)
	case u.User != nil:
		p.on(key, "holds credentials; %s", remedy)
	case u.RawQuery != "" || u.Fragment != "":
		p.on(key, "has a query or a fragment; leave that out, as in %s", example)
	}
}

// checkWord reports a word that is not one of known.
func checkWord(p *report, key, word string, known ...string) {
	if slices.Contains(known, word) {
		return
	}
	if near := Nearest(word, known, 1); len(near) > 0 {
		p.on(key, "%q is not known; did you mean %s?", shorten(word), near[0])
		return
	}
	p.on(key, "%q is not known; write %s", shorten(word), alternatives(known))
}

// checkTexts reports empty texts of a list that the file has.
func checkTexts(p *report, key string, texts []string, what string) {
	for i, text := range texts {
		if at := item(key, i); strings.TrimSpace(text) == "" && p.given(at) {
			p.on(at, "is empty; write %s, or leave it out", what)
		}
	}
}

// checkProjectKey reports a text that cannot be the key of a project. It returns
// whether it can.
func checkProjectKey(p *report, key, project string) bool {
	pattern := regexp.MustCompile(`^[A-Z][A-Z0-9_]+$`)
	if pattern.MatchString(project) {
		return true
	}
	if upper := strings.ToUpper(project); pattern.MatchString(upper) {
		p.on(key, "%q is not a project key; did you mean %s?", project, upper)
		return false
	}
	p.on(key, "%q is not a project key; write capital letters, digits and underscores, such as PAY", shorten(project))
	return false
}

// checkAddress reports a text that is not an address to listen on.
func checkAddress(p *report, key, address string) {
	const right = "write host:port, such as 127.0.0.1:9817, or :9817 for all interfaces"
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		p.on(key, "%q is not an address to listen on; %s", shorten(address), right)
		return
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		p.on(key, "%q has no port between 0 and 65535; %s", shorten(address), right)
	}
}
