package diagnose

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/rules"
)

// projects reads what describes stories, and finds the watched projects.
func (e *examination) projects(ctx context.Context) ([]Line, error) {
	e.Progress("reading projects, fields and statuses")
	meta, err := e.Client.Meta(ctx, e.Config.Jira.Projects)
	if err != nil {
		return nil, err
	}
	e.watched = meta.Projects
	lines, err := e.missing(ctx, meta.Missing)
	if err != nil {
		return nil, err
	}
	if jql := e.Config.Jira.JQL; jql != "" {
		if err := e.Client.TryQuery(ctx, jql, e.me.At); errors.Is(err, jira.ErrRefused) {
			e.dead = true
			text, _ := explain(err)
			return append(lines, Line{Topic: "projects", Grade: Broken, Text: text, Remedy: "correct " + e.place("jira.jql") + "; Jira's own search for issues says where the mistake is"}), nil
		} else if err != nil {
			return nil, err
		}
		if err := e.projectsOfQuery(ctx, meta); err != nil {
			return nil, err
		}
		lines = append(lines, Line{Topic: "projects", Text: fmt.Sprintf("jira.jql is understood; of the %d projects that the account sees it has found stories of %d", len(meta.Projects), len(e.watched))})
		if len(e.watched) == 0 {
			lines[len(lines)-1].Grade, lines[len(lines)-1].Remedy = Look, "a query that finds no story watches nothing: check jira.jql"
		}
	}
	e.facts = rules.Facts{Meta: meta, Users: meta.Users}
	if e.store != nil {
		if stored, err := query.Facts(ctx, e.store); err == nil {
			e.facts.Users, e.facts.Leads, e.facts.Resolved = append(e.facts.Users, stored.Users...), stored.Leads, stored.Resolved
		}
	}
	e.rules = rules.New(e.Config, e.facts)
	for _, p := range e.watched {
		lead := "has no lead"
		if p.Lead != "" {
			lead = "is led by " + e.name(p.Lead)
		}
		lines = append(lines, Line{Topic: "projects", Projects: []string{p.Key}, Text: fmt.Sprintf("%q %s", p.Name, lead)})
	}
	const many = 8
	if len(e.watched) > many {
		var keys []string
		for _, p := range e.watched {
			keys = append(keys, p.Key)
		}
		lines = slices.DeleteFunc(lines, func(l Line) bool { return l.Topic == "projects" && len(l.Projects) > 0 && l.Grade == Works })
		lines = append(lines, Line{Topic: "projects", Text: fmt.Sprintf("%d are watched: %s", len(keys), strings.Join(keys, ", "))})
	}
	return lines, nil
}

// name returns what an account is called: by the rules an owner's key stands for
// a person, and this is the person.
func (e *examination) name(account string) string {
	for _, u := range e.facts.Users {
		if u.ID == account && u.DisplayName != "" {
			return u.DisplayName
		}
	}
	return account
}

// missing says which projects of the config Jira does not show, and which were
// probably meant.
func (e *examination) missing(ctx context.Context, keys []string) ([]Line, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	all, _, _, err := e.Client.Projects(ctx, nil)
	if err != nil {
		return nil, err
	}
	var visible []string
	for _, p := range all {
		visible = append(visible, p.Key)
	}
	slices.Sort(visible)
	var lines []Line
	for _, key := range keys {
		text := fmt.Sprintf("Jira shows the account no project %s", key)
		if near := config.Nearest(key, visible, 1); len(near) > 0 {
			text += fmt.Sprintf("; did you mean %s?", near[0])
		}
		lines = append(lines, Line{
			Topic: "projects", Grade: Broken, Text: text,
			Remedy: fmt.Sprintf("correct %s, or let the account browse the project; it sees %s", e.place("jira.projects"), list(visible)),
		})
	}
	return lines, nil
}

// list returns words for a sentence; of many, the first.
func list(words []string) string {
	const most = 30
	switch {
	case len(words) == 0:
		return "none"
	case len(words) > most:
		return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), len(words)-most)
	}
	return strings.Join(words, ", ")
}

// place returns where a key of the config is, as file:line: key.
func (e *examination) place(key string) string {
	if line := e.Config.Line(key); line > 0 && e.Config.Written(key) {
		return fmt.Sprintf("%s:%d: %s", e.Config.File(), line, key)
	}
	return key
}

// projectsOfQuery makes the projects in which jira.jql found stories the watched
// ones: those of the store, or of the sample if there is none.
func (e *examination) projectsOfQuery(ctx context.Context, meta jiradata.Meta) error {
	e.facts = rules.Facts{Meta: meta, Users: meta.Users}
	past, err := e.readPast(ctx)
	if err != nil {
		return err
	}
	e.past = past
	e.watched = slices.DeleteFunc(slices.Clone(meta.Projects), func(p jiradata.Project) bool { return past.stories[p.ID] == 0 })
	return nil
}

// permissions asks what the account may do in each watched project.
func (e *examination) permissions(ctx context.Context) ([]Line, error) {
	var lines []Line
	for _, p := range e.watched {
		e.Progress("asking for the permissions in " + p.Key)
		can, err := e.Client.Permissions(ctx, p.Key, "BROWSE_PROJECTS")
		if err != nil {
			return lines, err
		}
		line := Line{Topic: "permissions", Projects: []string{p.Key}, Text: "the account may browse the project"}
		if !can["BROWSE_PROJECTS"] {
			line.Grade, line.Text, line.Remedy = Broken, "the account may not browse the project", "give it the permission Browse Projects there"
		}
		lines = append(lines, line)
	}
	return lines, nil
}
