package latency

// move is a status move of a story, before it is known whether it was undone.
type move struct {
	event     int // the number of its event
	from, to  string
	before    *Project // watched project before the record, or nil
	after     *Project
	odd       bool // its status bears the name of another one
	migration bool
	undone    bool
	counts    bool // the story was there, and of a type that counts
	crosses   bool // the border of the acceptance set
}

// readMoves lists the status moves among the story's events from the one
// numbered first on, and marks those that a slip undid.
func (d *Deriver) readMoves(r *replay, events []Event, first int) {
	d.moves = d.moves[:0]
	status, project, typ := r.st.status.ID, r.st.project.ID, r.st.typ
	gone := false
	for i := first; i < len(events); i++ {
		if rank := events[i].Rank; rank == RankGone || rank == RankReturned {
			gone = rank == RankGone
		}
		before := project
		var to *Value
		migration := false
		for j := range events[i].Changes {
			c := &events[i].Changes[j]
			switch c.Field {
			case FieldProject:
				project = c.To.ID
			case FieldType:
				typ = c.To
			case FieldStatus:
				to = &c.To
			case FieldWorkflow:
				migration = true
			}
		}
		if to == nil {
			continue
		}
		read := d.readStatus(*to)
		m := move{
			event: i, from: status, to: r.choose(i, &read), odd: len(read.bearing) > 0, migration: migration,
			before: d.rules.watched(before), after: d.rules.watched(project), counts: !gone && d.rules.counts(typ),
		}
		in, out := m.before != nil && m.before.Acceptance[m.from], m.after != nil && m.after.Acceptance[m.to]
		m.crosses = in != out
		d.moves = append(d.moves, m)
		status = m.to
	}
	d.undoSlips(events)
}

// undoSlips marks the pairs of moves that are slips: a move across the border
// of the acceptance set is undone when the same person, as the story's next
// status move and within the slip window, returns it to the very status it came
// from. Pairs are taken oldest first, each move once; an undone move never
// happened. A migration is no slip.
func (d *Deriver) undoSlips(events []Event) {
	for i := 0; i+1 < len(d.moves); i++ {
		a, b := &d.moves[i], &d.moves[i+1]
		if !a.crosses || a.migration || b.migration || a.before == nil || a.before != a.after || b.before != b.after {
			continue
		}
		ea, eb := &events[a.event], &events[b.event]
		who := d.rules.Person(ea.Actor)
		if who == "" || who != d.rules.Person(eb.Actor) || b.to != a.from || b.from != a.to ||
			eb.At > ea.At.Add(a.before.SlipWindow) {
			continue
		}
		a.undone, b.undone = true, true
		if a.counts && b.counts {
			d.mark(EntrySlip, eb.At, a.before, "", a.before.SlipWindow)
		}
		i++
	}
}

// moveOf returns the status move of the nth event; nil if it has none. Events
// are asked for in order.
func (r *replay) moveOf(n int) *move {
	if r.next < len(r.d.moves) && r.d.moves[r.next].event == n {
		r.next++
		return &r.d.moves[r.next-1]
	}
	return nil
}
