package query

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/internal/store"
)

// Exit is one way out of acceptance.
type Exit struct {
	Project string // its key
	Status  string // the status that the story moved to
	Outcome latency.Outcome
}

// Exits is how often stories left acceptance by each way.
type Exits map[Exit]int

// Sorted returns the exits in order of project, status and outcome.
func (e Exits) Sorted() []Exit {
	return slices.SortedFunc(maps.Keys(e), func(a, b Exit) int {
		return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Outcome, b.Outcome))
	})
}

// Exits counts where stories went when they left acceptance, as of the last
// complete poll. It counts endings that are final and no hand-overs. It fails
// with store.ErrEmpty if no sync was completed.
func (r *Reader) Exits(ctx context.Context) (Exits, error) {
	if !r.State.FirstDone {
		return nil, store.ErrEmpty
	}
	ancestors, err := measure.Ancestors(ctx, r.Store)
	if err != nil {
		return nil, err
	}
	out := Exits{}
	d := latency.NewDeriver(r.Rules, ancestors)
	for h, err := range r.Store.Histories(ctx, nil) {
		if err != nil {
			return nil, err
		}
		for _, w := range d.Story(h, r.State.DataTimestamp).Parts {
			if w.Kind == latency.Acceptance && w.Final && w.Outcome != latency.HandedOver {
				out[Exit{r.Project(w.ProjectID), w.ExitStatus, w.Outcome}]++
			}
		}
	}
	return out, nil
}
