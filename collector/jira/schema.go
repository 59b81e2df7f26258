package jira

import (
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// The types of custom fields that are found by type: their names are
// translated and not unique.
const (
	customSprint   = "com.pyxis.greenhopper.jira:gh-sprint"
	customEpicLink = "com.pyxis.greenhopper.jira:gh-epic-link"
	customChecks   = "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes"
)

// schema is which fields of a Jira the rules read, and how they are found.
type schema struct {
	people    []string // ids of custom fields that hold people
	sprints   []string
	epicLinks []string
	flags     []string

	custom   map[string]bool     // ids and lower-case names of all custom fields
	byID     map[string]string   // Jira's field id -> the domain's name for it
	byName   map[string][]string // custom fields, by lower-case name -> the domain's names
	bySystem map[string]string   // system fields, by the lower-case name that histories use
}

// newSchema returns the schema of a Jira with these fields.
func newSchema(fields []jiradata.Field) *schema {
	s := &schema{
		byID: map[string]string{
			"status": latency.FieldStatus, "assignee": latency.FieldAssignee, "reporter": latency.FieldReporter,
			"creator": latency.FieldCreator, "labels": latency.FieldLabels,
			"components": latency.FieldComponents, "resolution": latency.FieldResolution, "parent": latency.FieldParent,
			"issuetype": latency.FieldType, "project": latency.FieldProject, "issuekey": latency.FieldKey,
			"description": latency.FieldDescription,
		},
		bySystem: map[string]string{
			"status": latency.FieldStatus, "assignee": latency.FieldAssignee, "reporter": latency.FieldReporter, "labels": latency.FieldLabels,
			"component": latency.FieldComponents, "components": latency.FieldComponents, "resolution": latency.FieldResolution,
			"parent": latency.FieldParent, "parent issue": latency.FieldParent, "issueparentassociation": latency.FieldParent,
			"issuetype": latency.FieldType, "project": latency.FieldProject, "key": latency.FieldKey,
			"workflow": latency.FieldWorkflow, "description": latency.FieldDescription, "projectimport": latency.FieldImport,
			"flagged": latency.FieldFlag, "sprint": latency.FieldSprint, "epic link": latency.FieldParent,
		},
		byName: map[string][]string{},
		custom: map[string]bool{},
	}
	for _, f := range fields {
		if !strings.HasPrefix(f.ID, "customfield_") {
			continue
		}
		for _, n := range []string{f.ID, f.Name, f.UntranslatedName} {
			s.custom[strings.ToLower(n)] = true
		}
		var name string
		switch {
		case f.People:
			name = f.ID
			s.people = append(s.people, f.ID)
		case f.Custom == customSprint:
			name = latency.FieldSprint
			s.sprints = append(s.sprints, f.ID)
		case f.Custom == customEpicLink:
			name = latency.FieldParent
			s.epicLinks = append(s.epicLinks, f.ID)
		case f.Custom == customChecks && (strings.EqualFold(f.Name, "Flagged") || strings.EqualFold(f.UntranslatedName, "Flagged")):
			name = latency.FieldFlag
			s.flags = append(s.flags, f.ID)
		default:
			continue
		}
		s.byID[f.ID] = name
		for _, n := range []string{f.Name, f.UntranslatedName} {
			if n = strings.ToLower(n); n != "" && !slices.Contains(s.byName[n], name) {
				s.byName[n] = append(s.byName[n], name)
			}
		}
	}
	for _, ids := range [][]string{s.people, s.sprints, s.epicLinks, s.flags} {
		slices.Sort(ids)
	}
	return s
}

// requested returns the fields to ask Jira for: those that the rules read, and no
// title, text or address.
func (s *schema) requested(comments bool) []string {
	ids := []string{"status", "assignee", "reporter", "labels", "components", "resolution", "parent", "issuetype", "project", "created", "updated", "creator"}
	if comments {
		ids = append(ids, "comment")
	}
	return slices.Concat(ids, s.people, s.sprints, s.epicLinks, s.flags)
}

// knows reports whether the field that an item changed is one of Jira's fields
// as they were read; of system fields it is.
func (s *schema) knows(it *item) bool {
	if strings.HasPrefix(it.FieldID, "customfield_") {
		return s.custom[it.FieldID]
	}
	return it.FieldID != "" || it.FieldType != "custom" || s.custom[strings.ToLower(it.Field)]
}

// targets returns the domain's names of the field that an item changed; none
// if no rule reads it. An item that lost its field id goes by its name; where
// custom fields share that name it goes to each of them.
func (s *schema) targets(it *item) []string {
	if id := strings.ToLower(it.FieldID); id != "" {
		if name, ok := s.byID[id]; ok {
			return []string{name}
		}
		if strings.HasPrefix(id, "customfield_") {
			return nil
		}
	}
	name := strings.ToLower(it.Field)
	if it.FieldType != "jira" {
		if found := s.byName[name]; len(found) > 0 {
			return found
		}
	}
	system, ok := s.bySystem[name]
	// A custom field may be called Status, but none of these is one.
	isCustom := system == latency.FieldFlag || system == latency.FieldSprint || name == "epic link"
	if !ok || it.FieldType == "custom" && !isCustom {
		return nil
	}
	return []string{system}
}

// changes returns the changes of an item in the domain's terms.
func (s *schema) changes(out []latency.Change, it *item) []latency.Change {
	for _, field := range s.targets(it) {
		c := latency.Change{Field: field}
		c.From, c.To = changed(field, it.From, it.FromString), changed(field, it.To, it.ToString)
		out = append(out, c)
	}
	return out
}

// changed returns one side of a change of field, without names of people: those are
// stored once for each account, where they can be deleted.
func changed(field string, id, name text) latency.Value {
	switch field {
	case latency.FieldAssignee, latency.FieldReporter:
		return latency.Value{ID: string(id)}
	case latency.FieldLabels:
		return latency.Value{Name: string(name)}
	case latency.FieldKey:
		if name == "" {
			name = id
		}
		return latency.Value{Name: string(name)}
	case latency.FieldFlag:
		return latency.Value{ID: strings.Trim(string(id), "[] "), Name: string(name)}
	case latency.FieldDescription, latency.FieldImport: // that it happened is all that counts
		return latency.Value{}
	}
	if strings.HasPrefix(field, "customfield_") {
		return latency.Value{ID: accounts(string(id))}
	}
	return latency.Value{ID: string(id), Name: string(name)}
}

// accounts returns the accounts of a user field as histories write them, one
// or "[a, b]", separated by commas alone.
func accounts(ids string) string {
	ids = strings.TrimSuffix(strings.TrimPrefix(ids, "["), "]")
	if !strings.ContainsAny(ids, ", ") {
		return ids
	}
	parts := strings.Split(ids, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return strings.Join(parts, ",")
}
