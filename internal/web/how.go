package web

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/words"
)

// howPage is what the page about how it is measured shows (/how).
type howPage struct {
	Loading string
	Sets    []ruleSet
	// Common are the rules that all projects have, of whom there are Projects.
	Common   []agreed
	Projects string
	// Compared are the rules in which few sets differ, side by side; empty: each set stands
	// for itself.
	Compared []comparedRule
	Owners   []query.ProjectOwners
	People   []query.OwnerTerms
	Apart    bool
	Empty    string // why there is no agreement; "": there is one
	Pager    pager
	Rules    template.HTML
}

// ruleSet is what holds for some projects.
type ruleSet struct {
	ID       string
	Projects []menuEntry // those that the caller sees lead to where their time goes
	More     int         // how many there are besides
	Lines    []agreed
}

// Label names the projects of a set in a few characters, for a narrow window.
func (set ruleSet) Label() string {
	var names []string
	for _, project := range set.Projects {
		names = append(names, project.Name)
	}
	return projectList(names)
}

// comparedRule is a rule with what each of the sets that are listed says of it.
type comparedRule struct {
	Name, Anchor string
	Says         [][]string // in the order of the sets
}

// agreed is a rule with what the config says of it.
type agreed struct {
	Name, Anchor string
	Says         []string // in sentences; names are between quotes of their own
}

// The number of different sets of rules that a page lists, and the number for which it has
// room side by side.
const (
	setsListed   = 12
	setsCompared = 6
)

// how serves the page about how it is measured here (/how).
func (s *Server) how() http.Handler {
	page := page("how.html", nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := callerOf(r)
		reader, err := s.reader(r)
		if err != nil {
			s.unanswered(w, r, err)
			return
		}
		v := view{Title: "How it is measured here", Notices: s.state(c)}
		p := howPage{Rules: rulesInFull()}
		if reader == nil {
			p.Loading = waitingForNumbers(s.from.Status())
			v.Page = p
			s.show(w, r, page, v)
			return
		}
		a, err := reader.Agreement(r.Context(), reader.Report.DataTimestamp, s.concerned(c, reader.Report))
		if err != nil {
			s.unanswered(w, r, err)
			return
		}
		st := s.from.Status()
		v.Answer = howAnswer(a)
		p.Common, p.Projects = commonLines(a.Rules, a.AsOf.Instant().Time(), st.zone())
		sets, pg := paged(r.URL, a.Rules, setsListed, "Sets of rules")
		for i := range sets {
			set := newRuleSet(&sets[i], p.Common, a.AsOf.Instant().Time(), st.zone())
			for _, project := range sets[i].Projects {
				if len(set.Projects) == projectsNamed {
					set.More++
					continue
				}
				entry := menuEntry{Name: project}
				if c.SeesProject(project) {
					entry.Path = "/projects/" + url.PathEscape(project)
				}
				set.Projects = append(set.Projects, entry)
			}
			p.Sets = append(p.Sets, set)
		}
		if len(a.Rules) <= setsCompared {
			p.Compared = compared(p.Sets)
		}
		p.Pager, p.Apart, p.People = pg, a.Apart, a.People
		for _, o := range a.Owners { // those of the projects that are listed
			if slices.ContainsFunc(sets, func(set query.RuleSet) bool { return slices.Contains(set.Projects, o.Project) }) {
				p.Owners = append(p.Owners, o)
			}
		}
		if len(a.Rules) == 0 {
			p.Empty = "There is no project here that you see, so no settings of one are shown. The rules below apply to all."
		}
		v.Page = p
		s.show(w, r, page, v)
	})
}

// concerned returns which projects the agreement is of, for a caller: those that they see,
// and those in which somebody waits, or waited, for them.
func (s *Server) concerned(c Caller, report *latency.Report) func(project string) bool {
	own := map[string]bool{}
	for k := range report.Open {
		if c.Is(k.Owner) {
			own[k.Project] = true
		}
	}
	return func(project string) bool { return own[project] || c.SeesProject(project) }
}

// paged returns the part of a list that an address asks for, by the number of its page.
func paged[T any](at *url.URL, list []T, most int, name string) ([]T, pager) {
	pages := max(1, (len(list)+most-1)/most)
	number := 1
	for n := range pages {
		if at.Query().Get("page") == strconv.Itoa(n+1) {
			number = n + 1
		}
	}
	from, to := (number-1)*most, min(number*most, len(list))
	if pages == 1 {
		return list, pager{}
	}
	path := func(n int) string { return at.Path + "?page=" + strconv.Itoa(n) }
	p := pager{Name: name, From: from + 1, To: to, Total: len(list)}
	if number > 1 {
		p.Before = path(number - 1)
	}
	if number < pages {
		p.After = path(number + 1)
	}
	return list[from:to], p
}

