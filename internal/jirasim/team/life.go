package team

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// slipWindow and echo are what the rules call by that name, or leave without one:
// how soon a move is taken back, and how long automation follows its owner.
const (
	slipWindow = 5 * time.Minute
	echo       = time.Minute
)

// source is where a story's owner comes from.
type source int

const (
	byField source = iota
	byEpic
	byComponent
	byProject
)

// life is the life of one story, and what its team knows of it.
type life struct {
	t      *Team
	p      *project
	id     int64
	key    string
	yield  func(time.Time) bool
	silent bool // a sub-task: nobody waits on it

	status  string
	field   string // ref in the owner field; "": not set
	source  source
	label   bool
	planned bool
	cards   []card
	born    card
	mover   *jirasim.User // of the last status move

	acc  *Wait
	q    *question
	prev map[*Wait]*Wait // the part before, of a wait that was handed over

	lastAct, lastComment, ownerAct time.Time
}

// question is an open question as the team knows it.
type question struct {
	wait *Wait
	asks []ask
}

// ask is one question that still stands.
type ask struct {
	at    time.Time
	cause string
	by    *jirasim.User
}

// stopped ends a life whose sleep was ended.
type stopped struct{}

// newLife creates a story, for the first of its cards.
func (t *Team) newLife() *life {
	l := &life{t: t, prev: map[*Wait]*Wait{}}
	n := 1 + t.rng.Intn(3)
	for len(l.cards) < n {
		l.cards = append(l.cards, t.draw())
	}
	l.p = pick(t, t.projects)
	for i, p := range t.projects {
		// The first project that knows what the cards ask for.
		if l.fits(l.p) {
			break
		}
		if l.fits(p) {
			l.p = t.projects[i]
		}
	}
	l.silent = t.chance(0.04)
	l.born = l.cards[0]
	l.status = l.p.todo
	if l.born.cause == createdIn {
		l.status = l.p.accept
	}
	typ := pick(t, []string{typeStory, typeStory, typeBug})
	if l.silent {
		typ = typeSubtask
	}
	fields := map[string]any{
		"issuetype": t.types()[typ], "summary": fmt.Sprintf("Story %d", len(t.lives)+1), "labels": []string{}, "priority": map[string]any{"id": "3", "name": "Medium"},
		"status": renderStatus(l.p.status[l.status]), "assignee": (*jirasim.User)(nil), "resolution": nil, "components": []any{},
	}
	l.own(fields)
	l.mover = pick(t, t.devs)
	l.id = t.site.CreateIssue(t.now, l.mover, l.p.jira, fields)
	l.key = t.site.Key(l.id)
	l.lastAct, l.lastComment = t.now, t.now
	if l.born.cause == createdIn {
		l.beginAcceptance(createdIn)
	}
	return l
}

// fits tells whether all cards can be played in a project.
func (l *life) fits(p *project) bool {
	return !slices.ContainsFunc(l.cards, func(c card) bool { return c.cause == "assignment" && !p.assignment })
}

// own decides whose the story is, and by what.
func (l *life) own(fields map[string]any) {
	t := l.t
	l.source = byProject
	switch {
	case slices.ContainsFunc(l.cards, func(c card) bool { return c.by == "delegate" }):
		l.source, l.field = byField, pick(t, []string{"gil", "eve"})
	case t.speed > 0 && t.chance(0.6):
		// A living team hands stories to whoever is there.
		for range 5 {
			if l.source, l.field = byField, pick(t, t.refs); t.owners[l.field].atWork(t.now).Equal(t.now) {
				break
			}
		}
	case t.chance(0.35):
		l.source, l.field = byField, pick(t, t.refs)
	case t.chance(0.2):
		e := pick(t, l.p.epics)
		fields["parent"] = map[string]any{"id": strconv.FormatInt(e.id, 10), "key": e.key}
		if e.owner != "" {
			l.source, l.field = byEpic, e.owner
		}
	case l.p.component != "" && t.chance(0.3):
		l.source = byComponent
		fields["components"] = []any{map[string]any{"id": "c-" + l.p.jira.Key, "name": l.p.component}}
	}
	if l.field != "" && l.source == byField {
		fields[ownerField] = t.owners[l.field].user
	}
}

// run plays the cards.
func (l *life) run(yield func(time.Time) bool) {
	l.yield = yield
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(stopped); !ok {
				panic(r)
			}
		}
	}()
	for i, c := range l.cards {
		if l.t.speed > 0 && (c.outcome == "" || c.outcome == "lapsed") {
			continue // a living demo does not collect what nobody will ever end
		}
		if c.kind == "acceptance" {
			l.playAcceptance(c, i == 0)
		} else {
			l.playQuestion(c)
		}
		if c.outcome == "" {
			l.sleep(l.t.opts.End.AddDate(10, 0, 0))
		}
	}
	if l.status == l.p.doing && l.q == nil && l.t.chance(0.3) { // done with no acceptance step
		l.rest(4 * time.Hour)
		l.move(l.dev(), l.p.done, "Done")
	}
}

