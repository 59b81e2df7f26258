package web

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Policy says by which names the service may be asked, and who may see what. It
// does not change once it is in force. The zero Policy lets everybody see everything.
type Policy struct {
	// Hosts are the names that a request may ask for, besides those of loopback;
	// nil: any.
	Hosts    []string
	Identity *Identity // nil: nobody is asked who they are
}

// Identity is how the service knows who asks, and what their roles are.
type Identity struct {
	Header, GroupsHeader string // as a trusted proxy sets them
	Proxies              []netip.Prefix
	// Verified reports whether the listener asked for the password of a user. Such a
	// user needs no proxy. nil: it asks for none.
	Verified func(user string) bool

	Operator     Grant
	Lead, Member map[string]Grant  // by project
	Owner        map[string]string // by user
}

// Grant is who has a role.
type Grant struct{ Users, Groups []string }

// has reports whether somebody has the role.
func (g Grant) has(user string, groups []string) bool {
	return slices.Contains(g.Users, user) || slices.ContainsFunc(groups, func(group string) bool { return slices.Contains(g.Groups, group) })
}

// Caller is who asks, and what they may see.
type Caller struct {
	User string // as the proxy names them; "": unknown
	From string // the address that the request came from

	everything, operator bool
	lead, member         map[string]bool // by project
	owner                string          // that the caller is
}

// String says who it is, for people.
func (c Caller) String() string {
	if c.User == "" {
		return "somebody at " + c.From
	}
	return c.User + " at " + c.From
}

// Operates reports whether the caller may see how the service works, and change it.
func (c Caller) Operates() bool { return c.everything || c.operator }

// HasRole reports whether the caller has any role.
func (c Caller) HasRole() bool {
	return c.operator || c.SeesSome()
}

// SeesSome reports whether the caller may see some project or owner.
func (c Caller) SeesSome() bool {
	return c.everything || c.owner != "" || len(c.lead)+len(c.member) > 0
}

// SeesProject reports whether the caller may see a project's counts and stories.
func (c Caller) SeesProject(project string) bool {
	return c.everything || c.lead[project] || c.member[project]
}

// SeesOwner reports whether the caller may see an owner's statistics in a project.
func (c Caller) SeesOwner(owner, project string) bool {
	return c.everything || c.lead[project] || c.Is(owner)
}

// Is reports whether the caller is an owner.
func (c Caller) Is(owner string) bool { return c.owner != "" && c.owner == owner }

// caller returns who sent a request. forged reports whether it names somebody
// without coming from a trusted proxy, or names several people: then the name is
// ignored.
func (p *Policy) caller(r *http.Request) (c Caller, forged bool) {
	address, _ := netip.ParseAddrPort(r.RemoteAddr) // else no network has it
	from := address.Addr().Unmap().WithZone("")
	c.From = from.String()
	id := p.Identity
	if id == nil {
		c.everything = true
		return c, false
	}
	named, groups := r.Header.Values(id.Header), r.Header.Values(id.GroupsHeader)
	trusted := slices.ContainsFunc(id.Proxies, func(n netip.Prefix) bool { return n.Contains(from) })
	if forged = len(named) > 1 || !trusted && len(named)+len(groups) > 0; forged || !trusted {
		named, groups = nil, nil
	}
	if len(named) > 0 {
		c.User = strings.TrimSpace(named[0])
	}
	if c.User == "" {
		groups = nil
		if user, _, ok := r.BasicAuth(); ok && id.Verified != nil && id.Verified(user) {
			c.User = user
		}
	}
	if c.User != "" {
		id.grant(&c, split(groups))
	}
	return c, forged
}

// grant gives a caller the roles of a user in groups.
func (id *Identity) grant(c *Caller, groups []string) {
	c.operator, c.owner = id.Operator.has(c.User, groups), id.Owner[c.User]
	c.lead, c.member = map[string]bool{}, map[string]bool{}
	for project, g := range id.Lead {
		if g.has(c.User, groups) {
			c.lead[project] = true
		}
	}
	for project, g := range id.Member {
		if g.has(c.User, groups) {
			c.member[project] = true
		}
	}
}

// split returns the groups in the values of a header, which commas separate.
func split(values []string) []string {
	var out []string
	for _, value := range values {
		for group := range strings.SplitSeq(value, ",") {
			if group = strings.TrimSpace(group); group != "" {
				out = append(out, group)
			}
		}
	}
	return out
}

// admitsHost reports whether a request may ask for a host, with or without a port.
// The names of loopback are always right: no page of another site has them.
func (p *Policy) admitsHost(host string) bool {
	if p.Hosts == nil {
		return true
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.Trim(host, "[]"), ".")
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback() ||
		slices.ContainsFunc(p.Hosts, func(name string) bool { return strings.EqualFold(name, host) })
}
