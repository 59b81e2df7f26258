package propose

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/yourturn/yourturn/internal/latency"
)

// Proposal is what a config should say, by what the sample shows.
type Proposal struct {
	Projects   []Project
	Owners     []Owner
	Automation []Account
}

// Project is the proposal for one project.
type Project struct {
	ID, Key, Name string
	Stories       int
	Finished      int

	Acceptance Statuses
	None       bool       // the project plainly has no acceptance step
	Choices    []Statuses // other possible acceptance steps, the likeliest first
	Accepted   Statuses
	Withdrawn  Statuses
	Paused     Statuses
	Question   Statuses
	Stages     map[latency.Stage][]string // statuses that neither their name nor their category places

	Source    Source
	Sources   []Source // all that can say who owns a story, the likeliest first
	Delegates []Delegate
}

// Source is what says who owns the project's stories.
type Source struct {
	Kind       OwnerSource
	Field      string            // id, of FromField; reporter, of FromReporter
	FieldName  string            // of FromField
	Components map[string]string // account by component name, of FromComponent
	Person     string            // account, of FromLead and FromHabit
	Deciders   []string          // accounts of who decides, the busiest first
	Confidence Confidence
	Evidence   string
}

// people returns the accounts that the config must know as owners.
func (s *Source) people() []string {
	out := slices.Collect(maps.Values(s.Components))
	if s.Person != "" {
		out = append(out, s.Person)
	}
	return out
}

// Delegate is somebody who decided on stories of another owner.
type Delegate struct {
	Owner, Delegate string // accounts
	Decisions       int
	From, To        latency.Instant // the first and the last of them
	Evidence        string
}

// Owner is a person who decides, with working hours.
type Owner struct {
	Account string
	Name    string
	Key     string // a short name that is unique among the owners
	Hours   Hours
}

// New makes a proposal from a sample. zone is the IANA name of the zone of
// people whose profile tells none.
func New(s *Sample, zone string) (*Proposal, error) {
	lex, err := readLexicon()
	if err != nil {
		return nil, err
	}
	at, kinds := acts(s)
	out := &Proposal{Automation: s.automation(at, kinds, lex)}
	bots := ids(out.Automation)
	deciders := map[string]int{}
	for _, meta := range s.Meta.Projects {
		p := newProject(s, meta, bots, lex)
		proposed := p.propose(s.name)
		for i, who := range proposed.Source.Deciders {
			deciders[who] += len(proposed.Source.Deciders) - i
		}
		out.Projects = append(out.Projects, proposed)
	}
	keys := map[string]bool{}
	for _, pr := range out.Projects {
		for _, g := range pr.Delegates {
			deciders[g.Delegate] += 0
		}
		for _, src := range pr.Sources { // whom another choice would make an owner
			for _, who := range src.people() {
				deciders[who] += 0
			}
		}
	}
	for _, who := range busiest(deciders) {
		o := Owner{Account: who, Name: s.name(who), Hours: hoursOf(at[who], s.Zones[who], zone)}
		o.Key = key(o.Name, keys)
		out.Owners = append(out.Owners, o)
	}
	return out, nil
}

// name returns what an account is called.
func (s *Sample) name(account string) string {
	return cmp.Or(s.Users[account].DisplayName, account)
}

// key makes a short unique name of the letters and digits of a person's name.
func key(name string, taken map[string]bool) string {
	// Letters lose their accents; those of other scripts are left out.
	word := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		case r == ' ' || r == '.' || r == '_' || r == '-':
			return ' '
		}
		return -1
	}, norm.NFD.String(name))
	words := strings.Fields(word)
	k := "owner"
	if len(words) > 0 {
		k = words[0]
	}
	for _, w := range words[min(1, len(words)):] {
		if !taken[k] {
			break
		}
		k += "-" + w
	}
	base := k
	for n := 2; taken[k]; n++ {
		k = fmt.Sprintf("%s-%d", base, n)
	}
	taken[k] = true
	return k
}

// propose makes the proposal of one project.
func (p *project) propose(name func(string) string) Project {
	out := Project{ID: p.meta.ID, Key: p.meta.Key, Name: p.meta.Name, Stories: len(p.stories), Finished: p.finished}
	list := p.candidates()
	taken := latency.Set{}
	if len(list) > 0 && list[0].score >= enough-0.15 {
		best := list[0]
		out.Acceptance = p.statuses(best, p.confidence(list))
		for _, c := range list[1:] {
			if !overlaps(c.flow.statuses, best.flow.statuses) && len(out.Choices) < 3 {
				out.Choices = append(out.Choices, p.statuses(c, Low))
			}
		}
		out.Accepted, out.Withdrawn, out.Paused = p.accepted(best.flow), p.withdrawn(best.flow), p.paused(best.flow)
		if out.Sources, out.Delegates = p.owners(best.flow, name); len(out.Sources) > 0 {
			out.Source = out.Sources[0]
		}
		for _, id := range slices.Concat(best.flow.statuses, out.Paused.IDs, out.Accepted.IDs) {
			taken[id] = true
		}
		out.Question = p.question(best.flow, set(out.Source.Deciders))
	} else {
		out.Withdrawn = p.withdrawn(nil)
		none, why := p.noStep(list)
		out.None = none
		out.Acceptance = Statuses{Confidence: Low, Evidence: why}
		if none {
			out.Acceptance.Confidence = High
		} else if len(list) > 0 {
			out.Choices = append(out.Choices, p.statuses(list[0], Low))
			out.Acceptance.Evidence = fmt.Sprintf("no status stands out; the nearest is %s: %s", p.quoted(list[0].flow.statuses), out.Choices[0].Evidence)
		}
		if p.meta.Lead != "" && p.asked(p.meta.Lead) {
			out.Source = Source{Kind: FromLead, Person: p.meta.Lead, Deciders: []string{p.meta.Lead}, Confidence: Medium, Evidence: "questions in comments go to the project lead, " + name(p.meta.Lead)}
			out.Sources = []Source{out.Source}
		}
		out.Question = p.question(nil, set(out.Source.Deciders))
	}
	for _, id := range out.Question.IDs {
		taken[id] = true
	}
	out.Stages = p.stages(taken)
	return out
}

