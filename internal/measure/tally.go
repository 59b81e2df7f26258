package measure

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unique"

	"github.com/yourturn/yourturn/internal/latency"
)

// tally counts findings by project and reason, and remembers what each story
// has so that it can be derived anew. Stories are many and findings alike, so
// a story's are one interned text.
type tally struct {
	stories map[int64]unique.Handle[string]
	total   map[latency.AuditKey]int
}

func newTally() tally {
	return tally{stories: map[int64]unique.Handle[string]{}, total: map[latency.AuditKey]int{}}
}

// set replaces the findings of a story; those in projects that nobody watches
// are left out.
func (t tally) set(id int64, findings []latency.Finding, rules *latency.Rules) {
	if old, ok := t.stories[id]; ok {
		for key := range auditKeys(old.Value()) {
			t.total[key]--
		}
		delete(t.stories, id)
	}
	for _, f := range findings {
		if p := rules.Projects[f.ProjectID]; p != nil {
			t.add(id, latency.AuditKey{Project: p.Key, Reason: f.Reason})
		}
	}
}

// add adds a finding to a story's.
func (t tally) add(id int64, key latency.AuditKey) {
	text := ""
	if old, ok := t.stories[id]; ok {
		text = old.Value()
	}
	t.stories[id] = unique.Make(text + key.Project + "\t" + key.Reason + "\n")
	t.total[key]++
}

// counts returns how many findings there are, by project and reason.
func (t tally) counts() map[latency.AuditKey]int { return maps.Clone(t.total) }

// examples returns for each project and reason the ids of some stories that have such a
// finding: the latest ones, for what is new is what somebody can still mend.
func (t tally) examples() map[latency.AuditKey][]int64 {
	r := latency.Report{Odd: map[latency.AuditKey][]int64{}}
	parsed := map[unique.Handle[string]][]latency.AuditKey{}
	for id, text := range t.stories {
		keys, ok := parsed[text]
		if !ok {
			keys = slices.Collect(auditKeys(text.Value()))
			slices.SortFunc(keys, func(a, b latency.AuditKey) int {
				return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Reason, b.Reason))
			})
			keys = slices.Compact(keys)
			parsed[text] = keys
		}
		for _, key := range keys {
			r.AddOdd(key, id)
		}
	}
	return r.Odd
}

// auditKeys yields what a story's text says.
func auditKeys(text string) func(yield func(latency.AuditKey) bool) {
	return func(yield func(latency.AuditKey) bool) {
		for line := range strings.Lines(text) {
			project, reason, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			if !yield(latency.AuditKey{Project: project, Reason: reason}) {
				return
			}
		}
	}
}
