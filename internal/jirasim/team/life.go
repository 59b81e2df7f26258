package team

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// The rules' defaults: how soon a move is undone, how short a visit that automation
// ends is no wait, how long automation acts in the owner's name, and how soon after
// a move in an acceptance by the same person is a bypass. The slip window is also
// an option, because a fast life needs less.
const (
	slipWindow = 5 * time.Minute // where Options have none
	minDwell   = 10 * time.Second
	echo       = time.Minute
	ownMove    = time.Minute
)

// life is the life of one story, and what its team knows of it.
type life struct {
	t       *Team
	p       *project
	id      int64
	key     string
	created time.Time
	yield   func(time.Time) bool

	typ       string
	status    string
	field     string // ref in the owner field; "": not set
	epic      *epic  // or nil
	component bool   // the story is of the project's component
	labels    []string
	planned   bool
	cards     []card
	born      card
	mover     *jirasim.User // of the last status move
	moved     time.Time     // when that was
	midway    string        // what must not be left half done, or ""
	lastAct   time.Time
	due       bool // what it sleeps until does not come sooner in a fast life

	notes   []note // all but comments
	remarks []*remark
	book    *book
	origin  book // as the story was created

	hidden []span // when it could not be seen; a zero end is for good
	lab    []span // when it was in the project that is not watched
}

// stopped is the panic that ends a life when its sleep ends for good.
type stopped struct{}

// newLife creates a story, for the first of its cards.
func (t *Team) newLife() *life {
	l := &life{t: t, created: t.now}
	l.cards = t.deal()
	l.p = pick(t, t.projects)
	if t.opts.Ordinary && l.cards[0].outcome == "" {
		l.p = t.projects[forgotten()[t.left-1].project]
	}
	for i, p := range t.projects {
		// The first project that has what the cards need.
		if l.fits(l.p) {
			break
		}
		if l.fits(p) {
			l.p = t.projects[i]
		}
	}
	silent := t.chance(0.04)
	l.born = l.cards[0]
	l.status = l.p.todo
	if l.born.cause == createdIn {
		l.status = l.p.accept
	}
	l.typ = pick(t, []string{typeStory, typeStory, typeBug})
	if silent {
		l.typ = typeSubtask
	}
	fields := map[string]any{
		"issuetype": t.types()[l.typ], "summary": t.title(l.p.jira.Key, l.typ, len(t.lives)), "labels": []string{}, "priority": map[string]any{"id": "3", "name": "Medium"},
		"status": renderStatus(l.p.status[l.status]), "assignee": (*jirasim.User)(nil), "resolution": nil, "components": []any{},
	}
	if t.confidential(len(t.lives)) {
		fields["security"] = map[string]any{"id": "10900", "name": "Confidential", "description": ""}
	}
	l.own(fields)
	l.mover, l.moved = pick(t, t.devs), t.now
	l.id = t.site.CreateIssue(t.now, l.mover, l.p.jira, fields)
	l.key = t.site.Key(l.id)
	l.lastAct = t.now
	l.origin = book{t: t, p: l.p, status: l.status, owner: l.ownerRef(), minor: silent, lastWord: t.now}
	l.book = l.first()
	t.lives = append(t.lives, l)
	if l.born.twist == twistHop {
		l.tell(l.mover, nil)
	} else {
		l.tell(l.mover, (*book).start)
	}
	return l
}

// leavesOut reports whether a card is not played now: a living team does not collect
// waits that never end.
func (t *Team) leavesOut(c card) bool {
	return t.speed > 0 && (c.outcome == "" || c.outcome == "lapsed")
}

// first returns the book of a story that has just been created, without notes.
func (l *life) first() *book {
	b := l.origin
	b.says = map[int64]says{}
	return &b
}

// visible reports whether a look at an instant can show the story, in whatever
// project it is.
func (l *life) visible(at time.Time) bool {
	for _, s := range l.hidden {
		if s.contains(at) {
			return false
		}
	}
	return true
}

// watched reports whether the story is in a project that a collector searches.
func (l *life) watched(at time.Time) bool {
	for _, s := range l.lab {
		if s.contains(at) {
			return false
		}
	}
	return true
}

// tell notes what somebody does now, and what it means.
func (l *life) tell(by *jirasim.User, what func(*book)) {
	n := note{at: l.t.now, rank: rankRecord, by: by, tell: what}
	l.notes = append(l.notes, n)
	l.book.take(n)
}

// fits reports whether all cards can be played in a project.
func (l *life) fits(p *project) bool {
	return !slices.ContainsFunc(l.cards, func(c card) bool { return c.cause == "assignment" && !p.assignment })
}

