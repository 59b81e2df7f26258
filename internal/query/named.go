package query

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/latency"
)

// UnknownError is a filter that names what is not there. It says what is.
type UnknownError struct {
	What  string // --owner, --project or --story
	Value string
	Hint  string // what the value may have meant, or what there is
}

func (e UnknownError) Error() string { return fmt.Sprintf("%s %q: %s", e.What, e.Value, e.Hint) }

// Named returns f with the owner, the project and the story as the store names
// them: an owner may be given by display name or account, and case does not count.
// What is not there is an UnknownError.
func (r *Reader) Named(ctx context.Context, f Filter) (Filter, error) {
	var err error
	if f.Owner, err = r.owner(f.Owner); err != nil {
		return f, err
	}
	if f.Project, err = r.projectNamed(f.Project); err != nil {
		return f, err
	}
	if f.Story == "" {
		return f, nil
	}
	h, err := r.Store.Story(ctx, strings.ToUpper(f.Story))
	if err != nil {
		return f, err
	}
	if h == nil {
		return f, UnknownError{"--story", f.Story, r.noStory(f.Story)}
	}
	f.Story = h.Key
	return f, nil
}

// owner returns the person whom a name means: a key of owners, an account, or a
// display name that one person alone has.
func (r *Reader) owner(name string) (string, error) {
	switch {
	case name == "":
		return "", nil
	case r.Rules.Together:
		return "", UnknownError{"--owner", name, "owners are not told apart: privacy.per_owner is false in the config"}
	case name == latency.Unowned || r.Rules.Owners[name] != nil:
		return name, nil
	}
	if person, ok := r.Rules.People[name]; ok {
		return person, nil
	}
	if _, ok := r.Rules.Names[name]; ok {
		return name, nil
	}
	if person := r.hidden(name); person != "" {
		return person, nil
	}
	same := func(other string) bool { return latency.Fold(other) == latency.Fold(name) }
	found := map[string]bool{}
	for key := range r.Rules.Owners {
		if same(key) {
			found[key] = true
		}
	}
	if len(found) == 0 {
		for person, display := range r.Rules.Names {
			if same(display) || same(person) {
				found[person] = true
			}
		}
	}
	people := slices.Sorted(maps.Keys(found))
	switch {
	case len(people) == 1:
		return people[0], nil
	case len(people) > 1:
		return "", UnknownError{"--owner", name, "several people are called so: give one of " + r.people(people)}
	case same(latency.Unowned):
		return latency.Unowned, nil
	}
	var owners, known []string
	for key := range r.Rules.Owners {
		owners = append(owners, r.Rules.Pseudonym(key))
	}
	slices.Sort(owners)
	if known = owners; r.Rules.Pseudonyms == nil {
		known = append(slices.Clone(owners), slices.Collect(maps.Values(r.Rules.Names))...)
	}
	return "", UnknownError{"--owner", name, "nobody is called so; " + instead(name, known, owners, "owners are")}
}

// hidden returns the person who has a pseudonym; "" if nobody has.
func (r *Reader) hidden(pseudonym string) string {
	if r.Rules.Pseudonyms == nil {
		return ""
	}
	people := slices.AppendSeq(slices.Collect(maps.Keys(r.Rules.Owners)), maps.Values(r.Rules.People))
	for _, person := range slices.AppendSeq(people, maps.Keys(r.Rules.Names)) {
		if r.Rules.Pseudonym(person) == pseudonym {
			return person
		}
	}
	return ""
}

// projects returns the keys of the projects in the store or the config, in order.
func (r *Reader) projects() []string {
	keys := slices.Clone(r.watched)
	for _, p := range r.Rules.Projects {
		keys = append(keys, p.Key)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// projectNamed returns the key of the project that a name means.
func (r *Reader) projectNamed(key string) (string, error) {
	if key == "" {
		return "", nil
	}
	keys := r.projects()
	if i := slices.IndexFunc(keys, func(k string) bool { return strings.EqualFold(k, key) }); i >= 0 {
		return keys[i], nil
	}
	return "", UnknownError{"--project", key, "the store holds no such project; " + instead(key, keys, keys, "projects are")}
}

// noStory says what a key that no story has may have meant.
func (r *Reader) noStory(key string) string {
	project, number, ok := strings.Cut(key, "-")
	if !ok {
		return "a story is named by its key, such as PAY-7"
	}
	if _, err := r.projectNamed(project); err == nil {
		return "the store holds no such story: is the key today's, and is it no sub-task or epic?"
	}
	keys := r.projects()
	if near := config.Nearest(project, keys, 1); len(near) > 0 {
		return fmt.Sprintf("the store holds no project %s; did you mean %s-%s?", project, near[0], number)
	}
	return fmt.Sprintf("the store holds no project %s; projects are %s", project, listed(keys))
}

// instead returns what a word may have meant of what is known or, if nothing is
// like it, what there is.
func instead(word string, known, there []string, are string) string {
	if near := slices.Compact(config.Nearest(word, known, 3)); len(near) > 0 {
		return "did you mean " + strings.Join(near, " or ") + "?"
	}
	return are + " " + listed(there)
}

// listed returns words for a message; a long list is cut.
func listed(words []string) string {
	const most = 20
	switch {
	case len(words) == 0:
		return "none"
	case len(words) > most:
		return strings.Join(words[:most], ", ") + ", …"
	}
	return strings.Join(words, ", ")
}
