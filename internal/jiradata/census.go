package jiradata

import "github.com/yourturn/yourturn/internal/latency"

// Census is what a comparison of all ids of Jira with the store's proved, to be
// written in one transaction with the state.
type Census struct {
	At       latency.Instant // the poll that proved it, in Jira's clock
	Last     latency.Instant // the last complete census; 0: there was none
	Gone     []int64         // stories that went: deleted or hidden
	Left     []int64         // stories that exist, but that the scope's JQL does not find any more: they went, too
	Outside  []int64         // stories that moved to a project that is not watched: their histories say so
	Inside   []int64         // stories that were outside and are found again
	Released []int64         // issues of the quarantine that are not there, or not of the scope, any more
	Notes    []Note
	Partial  bool // it was about some stories only: notes of others stay
	State    State
}
