package collector

import (
	"context"
	"iter"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// Source is a Jira as the collector reads it.
type Source interface {
	// Myself proves that the token is accepted, and returns as whom and when.
	Myself(ctx context.Context) (jiradata.Identity, error)
	// Meta reads what describes stories, and the projects with these keys; without
	// keys, all that the account can see. Its Missing are the keys that are unknown
	// or of projects that the account cannot see.
	Meta(ctx context.Context, projectKeys []string) (jiradata.Meta, error)
	// Search yields what a query finds, complete, in an order in which a later
	// search can go on behind each page. It yields nothing after an error.
	Search(ctx context.Context, q jiradata.Query) iter.Seq2[jiradata.Page, error]
	// IDs yields the ids alone of what a query finds, each once.
	IDs(ctx context.Context, q jiradata.Query) iter.Seq2[[]int64, error]
	// Updates yields when what a query finds was updated, by id.
	Updates(ctx context.Context, q jiradata.Query) iter.Seq2[map[int64]latency.Instant, error]
	// Matching returns those of some stories that JQL finds now.
	Matching(ctx context.Context, jql string, ids []int64) ([]int64, error)
	// Titles returns what stories are called, by id: "" for one that has a security
	// level. Those that Jira does not show are absent.
	Titles(ctx context.Context, ids []int64) (map[int64]string, error)
	// Issues reads stories by id as they are now; missing are those that do not
	// exist or that the account cannot see.
	Issues(ctx context.Context, ids []int64) (page jiradata.Page, missing []int64, err error)
	// Sprints reads the sprints that have begun, of the boards that show a
	// project; jiradata.ErrWithheld if the account may not read them.
	Sprints(ctx context.Context, p jiradata.Project) ([]jiradata.Sprint, error)
	// Parents reads issues for their user fields and parents alone: those
	// updated since an instant, or all if it is 0.
	Parents(ctx context.Context, ids []int64, since latency.Instant) (page jiradata.Page, missing []int64, err error)
}