func set(list []string) latency.Set {
	out := latency.Set{}
	for _, s := range list {
		out[s] = true
	}
	return out
}

// asked reports whether at least five comments with a question are addressed to
// an account, or to another name of it.
func (p *project) asked(account string) bool {
	n := 0
	for i := range p.stories {
		for _, ev := range p.stories[i].source.History.Events {
			if ev.Comment != nil && slices.Contains(ev.Comment.Asked, account) {
				n++
			}
		}
	}
	return n >= 5
}

func (p *project) quoted(ids []string) string {
	var names []string
	for _, id := range ids {
		names = append(names, fmt.Sprintf("%q", p.name(id)))
	}
	return strings.Join(names, " and ")
}

// statuses words a candidate as a proposal.
func (p *project) statuses(c candidate, confidence Confidence) Statuses {
	f := c.flow
	words := ""
	switch {
	case c.word:
		words = "; its name says so"
	case c.other:
		words = "; its name says something else"
	}
	return Statuses{IDs: f.statuses, Confidence: confidence, Evidence: fmt.Sprintf(
		"of %d visits of %s that people ended, somebody else than began them ended %d (%d %%), and %d went on to done; %s%s",
		f.ended, p.quoted(f.statuses), f.handed, percent(f.handed, f.ended), f.forward, p.top(f), words)}
}

// top says how concentrated the decisions are.
func (p *project) top(f *flow) string {
	switch list := busiest(f.enders); len(list) {
	case 0:
		return "nobody ended them"
	case 1:
		return "one person ended them all"
	default:
		return fmt.Sprintf("%d people ended them, the busiest %d", len(list), f.enders[list[0]])
	}
}

func percent(part, whole int) int { return int(share(part, whole)*100 + 0.5) }

// owners words what can say who owns stories, the likeliest first, and who
// decided in the place of the likeliest's owners.
func (p *project) owners(f *flow, name func(string) string) ([]Source, []Delegate) {
	list := p.sources(f, p.fields())
	if len(list) == 0 {
		return nil, nil
	}
	var out []Source
	for _, s := range list {
		if s.agrees == 0 && len(out) > 0 || s.kind == FromHabit && s.person == p.meta.Lead {
			continue // it says nothing, or what the lead says already
		}
		word := Source{
			Kind: s.kind, Field: s.field, FieldName: s.name, Components: s.components, Person: s.person,
			Evidence: s.sentence(name), Confidence: Medium,
		}
		switch {
		case s.agreement() >= 0.75 && s.says() && s.decisions >= fewestForHigh:
			word.Confidence = High
		case s.agreement() < 0.4:
			word.Confidence = Low
		}
		held := map[string]int{}
		for i := range f.decided {
			held[cmp.Or(s.holder(&f.decided[i]), f.decided[i].by)]++
		}
		for _, who := range busiest(held) {
			if share(held[who], len(f.decided)) >= 0.05 || held[who] >= 5 {
				word.Deciders = append(word.Deciders, who)
			}
		}
		out = append(out, word)
	}
	return out, p.delegates(f, list[0], name)
}

// delegates returns who decided on stories of others at least five times.
func (p *project) delegates(f *flow, s source, name func(string) string) []Delegate {
	acted := map[[2]string][]latency.Instant{}
	for i := range f.decided {
		d := &f.decided[i]
		if owner := s.holder(d); owner != "" && owner != d.by {
			acted[[2]string{owner, d.by}] = append(acted[[2]string{owner, d.by}], d.at)
		}
	}
	var out []Delegate
	for _, pair := range slices.SortedFunc(maps.Keys(acted), func(a, b [2]string) int {
		return cmp.Or(cmp.Compare(len(acted[b]), len(acted[a])), cmp.Compare(a[0]+a[1], b[0]+b[1]))
	}) {
		at := acted[pair]
		slices.Sort(at)
		if len(at) < 5 || p.builds(pair[1]) {
			continue
		}
		out = append(out, Delegate{
			Owner: pair[0], Delegate: pair[1], Decisions: len(at), From: at[0], To: at[len(at)-1],
			Evidence: fmt.Sprintf("%s decided on %d stories of %s between %s and %s", name(pair[1]), len(at), name(pair[0]), date(at[0]), date(at[len(at)-1])),
		})
	}
	return out
}

func date(at latency.Instant) string { return at.Time().Format(time.DateOnly) }

// holder returns whom the source names as the owner of a decided story.
func (s source) holder(d *decision) string {
	switch s.kind {
	case FromField:
		return d.story.holder(s.field, d.at)
	case FromReporter:
		return cmp.Or(d.story.holder(latency.FieldReporter, d.at), d.story.created.by)
	case FromComponent:
		return s.components[d.story.component()]
	default:
		return s.person
	}
}
