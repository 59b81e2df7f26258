package team

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// ownerField is the custom field "Product Owner".
const ownerField = "customfield_10050"

// sprintField and flagField are those of Jira itself.
const (
	sprintField = "customfield_10020"
	flagField   = "customfield_10021"
)

// project is a project with its workflow: names of statuses.
type project struct {
	jira                            *jirasim.Project
	todo, doing, paused, asked      string
	review, test                    string // through which a story goes before its owner has it
	accept, accepted, done, dropped string
	accept2                         string // a second status of the acceptance set, or ""
	reopened                        string // where a story goes that was done too early, or ""
	status                          map[string]*jirasim.Status
	assignment                      bool
	people                          []string // owners whose stories are in it; none: everybody's
	lapse                           time.Duration
	first, second                   string // owners; the second from switched on
	switched                        time.Time
	component, componentOwner       string
	formerly                        string // the component's name until switched, or ""
	lead                            string // owner, where the config names none
	flagPauses                      bool   // Jira's flag stops the clock of acceptance
	awayRuns                        bool   // the owner's clock runs while the owner is absent
	epics                           []*epic
	sprints                         []*jirasim.Sprint
}

// blocked is the status of a story that the team cannot go on with, in every project.
const blocked = "Blocked"

// manifold is a name that several projects each have a status of their own for.
const manifold = "In Progress"

// epic is a parent; owner is what its field says, or "".
type epic struct {
	id    int64
	key   string
	owner string
}

// types are ids of issue types.
const (
	typeStory   = "10001"
	typeBug     = "10002"
	typeSubtask = "10003"
	typeEpic    = "10000"
	typeWish    = "10009" // Jira does not list it any more
)

func (t *Team) types() map[string]map[string]any {
	return map[string]map[string]any{
		typeStory:   {"id": typeStory, "name": "Story", "subtask": false, "hierarchyLevel": 0},
		typeBug:     {"id": typeBug, "name": "Bug", "subtask": false, "hierarchyLevel": 0},
		typeSubtask: {"id": typeSubtask, "name": "Sub-task", "subtask": true, "hierarchyLevel": -1},
		typeWish:    {"id": typeWish, "name": "Wish", "subtask": false, "hierarchyLevel": 0},
		typeEpic:    {"id": typeEpic, "name": "Epic", "subtask": false, "hierarchyLevel": 1},
	}
}

