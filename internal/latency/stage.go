package latency

// Stage is where in its life a story is: what its status means for the flow of
// work, or that the team waits for the owner.
type Stage string

// The stages that a status can be of.
const (
	StageBacklog     Stage = "backlog"
	StageDevelopment Stage = "development"
	StageReview      Stage = "review"
	StageTest        Stage = "test"
	StageBlocked     Stage = "blocked"
	StageRelease     Stage = "release"
)

// The stages that a wait makes, whatever the status.
const (
	StageOwner         Stage = "owner"          // the story stands until the owner has acted
	StageOwnerQuestion Stage = "owner_question" // a question is open and work may go on
)

// Stages lists all stages. The owner's come last: in a tie the largest blocker
// is another's.
func Stages() []Stage {
	return []Stage{
		StageBacklog, StageDevelopment, StageReview, StageTest, StageBlocked, StageRelease, StageOwnerQuestion, StageOwner,
	}
}

// Blocks reports whether stories stand in a stage and nobody works on them: what
// can be the largest blocker. While a question is open work may go on.
func Blocks(s Stage) bool {
	return s != StageBacklog && s != StageDevelopment && s != StageOwnerQuestion
}

// StageNames returns the usual names of statuses by stage. Statuses of other
// names are of the stage that StageOfCategory says.
func StageNames() map[Stage][]string {
	return map[Stage][]string{
		StageBacklog: {
			"Backlog", "Draft", "Icebox", "Ideas", "New", "Open", "Refinement", "In Refinement", "Ready",
			"Ready for Development", "Ready for Dev", "Selected for Development", "To Do", "Todo", "Triage",
		},
		StageDevelopment: {"Reopened"},
		StageReview: {
			"Code Review", "In Code Review", "In Review", "Merge Request", "Patch Available", "Peer Review", "PR Review",
			"Pull Request", "Ready for Code Review", "Ready for Review", "Review", "Reviewing", "Under Review",
		},
		StageTest: {
			"In QA", "In Test", "In Testing", "In Verification", "QA", "Ready for QA", "Ready for Test", "Ready for Testing",
			"Test", "Testing", "To Test", "To Verify", "UAT", "Verification", "Verify",
		},
		StageBlocked: {
			"Blocked", "Impeded", "Impediment", "On Hold", "Paused", "Stalled", "Suspended", "Waiting",
		},
		StageRelease: {
			"Accepted", "Approved", "Ready for Release", "Ready for Deploy", "Ready for Deployment", "To Deploy",
			"Deploying", "Releasing", "Staging",
		},
	}
}

// StageOfCategory returns the stage of a status that neither the config nor
// its name places: new is backlog, done is release (such a status is only
// lived in where the rules do not take it for the end), all else development.
func StageOfCategory(c Category) Stage {
	switch c {
	case CategoryNew:
		return StageBacklog
	case CategoryDone:
		return StageRelease
	default:
		return StageDevelopment
	}
}

// stage returns the stage of a status of the project.
func (r *Rules) stage(p *Project, status string) Stage {
	if s, ok := p.Stages[status]; ok {
		return s
	}
	return StageOfCategory(r.Statuses[status].Category)
}

// StageSpan is a stretch of a story's cycle time: an interval in which it was
// in one stage, of one owner, in one project.
type StageSpan struct {
	Span      // To is Never while the story is still there
	ProjectID string
	Owner     string // of the story, person
	Stage     Stage
}

// footing is what the events say of a story's stage from an instant on, before
// waits are laid over it.
type footing struct {
	from    Instant
	project *Project
	owner   string
	stage   Stage // of the status, or blocked while flagged
	cycling bool  // cycle time runs
	stands  bool  // a question stops the work: question status, blocked or flagged

	delegated bool // the story's delegate field names somebody other than the owner
}

// cycleTime is whether a story's cycle time runs.
type cycleTime struct {
	runs     bool
	accepted bool // the last one ended with acceptance
	// waitOnly reports whether it runs for the open acceptance wait alone, and
	// before what accepted was then.
	waitOnly, before bool
}