// sleep waits until an instant, and ends the story's life if there is none.
func (l *life) sleep(until time.Time) {
	switch next := l.p.switched; {
	case l.t.speed > 0: // nobody knows yet what will have happened by then
	case l.source == byProject && next.After(l.t.now) && next.Before(until):
		l.giveUp(next) // from then on it is the next owner's to be given up on
	default:
		l.giveUp(until)
	}
	if !l.yield(until) {
		panic(stopped{})
	}
	l.giveUp(l.t.now)
}

// rest lets about d pass, sooner in a fast life.
func (l *life) rest(d time.Duration) {
	d = time.Duration((0.4 + 1.2*l.t.rng.Float64()) * float64(d))
	if l.t.speed > 0 {
		d = time.Duration(float64(d) / l.t.speed)
	}
	l.sleep(l.t.now.Add(d + time.Duration(l.t.rng.Intn(1000))*time.Millisecond).Truncate(time.Millisecond))
}

// real lets d pass by the clock, however fast the team lives.
func (l *life) real(d time.Duration) {
	l.sleep(l.t.now.Add(d + time.Duration(l.t.rng.Intn(500))*time.Millisecond).Truncate(time.Millisecond))
}

// alone makes sure that what automation does now is its own.
func (l *life) alone() {
	if d := echo + 2*time.Second - l.t.now.Sub(l.ownerAct); d > 0 {
		l.real(d)
	}
}

// space keeps acts on the story a moment apart.
func (l *life) space() {
	if l.t.now.Sub(l.lastAct) < time.Second {
		l.real(time.Second)
	}
	l.lastAct = l.t.now
}

// ownerRef returns whose the story is now: a ref, or "" of a developer in the field.
func (l *life) ownerRef() string {
	switch l.source {
	case byField, byEpic:
		return l.field
	case byComponent:
		return l.p.componentOwner
	case byProject:
	}
	return l.p.ownerOf(l.t.now)
}

// ownerLabel is how the config calls the owner; one whom it does not know by the account.
func (l *life) ownerLabel(ref string) string {
	if l.t.owners[ref] != nil {
		return ref
	}
	return l.t.site.User(ref).ID(l.t.opts.Flavor)
}

// role is what somebody is towards the story's owner now.
func (l *life) role(u *jirasim.User) string {
	switch ref := l.ownerRef(); {
	case u == l.t.robot:
		return "automation"
	case u.Ref == ref:
		return "owner"
	case l.t.standsIn(ref, u.Ref, l.t.now):
		return "delegate"
	}
	return "other"
}

func answers(role string) bool { return role == "owner" || role == "delegate" }

// dev returns a developer who is nobody's stand-in here, none of others, and
// not who moved the story last: who undoes an own move at once made a slip.
func (l *life) dev(others ...*jirasim.User) *jirasim.User {
	for {
		if u := pick(l.t, l.t.devs); l.role(u) == "other" && u != l.mover && !slices.Contains(others, u) {
			return u
		}
	}
}

// responder waits until somebody answers for the owner, and returns who.
func (l *life) responder(by string) *jirasim.User {
	o := l.t.owners[l.ownerRef()]
	if o == nil { // a developer owns it
		return l.t.site.User(l.ownerRef())
	}
	ref := o.user.Ref
	if d := l.t.standInFor(ref, l.t.now); d != "" && (by == "delegate" || l.t.chance(0.2)) {
		ref = d
	}
	who := l.t.owners[ref]
	if who == nil { // a developer stands in
		l.rest(2 * time.Hour)
	} else {
		d := time.Duration((0.2 + 1.8*l.t.rng.Float64()) * float64(who.delay))
		if l.t.speed > 0 {
			l.rest(d)
			l.sleep(who.atWork(l.t.now).Add(time.Duration(l.t.rng.Intn(1000)) * time.Millisecond))
		} else {
			l.sleep(who.atWork(who.after(l.t.now, d)).Add(time.Duration(l.t.rng.Intn(60000)) * time.Millisecond))
		}
	}
	u := l.t.site.User(ref)
	if !answers(l.role(u)) { // things have changed meanwhile
		return l.responder("owner")
	}
	return u
}

// record writes a history record.
func (l *life) record(who *jirasim.User, fields map[string]any, items ...jirasim.Item) {
	l.t.site.Change(l.t.now, who, l.id, fields, items...)
	if answers(l.role(who)) {
		l.ownerAct = l.t.now
	}
}

