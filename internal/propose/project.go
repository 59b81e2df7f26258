package propose

import (
	"maps"
	"slices"
	"time"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// project is what the history of one project shows.
type project struct {
	meta     jiradata.Project
	names    map[string]jiradata.Status // by id
	stories  []story
	finished int // stories that are done
	bots     latency.Set

	stays    map[string][]visit // by status
	builders map[string]int     // stories that an account was assigned, by account
	bulk     map[bulkKey]int    // moves of one actor out of one status within one minute
	lexicon  lexicon

	userFields map[string]string // names of custom user fields, by id
}

type bulkKey struct {
	by, status string
	minute     int64
}

// bulkSize is from how many moves on, by one actor in one minute, they are a
// bulk edit: nobody looked at each story. It is the audit's figure.
const bulkSize = 20

// newProject reads the histories of a project's stories.
func newProject(s *Sample, p jiradata.Project, bots latency.Set, lex lexicon) *project {
	out := &project{
		meta: p, names: map[string]jiradata.Status{}, bots: bots, stays: map[string][]visit{}, builders: map[string]int{}, bulk: map[bulkKey]int{}, lexicon: lex,
		userFields: map[string]string{},
	}
	for _, f := range s.Meta.Fields {
		if f.People && f.Custom != "" && (f.ProjectID == "" || f.ProjectID == p.ID) {
			out.userFields[f.ID] = f.Name
		}
	}
	for _, st := range s.Meta.Statuses {
		if st.ProjectID == "" || st.ProjectID == p.ID {
			out.names[st.ID] = st
		}
	}
	withdraws := latency.Set{}
	for _, name := range latency.DefaultWithdrawnResolutions() {
		withdraws[latency.Fold(name)] = true
	}
	for i := range s.Stories {
		src := &s.Stories[i]
		if src.ProjectID != p.ID {
			continue
		}
		st := timeline(src, len(out.stories), func(resolution string) bool { return withdraws[latency.Fold(resolution)] })
		if n := len(st.visits); n > 0 {
			st.over = out.category(st.visits[n-1].status) == latency.CategoryDone
		}
		if st.over {
			out.finished++
		}
		for _, who := range assignees(src) {
			out.builders[who]++
		}
		for _, v := range st.visits {
			out.stays[v.status] = append(out.stays[v.status], v)
			if v.to != "" {
				out.bulk[bulkKey{v.ended.by, v.status, int64(v.ended.at) / time.Minute.Milliseconds()}]++
			}
		}
		out.stories = append(out.stories, st)
	}
	return out
}

// assignees returns everybody whom a story was ever assigned to.
func assignees(s *jiradata.Story) []string {
	set := map[string]bool{}
	for _, v := range s.History.Now[latency.FieldAssignee] {
		set[v.ID] = true
	}
	for _, ev := range s.History.Events {
		for _, c := range ev.Changes {
			if c.Field == latency.FieldAssignee {
				set[c.From.ID], set[c.To.ID] = true, true
			}
		}
	}
	delete(set, "")
	return slices.Sorted(maps.Keys(set))
}

func (p *project) category(status string) latency.Category { return p.names[status].Category }

func (p *project) name(status string) string {
	if n := p.names[status].Name; n != "" {
		return n
	}
	return status
}

// automatic reports whether an act was automation's.
func (p *project) automatic(a act) bool { return a.kind == latency.App || p.bots[a.by] }

// builds reports whether somebody builds stories: is assigned one in thirty of
// them, and at least three.
func (p *project) builds(account string) bool {
	return p.builders[account] >= max(3, len(p.stories)/30)
}

// flow is how stories go through a set of statuses.
type flow struct {
	statuses []string
	stories  int // that visited the set
	ended    int // visits of the set that people ended one by one
	handed   int // of those, ended by somebody else than began them
	botEnded int
	bulked   int // ended in bulk edits
	forward  int // ended towards done, and the story stayed on that way
	back     int // ended towards earlier work
	dropped  int
	enders   map[string]int   // by account
	starters map[string]int   // likewise
	decided  []decision       // by people, one by one
	targets  map[string]*exit // by status
	built    int              // ended by somebody who builds stories
}

// decision is the end of a visit by a person.
type decision struct {
	story *story
	at    latency.Instant
	by    string
	began latency.Instant
}

// exit is where visits of a set ended.
type exit struct {
	count    int
	finished int // the story was done then or later with no other visit of the set
	returned int // the story came back to the set
	dropped  int
}

// flowOf follows the stories through a set of statuses: moves inside it are no
// ends.
func (p *project) flowOf(statuses ...string) *flow {
	f := &flow{statuses: statuses, enders: map[string]int{}, starters: map[string]int{}, targets: map[string]*exit{}}
	in := func(status string) bool { return slices.Contains(statuses, status) }
	for i := range p.stories {
		st := &p.stories[i]
		visited := false
		for j := 0; j < len(st.visits); j++ {
			if !in(st.visits[j].status) {
				continue
			}
			visited = true
			first := st.visits[j]
			for j+1 < len(st.visits) && in(st.visits[j+1].status) {
				j++
			}
			last := st.visits[j]
			if last.to == "" {
				continue
			}
			comesBack, finishes := false, false
			for _, later := range st.visits[j+1:] {
				if in(later.status) {
					comesBack = true
					break
				}
				finishes = finishes || p.category(later.status) == latency.CategoryDone
			}
			e := f.targets[last.to]
			if e == nil {
				e = &exit{}
				f.targets[last.to] = e
			}
			e.count++
			switch {
			case last.drops:
				e.dropped++
			case comesBack:
				e.returned++
			case finishes:
				e.finished++
			}
			switch {
			case p.automatic(last.ended) || last.ended.by == "":
				f.botEnded++
				continue
			case p.bulk[bulkKey{last.ended.by, last.status, int64(last.ended.at) / time.Minute.Milliseconds()}] > bulkSize:
				f.bulked++
				continue
			}
			f.ended++
			f.enders[last.ended.by]++
			f.starters[first.began.by]++
			if last.ended.by != first.began.by {
				f.handed++
			}
			if p.builds(last.ended.by) {
				f.built++
			}
			f.decided = append(f.decided, decision{st, last.ended.at, last.ended.by, first.began.at})
			switch {
			case last.drops:
				f.dropped++
			case !comesBack && finishes && p.direct(st, j+1):
				f.forward++
			default:
				f.back++
			}
		}
		if visited {
			f.stories++
		}
	}
	return f
}

// direct reports whether a story goes from its visit n on to done by automation
// or by one step of a person at most: then whoever moved it there gave the
// verdict, and nobody's work came between.
func (p *project) direct(st *story, n int) bool {
	steps := 0
	for _, v := range st.visits[n:] {
		if p.category(v.status) == latency.CategoryDone {
			return true
		}
		if steps++; steps > 1 {
			return false
		}
	}
	return false
}

// share returns part as a fraction of whole, 0 if whole is 0.
func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// busiest returns accounts by how often they are counted, most often first.
func busiest(counts map[string]int) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		if a < b {
			return -1
		}
		return 1
	})
}
