package config

import (
	"maps"
	"slices"
	"strings"
)

// The reserved labels: of stories without an owner, and of all owners together.
const (
	unowned   = "unowned"
	allOwners = "all"
)

// Owner is a Product Owner.
type Owner struct {
	Accounts []string `yaml:"accounts"` // ids; on Data Center user keys or names
	Calendar Calendar `yaml:"calendar"` // what differs from the top-level calendar; empty: the project's
	Absences []Range  `yaml:"absences"` // dates are days of the owner's zone

	// Users are what web.identity calls this owner. They decide nothing of how
	// history is read, so they are not in what identifies the rules by their JSON.
	Users []string `yaml:"users" json:"-"`
}

// Delegation lets somebody stand in for an owner.
type Delegation struct {
	Owner    string           `yaml:"owner"`    // key of owners
	Delegate string           `yaml:"delegate"` // key of owners
	Range    `yaml:",inline"` // dates are days of the owner's zone; without any it holds always
	Kinds    []string         `yaml:"kinds"`    // acceptance, question; empty: both
	Projects []string         `yaml:"projects"` // keys; empty: all
}

func (c *Config) checkOwners(p *report) {
	holder := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(c.Owners)) {
		key, owner := "owners."+name, c.Owners[name]
		switch {
		case strings.TrimSpace(name) == "":
			p.on(key, "has no name; write a short one, such as ada")
		case name == unowned:
			p.on(key, "is the reserved name of stories without an owner; write another")
		case name == allOwners && !c.Privacy.PerOwner:
			p.on(key, "is the reserved name of all owners together, which privacy.per_owner: false shows; write another")
		}
		if len(owner.Accounts) == 0 {
			p.on(join(key, "accounts"), "is missing; write the account ids of %s in Jira", name)
		}
		for i, account := range owner.Accounts {
			at := item(join(key, "accounts"), i)
			switch first, taken := holder[account]; {
			case strings.TrimSpace(account) == "":
				p.on(at, "is empty; write an account id")
			case taken && first == name:
				p.on(at, "%s is listed twice; keep one", account)
			case taken:
				p.on(at, "%s is an account of %s too; keep it with one of them", account, first)
			default:
				holder[account] = name
			}
		}
		for i, absence := range owner.Absences {
			at := item(join(key, "absences"), i)
			if absence == (Range{}) && !p.given(join(at, "from")) && !p.given(join(at, "to")) {
				p.on(at, "has neither from nor to; write at least one of them")
			}
			absence.check(p, at, c.OwnerZone(name))
		}
	}
	checkTexts(p, "automation_accounts", c.AutomationAccounts, "an account id")
	for i, account := range c.AutomationAccounts {
		if owner, ok := holder[account]; ok {
			p.on(item("automation_accounts", i), "%s is an account of the owner %s too; keep it in one of them", account, owner)
		}
	}
}

func (c *Config) checkDelegations(p *report) {
	for i, d := range c.Delegations {
		key := item("delegations", i)
		owner := c.checkOwner(p, join(key, "owner"), d.Owner)
		delegate := c.checkOwner(p, join(key, "delegate"), d.Delegate)
		if owner && delegate && d.Owner == d.Delegate {
			p.on(join(key, "delegate"), "%s cannot stand in for themselves; write another owner", d.Delegate)
		}
		d.check(p, key, c.OwnerZone(d.Owner))
		for j, kind := range d.Kinds {
			checkWord(p, item(join(key, "kinds"), j), kind, "acceptance", "question")
		}
		for j, project := range d.Projects {
			c.checkWatched(p, item(join(key, "projects"), j), project)
		}
	}
}
