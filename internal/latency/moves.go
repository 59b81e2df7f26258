package latency

// move is a status move of a story, before it is known whether it was undone.
type move struct {
	event        int // index of its event
	from, to     string
	before       *Project // watched project before the record, or nil
	after        *Project
	migration    bool
	undone       bool
	counts       bool // the story is of a type that counts
	hop          bool // one end of a visit that automation ended at once
	enters, exit bool // crosses the border of the acceptance set
}

// readMoves lists the status moves among events, finds those that a slip
// undid and the visits that were mere hops, and marks them.
//
// Slip: a move across the border of the acceptance set is undone when the
// same actor, as the story's next status move and within the slip window,
// returns it to the very status it came from. Pairs are taken oldest first,
// each move once; an undone move never happened.
func (d *Deriver) readMoves(first *state, events []Event) {
	d.moves = d.moves[:0]
	status, project, typ := d.rules.StatusID(first.status), first.project.ID, first.typ.ID
	for i := range events {
		before := project
		var to *Value
		migration := false
		for j := range events[i].Changes {
			c := &events[i].Changes[j]
			switch c.Field {
			case FieldProject:
				project = c.To.ID
			case FieldType:
				typ = c.To.ID
			case FieldStatus:
				to = &c.To
			case FieldWorkflow:
				migration = true
			}
		}
		if to == nil {
			continue
		}
		m := move{
			event: i, from: status, to: d.rules.StatusID(*to), migration: migration,
			before: d.rules.watched(before), after: d.rules.watched(project), counts: d.rules.Types[typ],
		}
		in, out := m.before != nil && m.before.Acceptance[m.from], m.after != nil && m.after.Acceptance[m.to]
		m.enters, m.exit = !in && out, in && !out
		d.moves = append(d.moves, m)
		status = m.to
	}
	d.undoSlips(events)
	d.skipHops(events)
}

// undoSlips marks the pairs of moves that are slips.
func (d *Deriver) undoSlips(events []Event) {
	for i := 0; i+1 < len(d.moves); i++ {
		a, b := &d.moves[i], &d.moves[i+1]
		if (!a.enters && !a.exit) || a.migration || b.migration || a.before == nil || a.before != a.after || b.before != b.after {
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

// skipHops marks the visits of the acceptance set that are shorter than the
// minimum dwell and that automation ends.
func (d *Deriver) skipHops(events []Event) {
	entered := -1      // index in moves of the move in; -1: the story was created inside
	at := events[0].At // when the visit began; there is no way out before a way in
	for i := range d.moves {
		m := &d.moves[i]
		if m.undone {
			continue
		}
		ev := &events[m.event]
		switch {
		case m.enters:
			entered, at = i, ev.At
		case m.exit:
			if at != Never && ev.At-at < Instant(m.before.MinDwell.Milliseconds()) && d.rules.isAutomation(ev) &&
				!m.migration && m.before == m.after && !m.before.Paused[m.to] {
				m.hop = true
				if entered >= 0 {
					d.moves[entered].hop = true
				} else {
					d.createdHop = true
				}
			}
			at = Never
		}
	}
}
