package orgs

import (
	"cmp"
	"fmt"
	"math"
	"math/rand"
	"slices"
	"strconv"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// generator makes one organisation, story by story in order of creation.
type generator struct {
	plan       plan
	opts       Options
	rng        *rand.Rand
	site       *jirasim.Site
	start, end time.Time
	truth      Truth

	people  map[string]*worker // by ref
	devs    []*worker
	testers []*worker
	manager *worker
	bot     *worker
	nextID  int // of statuses and components
	shared  map[string]*jirasim.Status
}

// worker is somebody with working hours; automation works at all hours.
type worker struct {
	user     *jirasim.User
	zone     *time.Location
	from, to int // minutes of the local day
	always   bool
	away     [2]time.Time // a leave; zero: none
}

// project is a project that is being filled.
type project struct {
	plan   projectPlan
	jira   *jirasim.Project
	status map[purpose]*jirasim.Status
	parts  []component
}

type component struct{ id, name, owner string }

const typeStory, typeBug, typeTask = "10001", "10004", "10002"

func (g *generator) generate() error {
	g.people, g.shared, g.nextID = map[string]*worker{}, map[string]*jirasim.Status{}, 10300
	g.truth = Truth{Projects: map[string]*Project{}, Hours: map[string]Hours{}}
	if err := g.hire(); err != nil {
		return err
	}
	for _, t := range []*jirasim.IssueType{{ID: typeStory, Name: "Story"}, {ID: typeBug, Name: "Bug"}, {ID: typeTask, Name: "Task"}} {
		g.site.AddType(t)
	}
	for _, f := range g.plan.fields {
		field := &jirasim.Field{ID: f.id, Name: f.name, Custom: true, SchemaType: "user", SchemaCustom: "com.atlassian.jira.plugin.system.customfieldtypes:userpicker"}
		if f.many {
			field.SchemaType, field.SchemaItems, field.SchemaCustom = "array", "user", "com.atlassian.jira.plugin.system.customfieldtypes:people"
		}
		g.site.AddField(field)
	}
	for i, p := range g.plan.projects {
		g.fill(g.addProject(p, i))
	}
	return nil
}

// hire makes the people and the automation.
func (g *generator) hire() error {
	add := func(ref, name, kind, zone, profile string, from, to int) (*worker, error) {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			return nil, fmt.Errorf("the zone of %s: %w", ref, err)
		}
		n := g.rng.Int63()
		w := &worker{zone: loc, from: from * 60, to: to * 60, user: g.site.AddUser(&jirasim.User{
			Ref: ref, AccountID: fmt.Sprintf("5c%022x", n), Name: ref, Key: fmt.Sprintf("JIRAUSER%05d", 10200+len(g.people)),
			DisplayName: name, AccountType: kind, Active: true, TimeZone: cmp.Or(profile, zone),
		})}
		g.people[ref] = w
		return w, nil
	}
	var err error
	for _, o := range g.plan.owners {
		w, e := add(o.ref, o.name, "atlassian", o.zone, o.profile, o.from, o.to)
		if err = cmp.Or(err, e); e == nil {
			g.truth.Hours[g.account(w)] = Hours{Zone: o.zone, From: w.from, To: w.to}
		}
	}
	for i := range g.plan.devs {
		w, e := add(fmt.Sprintf("dev%d", i+1), fmt.Sprintf("Developer %d", i+1), "atlassian", g.plan.zone, "", 8+i%3, 16+i%3)
		g.devs, err = append(g.devs, w), cmp.Or(err, e)
	}
	for i := range g.plan.testers {
		w, e := add(fmt.Sprintf("tester%d", i+1), fmt.Sprintf("Tester %d", i+1), "atlassian", g.plan.zone, "", 9, 17)
		g.testers, err = append(g.testers, w), cmp.Or(err, e)
	}
	var e error
	g.manager, e = add("manager", "Morgan Head", "atlassian", g.plan.zone, "", 9, 17)
	err = cmp.Or(err, e)
	g.bot, e = add("bot", g.plan.botName, "app", "UTC", "", 0, 24)
	if err = cmp.Or(err, e); err != nil {
		return err
	}
	g.bot.always = true
	g.truth.Automation = []string{g.account(g.bot)}
	self, err := add("collector", "yourturn", "atlassian", "UTC", "", 0, 24)
	if err != nil {
		return err
	}
	g.site.Self = self.user
	if g.plan.delegate > 0 { // the first owner is on leave for two weeks
		at := g.start.AddDate(0, 0, g.opts.Days/2)
		g.people[g.plan.owners[0].ref].away = [2]time.Time{at, at.AddDate(0, 0, 14)}
	}
	return nil
}

