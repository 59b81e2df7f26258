package jiradata

import "github.com/yourturn/yourturn/internal/latency"

// Meta describes the Jira that stories come from, as one poll saw it.
type Meta struct {
	At       latency.Instant // that poll, in Jira's clock
	Statuses []Status
	Types    []IssueType
	Fields   []Field
	Projects []Project // the watched ones
	Missing  []string  // keys of projects that should be watched, and that are unknown or that the account cannot see
	Users    []User    // the leads
}

// Status is a workflow status. Names are not unique: projects may have their own.
type Status struct {
	ID, Name  string
	Category  latency.Category
	ProjectID string // "" unless it is of one project alone
}

// IssueType is a type of issue. Names are not unique: projects may have their own.
type IssueType struct {
	ID, Name  string
	Subtask   bool
	Level     int    // above 0: epics and higher; 0: stories; below: sub-tasks
	HasLevel  bool   // Jira gave the level; older ones do not
	ProjectID string // "" unless it is of one project alone
}

// Field is a field of issues. Names are not unique.
type Field struct {
	ID, Name         string
	UntranslatedName string // "" where Jira does not give it
	Custom           string // type of a custom field, for instance com.pyxis.greenhopper.jira:gh-sprint
	People           bool   // it holds a user, or several
	ProjectID        string // "" unless it is of one project alone
}

// Lead is who led a project from an instant on, as a poll saw it: Jira keeps no
// history of it.
type Lead struct {
	Project string // id
	At      latency.Instant
	Account string
}

// Project is a watched project.
type Project struct {
	ID, Key, Name string
	Lead          string // account; "" if it has none

	Components map[string]string // names by id; nil where they were not read
	// Workflow are the ids of the statuses that its stories can have, in order; nil
	// where they were not read.
	Workflow []string
}