// organise makes projects, workflows, boards and epics.
func (t *Team) organise() {
	s := t.site
	s.AddType(&jirasim.IssueType{ID: typeEpic, Name: "Epic", Level: 1})
	s.AddType(&jirasim.IssueType{ID: typeStory, Name: "Story"})
	s.AddType(&jirasim.IssueType{ID: typeBug, Name: "Bug"})
	s.AddType(&jirasim.IssueType{ID: typeSubtask, Name: "Sub-task", Subtask: true, Level: -1})
	s.AddField(&jirasim.Field{
		ID: ownerField, Name: "Product Owner", Custom: true, SchemaType: "user",
		SchemaCustom: "com.atlassian.jira.plugin.system.customfieldtypes:userpicker",
	})
	s.AddField(&jirasim.Field{
		ID: sprintField, Name: "Sprint", Custom: true, SchemaType: "array", SchemaItems: "json",
		SchemaCustom: "com.pyxis.greenhopper.jira:gh-sprint",
	})
	s.AddField(&jirasim.Field{
		ID: flagField, Name: "Flagged", Custom: true, SchemaType: "array", SchemaItems: "option",
		SchemaCustom: "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes",
	})
	t.projects = []*project{
		{
			todo: "To Do", doing: "In Progress", review: "In Review", test: "In Test", paused: "On Hold", asked: "Waiting for PO", accept: "PO Review", accepted: "Done", done: "Done",
			dropped: "Dropped", first: "ada", component: "Ledger", componentOwner: "bo",
		},
		{
			todo: "Open", doing: "In Development", review: "Code Review", test: "QA", paused: "Third party check", asked: "PO Input", accept: "Ready for sign-off", accept2: "In sign-off",
			accepted: "Shipped", done: "Shipped", dropped: "Cancelled", assignment: true, flagPauses: true, first: "cy", second: "dee",
			switched: t.opts.Start.Add(t.opts.End.Sub(t.opts.Start) / 2).Truncate(time.Hour), component: "Checkout", formerly: "Cart", componentOwner: "eve",
		},
		{
			todo: "Open", doing: "In Progress", review: "Peer Review", test: "Verification", paused: "Suspended", asked: "Waiting for PO", accept: "Resolved", accepted: "Closed", done: "Closed",
			dropped: "Rejected", reopened: "Reopened", assignment: true, lapse: 40 * time.Hour, lead: "fin", awayRuns: true,
		},
		{
			todo: "Backlog", doing: "Building", review: "In Review", test: "Testing", paused: "Parked", asked: "Waiting for PO", accept: "PO Review", accepted: "Ready for Release", done: "Done",
			dropped: "Dropped", flagPauses: true, first: "gil", component: "Watch", componentOwner: "hana",
		},
	}
	if t.opts.Ordinary { // the owner of the first is slow, and that of the third is there when the team is
		t.projects[0].first, t.projects[0].componentOwner = "bo", "ada"
		t.projects[1].second, t.projects[2].lead = "fin", "dee"
		for i, people := range [][]string{{"bo", "ada", "dee"}, {"cy", "fin", "eve"}, {"dee", "ada"}, {"gil", "hana", "eve"}} {
			t.projects[i].people = people
		}
	}
	// The laboratory is not watched.
	t.lab = &project{todo: "Idea", doing: "Experiment", done: "Done", dropped: "Dropped", accepted: "Done", first: "ada"}
	keys := []string{"PAY", "WEB", "OPS", "APP", "LAB"}
	names := []string{"Payments", "Web shop", "Operations", "Mobile app", "Laboratory"}
	next := 10100
	shared := map[string]*jirasim.Status{} // some statuses are shared by projects, some have a namesake elsewhere
	for i, p := range append(slices.Clone(t.projects), t.lab) {
		p.jira = s.AddProject(&jirasim.Project{
			ID: strconv.Itoa(10000 + i), Key: keys[i], Name: names[i], IssueTypes: []string{typeEpic, typeStory, typeBug, typeSubtask},
		})
		if p.lead != "" {
			p.jira.Lead = t.owners[p.lead].user
		} else {
			p.jira.Lead = t.devs[0]
		}
		p.status = map[string]*jirasim.Status{}
		for _, st := range []struct{ name, category string }{
			{p.todo, "new"},
			{p.doing, "indeterminate"},
			{p.paused, "indeterminate"},
			{p.asked, "indeterminate"},
			{p.accept, map[bool]string{true: "done", false: "indeterminate"}[p.accept == "Resolved"]},
			{p.accept2, "indeterminate"},
			{p.reopened, "new"},
			{p.accepted, map[bool]string{true: "indeterminate", false: "done"}[p.accepted == "Ready for Release"]},
			{p.done, "done"},
			{p.dropped, "done"},
			{p.review, "indeterminate"},
			{p.test, "indeterminate"},
			{map[bool]string{false: blocked}[p == t.lab], "indeterminate"},
		} {
			if st.name == "" || p.status[st.name] != nil {
				continue
			}
			have := shared[st.name]
			if have == nil || st.name == manifold {
				next++
				have = s.AddStatus(&jirasim.Status{ID: strconv.Itoa(next), Name: st.name, Category: st.category})
				shared[st.name] = have
			}
			p.status[st.name] = have
			p.jira.Statuses = append(p.jira.Statuses, have.ID)
		}
		if p == t.lab {
			break
		}
		p.sprints = t.sprints(p.jira.Key, int64(i+1))
		for e := range 4 {
			at := t.opts.Start.Add(time.Duration(e+1) * time.Minute)
			fields := map[string]any{
				"issuetype": t.types()[typeEpic], "summary": epicTitle(p.jira.Key, e), "status": renderStatus(p.status[p.todo]), "labels": []string{},
			}
			ep := &epic{}
			if e%2 == 1 {
				ep.owner = t.refs[(i+e)%len(t.refs)]
				if n := len(p.people); n > 0 {
					ep.owner = p.people[(1+e/2)%n]
				}
				fields[ownerField] = t.owners[ep.owner].user
			}
			ep.id = s.CreateIssue(at, t.devs[0], p.jira, fields)
			ep.key = fmt.Sprintf("%s-%d", p.jira.Key, e+1)
			p.epics = append(p.epics, ep)
		}
	}
	for _, p := range t.projects {
		if p.second != "" {
			t.put(p.switched, nil, func() (time.Time, bool) {
				t.switchOwner(p)
				return time.Time{}, false
			})
		}
	}
}