func (g *generator) account(w *worker) string { return w.user.ID(g.opts.Flavor) }

// addProject makes a project with its workflow, and its truth.
func (g *generator) addProject(p projectPlan, n int) *project {
	lead := g.manager
	if p.lead != "" {
		lead = g.people[p.lead]
	}
	out := &project{plan: p, status: map[purpose]*jirasim.Status{}, jira: g.site.AddProject(&jirasim.Project{
		ID: strconv.Itoa(10500 + n), Key: p.key, Name: p.name, Lead: lead.user, IssueTypes: []string{typeStory, typeBug, typeTask},
	})}
	truth := &Project{Living: !p.dead, Owner: p.owner, OwnerField: p.field}
	for _, s := range p.statuses {
		st := g.shared[s.name]
		if st == nil || g.plan.teamOwned {
			g.nextID++
			st = g.site.AddStatus(&jirasim.Status{ID: strconv.Itoa(g.nextID), Name: s.name, Category: s.category})
			g.shared[s.name] = st
		}
		out.status[s.is] = st
		out.jira.Statuses = append(out.jira.Statuses, st.ID)
		switch s.is {
		case isAccept, isDeciding:
			truth.Acceptance = append(truth.Acceptance, st.ID)
		case isReleased, isDone:
			truth.Accepted = append(truth.Accepted, st.ID)
		case isDropped:
			truth.Withdrawn = append(truth.Withdrawn, st.ID)
		case isParked:
			truth.Paused = append(truth.Paused, st.ID)
		case isAsking:
			truth.Question = append(truth.Question, st.ID)
		default: // a story is worked on there
		}
	}
	if out.status[isAccept] == nil {
		truth.Accepted = nil // there is nothing to accept
	}
	for i, name := range p.components {
		g.nextID++
		out.parts = append(out.parts, component{strconv.Itoa(g.nextID), name, p.deciders[i]})
		if truth.Components == nil {
			truth.Components = map[string]string{}
		}
		truth.Components[name] = g.account(g.people[p.deciders[i]])
	}
	for _, ref := range p.deciders {
		truth.Deciders = append(truth.Deciders, g.account(g.people[ref]))
	}
	g.truth.Projects[p.key] = truth
	return out
}

// fill lets the project's stories happen.
func (g *generator) fill(p *project) {
	from, span := g.start, g.end.Sub(g.start)
	if p.plan.dead {
		from = g.end.AddDate(-2, -6, 0)
		span = 120 * 24 * time.Hour
	}
	made := make([]time.Time, p.plan.stories)
	for i := range made {
		made[i] = from.Add(time.Duration(g.rng.Float64() * 0.97 * float64(span)))
	}
	slices.SortFunc(made, time.Time.Compare)
	for i, at := range made {
		end := g.end
		if p.plan.dead {
			end = from.Add(span).AddDate(0, 2, 0)
		}
		g.live(p, i, at, end)
	}
}

// next returns an instant in w's working hours at which delay of those hours
// has passed since t. Now and then somebody works late.
func (g *generator) next(w *worker, t time.Time, delay time.Duration) time.Time {
	if w.always {
		return t.Add(delay/4 + time.Duration(g.rng.Intn(20_000))*time.Millisecond)
	}
	if g.rng.Float64() < 0.02 {
		return t.Add(delay + time.Duration(g.rng.Intn(3_600_000))*time.Millisecond)
	}
	if !w.away[0].IsZero() && !t.Before(w.away[0]) && t.Before(w.away[1]) {
		t = w.away[1]
	}
	for day := t.In(w.zone); ; day = day.AddDate(0, 0, 1) {
		y, m, d := day.Date()
		if wd := time.Date(y, m, d, 12, 0, 0, 0, w.zone).Weekday(); wd == time.Saturday || wd == time.Sunday {
			continue
		}
		from, to := time.Date(y, m, d, 0, w.from, 0, 0, w.zone), time.Date(y, m, d, 0, w.to, 0, 0, w.zone)
		if from.Before(t) {
			from = t
		}
		if left := to.Sub(from); left > delay {
			return from.Add(delay + time.Duration(g.rng.Intn(59_000))*time.Millisecond)
		} else if left > 0 {
			delay -= left
		}
	}
}

// takes draws a working time around median, with a long tail.
func (g *generator) takes(median time.Duration) time.Duration {
	return time.Duration(float64(median) * math.Exp(0.9*g.rng.NormFloat64()))
}

func (g *generator) chance(p float64) bool { return g.rng.Float64() < p }

func (g *generator) pick(list []*worker, not ...*worker) *worker {
	for {
		if w := list[g.rng.Intn(len(list))]; !slices.Contains(not, w) || len(list) <= len(not) {
			return w
		}
	}
}
