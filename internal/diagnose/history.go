package diagnose

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/propose"
	"github.com/yourturn/yourturn/internal/rules"
)

// From which share on something in the history is to be looked at, and of how
// many at least: of fewer a share says nothing.
const (
	mostBypassed   = 0.2 // of the stories that were done, without acceptance
	mostUnowned    = 0.5 // of the waits, nobody's
	mostOwnerless  = 0.9 // of the stories, with an empty owner field
	mostRecalled   = 0.5 // of the exits from acceptance, judged as taken back by the team
	mostByOthers   = 0.5 // of the acceptances, by somebody who is no owner and no delegate
	fewestHandOffs = 0.35
	fewest         = 10
)

// window is the name of the statistics' longest window.
const window = "90d"

// history compares the config with what happened in the last 90 days.
func (e *examination) history(ctx context.Context) ([]Line, error) {
	p, err := e.readPast(ctx)
	if err != nil {
		return nil, err
	}
	for _, u := range p.sample.Users { // mentions may name them
		e.facts.Users = append(e.facts.Users, u)
	}
	e.rules = rules.New(e.Config, e.facts)
	e.Progress("deriving waits")
	tallies, statistics, err := e.derive(ctx, p)
	if err != nil {
		return nil, err
	}
	listed, used := map[string]latency.Set{}, map[string]latency.Set{}
	for _, w := range e.watched {
		r := e.rules.Rules.Projects[w.ID]
		listed[w.ID], used[w.ID] = r.Acceptance, e.otherwise(w, r)
	}
	e.Progress("comparing with the history")
	judged, err := propose.Judge(p.sample, listed, used)
	if err != nil {
		return nil, err
	}
	lines := []Line{{Topic: "history", Text: "the last 90 days, from " + strings.Join(p.from, "; ")}}
	for _, w := range e.watched {
		h := &projectHistory{
			examination: e, project: w, rules: e.rules.Rules.Projects[w.ID], tally: tallies[w.ID], judged: judged[w.ID],
			acceptance: statistics.Waits[latency.WaitsKey{Kind: latency.Acceptance, Project: w.Key, Window: window}],
			question:   statistics.Waits[latency.WaitsKey{Kind: latency.Question, Project: w.Key, Window: window}],
		}
		if p.stories[w.ID] == 0 {
			lines = append(lines, h.line(Look, "there is no story yet", "check jira.projects and jira.issue_types"))
			continue
		}
		lines = append(lines, h.lines()...)
	}
	return lines, nil
}

// otherwise returns the statuses to which the config gives another meaning than
// acceptance.
func (e *examination) otherwise(p jiradata.Project, r *latency.Project) latency.Set {
	out := latency.Set{}
	for _, set := range []latency.Set{r.Accepted, r.Withdrawn, r.Paused, r.QuestionStatuses} {
		for id := range set {
			out[id] = true
		}
	}
	for _, names := range e.Config.Project(p.Key).Stages {
		for _, name := range names {
			for _, id := range e.rules.Resolved[rules.ResolvedKey(p.ID, name)] {
				out[id] = true
			}
		}
	}
	return out
}

// projectHistory compares one project's config with its past.
type projectHistory struct {
	*examination
	project              jiradata.Project
	rules                *latency.Project
	tally                *tally
	judged               propose.Judgement
	acceptance, question *latency.Distribution
}

func (h *projectHistory) line(grade Grade, text, remedy string) Line {
	return Line{Topic: "history", Grade: grade, Projects: []string{h.project.Key}, Text: text, Remedy: remedy}
}

// lines are all that the past says of the project's config.
func (h *projectHistory) lines() []Line {
	if h.tally.stories == 0 {
		return []Line{h.line(Look, "nothing happened to any story", "check jira.issue_types, and whether anybody works in the project")}
	}
	lines := []Line{h.waits()}
	for _, list := range [][]Line{h.others(), h.unvisited(), h.handOffs(), h.exits(), h.verdicts(), h.meanings(), h.bypassed(), h.nobodys()} {
		lines = append(lines, list...)
	}
	return lines
}

