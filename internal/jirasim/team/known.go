package team

import (
	"cmp"
	"slices"
	"time"
)

// Known returns the waits as a collector can know them at best if it looked at
// every story at the given instants, which are in order, as of the last one:
//
//   - it knows Jira's records, with their instants, if the story could be seen
//     afterwards; a story that left the watched projects is looked up once, to learn
//     that, and not again until it is back; what happens to all stories of an epic or
//     of a project at once, which is nobody's doing on the story, is known without it;
//   - it does not know a comment that came and went between two looks; one that was
//     edited before it was first seen has that text from its creation on;
//   - of several edits between two looks it knows the last, with its instant; a
//     deletion, of a comment or a story, happened at the look that saw it.
func (t *Team) Known(looks []time.Time) []Part {
	asOf := looks[len(looks)-1]
	var out []Part
	for _, l := range t.lives {
		if b := l.known(looks); b != nil {
			b.until(asOf)
			out = append(out, b.waits(l, asOf)...)
		}
	}
	return sorted(out)
}

// Remark is a comment with all that it said over time.
type Remark struct {
	ID, StoryID int64
	Texts       []Text
	Deleted     time.Time // zero: it is there
}

// Text is what a comment said from an instant on.
type Text struct {
	At   time.Time
	Text string
}

// Remarks returns all comments, deleted ones included.
func (t *Team) Remarks() []Remark {
	var out []Remark
	for _, l := range t.lives {
		for _, r := range l.remarks {
			one := Remark{ID: r.id, StoryID: l.id, Deleted: r.deleted}
			for _, w := range r.texts {
				one.Texts = append(one.Texts, Text{w.at, w.text})
			}
			out = append(out, one)
		}
	}
	return out
}

// Heard is what somebody read of a comment over time.
type Heard struct {
	First   int       // of its texts, the one that was read first
	Later   []int     // those that were read instead of it later, in order
	Deleted time.Time // when it was found deleted; zero: it was not
}

// KnownOf returns the waits, as of an instant, as a collector knows them that read
// each story at instants of its own, the last time after the end: it knows all of
// Jira's records, and of each comment what heard says, by id. It never saw a
// comment that heard lacks. Stories must not have been lost.
func (t *Team) KnownOf(heard map[int64]Heard, asOf time.Time) []Part {
	var out []Part
	for _, l := range t.lives {
		notes := slices.Clone(l.notes)
		for _, r := range l.remarks {
			if h, ok := heard[r.id]; ok {
				notes = append(notes, r.heard(h)...)
			}
		}
		b := l.retold(notes)
		b.until(asOf)
		out = append(out, b.waits(l, asOf)...)
	}
	return sorted(out)
}

// heard returns the notes of a comment for a collector that read h of it.
func (r *remark) heard(h Heard) []note {
	out := []note{r.note(r.texts[0].at, rankSaid, r.texts[h.First].says)}
	last := r.texts[h.First].says
	for _, i := range h.Later {
		if r.texts[i].says != last {
			last = r.texts[i].says
			out = append(out, r.note(r.texts[i].at, rankEdited, last))
		}
	}
	if !h.Deleted.IsZero() {
		out = append(out, r.note(h.Deleted, rankDeleted, says{}))
	}
	return out
}

// KnownTallies returns the slips and bypasses as such a collector can know
// them; there is nothing to bypass in a project before its first acceptance wait.
func (t *Team) KnownTallies(looks []time.Time) []Tally {
	var all []Tally
	began := map[string]time.Time{}
	for _, l := range t.lives {
		b := l.known(looks)
		if b == nil {
			continue
		}
		all = append(all, b.tallies...)
		for _, s := range append(slices.Clone(b.told), b.acc) {
			if s == nil || s.kind != "acceptance" {
				continue
			}
			for _, sh := range s.shares {
				if at, ok := began[sh.p.jira.Key]; !ok || sh.from.Before(at) {
					began[sh.p.jira.Key] = sh.from
				}
			}
		}
	}
	return slices.DeleteFunc(all, func(x Tally) bool {
		at, ok := began[x.Project]
		return x.What == "bypass" && (!ok || x.At.Before(at))
	})
}

// known returns the book of what the looks show; nil if none saw the story.
func (l *life) known(looks []time.Time) *book {
	var seen []time.Time // the looks that saw it
	held := false        // the last look saw it where it is watched
	for _, at := range looks {
		watched := !at.Before(l.created) && l.visible(at) && l.watched(at)
		if watched || held && l.visible(at) {
			seen = append(seen, at)
		}
		held = watched
	}
	if len(seen) == 0 {
		return nil
	}
	last := seen[len(seen)-1]
	notes := slices.DeleteFunc(slices.Clone(l.notes), func(n note) bool { return n.at.After(last) && n.by != nil })
	for _, r := range l.remarks {
		notes = append(notes, r.known(seen)...)
	}
	there := true
	for _, at := range looks {
		switch now := l.visible(at); {
		case at.Before(seen[0]):
		case there && !now:
			notes = append(notes, note{at: at, rank: rankGone, tell: vanish})
			there = false
		case !there && now:
			notes = append(notes, note{at: at, rank: rankBack, tell: reappear})
			there = true
		}
	}
	return l.retold(notes)
}

// retold returns the book of these notes alone.
func (l *life) retold(notes []note) *book {
	slices.SortStableFunc(notes, func(a, b note) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.rank, b.rank)) })
	b := l.first()
	for _, n := range notes {
		b.take(n)
	}
	return b
}

// known returns the notes of a comment that looks at the story show.
func (r *remark) known(seen []time.Time) []note {
	var out []note
	var last says
	for _, at := range seen {
		i := len(r.texts) - 1
		for i >= 0 && r.texts[i].at.After(at) {
			i--
		}
		gone := !r.deleted.IsZero() && !r.deleted.After(at)
		switch {
		case i < 0: // not yet
		case gone && len(out) == 0:
			return nil
		case gone:
			return append(out, r.note(at, rankDeleted, says{}))
		case len(out) == 0:
			out, last = append(out, r.note(r.texts[0].at, rankSaid, r.texts[i].says)), r.texts[i].says
		case r.texts[i].says != last:
			out, last = append(out, r.note(r.texts[i].at, rankEdited, r.texts[i].says)), r.texts[i].says
		}
	}
	return out
}

// note returns the note that a comment is made, edited or deleted.
func (r *remark) note(at time.Time, rank int, s says) note {
	n := note{at: at, rank: rank, by: r.by}
	switch rank {
	case rankSaid:
		n.tell = func(b *book) { b.said(r.id, s) }
	case rankEdited:
		n.tell = func(b *book) { b.edited(r.id, s) }
	case rankDeleted:
		n.by = nil
		n.tell = func(b *book) { b.deleted(r.id) }
	}
	return n
}
