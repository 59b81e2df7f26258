package query

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/erased"
	"github.com/yourturn/yourturn/internal/latency"
)

// Titles returns what stories are called, by id; those whose titles are not kept are
// absent. No title tells who has a pseudonym.
func (r *Reader) Titles(ctx context.Context, ids []int64) (map[int64]string, error) {
	if !r.titles { // the store may still hold some, until the service starts
		return nil, nil
	}
	titles, err := r.Store.Titles(ctx, ids)
	for id, title := range titles {
		titles[id] = r.nameless(title)
	}
	return titles, err
}

// Nameless returns a function that puts pseudonyms in the place of display names and
// accounts in the titles of stories. A name of one word stays, because it may
// mean something else. Where the rules give people no pseudonyms, titles stay as they are.
func Nameless(rules *latency.Rules) func(title string) string {
	if rules.Pseudonyms == nil {
		return func(title string) string { return title }
	}
	var names []erased.Name
	for _, person := range slices.Sorted(maps.Keys(rules.Names)) { // of two of one name always the same
		names = append(names, erased.Texts(rules.Names[person], false, rules.Pseudonym(person))...)
	}
	for _, account := range slices.Sorted(maps.Keys(rules.People)) {
		id := strings.ContainsAny(account, "0123456789") // and no user name that is a word
		names = append(names, erased.Texts(account, id, rules.Pseudonym(rules.People[account]))...)
	}
	people := erased.New(names, nil)
	return func(title string) string {
		if people == nil {
			return title
		}
		return people.Thing(title)
	}
}
