package app

import (
	"cmp"
	"context"
	"fmt"

	"github.com/yourturn/yourturn/internal/query"
)

// answers gives pages what they ask of the store. It is safe for concurrent use.
type answers struct {
	*inForce
	numbers *numbers
	running query.Running
	looks   *lookLog
}

// reader returns a reader of the store, as of what is published.
func (a *answers) reader(ctx context.Context) (*query.Reader, error) {
	return a.running.Reader(ctx, a.cfg(), a.numbers.report())
}

// titles returns the titles of stories.
func (a *answers) titles(ctx context.Context, ids []int64) (map[int64]string, error) {
	r, err := a.reader(ctx)
	if err != nil {
		return nil, err
	}
	return r.Titles(ctx, ids)
}

// looksAt returns the looks of others at the numbers of an owner, as pages call them.
func (a *answers) looksAt(ctx context.Context, owner string) ([]query.Look, error) {
	kept := a.looks.kept.Load()
	list, err := a.running.Store.Looks(ctx, cmp.Or(kept.keys[owner], owner))
	if err != nil {
		return nil, fmt.Errorf("reading who looked at the numbers of %s: %w", owner, err)
	}
	out := make([]query.Look, len(list))
	for i, l := range list {
		out[i] = query.Look{At: query.Time(l.At), By: l.By, What: l.What}
	}
	return out, nil
}
