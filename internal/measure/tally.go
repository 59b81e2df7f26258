package measure

import (
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
	latest  latency.Report            // whose Odd are the examples
	stale   map[latency.AuditKey]bool // whose examples are to be looked for
}

func newTally() *tally {
	return &tally{stories: map[int64]unique.Handle[string]{}, total: map[latency.AuditKey]int{}, stale: map[latency.AuditKey]bool{}}
}

// set replaces the findings of a story; those in projects that nobody watches
// are left out.
func (t *tally) set(id int64, findings []latency.Finding, rules *latency.Rules) {
	before := t.of(id)
	if old, ok := t.stories[id]; ok {
		for key := range auditKeys(old.Value()) {
			if t.total[key]--; t.total[key] == 0 {
				delete(t.total, key)
			}
		}
		delete(t.stories, id)
	}
	for _, f := range findings {
		if p := rules.Projects[f.ProjectID]; p != nil {
			t.append(id, latency.AuditKey{Project: p.Key, Reason: f.Reason})
		}
	}
	t.exemplify(id, before, t.of(id))
}

// add adds a finding to a story's.
func (t *tally) add(id int64, key latency.AuditKey) {
	before := t.of(id)
	t.append(id, key)
	t.exemplify(id, before, t.of(id))
}

func (t *tally) append(id int64, key latency.AuditKey) {
	text := ""
	if old, ok := t.stories[id]; ok {
		text = old.Value()
	}
	t.stories[id] = unique.Make(text + key.Project + "\t" + key.Reason + "\n")
	t.total[key]++
}

// of returns a story's findings as text: a line for each.
func (t *tally) of(id int64) string {
	if text, ok := t.stories[id]; ok {
		return text.Value()
	}
	return ""
}

// restore puts the findings of a story that has none back, as of returned them.
func (t *tally) restore(id int64, text string) {
	if text == "" {
		return
	}
	t.stories[id] = unique.Make(text)
	for key := range auditKeys(text) {
		t.total[key]++
	}
	t.exemplify(id, "", text)
}

// counts returns how many findings there are, by project and reason.
func (t *tally) counts() map[latency.AuditKey]int { return maps.Clone(t.total) }

// examples returns for each project and reason the ids of some stories that have such a
// finding: the latest ones, because what is new can still be mended. It looks at all
// stories only where one of those has the finding no more.
func (t *tally) examples() map[latency.AuditKey][]int64 {
	if len(t.stale) > 0 {
		for key := range t.stale {
			delete(t.latest.Odd, key)
		}
		for id, text := range t.stories {
			for key := range auditKeys(text.Value()) {
				if t.stale[key] {
					t.latest.AddOdd(key, id)
				}
			}
		}
		clear(t.stale)
	}
	out := map[latency.AuditKey][]int64{}
	for key, ids := range t.latest.Odd {
		out[key] = slices.Clone(ids)
	}
	return out
}

// exemplify brings the examples up to date where the findings of a story are others
// than before.
func (t *tally) exemplify(id int64, before, after string) {
	had := map[latency.AuditKey]bool{}
	for key := range auditKeys(before) {
		had[key] = true
	}
	for key := range auditKeys(after) {
		if !had[key] {
			t.latest.AddOdd(key, id)
		}
		delete(had, key)
	}
	for key := range had {
		if slices.Contains(t.latest.Odd[key], id) {
			t.stale[key] = true
		}
	}
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
