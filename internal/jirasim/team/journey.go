package team

import (
	"strconv"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// bounce lets automation send back a story that was created in acceptance.
func (l *life) bounce() {
	l.midway = "a hop"
	l.real(3 * time.Second)
	to := l.p.doing
	l.write(l.t.robot, to, "", func(b *book) { b.status = to })
	l.midway = ""
	l.t.scenes["hop at creation"]++
}

// immigrate lets the story come from another Jira: the records from there bear that
// Jira's ids of statuses, which belong to other statuses here. Only their names say
// which are meant, so each of them is the name of a single status.
func (l *life) immigrate() {
	l.rest(time.Hour)
	l.space()
	it := l.statusItem(l.p.doing)
	it.From, it.To = ptr(l.p.status[l.p.done].ID), ptr(l.p.status[l.p.accept].ID)
	l.record(l.dev(), map[string]any{"status": renderStatus(l.p.status[l.p.doing])}, func(b *book) { b.move(b.p.doing) }, it)
	l.record(l.t.admin, nil, nil, jirasim.Item{Field: "ProjectImport", FieldType: "jira", From: ptr(""), FromString: ptr(""), To: ptr("1328716563210"), ToString: ptr("Wed Feb 08 07:56:03 UTC 2026")})
	l.status = l.p.doing
	l.mover, l.moved = l.t.admin, l.t.now
	l.t.scenes["from another Jira"]++
}

// setFlag sets Jira's flag or takes it off.
func (l *life) setFlag(who *jirasim.User, on bool) {
	l.space()
	it := jirasim.Item{Field: "Flagged", FieldType: "custom", FieldID: flagField, From: ptr(""), FromString: ptr(""), To: ptr(""), ToString: ptr("")}
	var value []any
	if on {
		it.To, it.ToString = ptr("[10019]"), ptr("Impediment")
		value = []any{map[string]any{"id": "10019", "value": "Impediment"}}
	} else {
		it.From, it.FromString = ptr("[10019]"), ptr("Impediment")
	}
	l.record(who, map[string]any{flagField: value}, func(b *book) { b.flag(on) }, it)
}

// componentValue is the project's component as an issue's field holds it.
func (p *project) componentValue() map[string]any {
	return map[string]any{"id": "c-" + p.jira.Key, "name": p.component}
}

// setComponent puts the story under the project's component, or takes it out.
func (l *life) setComponent(who *jirasim.User, on bool) {
	l.space()
	it, value := l.componentItem(on)
	l.component = on
	mine := l.ownerRef()
	l.record(who, map[string]any{"components": value}, func(b *book) { b.own(mine) }, it)
}

func (l *life) componentItem(on bool) (it jirasim.Item, value []any) {
	it = jirasim.Item{Field: "Component", FieldType: "jira", FieldID: "components"}
	id, name := ptr("c-"+l.p.jira.Key), ptr(l.p.component)
	if l.p.formerly != "" && l.t.now.Before(l.p.switched) { // a record keeps the name of its time
		name = ptr(l.p.formerly)
		l.t.scenes["component under its former name"]++
	}
	if on {
		it.To, it.ToString = id, name
		return it, []any{l.p.componentValue()}
	}
	it.From, it.FromString = id, name
	return it, []any{}
}

// setEpic puts the story under another epic.
func (l *life) setEpic(who *jirasim.User, e *epic) {
	l.space()
	it := jirasim.Item{Field: "IssueParentAssociation", FieldType: "jira", To: ptr(strconv.FormatInt(e.id, 10)), ToString: ptr(e.key)}
	if l.epic != nil {
		it.From, it.FromString = ptr(strconv.FormatInt(l.epic.id, 10)), ptr(l.epic.key)
	}
	l.epic = e
	mine := l.ownerRef()
	l.record(who, map[string]any{"parent": map[string]any{"id": strconv.FormatInt(e.id, 10), "key": e.key}}, func(b *book) { b.own(mine) }, it)
}

// handOver gives the story to another owner, in one of the ways there are.
func (l *life) handOver(who *jirasim.User) {
	t := l.t
	before := l.ownerRef()
	if l.field != "" && t.chance(0.3) { // the field is cleared, and what stands behind it counts
		l.setOwner(who, "")
		if l.ownerRef() != before {
			t.scenes["hand-over: field cleared"]++
			return
		}
	}
	if l.field == "" {
		switch {
		case l.epic != nil && l.epic.owner != "" && t.chance(0.8):
			t.handEpic(who, l.epic, l.another())
			t.scenes["hand-over: epic's owner"]++
			return
		case t.chance(0.4):
			for _, e := range l.p.epics {
				if e.owner != "" && e.owner != before {
					l.setEpic(who, e)
					t.scenes["hand-over: epic"]++
					return
				}
			}
		case l.p.component != "" && (l.epic == nil || l.epic.owner == "") && l.p.componentOwner != l.p.ownerOf(t.now):
			l.setComponent(who, !l.component)
			t.scenes["hand-over: component"]++
			return
		}
	}
	l.setOwner(who, l.another())
	t.scenes["hand-over: field"]++
}

// relocate moves the story to another watched project, into a status of it.
func (l *life) relocate(who *jirasim.User, p *project, to string) {
	l.space()
	fields, items, stays := l.toProject(p, to)
	owner := l.ownerRef()
	l.tell(who, func(b *book) { b.relocate(p, to, stays, owner) })
	l.mover = who
	l.t.site.Move(l.t.now, who, l.id, p.jira, fields, items...)
	l.key = l.t.site.Key(l.id)
}

// toProject brings the story into another project, and returns what changes with
// the project and the key.
func (l *life) toProject(p *project, to string) (fields map[string]any, items []jirasim.Item, stays bool) {
	fields = map[string]any{}
	a, b := l.p.status[l.status], p.status[to]
	if stays = a.ID == b.ID; !stays {
		items = append(items, jirasim.Item{Field: "status", FieldType: "jira", FieldID: "status", From: ptr(a.ID), FromString: ptr(a.Name), To: ptr(b.ID), ToString: ptr(b.Name)})
		fields["status"] = renderStatus(b)
	}
	if l.component { // the other project does not have it
		it, value := l.componentItem(false)
		items = append(items, it)
		fields["components"] = value
		l.component = false
	}
	l.p, l.status = p, to
	return fields, items, stays
}

// toLab moves the story to the project that is not watched.
func (l *life) toLab(who *jirasim.User) {
	l.space()
	lab := l.t.lab
	l.midway = "a visit elsewhere"
	fields, items, _ := l.toProject(lab, lab.todo)
	l.lab = append(l.lab, span{from: l.t.now})
	l.tell(who, func(b *book) {
		was := b.status
		b.status = lab.todo
		b.moved(was == b.p.asked) // first the move, then what it means that it leaves
		b.leave(&b.outside)
		b.p = lab
	})
	l.mover = who
	l.t.site.Move(l.t.now, who, l.id, lab.jira, fields, items...)
	l.key = l.t.site.Key(l.id)
}

// fromLab brings it back, into a status of a project.
func (l *life) fromLab(who *jirasim.User, p *project, to string) {
	l.space()
	fields, items, _ := l.toProject(p, to)
	l.midway = ""
	l.lab[len(l.lab)-1].to = l.t.now
	owner := l.ownerRef()
	l.tell(who, func(b *book) {
		b.p, b.status, b.over, b.owner = p, to, p.terminal(to), owner
		b.arrive(&b.outside)
	})
	l.mover = who
	l.t.site.Move(l.t.now, who, l.id, p.jira, fields, items...)
	l.key = l.t.site.Key(l.id)
}

// setType makes the story one of another type.
func (l *life) setType(who *jirasim.User, typ string) {
	l.space()
	types := l.t.types()
	name := func(id string) *string { return ptr(types[id]["name"].(string)) }
	it := jirasim.Item{Field: "issuetype", FieldType: "jira", FieldID: "issuetype", From: ptr(l.typ), FromString: name(l.typ), To: ptr(typ), ToString: name(typ)}
	counted, counts := l.typ != typeSubtask, typ != typeSubtask // one that Jira does not list any more counts
	l.typ = typ
	l.record(who, map[string]any{"issuetype": types[typ]}, func(b *book) {
		switch {
		case counted && !counts:
			b.leave(&b.minor)
		case !counted && counts:
			b.arrive(&b.minor)
		}
	}, it)
}

// migrate is an administrator's change of workflow that moves the story.
func (l *life) migrate(to, resolution string, means ...func(*book)) {
	l.write(l.t.admin, to, resolution, func(b *book) {
		b.migrated()
		for _, f := range means {
			f(b)
		}
		b.move(to)
	}, jirasim.Item{Field: "Workflow", FieldType: "jira", From: ptr("1"), FromString: ptr("Old workflow"), To: ptr("2"), ToString: ptr("New workflow")})
}

// vanish and reappear enter that the story cannot be seen any more, and that it
// can be seen again.
func vanish(b *book)   { b.leave(&b.gone) }
func reappear(b *book) { b.arrive(&b.gone) }

// vanish deletes the story, or hides it for a while.
func (l *life) vanish(forGood bool) {
	l.space()
	l.hidden = append(l.hidden, span{from: l.t.now})
	l.book.take(note{at: l.t.now, rank: rankGone, tell: vanish})
	if forGood {
		l.t.site.DeleteIssue(l.id)
		panic(stopped{})
	}
	l.midway = "out of sight"
	l.t.site.Hide(l.id, true)
	l.gap()
	l.midway = ""
	l.hidden[len(l.hidden)-1].to = l.t.now
	l.t.site.Hide(l.id, false)
	l.book.take(note{at: l.t.now, rank: rankBack, tell: reappear})
}
