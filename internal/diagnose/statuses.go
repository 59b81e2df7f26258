package diagnose

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/rules"
)

const acceptanceKey = "acceptance_statuses"

// statuses compares the statuses that the config names with each project's own
// workflow.
func (e *examination) statuses(ctx context.Context) ([]Line, error) {
	var lines []Line
	for _, p := range e.watched {
		e.Progress("reading the workflow of " + p.Key)
		flow, err := e.Client.Workflow(ctx, p.Key)
		if err != nil {
			return lines, err
		}
		e.workflows[p.ID] = flow
		if flow == nil { // Jira does not list it: all that may be in it
			for _, st := range e.facts.Meta.Statuses {
				if st.ProjectID == "" || st.ProjectID == p.ID {
					flow = append(flow, st)
				}
			}
		}
		lines = append(lines, e.projectStatuses(p, flow)...)
	}
	return lines, nil
}

// statusKeys are the keys of the config that name statuses, with their names for
// a project.
func statusKeys(c config.Project) []struct {
	key   string
	names []string
} {
	type named = struct {
		key   string
		names []string
	}
	out := []named{
		{acceptanceKey, c.AcceptanceStatuses},
		{"accepted_statuses", c.AcceptedStatuses},
		{"withdrawn_statuses", c.WithdrawnStatuses},
		{"paused_statuses", c.PausedStatuses},
		{"question_statuses", c.QuestionStatuses},
	}
	for _, stage := range config.Stages() {
		out = append(out, named{"stages." + stage, c.Stages[stage]})
	}
	return out
}

// setting returns the key of a project's setting in the config, and whether it
// stands there rather than being the built-in default.
func (e *examination) setting(project, key string) (path string, written bool) {
	path = "defaults." + key
	if e.Config.Given("projects." + project + "." + key) {
		path = "projects." + project + "." + key
	}
	return path, e.Config.Written(path)
}

// projectStatuses looks at the statuses of one project.
func (e *examination) projectStatuses(p jiradata.Project, flow []jiradata.Status) []Line {
	var lines []Line
	say := func(grade Grade, text, remedy string) {
		lines = append(lines, Line{Topic: "statuses", Grade: grade, Projects: []string{p.Key}, Text: text, Remedy: remedy})
	}
	byID, names := map[string]string{}, []string{}
	for _, st := range flow {
		byID[st.ID] = st.Name
		names = append(names, st.Name)
	}
	workflow := "the workflow has " + statusList(flow)
	for _, l := range statusKeys(e.Config.Project(p.Key)) {
		path, written := e.setting(p.Key, l.key)
		place := "(" + e.place(path) + ")"
		own := strings.HasPrefix(path, "projects.")
		var good []string
		var lost []lostStatus
		for _, name := range l.names {
			ids := e.rules.Resolved[rules.ResolvedKey(p.ID, name)]
			inFlow := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return byID[id] == "" })
			switch {
			case len(inFlow) > 0:
				for _, id := range inFlow {
					good = append(good, fmt.Sprintf("%q (%s)", byID[id], id))
				}
			case len(ids) > 0:
				lost = append(lost, lostStatus{text: fmt.Sprintf("%q is a status of this Jira, but of another workflow", name)})
			default:
				text := fmt.Sprintf("this Jira has no status %q", name)
				if near := config.Nearest(name, names, 1); len(near) > 0 {
					text += fmt.Sprintf("; did you mean %q?", near[0])
				}
				lost = append(lost, lostStatus{text, true})
				if written && l.key != acceptanceKey {
					say(Broken, text+" "+place, workflow)
				}
			}
			if len(ids) > 1 {
				say(Look, fmt.Sprintf("this Jira has several statuses %q, of the ids %s: all of them are meant %s", name, strings.Join(ids, ", "), place), "write an id to mean one of them")
			}
			if len(ids) > 0 && len(inFlow) == 0 && l.key != acceptanceKey && own {
				say(Look, lost[len(lost)-1].text+" "+place, "take it out, or write one of the workflow; "+workflow)
			}
		}
		if l.key != acceptanceKey {
			continue
		}
		switch {
		case len(l.names) == 0 && written:
			say(Works, "acceptance_statuses is []: there is no acceptance step, and questions alone are measured", "")
		case len(good) == 0 && written:
			var texts []string
			for _, st := range lost {
				texts = append(texts, st.text)
			}
			say(Broken, fmt.Sprintf("no story can wait for acceptance: %s %s", strings.Join(texts, "; "), place), noAcceptance+workflow)
		case len(good) == 0:
			say(Broken, fmt.Sprintf("no acceptance_statuses are written, and the workflow has no %q, the built-in default: no story can wait for acceptance", strings.Join(l.names, ", ")), noAcceptance+workflow)
		default:
			e.accepts[p.ID] = true
			say(Works, "acceptance is "+strings.Join(good, " and "), "")
			for _, st := range lost {
				grade := Look
				switch {
				case st.unknown && written:
					grade = Broken // serve does not start with it
				case !own:
					continue // defaults may name the statuses of several workflows
				}
				say(grade, st.text+" "+place, "take it out, or write one of the workflow; "+workflow)
			}
		}
	}
	return lines
}