// howAnswer says the agreement in a sentence.
func howAnswer(a *query.Agreement) string {
	if len(a.Rules) == 0 {
		return ""
	}
	if len(a.Rules) > 1 {
		return "These are the rules that apply here: when the clock runs, for whom, and what the targets are."
	}
	var out []string
	seen := map[string]bool{}
	for _, t := range a.Rules[0].Targets {
		if !seen[t.Kind] {
			seen[t.Kind] = true
			out = append(out, words.Exact(t.Target.Duration())+" "+strings.TrimPrefix(targetOf(t.Kind), "Target "))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "The target is " + words.List(out) + ", in the owner's working time."
}

// targetOf names the target of a kind of wait.
func targetOf(kind string) string {
	if kind == string(latency.Question) {
		return "Target for an answer"
	}
	return "Target for acceptance"
}

// commonLines returns what is the same in all sets of rules, and of which projects; nothing
// if there is one set alone.
func commonLines(sets []query.RuleSet, now time.Time, zone *time.Location) (common []agreed, projects string) {
	if len(sets) < 2 {
		return nil, ""
	}
	common = linesOf(&sets[0], now, zone)
	names := slices.Clone(sets[0].Projects)
	for i := range sets[1:] {
		lines := linesOf(&sets[i+1], now, zone)
		for j := range common {
			common[j].Says = slices.DeleteFunc(common[j].Says, func(text string) bool { return !says(lines, common[j].Name, text) })
		}
		common = slices.DeleteFunc(common, func(line agreed) bool { return len(line.Says) == 0 })
		names = append(names, sets[i+1].Projects...)
	}
	slices.Sort(names)
	return common, projectList(names)
}

// compared puts the rules of sets side by side, in the order in which pages list them; nil if
// there is one set alone.
func compared(sets []ruleSet) []comparedRule {
	if len(sets) < 2 {
		return nil
	}
	var out []comparedRule
	for i := range sets {
		at := 0 // where the next rule of the set has its place
		for _, line := range sets[i].Lines {
			j := slices.IndexFunc(out, func(rule comparedRule) bool { return rule.Name == line.Name })
			if j < 0 {
				j = at
				out = slices.Insert(out, j, comparedRule{line.Name, line.Anchor, make([][]string, len(sets))})
			}
			out[j].Says[i], at = line.Says, j+1
		}
	}
	return out
}

// projectList joins the keys of projects; of very many it says how many there are.
func projectList(keys []string) string {
	const most = 30
	if len(keys) > most {
		return strings.Join(keys[:most], ", ") + " and " + words.Number(len(keys)-most) + " more"
	}
	return words.List(keys)
}

// says reports whether a rule of some holds a sentence.
func says(lines []agreed, name, text string) bool {
	return slices.ContainsFunc(lines, func(line agreed) bool { return line.Name == name && slices.Contains(line.Says, text) })
}

// newRuleSet returns what the page shows of a set of rules. What common holds is left
// out: the page shows it once, for all sets.
func newRuleSet(set *query.RuleSet, common []agreed, now time.Time, zone *time.Location) ruleSet {
	out := ruleSet{ID: set.Projects[0], Lines: linesOf(set, now, zone)}
	for i := range out.Lines {
		line := &out.Lines[i]
		line.Says = slices.DeleteFunc(line.Says, func(text string) bool { return says(common, line.Name, text) })
	}
	out.Lines = slices.DeleteFunc(out.Lines, func(line agreed) bool { return len(line.Says) == 0 })
	return out
}

// linesOf says the targets and the settings of a set of rules in sentences.
func linesOf(set *query.RuleSet, now time.Time, zone *time.Location) []agreed {
	return append(targetLines(set, now, zone), agreedLines(&set.Settings)...)
}

// targetLines says the targets of a set of rules, and since when they are in force.
func targetLines(set *query.RuleSet, now time.Time, zone *time.Location) []agreed {
	var out []agreed
	of := map[string][]string{} // projects by what is said of them
	for _, t := range set.Targets {
		name := targetOf(t.Kind)
		i := slices.IndexFunc(out, func(line agreed) bool { return line.Name == name })
		if i < 0 {
			i, out = len(out), append(out, agreed{Name: name, Anchor: "target"})
		}
		text := withinTarget(&t, set.WorkingDay.Duration(), now, zone)
		if !slices.Contains(out[i].Says, text) {
			out[i].Says = append(out[i].Says, text)
		}
		of[name+text] = append(of[name+text], t.Project)
	}
	for i := range out {
		if len(out[i].Says) == 1 {
			continue
		}
		for j, text := range out[i].Says {
			out[i].Says[j] = projectList(of[out[i].Name+text]) + ": " + text
		}
	}
	return out
}

// withinTarget says a target, and since when it is in force if that is known.
func withinTarget(t *query.TargetSince, day time.Duration, now time.Time, zone *time.Location) string {
	target := t.Target.Duration()
	text := words.Working(target, day)
	if day > 0 && target >= day {
		text += " (" + words.Exact(target) + ")"
	}
	switch {
	case !t.Since.Known():
	case t.Earlier:
		text += ", in force since before " + t.Since.Instant().Time().In(zone).Format("Mon 2 Jan 2006")
	default:
		text += ", in force since " + words.Instant(t.Since.Instant().Time(), now, zone)
	}
	return text + "."
}

// agreedLines says the settings in sentences, each with the rule that it fills in.
func agreedLines(s *query.Settings) []agreed {
	var out []agreed
	add := func(name, anchor string, says ...string) {
		says = slices.DeleteFunc(says, func(text string) bool { return text == "" })
		if len(says) > 0 {
			out = append(out, agreed{name, anchor, says})
		}
	}
	add("Working hours", "working", plain(s.Hours, detailLength)+", unless an owner has hours of their own.")
	add("While the owner is away", "owners-clock", either(s.PauseWhenAbsent, "The owner's clock is stopped if nobody stands in. The story's clock runs on.", "The clocks run on."))
	if s.Configured && !s.QuestionsAlone {
		add("A story waits for acceptance", "acceptance-begins", "In "+quoted(s.Acceptance, "or")+".")
		add("Accepted", "accepted", either(len(s.Accepted) > 0, "By a move to "+quoted(s.Accepted, "or")+".", "By a move to a status that Jira counts as done, or to one of the stage release."))
		add("No decision is needed any more", "acceptance-withdrawn",
			either(len(s.Withdrawn) > 0, "After a move to "+quoted(s.Withdrawn, "or")+".", ""),
			either(len(s.WithdrawnResolutions) > 0, "With the resolution "+quoted(s.WithdrawnResolutions, "or")+".", "With a resolution such as Won't Do or Duplicate."))
		add("The clock is stopped", "pauses",
			either(len(s.Paused) > 0, "In "+quoted(s.Paused, "or")+", where somebody else holds the story.", ""),
			either(s.PauseWhenFlagged, "While the story is flagged.", ""),
			either(s.PauseWhileOwnerAsks, "While the owner waits for an answer from the team, for at most the target for an answer.", ""))
		add("Moves that do not count", "slip",
			either(s.SlipWindow > 0, "One that the same person takes back within "+words.Exact(s.SlipWindow.Duration())+".", ""),
			either(s.MinDwell > 0, "A visit that automation ends within "+s.MinDwell.Duration().String()+".", ""))
	} else {
		add("A story waits for acceptance", "configured", either(s.QuestionsAlone, "Never: there is no acceptance step, and only questions are measured.",
			"Not measured: none of the statuses that the config names is in the workflow."))
	}
	add("A question is asked", "ask-mention",
		either(s.Mention && s.MentionAny, "By a comment that mentions the owner.", ""),
		either(s.Mention && !s.MentionAny, "By a comment with a question mark that is addressed to the owner.", ""),
		either(len(s.Markers) > 0, "By a comment that begins with "+quoted(s.Markers, "or")+".", ""),
		either(len(s.QuestionStatuses) > 0, "In the status "+quoted(s.QuestionStatuses, "or")+".", ""),
		either(len(s.QuestionLabels) > 0, "With the label "+quoted(s.QuestionLabels, "or")+".", ""),
		either(s.Assignment, "By assigning the story to the owner.", ""))
	add("It is answered", "answered", "By a comment or a status move by the owner or a stand-in.",
		either(s.AnswerByEdit, "By an edit of the description by the owner.", ""),
		either(len(s.AnsweredMarkers) > 0, "By the asker, who says with "+quoted(s.AnsweredMarkers, "or")+" that the answer came elsewhere.", ""))
	add("It lapses unanswered", "lapsed", either(s.LapseAfter > 0, "After "+words.Exact(s.LapseAfter.Duration())+" of working time without a comment.", "Never."))
	add("A wait is forgotten", "forgotten", "When it is older than ten targets, and nothing has happened on its story for 15 working days.")
	add("Whose story it is", "owner", either(s.OwnerField != "", "The field "+quoted([]string{s.OwnerField}, "or")+" of the story or of its parent says it, else the list below.", "The list below says it."),
		either(s.DelegateField != "", "The field "+quoted([]string{s.DelegateField}, "or")+" names the stand-in.", ""))
	for _, placed := range s.Stages {
		add("Stage "+placed.Stage, "stages", quoted(placed.Statuses, "and")+".")
	}
	add("What counts", "history-from", either(s.HistoryFrom != "", "Waits that begin on "+plain(s.HistoryFrom, nameLength)+" or later.", ""))
	return out
}

// either returns one text or another.
func either(first bool, text, other string) string {
	if first {
		return text
	}
	return other
}

// quoted joins untrusted names for a sentence.
func quoted(names []string, last string) string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = "“" + isolated(name) + "”"
	}
	if n := len(out); n > 1 {
		return strings.Join(out[:n-1], ", ") + " " + last + " " + out[n-1]
	}
	return strings.Join(out, "")
}
