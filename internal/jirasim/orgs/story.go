package orgs

import (
	"strconv"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// story is one story's life.
type story struct {
	g     *generator
	p     *project
	id    int64
	at    time.Time // when something happened last
	end   time.Time // the history ends then
	over  bool
	is    purpose
	dev   *worker // who builds it
	owner *worker // who decides on it
	mover *worker
}

// live lets a story happen from its creation on.
func (g *generator) live(p *project, n int, at, end time.Time) {
	s := &story{g: g, p: p, end: end, is: isTodo, owner: g.manager}
	if len(p.plan.deciders) > 0 {
		s.owner = g.decider(p)
	} else if p.plan.lead != "" {
		s.owner = g.people[p.plan.lead]
	}
	s.dev = g.pick(g.devs)
	creator := g.pick(append([]*worker{s.owner, s.owner}, g.devs...))
	if p.plan.owner == OwnerByReporter {
		creator = s.owner
	}
	if s.at = g.next(creator, at, 0); s.at.After(end) {
		return
	}
	fields := map[string]any{
		"issuetype": map[string]any{"id": typeStory, "name": "Story", "subtask": false, "hierarchyLevel": 0}, "summary": title(g.plan.name, p.plan.key, n),
		"status": render(p.status[isTodo]), "labels": []string{}, "assignee": (*jirasim.User)(nil), "resolution": nil, "components": []any{},
	}
	if len(p.parts) > 0 && g.chance(0.95) {
		part := p.parts[g.rng.Intn(len(p.parts))]
		s.owner = g.people[part.owner]
		fields["components"] = []any{map[string]any{"id": part.id, "name": part.name}}
	}
	for _, f := range g.plan.fields {
		if u := s.fieldPerson(f); u != nil {
			fields[f.id] = u
		}
	}
	s.id = g.site.CreateIssue(s.at, creator.user, p.jira, fields)
	s.run()
}

// decider draws who decides on a story, the busiest most often.
func (g *generator) decider(p *project) *worker {
	sum := 0
	weight := func(ref string) int {
		for _, o := range g.plan.owners {
			if o.ref == ref {
				return o.weight
			}
		}
		return 1
	}
	for _, ref := range p.plan.deciders {
		sum += weight(ref)
	}
	n := g.rng.Intn(sum)
	for _, ref := range p.plan.deciders {
		if n -= weight(ref); n < 0 {
			return g.people[ref]
		}
	}
	return g.people[p.plan.deciders[0]]
}

// fieldPerson returns what a user field holds from the story's creation on.
func (s *story) fieldPerson(f fieldPlan) any {
	g := s.g
	if !g.chance(f.filled) {
		return nil
	}
	w := s.owner
	switch {
	case f.holds == "tester" && len(g.testers) > 0:
		w = g.pick(g.testers)
	case f.holds != "owner":
		w = g.pick(g.devs, s.dev)
	}
	if f.many {
		return []*jirasim.User{w.user}
	}
	return w.user
}

// run plays the story from the backlog to its end.
func (s *story) run() {
	g, p := s.g, s.p
	if p.plan.drop > 0 && g.chance(p.plan.drop/2) && p.status[isDropped] != nil {
		s.move(s.owner, isDropped, 30*time.Hour, "Won't Do")
		return
	}
	s.pickUp()
	if g.chance(p.plan.ask) {
		s.question()
	}
	for !s.over {
		s.build()
		if s.over || s.skips() {
			return
		}
		if p.status[isAccept] == nil {
			s.move(s.last(), isDone, time.Hour, "Done")
			return
		}
		if s.accepted() {
			return
		}
	}
}

// pickUp gives the story to its developer.
func (s *story) pickUp() {
	if !s.act(s.dev, s.g.takes(20*time.Hour)) {
		return
	}
	item := jirasim.Item{Field: "assignee", FieldType: "jira", FieldID: "assignee", To: some(s.g.account(s.dev)), ToString: some(s.dev.user.DisplayName)}
	s.g.site.Change(s.at, s.dev.user, s.id, map[string]any{"assignee": s.dev.user}, item)
	s.move(s.dev, isDoing, time.Minute, "")
	s.noise()
}

// build is work, review and test until the story is ready for a verdict.
func (s *story) build() {
	g, p := s.g, s.p
	for !s.over {
		if s.is == isReopened && g.chance(0.6) {
			s.move(s.dev, isDoing, g.takes(3*time.Hour), "")
		}
		if !s.act(s.dev, g.takes(8*time.Hour)) {
			return
		}
		if p.status[isReview] != nil {
			who := s.dev
			if g.chance(g.plan.bot) { // a pull request was opened
				who = g.bot
			}
			s.move(who, isReview, time.Minute, "")
			s.noise()
			reviewer := g.pick(g.devs, s.dev)
			if g.chance(0.15) {
				s.comment(reviewer, g.takes(3*time.Hour), "Please rename this.")
				s.move(reviewer, isDoing, time.Minute, "")
				continue
			}
			if p.status[isTest] == nil {
				if !s.act(reviewer, g.takes(3*time.Hour)) {
					return
				}
				if g.chance(0.5) { // who reviewed says so, and the developer hands it in
					s.comment(reviewer, time.Minute, "Approved.")
					s.mover = s.dev
				} else {
					s.mover = reviewer
				}
				return
			}
			s.move(reviewer, isTest, g.takes(3*time.Hour), "")
		}
		if p.status[isTest] != nil {
			tester := g.pick(append(g.testers, g.devs[:max(0, 1-len(g.testers))]...))
			if !s.act(tester, g.takes(4*time.Hour)) {
				return
			}
			if g.chance(0.12) {
				s.comment(tester, time.Minute, "The total is wrong on mobile.")
				s.move(tester, isDoing, time.Minute, "")
				continue
			}
			s.mover = tester
			return
		}
		s.mover = s.dev
		return
	}
}

// last returns who hands the story on.
func (s *story) last() *worker {
	if s.mover != nil {
		return s.mover
	}
	return s.dev
}

// skips lets a story end without acceptance now and then.
func (s *story) skips() bool {
	g, p := s.g, s.p
	if p.status[isAccept] == nil || !g.chance(p.plan.bypass) {
		return false
	}
	s.move(s.last(), isDone, time.Hour, "Done")
	return true
}

// accepted plays a visit of acceptance, and reports whether the story is over.
func (s *story) accepted() bool {
	g, p := s.g, s.p
	resolution := ""
	if p.status[isAccept].Category == categoryDone {
		resolution = "Fixed"
	}
	s.move(s.last(), isAccept, 10*time.Minute, resolution)
	s.noise()
	if s.over {
		return true
	}
	if g.chance(p.plan.recall) {
		s.move(s.dev, s.back(), g.takes(2*time.Hour), "")
		return s.over
	}
	who, wait := s.owner, g.takes(5*time.Hour)
	if g.plan.delegate > 0 && !who.away[0].IsZero() && s.at.After(who.away[0]) && s.at.Before(who.away[1]) {
		who = g.people[g.plan.owners[g.plan.delegate-1].ref]
	}
	if p.status[isParked] != nil && g.chance(p.plan.park) {
		s.move(who, isParked, g.takes(4*time.Hour), "")
		s.move(who, isAccept, g.takes(30*time.Hour), "")
	}
	if p.status[isDeciding] != nil {
		s.move(who, isDeciding, wait, "")
		wait = g.takes(2 * time.Hour)
	}
	draw := g.rng.Float64()
	switch {
	case draw < p.plan.reject:
		if g.chance(0.8) {
			s.comment(who, wait, "Not yet: the second case of the story is missing.")
			wait = time.Minute
		}
		s.move(who, s.back(), wait, "")
		return s.over
	case draw < p.plan.reject+p.plan.drop && p.status[isDropped] != nil:
		s.move(who, isDropped, wait, "Won't Do")
		return true
	}
	if p.status[isReleased] == nil {
		s.move(who, isDone, wait, "Done")
		return true
	}
	s.move(who, isReleased, wait, "")
	release := g.pick(g.devs)
	if p.plan.byBot {
		release = g.bot
	}
	s.move(release, isDone, 30*time.Hour, "Done")
	return true
}

// back is where a story goes that is not accepted.
func (s *story) back() purpose {
	if s.p.status[isReopened] != nil {
		return isReopened
	}
	return isDoing
}

// question asks the owner, by a comment or by the status for it.
func (s *story) question() {
	g, p := s.g, s.p
	if s.p.status[isAsking] != nil && g.chance(0.5) {
		s.move(s.dev, isAsking, g.takes(3*time.Hour), "")
		s.comment(s.owner, g.takes(4*time.Hour), "Yes, as in the old shop.")
		back := s.owner
		if g.chance(0.4) {
			back = s.dev
		}
		s.move(back, isDoing, 20*time.Minute, "")
		return
	}
	if p.plan.owner == OwnerByHabit && g.chance(0.5) {
		return
	}
	s.comment(s.dev, g.takes(2*time.Hour), s.owner.user.Mention(g.opts.Flavor)+" which currency should this show?")
	if g.chance(0.2) {
		s.comment(g.pick(g.devs, s.dev), g.takes(time.Hour), "I wonder as well.")
	}
	s.comment(s.owner, g.takes(4*time.Hour), "Euro, please.")
}

// noise is what automation adds.
func (s *story) noise() {
	if g := s.g; g.chance(g.plan.bot) {
		s.comment(g.bot, time.Minute, "Build "+strconv.Itoa(1000+g.rng.Intn(9000))+" passed.")
	}
}

// act lets time pass until w has worked for d, and reports whether that is
// before the history ends.
func (s *story) act(w *worker, d time.Duration) bool {
	if s.over {
		return false
	}
	at := s.g.next(w, s.at.Add(time.Second), d)
	if at.After(s.end) {
		s.over = true
		return false
	}
	s.at = at
	return true
}

// comment lets w comment after d of w's working time.
func (s *story) comment(w *worker, d time.Duration, text string) {
	if s.act(w, d) {
		s.g.site.Comment(s.at, w.user, s.id, text)
	}
}

// move lets w move the story after d of w's working time, with a resolution
// ("" clears it).
func (s *story) move(w *worker, to purpose, d time.Duration, resolution string) {
	if s.is == to || !s.act(w, d) {
		return
	}
	from, into := s.p.status[s.is], s.p.status[to]
	items := []jirasim.Item{{Field: "status", FieldType: "jira", FieldID: "status", From: some(from.ID), FromString: some(from.Name), To: some(into.ID), ToString: some(into.Name)}}
	fields := map[string]any{"status": render(into)}
	if had := s.g.site.Resolution(s.id); had != resolution {
		items = append(items, jirasim.Item{Field: "resolution", FieldType: "jira", FieldID: "resolution", FromString: some(had), ToString: some(resolution)})
		fields["resolution"] = nil
		if resolution != "" {
			fields["resolution"] = map[string]any{"id": "10000", "name": resolution}
		}
	}
	s.g.site.Change(s.at, w.user, s.id, fields, items...)
	s.is, s.mover = to, nil
}

func some(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// render renders a status as an issue's field holds it.
func render(st *jirasim.Status) map[string]any {
	id := map[string]int{categoryNew: 2, categoryWork: 4, categoryDone: 3}[st.Category]
	return map[string]any{"id": st.ID, "name": st.Name, "statusCategory": map[string]any{"id": id, "key": st.Category, "name": st.Category}}
}