// lostStatus is a status of the config that a workflow does not have.
type lostStatus struct {
	text    string // says so
	unknown bool   // no workflow of the Jira has it
}

const noAcceptance = "write projects." + anyProject + ".acceptance_statuses with the status that waits for the owner's verdict, or [] if there is none; "

// statusList returns the statuses of a workflow, with their ids.
func statusList(flow []jiradata.Status) string {
	var out []string
	for _, st := range flow {
		out = append(out, fmt.Sprintf("%q (%s)", st.Name, st.ID))
	}
	return list(out)
}

// fields looks at what else the config names that is the Jira's: user fields,
// issue types and components.
func (e *examination) fields(context.Context) ([]Line, error) {
	var lines []Line
	watched := latency.Set{}
	for _, p := range e.watched {
		watched[p.Key] = true
		for _, key := range []string{"owner_field", "delegate_field"} {
			lines = append(lines, e.userField(p, key)...)
		}
	}
	lines = append(lines, e.types()...)
	for _, problem := range e.rules.Problems {
		_, rest, ok := strings.Cut(problem.Key, ".components.")
		if project, _, _ := strings.Cut(strings.TrimPrefix(problem.Key, "projects."), "."); ok && rest != "" && watched[project] {
			lines = append(lines, Line{Topic: "fields", Grade: Look, Projects: []string{project}, Text: problem.Message + " (" + e.place(problem.Key) + ")", Remedy: "correct the name, or take it out"})
		}
	}
	return lines, nil
}

// userField looks at a key of the config that names a user field.
func (e *examination) userField(p jiradata.Project, key string) []Line {
	c, r := e.Config.Project(p.Key), e.rules.Rules.Projects[p.ID]
	name, id := c.OwnerField, r.OwnerField
	if key == "delegate_field" {
		name, id = c.DelegateField, r.DelegateField
	}
	if name == "" {
		return nil
	}
	path, written := e.setting(p.Key, key)
	line := Line{Topic: "fields", Projects: []string{p.Key}}
	switch {
	case id == name:
		line.Text = fmt.Sprintf("%s is %s", key, id)
	case id != "":
		line.Text = fmt.Sprintf("%s is %q (%s)", key, name, id)
	case written:
		line.Grade = Broken
		line.Text, line.Remedy = e.userFieldProblem(path, name)
	default:
		line.Text = fmt.Sprintf("there is no user field %q, the built-in %s: components, the project's owner and its lead say who owns a story", name, key)
	}
	return []Line{line}
}

// userFieldProblem says what is wrong with a user field, by the rules' own words.
func (e *examination) userFieldProblem(path, name string) (text, remedy string) {
	var people []string
	for _, f := range e.facts.Meta.Fields {
		if f.People {
			people = append(people, f.Name)
		}
	}
	for _, problem := range e.rules.Problems {
		if key := problem.Key; key == path || strings.HasSuffix(key, path[strings.LastIndexByte(path, '.'):]) {
			text, remedy, _ = strings.Cut(problem.Message, "; ")
			break
		}
	}
	if near := config.Nearest(name, people, 1); len(near) > 0 {
		text += fmt.Sprintf("; did you mean %q?", near[0])
	}
	return text + " (" + e.place(path) + ")", remedy
}

// types says which issue types count as stories.
func (e *examination) types() []Line {
	for _, problem := range e.rules.Problems {
		if problem.Key == "jira.issue_types" {
			text, remedy, _ := strings.Cut(problem.Message, "; ")
			return []Line{{Topic: "types", Grade: Broken, Text: text + " (" + e.place(problem.Key) + ")", Remedy: remedy}}
		}
	}
	names := map[string]bool{}
	for _, t := range e.facts.Meta.Types {
		if e.rules.Rules.Types[t.ID] {
			names[t.Name] = true
		}
	}
	return []Line{{Topic: "types", Text: "stories are of type " + list(slices.Sorted(maps.Keys(names)))}}
}
