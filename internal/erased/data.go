package erased

import (
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// NamesOf returns what names an account, each with the tombstone that stands for it.
func NamesOf(u jiradata.User, tombstone string) []Name {
	names := []Name{{Kind: Account, Text: Fold(u.ID), Tombstone: tombstone}, {Kind: Owner, Text: Fold(u.ID), Tombstone: tombstone}}
	if u.Name != "" {
		names = append(names, Name{Kind: Account, Text: Fold(u.Name), Tombstone: tombstone})
	}
	return slices.Concat(names, Texts(u.ID, true, tombstone), Texts(u.Name, false, tombstone), Texts(u.DisplayName, false, tombstone))
}

// Stories replaces erased people in what Jira says of stories.
func (p *People) Stories(stories []jiradata.Story) {
	if p == nil {
		return
	}
	for i := range stories {
		s := &stories[i]
		p.Events(s.History.Events)
		s.History.Now = p.Snapshot(s.History.Now)
		p.Users(s.Users)
		s.Title = p.Title(s.Title)
		for id, edit := range s.Edits {
			edit.Actor = p.Account(edit.Actor)
			s.Edits[id] = edit
		}
	}
}

// Title returns the title of a story, in which no erased person is named.
func (p *People) Title(title string) string {
	if p == nil {
		return title
	}
	return p.Text(title)
}

// Users replaces erased people among accounts: they keep their type, and whether
// they are active.
func (p *People) Users(users []jiradata.User) {
	if p == nil {
		return
	}
	for i := range users {
		u := &users[i]
		is := p.Account(u.ID)
		if is == u.ID {
			if is = p.Account(u.Name); is == u.Name {
				continue
			}
		}
		*u = jiradata.User{ID: is, DisplayName: is, Type: u.Type, Active: u.Active}
	}
}

// Events replaces erased people in events of one story. All that the story has of a
// comment must be among them.
func (p *People) Events(events []latency.Event) {
	if p == nil {
		return
	}
	theirs := map[int64]bool{} // comments that erased people wrote
	for i := range events {
		ev := &events[i]
		ev.Actor = p.Account(ev.Actor)
		if ev.Rank == latency.RankCommentAdded && strings.HasPrefix(ev.Actor, Prefix) {
			theirs[ev.ID] = true
		}
	}
	for i := range events {
		ev := &events[i]
		if ev.Comment != nil {
			ev.Comment = p.comment(*ev.Comment, theirs[ev.ID] || strings.HasPrefix(ev.Actor, Prefix))
		}
		if len(ev.Changes) > 0 {
			ev.Changes = slices.Clone(ev.Changes)
			for j := range ev.Changes {
				c := &ev.Changes[j]
				c.From, c.To = p.value(c.Field, c.From), p.value(c.Field, c.To)
			}
		}
	}
}

// comment replaces erased people in the facts of a comment. Of what an erased person
// wrote only the marker stays that it begins with.
func (p *People) comment(f comment.Facts, theirs bool) *comment.Facts {
	marker, rest := f.CutMarker(p.markers)
	if f.Head = marker; !theirs {
		f.Head += p.Text(rest)
	}
	f.Asked, f.Mentioned = p.each(f.Asked), p.each(f.Mentioned)
	return &f
}

func (p *People) each(accounts []string) []string {
	out := slices.Clone(accounts)
	for i := range out {
		out[i] = p.Account(out[i])
	}
	return out
}

// Snapshot returns fields in which no erased person is named.
func (p *People) Snapshot(now latency.Snapshot) latency.Snapshot {
	if p == nil || now == nil {
		return now
	}
	out := make(latency.Snapshot, len(now))
	for field, values := range now {
		values = slices.Clone(values)
		for i := range values {
			values[i] = p.value(field, values[i])
		}
		out[field] = values
	}
	return out
}

// value replaces erased people in a value of a field.
func (p *People) value(field string, v latency.Value) latency.Value {
	switch field {
	case latency.FieldStatus, latency.FieldType, latency.FieldProject, latency.FieldResolution, latency.FieldWorkflow:
		return v // the config speaks of them, and Jira gave them their names
	case latency.FieldLabels:
		list := strings.Split(v.Name, " ")
		for i := range list {
			list[i] = p.Thing(list[i])
		}
		v.Name = strings.Join(list, " ")
		return v
	}
	if latency.HoldsPeople(field) {
		if is := p.accounts(v.ID); is != v.ID {
			// The names of several people stand in one text, in any form.
			return latency.Value{ID: is, Name: is}
		}
		v.Name = p.accounts(v.Name)
		v.Name = p.Text(v.Name)
		return v
	}
	v.Name = p.Thing(v.Name)
	return v
}

// Meta returns what describes a Jira, with no erased person in it.
func (p *People) Meta(m jiradata.Meta) jiradata.Meta {
	if p == nil {
		return m
	}
	m.Users = slices.Clone(m.Users)
	p.Users(m.Users)
	m.Projects = slices.Clone(m.Projects)
	for i := range m.Projects {
		pr := &m.Projects[i]
		pr.Lead = p.Account(pr.Lead)
		if pr.Components == nil {
			continue
		}
		names := make(map[string]string, len(pr.Components))
		for id, name := range pr.Components {
			names[id] = p.Thing(name)
		}
		pr.Components = names
	}
	return m
}

// Sprints replaces erased people in the names of sprints.
func (p *People) Sprints(sprints []jiradata.Sprint) {
	if p == nil {
		return
	}
	for i := range sprints {
		sprints[i].Name = p.Thing(sprints[i].Name)
	}
}

// Notes replaces erased people in what polls noted.
func (p *People) Notes(notes []jiradata.Note) {
	if p == nil {
		return
	}
	for i := range notes {
		notes[i].Detail = p.Text(notes[i].Detail)
	}
}

// Quarantined replaces erased people in why issues could not be read.
func (p *People) Quarantined(issues []jiradata.Quarantined) {
	if p == nil {
		return
	}
	for i := range issues {
		issues[i].Reason = p.Text(issues[i].Reason)
	}
}
