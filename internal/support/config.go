package support

import (
	"bytes"
	"cmp"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/yourturn/yourturn/config"
)

// shown says how the value of a key of the config is shown.
type shown int

const (
	hidden   shown = iota // not at all
	asIs                  // as it is, without names that are known
	anOwner               // by the placeholder of an owner
	aUser                 // by that of somebody whom a proxy names
	aGroup                // by that of a group
	anID                  // by that of an account
	aMail                 // by that of an e-mail address
	aQuery                // by that of a query
	aURL                  // with a placeholder for the host
	aHost                 // by the placeholder of a host
	anAddr                // likewise, with its port
	aNetwork              // likewise, with its length
	aFile                 // by its name, without its folder
	aStore                // likewise, or a database by the placeholders of its hosts
)

// keys says how the values of the config are shown. * stands for any name of a mapping.
// A value below a key that is here is shown in the same way, unless it is here itself. A key
// that is not here is hidden: a new key shows nothing until somebody decides.
func keys() map[string]shown {
	return map[string]shown{
		"jira.url": aURL, "jira.flavor": asIs, "jira.email": aMail, "jira.token_file": aFile, "jira.projects": asIs, "jira.jql": aQuery, "jira.issue_types": asIs,
		"jira.poll_interval": asIs, "jira.overlap": asIs, "jira.census_interval": asIs, "jira.proxy_url": aURL, "jira.ca_file": aFile,
		"store.url":          aStore,
		"web.listen_address": anAddr, "web.probe_address": anAddr, "web.config_file": aFile, "web.hosts": aHost,
		"web.identity.header": asIs, "web.identity.groups_header": asIs, "web.identity.trusted_proxies": aNetwork,
		"web.roles.operator.users": aUser, "web.roles.operator.groups": aGroup,
		"web.roles.lead.*.users": aUser, "web.roles.lead.*.groups": aGroup, "web.roles.member.*.users": aUser, "web.roles.member.*.groups": aGroup,
		"webhook.secret_file": aFile,
		"log":                 asIs, "calendar": asIs, "defaults": asIs,
		"projects": asIs, "projects.*": asIs, "projects.*.owner.owner": anOwner, "projects.*.components.*": asIs, "projects.*.components.*.owner": anOwner,
		"owners.*": anOwner, "owners.*.accounts": anID, "owners.*.users": aUser, "owners.*.calendar": asIs, "owners.*.absences": asIs,
		"delegations": asIs, "delegations.owner": anOwner, "delegations.delegate": anOwner,
		"automation_accounts": anID,
		"privacy.key_file":    aFile,
	}
}

// below returns the key of a name in what another key holds, and whether that holds any
// names.
func below(all map[string]shown, key, name string) (below string, any bool) {
	whatever := key + ".*"
	for known := range all {
		if known == whatever || strings.HasPrefix(known, whatever+".") {
			return whatever, true
		}
	}
	return strings.TrimPrefix(key+"."+name, "."), false
}

// how returns how a key is shown.
func how(all map[string]shown, key string) shown {
	for {
		if s, ok := all[key]; ok {
			return s
		}
		dot := strings.LastIndexByte(key, '.')
		if dot < 0 {
			return hidden
		}
		key = key[:dot]
	}
}

// Config makes the people, hosts and folders of a config known. Owners come first, in the
// order of their keys.
func (n *Names) Config(cfg *config.Config) {
	for _, key := range sorted(cfg.Owners) {
		n.Owner(key, cfg.Owners[key].Accounts, cfg.Owners[key].Users)
	}
	for _, id := range cfg.AutomationAccounts {
		n.Automation(id)
	}
	n.Mail(cfg.Jira.Email)
	if strings.TrimSpace(cfg.Jira.JQL) != "" {
		n.Query(cfg.Jira.JQL)
	}
	for _, file := range []string{
		cfg.File(), storeFile(cfg.Store.URL), cfg.Jira.TokenFile, cfg.Jira.CAFile, cfg.Web.ConfigFile, cfg.Webhook.SecretFile, cfg.Privacy.KeyFile,
	} {
		if dir := filepath.Dir(file); file != "" && len(dir) > 1 {
			n.Folder(dir)
			if whole, err := filepath.Abs(dir); err == nil {
				n.know(whole, n.Folder(dir))
			}
		}
	}
	n.shown(cfg) //nolint:errcheck // it makes the other names known, and Shown returns the error
}