// sprints makes a board with two-week sprints up to the end of the history;
// the last one is active.
func (t *Team) sprints(key string, board int64) []*jirasim.Sprint {
	b := &jirasim.Board{ID: board, Name: key + " board", Type: "scrum", ProjectKey: key}
	for at, n := t.firstSprint(), int64(1); at.Before(t.opts.End); at, n = at.AddDate(0, 0, 14), n+1 {
		end := at.AddDate(0, 0, 14)
		sp := &jirasim.Sprint{ID: board*100 + n, Name: fmt.Sprintf("%s Sprint %d", key, n), State: "closed", Start: at, End: end, Complete: end}
		if end.After(t.opts.End) {
			sp.State, sp.Complete = "active", time.Time{}
		}
		b.Sprints = append(b.Sprints, sp)
	}
	t.site.AddBoard(b)
	return b.Sprints
}

// firstSprint returns when the first sprint begins. Those of an ordinary organisation
// begin on a Monday morning, and the one that runs has for some days.
func (t *Team) firstSprint() time.Time {
	if !t.opts.Ordinary {
		return t.opts.Start
	}
	at := t.opts.End.In(t.office.zone).AddDate(0, 0, -4)
	y, m, d := at.AddDate(0, 0, -int(at.Weekday()+6)%7).Date()
	at = time.Date(y, m, d, 0, t.office.from, 0, 0, t.office.zone)
	for at.After(t.opts.Start) {
		at = at.AddDate(0, 0, -14)
	}
	return at
}

// sprint returns the sprint that runs at t, or nil.
func (p *project) sprint(at time.Time) *jirasim.Sprint {
	for _, sp := range p.sprints {
		if !at.Before(sp.Start) && at.Before(sp.End) {
			return sp
		}
	}
	return nil
}

// renderStatus is a status as an issue's field holds it.
func renderStatus(st *jirasim.Status) map[string]any {
	id := map[string]int{"new": 2, "indeterminate": 4, "done": 3}[st.Category]
	name := map[string]string{"new": "To Do", "indeterminate": "In Progress", "done": "Done"}[st.Category]
	return map[string]any{"id": st.ID, "name": st.Name, "statusCategory": map[string]any{"id": id, "key": st.Category, "name": name}}
}

// switchOwner lets a project's second owner take over all stories that the project's
// owner owns.
func (t *Team) switchOwner(p *project) {
	for _, l := range t.lives {
		if l.p == p {
			l.reown(nil)
		}
	}
}

// handEpic gives an epic to an owner, and with it the stories that name none themselves.
func (t *Team) handEpic(who *jirasim.User, e *epic, ref string) {
	u := t.site.User(ref)
	it := jirasim.Item{Field: "Product Owner", FieldType: "custom", FieldID: ownerField, To: ptr(u.ID(t.opts.Flavor)), ToString: ptr(u.DisplayName)}
	if old := t.site.Person(e.id, ownerField); old != nil {
		it.From, it.FromString = ptr(old.ID(t.opts.Flavor)), ptr(old.DisplayName)
	}
	t.site.Change(t.now, who, e.id, map[string]any{ownerField: u}, it)
	e.owner = ref
	for _, l := range t.lives {
		if l.epic == e {
			l.reown(nil)
		}
	}
}

// ownerOf returns who owns the project's stories by config or lead at t.
func (p *project) ownerOf(at time.Time) string {
	switch {
	case p.lead != "":
		return p.lead
	case p.second != "" && !at.Before(p.switched):
		return p.second
	}
	return p.first
}

// patience returns the working time without a comment after which a question lapses.
func (p *project) patience() time.Duration { return cmp.Or(p.lapse, 240*time.Hour) }

// accepts reports whether a story in that status waits for a verdict.
func (p *project) accepts(status string) bool {
	return status == p.accept || status == p.accept2 && p.accept2 != ""
}

// terminal reports whether a status ends a story.
func (p *project) terminal(status string) bool { return status == p.done || status == p.dropped }