// noteStage remembers the story's footing from t on, and whether its cycle time
// runs: from the first entry into a stage other than backlog, or an acceptance
// wait, to accepted, done or withdrawn, and again from a reopening on.
func (r *replay) noteStage(t Instant) {
	now, cycle := &r.now, &r.cycleTime
	f := footing{from: t, project: now.project, owner: now.owner, delegated: r.fieldDelegates()}
	if now.inScope && !now.done {
		switch placed, ok := now.project.Stages[now.status]; {
		case ok:
			f.stage = placed
		case now.accepting:
			f.stage = StageReview // while its clock stands
		default:
			f.stage = StageOfCategory(r.d.rules.Statuses[now.status].Category)
		}
		f.stands = now.flagged || f.stage == StageBlocked || now.project.QuestionStatuses[now.status]
		if now.flagged {
			f.stage = StageBlocked
		}
		work := f.stage != StageBacklog && (f.stage != StageRelease || !cycle.accepted)
		f.cycling = cycle.runs || work || r.acc.open
		if !cycle.runs {
			cycle.waitOnly, cycle.before = f.cycling && !work, cycle.accepted
		} else if work {
			cycle.waitOnly = false
		}
	}
	if cycle.runs = f.cycling; cycle.runs {
		cycle.accepted = false
	}
	list := r.d.footings
	if n := len(list); n > 0 {
		last := &list[n-1]
		if last.from == t {
			*last = f
			return
		}
		f.from = last.from
		if *last == f {
			return
		}
		f.from = t
	}
	r.d.footings = append(list, f)
}

// keepCycleTime lets the cycle time that runs for an acceptance wait stand: the
// wait has ended, and was one.
func (r *replay) keepCycleTime() { r.cycleTime.waitOnly = false }

// forgetCycleTime takes back the cycle time that runs for an acceptance wait
// alone, which began at an instant and turned out to be none.
func (r *replay) forgetCycleTime(since Instant) {
	cycle := &r.cycleTime
	if !cycle.waitOnly {
		return
	}
	for i := len(r.d.footings) - 1; i >= 0 && r.d.footings[i].from >= since; i-- {
		r.d.footings[i].cycling = false
	}
	*cycle = cycleTime{accepted: cycle.before}
}

// laid is a stretch in which a wait runs on the story's clock.
type laid struct {
	Span
	kind Kind
}

// lay keeps when w ran on the story's clock, for the story's stages.
func (r *replay) lay(w *runningWait, stop Instant, pauses []Span) {
	first := len(r.d.laid)
	running := cutOut(r.d.clock.running[:0], Span{w.start, stop}, pauses)
	r.d.clock.running = running
	for _, s := range running {
		r.d.laid = append(r.d.laid, laid{s, w.kind})
	}
	if n := len(r.d.laid); w.end == Never && n > first && r.d.laid[n-1].To == stop {
		r.d.laid[n-1].To = Never
	}
}

// stages lays the waits over the footings and fills in the result's spans.
// Where an acceptance wait and a question run at once, the first counts.
func (r *replay) stages() {
	d := r.d
	for i, f := range d.footings {
		if !f.cycling {
			continue
		}
		to := Never
		if i+1 < len(d.footings) {
			to = d.footings[i+1].from
		}
		for at := max(f.from, f.project.HistoryFrom); at < to; {
			s := StageSpan{Span: Span{at, to}, ProjectID: f.project.ID, Owner: f.owner, Stage: f.stage}
			var question bool
			for _, l := range d.laid {
				switch {
				case l.To <= at:
				case l.From > at:
					s.To = min(s.To, l.From)
				case l.kind == Acceptance:
					s.Stage, s.To = StageOwner, min(s.To, l.To)
				default:
					question, s.To = true, min(s.To, l.To)
				}
			}
			if question && s.Stage != StageOwner {
				s.Stage = StageOwnerQuestion
				if f.stands {
					s.Stage = StageOwner
				}
			}
			at = s.To
			d.addSpan(s)
		}
	}
}

// addSpan appends a span, or makes the last one longer.
func (d *Deriver) addSpan(s StageSpan) {
	if n := len(d.result.Stages); n > 0 {
		last := &d.result.Stages[n-1]
		if last.To == s.From && last.ProjectID == s.ProjectID && last.Owner == s.Owner && last.Stage == s.Stage {
			last.To = s.To
			return
		}
	}
	d.result.Stages = append(d.result.Stages, s)
}
