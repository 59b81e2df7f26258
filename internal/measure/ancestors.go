package measure

import (
	"context"
	"fmt"
	"iter"
	"strconv"

	"github.com/yourturn/yourturn/internal/latency"
)

// Ancestors reads the parents of all stories.
func Ancestors(ctx context.Context, store interface {
	Parents(ctx context.Context) iter.Seq2[*latency.History, error]
},
) (latency.Ancestors, error) {
	out := latency.Ancestors{}
	for h, err := range store.Parents(ctx) {
		if err != nil {
			return nil, fmt.Errorf("reading parents: %w", err)
		}
		out[strconv.FormatInt(h.ID, 10)] = latency.NewAncestor(h)
	}
	return out, nil
}

// generations bounds how far up AncestorsOf reads: no hierarchy of a Jira is so high,
// and what broken data say of a loop must end.
const generations = 32

// AncestorsOf reads the parents of one story, and theirs. Deriving that story needs no
// others, and a store may hold very many.
func AncestorsOf(ctx context.Context, store interface {
	ParentsOf(ctx context.Context, ids []int64) iter.Seq2[*latency.History, error]
}, h *latency.History,
) (latency.Ancestors, error) {
	out, asked := latency.Ancestors{}, map[string]bool{}
	next := parentsOf(h)
	for range generations {
		var ids []int64
		for _, id := range next {
			if n, err := strconv.ParseInt(id, 10, 64); err == nil && !asked[id] {
				asked[id], ids = true, append(ids, n)
			}
		}
		if len(ids) == 0 {
			break
		}
		next = nil
		for parent, err := range store.ParentsOf(ctx, ids) {
			if err != nil {
				return nil, fmt.Errorf("reading the parents of story %s: %w", h.Key, err)
			}
			out[strconv.FormatInt(parent.ID, 10)] = latency.NewAncestor(parent)
			next = append(next, parentsOf(parent)...)
		}
	}
	return out, nil
}
