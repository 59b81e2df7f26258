package collector

import (
	"context"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// Store is where the collector keeps what it reads. Its types are plain: an
// adapter of any database can be one.
type Store interface {
	// State returns how far the store has come; zero before the first sync.
	State(ctx context.Context) (jiradata.State, error)
	// Meta returns what describes stories, as it was saved last.
	Meta(ctx context.Context) (jiradata.Meta, error)
	// SaveMeta replaces what describes stories. Saving it twice changes nothing.
	SaveMeta(ctx context.Context, m jiradata.Meta) error
	// Known returns what is stored of stories; those that are not stored are absent.
	Known(ctx context.Context, ids []int64) (map[int64]jiradata.Known, error)
	// MissingParents returns the ids of issues that stories have, or had, as
	// parents and that are not stored, in order.
	MissingParents(ctx context.Context) ([]int64, error)
	// ParentsAlone returns the ids of issues that are stored as parents alone, in order.
	ParentsAlone(ctx context.Context) ([]int64, error)
	// ParentsOutside returns the ids of stories that left the scope and are
	// parents of some that did not, in order.
	ParentsOutside(ctx context.Context) ([]int64, error)
	// Updates returns when stories were updated, as Jira said last. Stories that
	// have gone, and issues that are stored as parents alone, are absent.
	Updates(ctx context.Context, ids []int64) (map[int64]latency.Instant, error)
	// SaveStories writes a batch and the state in one transaction, or nothing of it.
	// An event that is stored already stays, except for what a later answer of Jira,
	// or a newer jiradata.Reading, adds to it.
	SaveStories(ctx context.Context, b jiradata.Batch) (jiradata.Changed, error)

	// Untitled returns the ids of the present stories whose titles were not read, in order.
	Untitled(ctx context.Context) ([]int64, error)
	// SaveTitles writes the titles of stories that have none; "" for one whose title
	// must not be kept.
	SaveTitles(ctx context.Context, titles map[int64]string) error

	// SaveSprints replaces the sprints of a project.
	SaveSprints(ctx context.Context, projectID string, sprints []jiradata.Sprint) error

	// PresentIDs returns the ids of the stories that a census must find, in order.
	PresentIDs(ctx context.Context) ([]int64, error)
	// Keys returns the last known keys of stories.
	Keys(ctx context.Context, ids []int64) (map[int64]string, error)
	// SaveCensus writes what a census proved and the state in one transaction.
	SaveCensus(ctx context.Context, c jiradata.Census) error
	// Notes returns the notes of the audit, with the quarantine.
	Notes(ctx context.Context) ([]jiradata.Note, error)
	// SaveNotes adds notes of a reason, and removes those of stories that are in
	// order.
	SaveNotes(ctx context.Context, reason string, notes []jiradata.Note, inOrder []int64) error
}
