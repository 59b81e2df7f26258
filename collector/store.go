package collector

import (
	"context"
	"iter"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// Source is a Jira as the collector reads it.
type Source interface {
	// Myself proves that the token is accepted, and tells as whom and when.
	Myself(ctx context.Context) (jiradata.Identity, error)
	// Meta reads what describes stories, and the projects with these keys;
	// without keys all that can be seen. Keys that are unknown, or of projects
	// that may not be seen, are among what it returns.
	Meta(ctx context.Context, projectKeys []string) (jiradata.Meta, error)
	// Search yields what a query finds, complete, in an order in which it can
	// be gone on with behind each page. It yields nothing after an error.
	Search(ctx context.Context, q jiradata.Query) iter.Seq2[jiradata.Page, error]
	// IDs yields the ids alone of what a query finds, each once.
	IDs(ctx context.Context, q jiradata.Query) iter.Seq2[[]int64, error]
	// Updates yields when what a query finds was updated, by id.
	Updates(ctx context.Context, q jiradata.Query) iter.Seq2[map[int64]latency.Instant, error]
	// Matching returns those of some stories that JQL finds now.
	Matching(ctx context.Context, jql string, ids []int64) ([]int64, error)
	// Issues reads stories by id as they are now; missing are those that do
	// not exist or may not be seen.
	Issues(ctx context.Context, ids []int64) (page jiradata.Page, missing []int64, err error)
	// Sprints reads the sprints that have begun, of the boards that show a
	// project; jiradata.ErrWithheld if the account may not read them.
	Sprints(ctx context.Context, p jiradata.Project) ([]jiradata.Sprint, error)
	// Parents reads issues for their user fields and parents alone: those
	// updated since an instant, or all if it is 0.
	Parents(ctx context.Context, ids []int64, since latency.Instant) (page jiradata.Page, missing []int64, err error)
}

// Store is where the collector keeps what it reads.
type Store interface {
	// State returns how far the store has come; zero before the first sync.
	State(ctx context.Context) (jiradata.State, error)
	// Meta returns what describes stories, as it was saved last.
	Meta(ctx context.Context) (jiradata.Meta, error)
	// SaveMeta replaces what describes stories. Saving it twice changes nothing.
	SaveMeta(ctx context.Context, m jiradata.Meta) error
	// Known returns what is stored of stories; those that are not are absent.
	Known(ctx context.Context, ids []int64) (map[int64]jiradata.Known, error)
	// MissingParents returns the ids of issues that stories have, or had, as
	// parents and that are not stored, in order.
	MissingParents(ctx context.Context) ([]int64, error)
	// ParentsAlone returns the ids of issues that are stored as parents alone, in order.
	ParentsAlone(ctx context.Context) ([]int64, error)
	// ParentsOutside returns the ids of stories that left the scope and are
	// parents of some that did not, in order.
	ParentsOutside(ctx context.Context) ([]int64, error)
	// Settled returns when stories were updated that are stored complete and
	// have not gone; others are absent.
	Settled(ctx context.Context, ids []int64) (map[int64]latency.Instant, error)
	// SaveStories writes a batch and the state in one transaction, or nothing
	// of it. Events that are stored already are ignored.
	SaveStories(ctx context.Context, b jiradata.Batch) (jiradata.Changed, error)

	// SaveSprints replaces the sprints of a project.
	SaveSprints(ctx context.Context, projectID string, sprints []jiradata.Sprint) error

	// Live returns the ids of the stories that a census must find, in order.
	Live(ctx context.Context) ([]int64, error)
	// Keys returns the last known keys of stories.
	Keys(ctx context.Context, ids []int64) (map[int64]string, error)
	// SaveCensus writes what a census proved and the state in one transaction.
	SaveCensus(ctx context.Context, c jiradata.Census) error
	// Notes returns what is odd though no event shows it.
	Notes(ctx context.Context) ([]jiradata.Note, error)
	// SaveNotes adds notes of a reason, and takes back those of stories that
	// are in order.
	SaveNotes(ctx context.Context, reason string, notes []jiradata.Note, inOrder []int64) error
}
