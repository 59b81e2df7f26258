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
	Targets  []targetLine
	Lines    []agreed
}

// targetLine is a target of a kind of wait in some projects.
type targetLine struct {
	Kind     string
	Time     phrase
	Projects string  // "": all of the set
	Since    *moment // nil: not noted yet
	Earlier  bool    // it may have held before that
}

// agreed is a rule with what the config says of it.
type agreed struct {
	Name, Anchor string
	Says         []string // in sentences; names are between quotes of their own
}

// setsListed is how many different sets of rules a page lists.
const setsListed = 12

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
		p.Common, p.Projects = commonLines(a.Rules)
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
		p.Pager, p.Apart, p.People = pg, a.Apart, a.People
		for _, o := range a.Owners { // those of the projects that are listed
			if slices.ContainsFunc(sets, func(set query.RuleSet) bool { return slices.Contains(set.Projects, o.Project) }) {
				p.Owners = append(p.Owners, o)
			}
		}
		if len(a.Rules) == 0 {
			p.Empty = "There is no project here that you see, so there is nothing that was agreed on with you. The rules below hold for all."
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
		return "Teams and their owners have agreed on what follows: when the clock runs, for whom, and what is in time."
	}
	var out []string
	seen := map[string]bool{}
	for _, t := range a.Rules[0].Targets {
		if !seen[t.Kind] {
			seen[t.Kind] = true
			out = append(out, targetOf(t.Kind)+": "+words.Exact(t.Target.Duration())+" of the owner's working time")
		}
	}
	text := words.List(out) + "."
	if text == "." {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// targetOf names the target of a kind of wait.
func targetOf(kind string) string {
	if kind == string(latency.Question) {
		return "target for an answer"
	}
	return "target for acceptance"
}

// commonLines returns what is the same in all sets of rules, and of which projects; nothing
// if there is one set alone.
func commonLines(sets []query.RuleSet) (common []agreed, projects string) {
	if len(sets) < 2 {
		return nil, ""
	}
	common = agreedLines(&sets[0].Settings)
	names := slices.Clone(sets[0].Projects)
	for i := range sets[1:] {
		lines := agreedLines(&sets[i+1].Settings)
		for j := range common {
			common[j].Says = slices.DeleteFunc(common[j].Says, func(text string) bool { return !says(lines, common[j].Name, text) })
		}
		common = slices.DeleteFunc(common, func(line agreed) bool { return len(line.Says) == 0 })
		names = append(names, sets[i+1].Projects...)
	}
	slices.Sort(names)
	return common, projectList(names)
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

// newRuleSet makes what the page says of a set of rules, but for what all have.
func newRuleSet(set *query.RuleSet, common []agreed, now time.Time, zone *time.Location) ruleSet {
	out := ruleSet{ID: set.Projects[0], Lines: agreedLines(&set.Settings)}
	for i := range out.Lines {
		line := &out.Lines[i]
		line.Says = slices.DeleteFunc(line.Says, func(text string) bool { return says(common, line.Name, text) })
	}
	out.Lines = slices.DeleteFunc(out.Lines, func(line agreed) bool { return len(line.Says) == 0 })
	of := map[int][]string{} // projects by place in Targets
	for _, t := range set.Targets {
		line := targetLine{Kind: targetOf(t.Kind), Time: workingTime(t.Target.Duration(), set.WorkingDay.Duration()), Earlier: t.Earlier}
		if t.Since.Known() {
			at := momentOf(t.Since.Instant(), now, zone)
			line.Since = &at
		}
		i := slices.IndexFunc(out.Targets, func(l targetLine) bool { return l.Kind == line.Kind && sameSince(&l, &line) })
		if i < 0 {
			i = len(out.Targets)
			out.Targets = append(out.Targets, line)
		}
		of[i] = append(of[i], t.Project)
	}
	for i := range out.Targets {
		if len(of[i]) < len(set.Projects) {
			out.Targets[i].Projects = projectList(of[i])
		}
	}
	return out
}

// sameSince reports whether two targets hold since the same instant.
func sameSince(a, b *targetLine) bool {
	return a.Earlier == b.Earlier && (a.Since == nil) == (b.Since == nil) && (a.Since == nil || a.Since.At.Equal(b.Since.At))
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
	if s.Configured && !s.QuestionsAlone {
		add("A story waits for a verdict", "acceptance-begins", "In "+quoted(s.Acceptance, "or")+".")
		add("Accepted", "accepted", either(len(s.Accepted) > 0, "By a move to "+quoted(s.Accepted, "or")+".", "By a move to a status that Jira counts as done, or of stage release."))
		add("Nothing is left to decide", "acceptance-withdrawn",
			either(len(s.Withdrawn) > 0, "After a move to "+quoted(s.Withdrawn, "or")+".", ""),
			either(len(s.WithdrawnResolutions) > 0, "With the resolution "+quoted(s.WithdrawnResolutions, "or")+".", "With a resolution such as Won't Do or Duplicate."))
		add("The clock stands", "pauses",
			either(len(s.Paused) > 0, "In "+quoted(s.Paused, "or")+", where somebody else holds the story.", ""),
			either(s.PauseWhenFlagged, "While the story is flagged.", ""),
			either(s.PauseWhileOwnerAsks, "While the owner waits for an answer of the team, at most for the target of a question.", ""))
		add("Moves that do not count", "slip",
			either(s.SlipWindow > 0, "One that the same person takes back within "+words.Exact(s.SlipWindow.Duration())+".", ""),
			either(s.MinDwell > 0, "A visit that automation ends within "+s.MinDwell.Duration().String()+".", ""))
	} else {
		add("A story waits for a verdict", "configured", either(s.QuestionsAlone, "Never: there is no acceptance step, and questions alone are measured.",
			"It is not measured: none of the statuses that the config names is in the workflow."))
	}
	add("A question is asked", "ask-mention",
		either(s.Mention && s.MentionAny, "By a comment that mentions the owner.", ""),
		either(s.Mention && !s.MentionAny, "By a comment with a question mark that is addressed to the owner.", ""),
		either(len(s.Markers) > 0, "By a comment that begins with "+quoted(s.Markers, "or")+".", ""),
		either(len(s.QuestionStatuses) > 0, "In the status "+quoted(s.QuestionStatuses, "or")+".", ""),
		either(len(s.QuestionLabels) > 0, "With the label "+quoted(s.QuestionLabels, "or")+".", ""),
		either(s.Assignment, "By assigning the story to the owner.", ""))
	add("It is answered", "answered", "By a comment or a status move of the owner, or of a stand-in.",
		either(s.AnswerByEdit, "By the owner's edit of the description.", ""),
		either(len(s.AnsweredMarkers) > 0, "By the asker, who says with "+quoted(s.AnsweredMarkers, "or")+" that the answer came elsewhere.", ""))
	add("It lapses", "lapsed", either(s.LapseAfter > 0, "After "+words.Exact(s.LapseAfter.Duration())+" of working time in which nobody comments.", "Never."))
	add("Whose story it is", "owner", either(s.OwnerField != "", "The field "+quoted([]string{s.OwnerField}, "or")+" says it, of the story or of its parent; else the list below.", "The list below says it."),
		either(s.DelegateField != "", "The field "+quoted([]string{s.DelegateField}, "or")+" names who stands in.", ""))
	add("Working time", "working", plain(s.Hours, detailLength)+", unless an owner has hours of their own.",
		either(s.PauseWhenAbsent, "The owner's clock stands while the owner is away and nobody stands in; the story's clock goes on.", "Absence stops no clock."))
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
