package query

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
)

// Odd is what is odd in the data of a service, by reason. Nothing of it removes anything
// from the numbers.
type Odd struct {
	AsOf    Time        `json:"as_of"`
	Reasons []OddReason `json:"reasons"` // those that may make numbers wrong first
	// Quarantine are the issues that could not be read, with the reason in words.
	Quarantine []Finding `json:"quarantine"`
	// Unconfigured are the projects of which none of the acceptance statuses is in the
	// workflow.
	Unconfigured []string `json:"unconfigured"`
}

// OddReason is a reason of the audit that something was found for.
type OddReason struct {
	Reason   string       `json:"reason"`
	Meaning  string       `json:"meaning"`
	Remedy   string       `json:"remedy"`
	Doubtful bool         `json:"doubtful"` // it may make numbers wrong
	Count    int          `json:"count"`
	Projects []OddIn      `json:"projects"` // in order of key
	Examples []OddExample `json:"examples"` // the latest of some
}

// OddIn is how often something was found in a project.
type OddIn struct {
	Project string `json:"project"`
	Count   int    `json:"count"`
}

// OddExample is a story, or all of Jira, with something odd.
type OddExample struct {
	Story  string `json:"story"` // "": it is about no story
	At     Time   `json:"at"`    // null: the story's page says when
	Detail string `json:"detail"`
}

// oddExamples is how many examples of a reason are given.
const oddExamples = 5

// Odd returns what the audit of a service's report found in the projects that sees
// selects, and with whole what is about no project.
func (r *Reader) Odd(ctx context.Context, sees func(project string) bool, whole bool) (*Odd, error) {
	report := r.Report
	out := &Odd{AsOf: Time(report.DataTimestamp), Reasons: []OddReason{}, Quarantine: []Finding{}, Unconfigured: []string{}}
	notes, err := r.Store.Notes(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading what polls noted: %w", err)
	}
	examples, err := r.oddStories(ctx, sees)
	if err != nil {
		return nil, err
	}
	counts := map[string]map[string]int{} // by reason and project
	for k, n := range report.Audit {
		if n > 0 && sees(k.Project) {
			if counts[k.Reason] == nil {
				counts[k.Reason] = map[string]int{}
			}
			counts[k.Reason][k.Project] = n
		}
	}
	ofJira := map[string]int{} // of no project, by reason
	for _, n := range slices.Backward(notes) {
		project, _, _ := strings.Cut(n.Key, "-")
		watched := r.Rules.ProjectID(project) != ""
		if watched && !sees(project) || !watched && !whole {
			continue
		}
		if !watched {
			ofJira[n.Reason]++
		}
		if n.Reason == jiradata.NoteQuarantined {
			out.Quarantine = append(out.Quarantine, Finding{n.Reason, n.Key, project, Stamp(n.At), n.Detail})
		}
		if len(examples[n.Reason]) < oddExamples {
			examples[n.Reason] = append(examples[n.Reason], OddExample{n.Key, Time(n.At), n.Detail})
		}
	}
	for _, reason := range measure.Reasons() {
		o := OddReason{
			Reason: reason.Code, Meaning: reason.Meaning, Remedy: reason.Remedy, Doubtful: reason.Doubtful, Count: ofJira[reason.Code], Projects: []OddIn{}, Examples: []OddExample{},
		}
		for _, project := range slices.Sorted(maps.Keys(counts[reason.Code])) {
			o.Projects = append(o.Projects, OddIn{project, counts[reason.Code][project]})
			o.Count += counts[reason.Code][project]
		}
		if o.Count > 0 {
			o.Examples = append(o.Examples, examples[reason.Code]...)
			out.Reasons = append(out.Reasons, o)
		}
	}
	slices.SortStableFunc(out.Reasons, func(a, b OddReason) int {
		first := func(o OddReason) int {
			if o.Doubtful {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(first(a), first(b)), cmp.Compare(b.Count, a.Count))
	})
	for project, fits := range report.Configured {
		if !fits && sees(project) {
			out.Unconfigured = append(out.Unconfigured, project)
		}
	}
	slices.Sort(out.Unconfigured)
	return out, nil
}

// oddStories returns examples of the reasons that stories show, by reason.
func (r *Reader) oddStories(ctx context.Context, sees func(project string) bool) (map[string][]OddExample, error) {
	ids := map[string][]int64{}
	var all []int64
	for k, list := range r.Report.Odd {
		if sees(k.Project) {
			ids[k.Reason] = append(ids[k.Reason], list...)
		}
	}
	for reason, list := range ids {
		slices.SortFunc(list, func(a, b int64) int { return cmp.Compare(b, a) })
		ids[reason] = list[:min(len(list), oddExamples)]
		all = append(all, ids[reason]...)
	}
	out := map[string][]OddExample{}
	if len(all) == 0 {
		return out, nil
	}
	slices.Sort(all)
	keys, err := r.Store.Keys(ctx, slices.Compact(all))
	if err != nil {
		return nil, fmt.Errorf("reading the keys of odd stories: %w", err)
	}
	for reason, list := range ids {
		for _, id := range list {
			if key := keys[id]; key != "" {
				out[reason] = append(out[reason], OddExample{Story: key, At: Time(latency.Never)})
			}
		}
	}
	return out, nil
}
