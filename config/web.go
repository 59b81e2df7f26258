package config

import (
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Web is what the service itself serves, and to whom.
type Web struct {
	ListenAddress string   `yaml:"listen_address"` // host:port
	ProbeAddress  string   `yaml:"probe_address"`  // host:port of a second listener, for probes; empty: none
	ProbeMetrics  bool     `yaml:"probe_metrics"`  // the second listener serves /metrics too
	ConfigFile    string   `yaml:"config_file"`    // of TLS and authentication; empty: neither
	Hosts         []string `yaml:"hosts"`          // names that requests may ask for; empty: those of loopback when listening there, else any
	Identity      Identity `yaml:"identity"`
	Roles         Roles    `yaml:"roles"`
}

// Identity is how a trusted proxy says who asks.
type Identity struct {
	Header         string   `yaml:"header"`          // the user
	GroupsHeader   string   `yaml:"groups_header"`   // the groups, separated by commas
	TrustedProxies []string `yaml:"trusted_proxies"` // networks, as in 10.0.0.0/8; empty: nobody is asked who they are

	proxies []netip.Prefix
}

// Configured reports whether callers have an identity, and see what their roles allow.
func (i Identity) Configured() bool { return len(i.proxies) > 0 }

// Proxies returns the networks of the trusted proxies.
func (i Identity) Proxies() []netip.Prefix { return i.proxies }

// Roles are who may see what. Owners have their role by owners.*.users.
type Roles struct {
	Operator Grant            `yaml:"operator"`
	Lead     map[string]Grant `yaml:"lead"`   // by project key
	Member   map[string]Grant `yaml:"member"` // by project key
}

// Grant is who has a role.
type Grant struct {
	Users  []string `yaml:"users"`
	Groups []string `yaml:"groups"`
}

func defaultWeb() Web {
	return Web{ListenAddress: "127.0.0.1:9817", Identity: Identity{Header: "X-Forwarded-User", GroupsHeader: "X-Forwarded-Groups"}}
}

func (w *Web) check(p *report) {
	checkAddress(p, "web.listen_address", w.ListenAddress)
	switch {
	case w.ProbeAddress != "":
		checkAddress(p, "web.probe_address", w.ProbeAddress)
		if w.ProbeAddress == w.ListenAddress {
			p.on("web.probe_address", "is web.listen_address too; write another port")
		}
	case w.ProbeMetrics:
		p.on("web.probe_metrics", "needs a second listener; write web.probe_address, such as 127.0.0.1:9819")
	}
	for i, host := range w.Hosts {
		if _, err := netip.ParseAddr(host); err != nil && (host == "" || strings.ContainsAny(host, " /:@[]")) {
			p.on(item("web.hosts", i), "%q is not a name; write it without scheme and port, such as yourturn.example.com", shorten(host))
		}
	}
	w.Identity.check(p)
}

func (i *Identity) check(p *report) {
	name := regexp.MustCompile(`^[A-Za-z0-9-]+$`)
	for _, h := range []struct{ key, name string }{{"web.identity.header", i.Header}, {"web.identity.groups_header", i.GroupsHeader}} {
		if !name.MatchString(h.name) {
			p.on(h.key, "%q is not the name of a header; write one, such as X-Forwarded-User", shorten(h.name))
		}
	}
	if strings.EqualFold(i.Header, i.GroupsHeader) {
		p.on("web.identity.groups_header", "is web.identity.header too; write the header that has the groups, such as X-Forwarded-Groups")
	}
	for n, text := range i.TrustedProxies {
		key := item("web.identity.trusted_proxies", n)
		network, err := netip.ParsePrefix(text)
		switch {
		case err != nil:
			p.on(key, "%q is not a network; write one with its length, such as 127.0.0.1/32", shorten(text))
		case network.Bits() == 0:
			p.on(key, "%s trusts everybody to say who they are; write the networks of your proxies", text)
		default:
			i.proxies = append(i.proxies, network.Masked())
		}
	}
}

// checkRoles reports roles that nobody can have, and users that are two owners.
func (c *Config) checkRoles(p *report) {
	const missing = "needs web.identity.trusted_proxies; without a proxy that says who asks, nobody has a role"
	untrusted := len(c.Web.Identity.TrustedProxies) == 0
	grant := func(key string, g Grant) {
		checkTexts(p, join(key, "users"), g.Users, "a user")
		checkTexts(p, join(key, "groups"), g.Groups, "a group")
		if untrusted && len(g.Users)+len(g.Groups) > 0 {
			p.on(key, missing)
		}
	}
	grant("web.roles.operator", c.Web.Roles.Operator)
	for _, role := range []struct {
		key    string
		grants map[string]Grant
	}{{"web.roles.lead", c.Web.Roles.Lead}, {"web.roles.member", c.Web.Roles.Member}} {
		for _, project := range slices.Sorted(maps.Keys(role.grants)) {
			key := join(role.key, project)
			c.checkWatched(p, key, project)
			grant(key, role.grants[project])
		}
	}
	holder := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(c.Owners)) {
		key := "owners." + name + ".users"
		checkTexts(p, key, c.Owners[name].Users, "a user")
		if untrusted && len(c.Owners[name].Users) > 0 {
			p.on(key, missing)
		}
		for i, user := range c.Owners[name].Users {
			if first, taken := holder[user]; taken {
				p.on(item(key, i), "%s is the owner %s already; keep it with one of them", user, first)
				continue
			}
			holder[user] = name
		}
	}
}
