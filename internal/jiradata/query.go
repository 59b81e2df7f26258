package jiradata

import (
	"context"

	"github.com/yourturn/yourturn/internal/latency"
)

// Query is what a search of Jira is for: the stories of a scope, and beside
// them some issues that are asked for by id, to save a request.
type Query struct {
	Projects []string        // keys; none: JQL alone is the scope
	JQL      string          // narrows the scope, without ORDER BY; "": it does not
	Since    latency.Instant // only what was updated since; 0: everything
	Cursor   string          // of a page of the same query: go on behind it; "": from the start

	// Canary is a story that is found whatever its age and scope; 0: none.
	Canary int64
	// Parents are issues to be read for their user fields and parents alone, as
	// far as they were updated since and are in none of the projects.
	Parents []int64
	// Known returns up to when stories are known, of those that are stored: what
	// is found updated then or before is not read again. nil: everything is read.
	Known func(ctx context.Context, ids []int64) (map[int64]latency.Instant, error)
}

// Page is a part of an answer of Jira.
type Page struct {
	Stories     []Story
	Quarantined []Quarantined
	Unchanged   []int64  // found as they are known, or as they were before, and not read again
	Cursor      string   // behind this page; "" where a search cannot be gone on with
	Named       bool     // the canary and the parents were asked for: parents that are not there were not updated
	Canary      bool     // the canary was found
	Warnings    []string // of Jira about the search; it gave all results
	Zoned       bool     // Jira does not understand instants in queries: it was asked in the account's zone
}
