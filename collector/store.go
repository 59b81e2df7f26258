package collector

import (
	"context"
	"iter"

	"github.com/yourturn/yourturn/internal/archive"
	"github.com/yourturn/yourturn/internal/latency"
)

// Source is a Jira as the collector reads it.
type Source interface {
	// Myself proves that the token is accepted, and tells as whom and when.
	Myself(ctx context.Context) (archive.Identity, error)
	// Meta reads what describes stories, and the projects with these keys;
	// without keys all that can be seen. An unknown key is an error.
	Meta(ctx context.Context, projectKeys []string) (archive.Meta, error)
	// Search yields the stories that a query finds, complete, in ascending
	// order of Jira's ids, and those behind a story alone if after is not 0
	// (archive.ErrCursorLost if that one is not found any more). It yields
	// nothing after an error; archive.ErrIncomplete means that a search of
	// one project may succeed where one of several does not.
	Search(ctx context.Context, where string, after int64) iter.Seq2[archive.Page, error]
	// Issues reads stories by id as they are now; missing are those that do
	// not exist or may not be seen.
	Issues(ctx context.Context, ids []int64) (page archive.Page, missing []int64, err error)
	// Parents reads issues for their user fields and parents alone: those
	// updated since an instant, or all if it is 0.
	Parents(ctx context.Context, ids []int64, since latency.Instant) (page archive.Page, missing []int64, err error)
}

// Store is where the collector keeps what it reads.
type Store interface {
	// State returns how far the store has come; zero before the first sync.
	State(ctx context.Context) (archive.State, error)
	// SaveMeta replaces what describes stories. Saving it twice changes nothing.
	SaveMeta(ctx context.Context, m archive.Meta) error
	// Known returns what is stored of stories; those that are not are absent.
	Known(ctx context.Context, ids []int64) (map[int64]archive.Known, error)
	// SaveStories writes a batch and the state in one transaction, or nothing
	// of it. Events that are stored already are ignored.
	SaveStories(ctx context.Context, b archive.Batch) (archive.Changed, error)
}