// own decides whose the story is, and by what.
func (l *life) own(fields map[string]any) {
	t := l.t
	switch {
	case l.cards[0].twist == twistLate && t.relieved("hana"):
		l.field = "hana"
	case l.cards[0].twist == twistLate && t.relieved("cy"):
		l.field = "cy"
	case slices.ContainsFunc(l.cards, func(c card) bool { return c.by == "delegate" }):
		l.field = pick(t, []string{"gil", "eve"})
	case t.opts.Ordinary && t.chance(0.85): // nobody says, so it is the project's owner
	case t.speed > 0 && !t.opts.Ordinary && t.chance(0.6):
		// A living team hands stories to an owner who is at work.
		for range 5 {
			if l.field = pick(t, t.refs); t.owners[l.field].atWork(t.now).Equal(t.now) {
				break
			}
		}
	case t.chance(0.35):
		l.field = pick(t, l.owners())
	case t.chance(0.3):
		l.epic = pick(t, l.p.epics)
		fields["parent"] = map[string]any{"id": strconv.FormatInt(l.epic.id, 10), "key": l.epic.key}
	case l.p.component != "" && t.chance(0.3):
		l.component = true
		fields["components"] = []any{l.p.componentValue()}
	}
	if l.field != "" {
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
	if l.born.twist == twistHop {
		l.bounce()
	} else if l.t.speed == 0 && l.born.cause != createdIn && l.p.doing != manifold && l.t.sometimes(0.1) {
		l.immigrate()
	}
	for i, c := range l.cards {
		if l.t.leavesOut(c) { // it was drawn before the team came to life
			continue
		}
		if c.kind == "acceptance" {
			l.playAcceptance(c, i == 0)
		} else {
			l.playQuestion(c)
		}
		if c.outcome == "" {
			l.due = true
			l.sleep(l.t.opts.End.AddDate(10, 0, 0))
		}
		if l.t.opts.Ordinary && l.p.terminal(l.status) && !l.t.chance(0.1) { // it is seldom reopened
			return
		}
	}
	if l.status == l.p.doing && l.book.q == nil && (l.t.opts.Ordinary || l.t.chance(0.3)) { // done with no acceptance step
		l.rest(4 * time.Hour)
		l.finish(l.dev())
	}
}

// sleep waits until an instant, and ends the story's life if there is none.
func (l *life) sleep(until time.Time) {
	if !l.yield(until) {
		panic(stopped{})
	}
	l.book.until(l.t.now)
}

// rest lets about d pass, sooner in a fast life.
func (l *life) rest(d time.Duration) {
	d = time.Duration((0.4 + 1.2*l.t.rng.Float64()) * float64(d))
	if l.t.speed > 0 {
		d = time.Duration(float64(d) / l.t.speed)
	}
	l.sleep(l.t.now.Add(d + time.Duration(l.t.rng.Intn(1000))*time.Millisecond).Truncate(time.Millisecond))
}

// real lets d pass by the clock, whatever the speed of the team.
func (l *life) real(d time.Duration) {
	l.sleep(l.t.now.Add(d + time.Duration(l.t.rng.Intn(500))*time.Millisecond).Truncate(time.Millisecond))
}

// alone waits until automation does not act in the owner's name any more.
func (l *life) alone() {
	if d := echo + 2*time.Second - l.t.now.Sub(l.book.ownerAct); d > 0 {
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

// owners returns whose a story of its project may be.
func (l *life) owners() []string {
	if len(l.p.people) > 0 {
		return l.p.people
	}
	return l.t.refs
}

// ownerRef returns whose the story is now: a ref, of a developer too who is in the field.
func (l *life) ownerRef() string {
	switch {
	case l.field != "":
		return l.field
	case l.epic != nil && l.epic.owner != "":
		return l.epic.owner
	case l.component && l.p.component != "":
		return l.p.componentOwner
	}
	return l.p.ownerOf(l.t.now)
}

// reown notes a change of the story's owner, which somebody made on the story (nil:
// it came with time, or with a change elsewhere).
func (l *life) reown(by *jirasim.User) {
	if ref := l.ownerRef(); ref != l.book.owner {
		l.tell(by, func(b *book) { b.own(ref) })
	}
}

// ownerLabel returns the owner's key in the config, or the account of an owner whom
// it does not know.
func (l *life) ownerLabel(ref string) string {
	if l.t.owners[ref] != nil {
		return ref
	}
	return l.t.site.User(ref).ID(l.t.opts.Flavor)
}

// role is what somebody is towards the story's owner now.
func (l *life) role(u *jirasim.User) string { return l.t.role(l.ownerRef(), u, l.t.now) }

// dev returns a developer who has no role towards the owner, is none of others, and
// did not make the last move: undoing one's own move at once is a slip.
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
	if d, ok := l.t.standInFor(ref, l.t.now); ok && (by == "delegate" || l.t.relieves(d)) {
		ref = d.delegate
	}
	who := l.t.owners[ref]
	if who == nil { // a developer stands in
		l.rest(2 * time.Hour)
	} else {
		d, moment := float64(who.delay)*(0.2+1.8*l.t.rng.Float64()), 60000
		if l.t.speed > 0 {
			d, moment = d/l.t.speed, 1000
		}
		l.due = true
		l.sleep(who.atWork(who.after(l.t.now, time.Duration(d))).Add(time.Duration(l.t.rng.Intn(moment)) * time.Millisecond))
		l.due = false
	}
	u := l.t.site.User(ref)
	if !answers(l.role(u)) { // things have changed meanwhile
		return l.responder("owner")
	}
	return u
}

// record writes a history record, and what it means.
func (l *life) record(who *jirasim.User, fields map[string]any, means func(*book), items ...jirasim.Item) {
	l.t.site.Change(l.t.now, who, l.id, fields, items...)
	l.tell(who, means)
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

// write writes a status move, with a resolution ("" clears it) after it, and
// what that means.
func (l *life) write(who *jirasim.User, to, resolution string, means func(*book), more ...jirasim.Item) {
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
	for _, it := range more {
		if it.FieldID == ownerField {
			fields[ownerField] = l.t.site.User(l.field)
		}
	}
	l.record(who, fields, means, items...)
	l.status = to
	l.mover, l.moved = who, l.t.now
}

func resolutionID(name string) string {
	return map[string]string{"": "", "Done": "10000", "Won't Do": "10001", "Duplicate": "10002"}[name]
}

func (l *life) inAcceptance() bool { return l.p.accepts(l.status) }

// move moves the story, and notes what that means for those who wait. Automation
// waits until what it ends is no hop, however fast the team lives.
func (l *life) move(who *jirasim.User, to, resolution string, means ...func(*book)) {
	if d := minDwell + time.Second - l.t.now.Sub(l.moved); d > 0 && who == l.t.robot {
		l.real(d)
	}
	l.write(who, to, resolution, func(b *book) {
		for _, f := range means {
			f(b)
		}
		b.move(to)
	})
}

// slipped lets some time within the slip window pass.
func (l *life) slipped() {
	l.real(time.Duration(30+l.t.rng.Intn(200)) * (l.t.opts.SlipWindow / 300))
}

// verdict returns the meaning of a move for an acceptance wait.
func verdict(outcome string) func(*book) { return func(b *book) { b.verdict(outcome) } }

// enter hands the story in.
func (l *life) enter(who *jirasim.User) {
	to := l.p.accept
	l.write(who, to, "", func(b *book) {
		b.move(to)
		b.handIn(enteredIn)
	})
}

// finish moves the story to done.
func (l *life) finish(who *jirasim.User) {
	l.move(who, l.p.done, "Done")
	l.tell(who, (*book).done)
}

// say comments.
func (l *life) say(who *jirasim.User, text string, s says) *remark {
	l.space()
	r := &remark{by: who, texts: []wording{{l.t.now, text, s}}}
	r.id = l.t.site.Comment(l.t.now, who, l.id, text)
	l.remarks = append(l.remarks, r)
	l.book.take(r.note(l.t.now, rankSaid, s))
	return r
}

// mention is the markup that names a user.
func (l *life) mention(ref string) string { return l.t.site.User(ref).Mention(l.t.opts.Flavor) }

// setOwner sets the owner field; "" clears it.
func (l *life) setOwner(who *jirasim.User, ref string) {
	l.space()
	it := l.ownerItem(ref)
	var u *jirasim.User
	if ref != "" {
		u = l.t.site.User(ref)
	}
	mine := l.ownerRef()
	l.record(who, map[string]any{ownerField: u}, func(b *book) { b.own(mine) }, it)
}

// ownerItem puts somebody into the owner field, and returns the change as Jira
// writes it; "" clears the field.
func (l *life) ownerItem(ref string) jirasim.Item {
	it := jirasim.Item{Field: "Product Owner", FieldType: "custom", FieldID: ownerField}
	if ref != "" {
		u := l.t.site.User(ref)
		it.To, it.ToString = ptr(u.ID(l.t.opts.Flavor)), ptr(u.DisplayName)
	}
	if old := l.t.site.Person(l.id, ownerField); old != nil {
		it.From, it.FromString = ptr(old.ID(l.t.opts.Flavor)), ptr(old.DisplayName)
	}
	l.field = ref
	return it
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
	l.record(who, map[string]any{"assignee": to}, func(b *book) { b.assign(to) }, it)
}

// setLabel puts the question label on the story, or takes it off.
func (l *life) setLabel(who *jirasim.User, on bool) {
	l.space()
	before, after := l.labels, []string{"team-x"}
	if on {
		after = append(after, questionLabel)
	}
	l.record(who, map[string]any{"labels": after}, func(b *book) { b.label(on) }, jirasim.Item{
		Field: "labels", FieldType: "jira", FieldID: "labels", From: ptr(""), FromString: ptr(strings.Join(before, " ")), To: ptr(""), ToString: ptr(strings.Join(after, " ")),
	})
	l.labels = after
}

const questionLabel = "po-question"