// waits says how many waits there were. None at all, in a project that has an
// acceptance step, is worth a look.
func (h *projectHistory) waits() Line {
	l := h.line(Works, fmt.Sprintf("%s; %s", count(h.acceptance, "acceptance wait"), count(h.question, "question")), "")
	if h.accepts[h.project.ID] && (h.acceptance == nil || h.acceptance.Ended+h.acceptance.Open+h.acceptance.Censored == 0) {
		l.Grade, l.Remedy = Look, "check acceptance_statuses: it names a status of the workflow, and no story waited there"
	}
	return l
}

// count words how many waits of a kind there were.
func count(d *latency.Distribution, what string) string {
	if d == nil || d.Ended+d.Open+d.Censored == 0 {
		return "no " + what
	}
	n := d.Ended + d.Open + d.Censored
	text := fmt.Sprintf("%d %ss", n, what)
	if n == 1 {
		text = "1 " + what
	}
	var more []string
	if d.Open > 0 {
		more = append(more, fmt.Sprintf("%d open", d.Open))
	}
	if median, ok, _ := d.Quantile(0.5); ok {
		more = append(more, fmt.Sprintf("median %.1f working hours", median.Hours()))
	}
	if len(more) > 0 {
		text += " (" + strings.Join(more, ", ") + ")"
	}
	return text
}

// quoted returns the names of statuses for a sentence.
func (h *projectHistory) quoted(ids []string) string {
	var out []string
	for _, id := range ids {
		name := id
		if st, ok := h.examination.rules.Rules.Statuses[id]; ok && st.Name != "" {
			name = st.Name
		}
		out = append(out, fmt.Sprintf("%q", name))
	}
	return strings.Join(out, " and ")
}

// others says which statuses look like acceptance and are not configured.
func (h *projectHistory) others() []Line {
	var lines []Line
	for _, o := range h.judged.Others {
		remedy := "if stories wait there for the owner, add it to projects." + anyProject + ".acceptance_statuses"
		if len(h.rules.Acceptance) == 0 {
			remedy = "if stories wait there for the owner, write projects." + anyProject + ".acceptance_statuses: [" + strings.ReplaceAll(h.quoted(o.IDs), " and ", ", ") + "]"
		}
		lines = append(lines, h.line(Look, fmt.Sprintf("%s looks like acceptance (%s confidence), and is not configured: %s", h.quoted(o.IDs), o.Confidence, o.Evidence), remedy))
	}
	return lines
}

// unvisited says which configured statuses no story ever visited.
func (h *projectHistory) unvisited() []Line {
	var lines []Line
	for _, l := range statusKeys(h.Config.Project(h.project.Key)) {
		path, written := h.setting(h.project.Key, l.key)
		if !written {
			continue
		}
		var never []string
		for _, name := range l.names {
			ids := h.examination.rules.Resolved[rules.ResolvedKey(h.project.ID, name)]
			if len(ids) > 0 && !slices.ContainsFunc(ids, func(id string) bool { return h.tally.visited[id] }) {
				never = append(never, fmt.Sprintf("%q", name))
			}
		}
		if len(never) == 0 {
			continue
		}
		text := fmt.Sprintf("no story that was read ever visited %s (%s)", strings.Join(never, ", "), h.place(path))
		if l.key == acceptanceKey || l.key == "question_statuses" || l.key == "paused_statuses" {
			lines = append(lines, h.line(Look, text, "check that it is the right status, or take it out"))
		} else {
			lines = append(lines, h.line(Works, text, ""))
		}
	}
	return lines
}

// handOffs says that whoever puts a story into acceptance takes it out, too.
func (h *projectHistory) handOffs() []Line {
	j := h.judged
	if j.Ended < fewest || share(j.Handed, j.Ended) >= fewestHandOffs {
		return nil
	}
	return []Line{h.line(Look, "acceptance is mostly left by whoever began it: "+j.Listed.Evidence, "check acceptance_statuses: where somebody waits for an owner, somebody else moves the story on")}
}

// exits says where stories went from acceptance.
func (h *projectHistory) exits() []Line {
	ways := h.tally.ways()
	if ways == "" {
		return nil
	}
	text := "left acceptance: " + ways
	if n := h.tally.byDefault; n > 0 {
		text += fmt.Sprintf("; %d of them are judged by the category of the status alone (exit_by_default)", n)
	}
	return []Line{h.line(Works, text, "")}
}

