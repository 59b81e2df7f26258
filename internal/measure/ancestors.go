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

// Parents is where a Lineage reads the parents of stories.
type Parents interface {
	// ParentsOf streams those of some issues that are, or were, parents of others.
	ParentsOf(ctx context.Context, ids []int64) iter.Seq2[*latency.History, error]
}

// AncestorsOf reads the parents of one story, and theirs. Deriving that story needs no
// others, and a store may hold very many.
func AncestorsOf(ctx context.Context, store Parents, h *latency.History) (latency.Ancestors, error) {
	return NewLineage(store).Of(ctx, h)
}

// Lineage is the parents of some stories, each read once: many stories have the same.
type Lineage struct {
	store Parents
	asked map[string]bool
	read  latency.Ancestors
}

// NewLineage returns a Lineage that reads from a store.
func NewLineage(store Parents) *Lineage {
	return &Lineage{store, map[string]bool{}, latency.Ancestors{}}
}

// Of returns the parents of all stories that it was asked about, this one's among them.
// What it returned before has them too.
func (l *Lineage) Of(ctx context.Context, h *latency.History) (latency.Ancestors, error) {
	next := parentsOf(h)
	for range generations {
		var ids []int64
		for _, id := range next {
			if n, err := strconv.ParseInt(id, 10, 64); err == nil && !l.asked[id] {
				l.asked[id], ids = true, append(ids, n)
			}
		}
		if len(ids) == 0 {
			break
		}
		next = nil
		for parent, err := range l.store.ParentsOf(ctx, ids) {
			if err != nil {
				return nil, fmt.Errorf("reading the parents of story %s: %w", h.Key, err)
			}
			l.read[strconv.FormatInt(parent.ID, 10)] = latency.NewAncestor(parent)
			next = append(next, parentsOf(parent)...)
		}
	}
	return l.read, nil
}