// Shown returns a config as YAML: every key with the value that is in force, defaults
// included, and placeholders in the places of names. The error is of the YAML package.
func (n *Names) Shown(cfg *config.Config) ([]byte, error) {
	top, err := n.shown(cfg)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	err = enc.Encode(top)
	return out.Bytes(), cmp.Or(err, enc.Close())
}

func (n *Names) shown(cfg *config.Config) (*yaml.Node, error) {
	top := &yaml.Node{}
	if err := top.Encode(cfg); err != nil {
		return nil, err
	}
	n.node(keys(), top, "")
	return top, nil
}

// node puts placeholders into what a key holds.
func (n *Names) node(all map[string]shown, at *yaml.Node, key string) {
	switch at.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(at.Content); i += 2 {
			name := at.Content[i]
			key, any := below(all, key, name.Value)
			switch {
			case any && how(all, key) == anOwner:
				name.SetString(n.Owned(name.Value))
			case any:
				name.SetString(n.Text(name.Value))
			}
			n.node(all, at.Content[i+1], key)
		}
	case yaml.SequenceNode:
		for _, item := range at.Content {
			n.node(all, item, key)
		}
	case yaml.ScalarNode:
		if at.Tag == "!!str" && at.Value != "" {
			at.SetString(n.value(how(all, key), at.Value))
		}
	default: // no value is encoded so
	}
}

// value returns what is shown of a text.
func (n *Names) value(s shown, text string) string {
	switch s {
	case asIs:
		return n.Text(text)
	case anOwner:
		return n.Owned(text)
	case aUser:
		return n.Person(text)
	case aGroup:
		return n.Group(text)
	case anID:
		return n.Automation(text)
	case aMail:
		return n.Mail(text)
	case aQuery:
		return n.Query(text)
	case aHost:
		return n.Host(text)
	case aFile:
		return n.Text(filepath.Base(text))
	case aStore:
		return n.store(text)
	case anAddr:
		if name, port, err := net.SplitHostPort(text); err == nil && name != "" {
			return net.JoinHostPort(n.Host(name), port)
		}
		return n.Text(text)
	case aNetwork:
		address, length, _ := strings.Cut(text, "/")
		return n.Host(address) + "/" + length
	case aURL:
		if u, err := url.Parse(text); err == nil && u.Hostname() != "" {
			return n.Text(u.Scheme + "://" + strings.Replace(u.Host, u.Hostname(), n.Host(u.Hostname()), 1) + u.Path)
		}
	case hidden:
	}
	return "hidden"
}

// sorted returns the keys of a map, in order.
func sorted[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// storeFile returns the file of the store at a URL; "" for one in a database.
func storeFile(address string) string {
	file, ok := strings.CutPrefix(address, "sqlite:")
	if !ok {
		return ""
	}
	return file
}

// store returns what is shown of the URL of a store: a file without its folder, and of a
// database its hosts, by placeholders. Its user, its name and its settings may say who
// keeps it.
func (n *Names) store(address string) string {
	if file := storeFile(address); file != "" {
		return n.Text(filepath.Base(file))
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	var hosts []string
	for _, one := range strings.Split(u.Host, ",") {
		if name, _, err := net.SplitHostPort(one); err == nil {
			one = name
		}
		hosts = append(hosts, n.Host(one))
	}
	return u.Scheme + "://" + strings.Join(hosts, ",")
}