// verdicts says that stories leave acceptance by others than their owners.
func (h *projectHistory) verdicts() []Line {
	var lines []Line
	if n, all := h.tally.sum(latency.Recalled); all >= fewest && share(n, all) >= mostRecalled {
		lines = append(lines, h.line(Look, fmt.Sprintf("%d of %d exits from acceptance are recalled: somebody else than the owner moved the story on, and to no accepted status", n, all),
			"check acceptance_statuses and accepted_statuses, and who owns the stories"))
	}
	by, n := "", 0
	for _, who := range slices.Sorted(maps.Keys(h.tally.others)) {
		n += h.tally.others[who]
		if by == "" || h.tally.others[who] > h.tally.others[by] {
			by = who
		}
	}
	if h.tally.accepted >= fewest && share(n, h.tally.accepted) >= mostByOthers {
		lines = append(lines, h.line(Look, fmt.Sprintf("%d of %d acceptances are by others than the story's owner, most by %s (%d)", n, h.tally.accepted, h.name(by), h.tally.others[by]),
			"if they decide, write them as owner, as delegate, or the field that names them as owner_field"))
	}
	return lines
}

// meanings says which statuses, to which stories go from acceptance, seem to mean
// something else than the config makes of them.
func (h *projectHistory) meanings() []Line {
	var lines []Line
	add := func(s propose.Statuses, have latency.Set, key, what string, judged ...latency.Outcome) {
		for _, id := range s.IDs {
			if have[id] || h.rules.Acceptance[id] {
				continue
			}
			name, n := strings.Trim(h.quoted([]string{id}), `"`), 0
			var as []string
			for _, outcome := range judged {
				if m := h.tally.exits[way{name, outcome}]; m > 0 {
					n, as = n+m, append(as, string(outcome))
				}
			}
			if n == 0 {
				continue
			}
			lines = append(lines, h.line(Look, fmt.Sprintf("%d exits to %q are judged %s, but it looks like %s (%s confidence): %s", n, name, strings.Join(as, " or "), what, s.Confidence, s.Evidence),
				fmt.Sprintf("if so, add %q to projects.%s.%s", name, anyProject, key)))
		}
	}
	add(h.judged.Accepted, h.rules.Accepted, "accepted_statuses", "an acceptance", latency.Rejected, latency.Recalled)
	add(h.judged.Withdrawn, h.rules.Withdrawn, "withdrawn_statuses", "where stories are dropped", latency.Accepted, latency.Rejected, latency.Recalled)
	add(h.judged.Paused, h.rules.Paused, "paused_statuses", "a pause", latency.Rejected, latency.Recalled, latency.Accepted)
	return lines
}

// bypassed says how many stories were done without acceptance.
func (h *projectHistory) bypassed() []Line {
	n, of := h.tally.bypassed, h.tally.bypassed+h.tally.accepted
	if n == 0 || len(h.rules.Acceptance) == 0 {
		return nil
	}
	l := h.line(Works, fmt.Sprintf("%d of %d stories that were done bypassed acceptance (%.0f %%)", n, of, 100*share(n, of)), "")
	if of >= fewest && share(n, of) > mostBypassed {
		l.Grade, l.Remedy = Look, "if they were accepted all the same, acceptance_statuses lacks a status, or the owner signs off elsewhere"
	}
	return []Line{l}
}

// nobodys says how many waits belong to nobody, and how often the owner field is
// empty.
func (h *projectHistory) nobodys() []Line {
	var lines []Line
	t := h.tally
	if n := t.unowned; n > 0 {
		l := h.line(Works, fmt.Sprintf("%d of %d waits are unowned (%.0f %%)", n, t.parts, 100*share(n, t.parts)), "")
		if t.parts >= fewest && share(n, t.parts) >= mostUnowned {
			l.Grade, l.Remedy = Look, "write projects."+anyProject+".owner, or owner_field with the field that names the owner"
		}
		lines = append(lines, l)
	}
	if t.stories >= fewest && share(t.ownerless, t.stories) >= mostOwnerless {
		path, written := h.setting(h.project.Key, "owner_field")
		if !written {
			path = "projects." + anyProject + ".owner_field"
		}
		lines = append(lines, h.line(Look, fmt.Sprintf("the owner field, %q, is empty on %d of %d stories", h.Config.Project(h.project.Key).OwnerField, t.ownerless, t.stories),
			"write the field that names the owner as "+path+`, or "" if there is none`))
	}
	return lines
}

// share returns part as a fraction of whole, 0 if whole is 0.
func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
