package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Project is the settings of one project: the defaults, overridden by what the
// project gives. Lists and single values are replaced; the mappings question,
// stages and targets are merged key by key.
type Project struct {
	Settings   `yaml:",inline"`
	Owner      OwnerTerms           `yaml:"owner"`      // who owns its stories where no field says so
	Components map[string]Component `yaml:"components"` // by name
	Calendar   Calendar             `yaml:"calendar"`   // what differs from the top-level calendar
}

// OwnerTerm is an owner's time with a project.
type OwnerTerm struct {
	Owner string `yaml:"owner"` // key of owners
	Range `yaml:",inline"`
}

// OwnerTerms are a project's owners over time. The file may name one owner for all
// time by a plain key.
type OwnerTerms []OwnerTerm

func (ts *OwnerTerms) decodeNode(d *decoder, n *yaml.Node, key string) {
	switch {
	case n.Kind == yaml.ScalarNode && !isNull(n):
		if owner, ok := d.text(n, key); ok {
			*ts = OwnerTerms{{Owner: owner}}
		}
	case n.Kind == yaml.SequenceNode:
		d.list(n, reflect.ValueOf((*[]OwnerTerm)(ts)).Elem(), key)
	default:
		d.wrong(n, key, "a key of owners, or a list, as in [{owner: ada, to: 2026-05-31}, {owner: grace, from: 2026-06-01}]")
	}
}

// Component is who owns a component.
type Component struct {
	Owner string `yaml:"owner"` // key of owners
}

// Projects are the settings by project key.
type Projects map[string]Project

func (ps *Projects) decodeNode(d *decoder, n *yaml.Node, key string) {
	if isNull(n) {
		return
	}
	*ps = Projects{}
	for name, node := range d.entries(n, key, nil) {
		project := Project{Settings: d.cfg.Defaults.clone()}
		d.decode(node, reflect.ValueOf(&project).Elem(), join(key, name))
		(*ps)[name] = project
	}
}

// Project returns the settings of the project with that key: the defaults if the
// file has no section for it.
func (c *Config) Project(key string) Project {
	if p, ok := c.Projects[key]; ok {
		return p
	}
	return Project{Settings: c.Defaults.clone()}
}

func (c *Config) checkProjects(p *report) {
	for _, name := range slices.Sorted(maps.Keys(c.Projects)) {
		key, project := "projects."+name, c.Projects[name]
		c.checkWatched(p, key, name)
		project.check(p, key)

		for i, term := range project.Owner {
			at := join(key, "owner")
			if p.given(item(at, i)) { // in a list
				at = item(at, i)
				if !c.checkOwner(p, join(at, "owner"), term.Owner) {
					continue
				}
			} else if !c.checkOwner(p, at, term.Owner) {
				continue
			}
			zone := c.ProjectZone(name)
			term.check(p, at, zone)
			for j, earlier := range project.Owner[:i] {
				if earlier.overlap(term.Range, zone) {
					p.on(at, "overlaps with %s; let one end (to) the day before the other begins (from)", item("owner", j))
				}
			}
		}
		for _, component := range slices.Sorted(maps.Keys(project.Components)) {
			c.checkOwner(p, join(key, "components."+component+".owner"), project.Components[component].Owner)
		}
	}
}

// checkWatched reports a key that cannot be a project's, or that jira.projects lacks.
func (c *Config) checkWatched(p *report, key, project string) {
	listed := func(watched string) bool { return strings.EqualFold(watched, project) } // another case is reported there
	if !checkProjectKey(p, key, project) || len(c.Jira.Projects) == 0 || slices.ContainsFunc(c.Jira.Projects, listed) {
		return
	}
	if near := Nearest(project, c.Jira.Projects, 1); len(near) > 0 {
		p.on(key, "%s is not in jira.projects; did you mean %s?", project, near[0])
		return
	}
	p.on(key, "%s is not in jira.projects; add it there, or leave it out here", project)
}

// checkOwner reports an owner that the config lacks. It returns whether it has it.
func (c *Config) checkOwner(p *report, key, owner string) bool {
	if _, ok := c.Owners[owner]; ok {
		return true
	}
	known := slices.Sorted(maps.Keys(c.Owners))
	switch near := Nearest(owner, known, 1); {
	case owner == "":
		p.on(key, "names no owner; write a key of owners")
	case len(near) > 0:
		p.on(key, "%q is not in owners; did you mean %s?", shorten(owner), near[0])
	case len(known) == 0:
		p.on(key, "%q is not in owners; add it there, with its accounts", shorten(owner))
	default:
		p.on(key, "%q is not in owners; add it there, or write %s", shorten(owner), alternatives(known))
	}
	return false
}