func ptr(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// statusItem is the change of a status as Jira writes it.
func (l *life) statusItem(to string) jirasim.Item {
	a, b := l.p.status[l.status], l.p.status[to]
	it := jirasim.Item{Field: "status", FieldType: "jira", From: ptr(a.ID), FromString: ptr(a.Name), To: ptr(b.ID), ToString: ptr(b.Name)}
	if l.t.chance(0.7) {
		it.FieldID = "status"
	}
	return it
}

// write writes a status move, with a resolution ("" clears it) after it.
func (l *life) write(who *jirasim.User, to, resolution string, more ...jirasim.Item) {
	l.space()
	items := append(slices.Clone(more), l.statusItem(to))
	fields := map[string]any{"status": renderStatus(l.p.status[to])}
	had := l.t.site.Resolution(l.id)
	if had != resolution {
		items = append(items, jirasim.Item{Field: "resolution", FieldType: "jira", FieldID: "resolution", From: ptr(resolutionID(had)), FromString: ptr(had), To: ptr(resolutionID(resolution)), ToString: ptr(resolution)})
		fields["resolution"] = nil
		if resolution != "" {
			fields["resolution"] = map[string]any{"id": resolutionID(resolution), "name": resolution}
		}
	}
	l.record(who, fields, items...)
	l.status = to
	l.mover = who
}

func resolutionID(name string) string {
	return map[string]string{"": "", "Done": "10000", "Won't Do": "10001", "Duplicate": "10002"}[name]
}

// terminal tells whether a status ends a story.
func (l *life) terminal(status string) bool { return status == l.p.done || status == l.p.dropped }

func (l *life) inAcceptance() bool {
	return l.status == l.p.accept || l.status == l.p.accept2 && l.p.accept2 != ""
}

// move moves the story, and says what that means to whoever waits for an answer.
func (l *life) move(who *jirasim.User, to, resolution string) {
	l.space()
	role := l.role(who)
	if role == "automation" && l.t.now.Sub(l.ownerAct) <= echo {
		role = "owner"
	}
	from := l.status
	l.write(who, to, resolution)
	if l.q != nil && answers(role) {
		l.endQuestion("answered", role)
	}
	if l.q != nil && from == l.p.asked && to != l.p.asked {
		l.takeAway(func(a ask) bool { return a.cause == "status" }, "resolved", role)
	}
	if l.q != nil && l.terminal(to) {
		l.endQuestion("obsolete", role)
	}
	if to == l.p.asked && from != l.p.asked {
		l.ask("status", who)
	}
}

// say comments.
func (l *life) say(who *jirasim.User, text string) {
	l.space()
	role := l.role(who)
	l.t.site.Comment(l.t.now, who, l.id, text)
	l.lastComment = l.t.now
	if answers(role) {
		l.ownerAct = l.t.now
		if l.q != nil {
			l.endQuestion("answered", role)
		}
	}
}

// mention is the markup that names a user.
func (l *life) mention(ref string) string { return l.t.site.User(ref).Mention(l.t.opts.Flavor) }

// beginAcceptance is the team handing the story to its owner: it waits from now on.
func (l *life) beginAcceptance(cause string) {
	if !l.silent {
		l.acc = l.begin("acceptance", cause, l.t.now)
	}
}

// endAcceptance is the end of that wait.
func (l *life) endAcceptance(outcome, role string) {
	if l.acc != nil {
		l.end(l.acc, l.t.now, outcome, role)
		l.acc = nil
	}
}

// ask is somebody's question to the owner: the team waits from the first on.
func (l *life) ask(cause string, by *jirasim.User) {
	if l.silent {
		return
	}
	a := ask{l.t.now, cause, by}
	if l.q != nil {
		l.q.asks = append(l.q.asks, a)
		return
	}
	l.q = &question{wait: l.begin("question", cause, l.t.now), asks: []ask{a}}
}

// takeAway removes asks; with the last one the wait ends, and else it is as
// old as the oldest that still stands.
func (l *life) takeAway(which func(ask) bool, outcome, role string) {
	l.q.asks = slices.DeleteFunc(l.q.asks, which)
	if len(l.q.asks) == 0 {
		l.endQuestion(outcome, role)
		return
	}
	l.q.wait.Start, l.q.wait.Cause = l.q.asks[0].at, l.q.asks[0].cause
}

// endQuestion is the end of that wait.
func (l *life) endQuestion(outcome, role string) {
	l.end(l.q.wait, l.t.now, outcome, role)
	l.q = nil
}

// begin and end write the ground truth.
func (l *life) begin(kind, cause string, at time.Time) *Wait {
	w := &Wait{StoryID: l.id, Story: l.key, Project: l.p.jira.Key, Kind: kind, Cause: cause, Owner: l.ownerLabel(l.ownerRef()), Start: at}
	l.t.truth = append(l.t.truth, w)
	return w
}

func (l *life) end(w *Wait, at time.Time, outcome, role string) {
	if before := l.prev[w]; before != nil && at.Sub(w.Start) < slipWindow {
		// So short a part is the one before's.
		l.t.truth = slices.DeleteFunc(l.t.truth, func(o *Wait) bool { return o == w })
		w = before
	}
	w.End, w.Outcome, w.Responder = at, outcome, role
}

// pass gives what waits to the next owner.
func (l *life) pass(ref string, at time.Time) {
	label := l.ownerLabel(ref)
	next := func(w *Wait) *Wait {
		if at.Sub(w.Start) < slipWindow {
			w.Owner = label
			return w
		}
		w.End, w.Outcome = at, "handed_over"
		n := &Wait{StoryID: w.StoryID, Story: w.Story, Project: w.Project, Kind: w.Kind, Cause: w.Cause, Owner: label, Start: at}
		l.t.truth = append(l.t.truth, n)
		l.prev[n] = w
		return n
	}
	if l.acc != nil && l.acc.Owner != label {
		l.acc = next(l.acc)
	}
	if l.q != nil && l.q.wait.Owner != label {
		l.q.wait = next(l.q.wait)
	}
}

// giveUp is the team's giving a question up when nobody has spoken for long.
func (l *life) giveUp(until time.Time) {
	if l.q == nil {
		return
	}
	lapse := l.p.lapse
	if lapse == 0 {
		lapse = 240 * time.Hour
	}
	last := l.q.asks[0].at
	if l.lastComment.After(last) {
		last = l.lastComment
	}
	o := l.t.owners[l.ownerRef()]
	if o == nil {
		return
	}
	at := o.after(last, lapse)
	end := until
	if l.t.speed == 0 {
		end = l.t.opts.End.Add(-slipWindow)
	}
	if at.After(until) || at.After(end) {
		return
	}
	l.end(l.q.wait, at, "lapsed", "")
	l.q = nil
}

// setOwner sets the owner field.
func (l *life) setOwner(who *jirasim.User, ref string) {
	l.space()
	role := l.role(who)
	if role == "automation" && l.t.now.Sub(l.ownerAct) <= echo {
		role = "owner"
	}
	u := l.t.site.User(ref)
	old := l.t.site.Person(l.id, ownerField)
	it := jirasim.Item{Field: "Product Owner", FieldType: "custom", FieldID: ownerField, To: ptr(u.ID(l.t.opts.Flavor)), ToString: ptr(u.DisplayName)}
	if old != nil {
		it.From, it.FromString = ptr(old.ID(l.t.opts.Flavor)), ptr(old.DisplayName)
	}
	l.record(who, map[string]any{ownerField: u}, it)
	l.source, l.field = byField, ref
	if l.q != nil && slices.ContainsFunc(l.q.asks, func(a ask) bool { return a.by == u }) {
		l.takeAway(func(a ask) bool { return a.by == u }, "withdrawn", role)
	}
	l.pass(ref, l.t.now)
}

// assign sets the assignee.
func (l *life) assign(who, to *jirasim.User) {
	l.space()
	it := jirasim.Item{Field: "assignee", FieldType: "jira", FieldID: "assignee"}
	if old := l.t.site.Person(l.id, "assignee"); old != nil {
		it.From, it.FromString = ptr(old.ID(l.t.opts.Flavor)), ptr(old.DisplayName)
	}
	if to != nil {
		it.To, it.ToString = ptr(to.ID(l.t.opts.Flavor)), ptr(to.DisplayName)
	}
	l.record(who, map[string]any{"assignee": to}, it)
}

// setLabel puts the question label on the story, or takes it off.
func (l *life) setLabel(who *jirasim.User, on bool) {
	l.space()
	before, after := []string{"team-x"}, []string{"team-x"}
	if !l.label {
		before = nil
	}
	if l.t.site.Labelled(l.id, questionLabel) {
		before = []string{"team-x", questionLabel}
	}
	if on {
		after = append(after, questionLabel)
	}
	l.record(who, map[string]any{"labels": after}, jirasim.Item{
		Field: "labels", FieldType: "jira", FieldID: "labels", From: ptr(""), FromString: ptr(strings.Join(before, " ")), To: ptr(""), ToString: ptr(strings.Join(after, " ")),
	})
	l.label = true
}

const questionLabel = "po-question"
