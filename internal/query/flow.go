package query

import (
	"cmp"
	"slices"

	"github.com/yourturn/yourturn/internal/latency"
)

// FlowWindow is the window over which Flow tells where the time goes.
const FlowWindow = "28d"

// fewestWaits is how many waits have to tell before Flow says how a kind of wait goes.
const fewestWaits = 10

// Flow is where the cycle time of a project's stories goes, in the window.
type Flow struct {
	Project string `json:"project"`
	AsOf    Time   `json:"as_of"`
	Window  string `json:"window"`
	From    Time   `json:"from"` // the window begins then

	Stories   int     `json:"stories"` // with cycle time in the window
	CycleTime Seconds `json:"cycle_time_seconds"`
	Stages    []Lived `json:"stages"` // in the order of the work, those that were lived in

	Low        float64 `json:"waiting_low"`  // the share of waiting for the owner, at least
	High       float64 `json:"waiting_high"` // and at most
	Bottleneck string  `json:"verdict"`      // is the owner the bottleneck? "" if too few stories tell

	Blocker      string  `json:"largest_blocker"` // a stage; "" if none is long enough
	BlockerShare float64 `json:"largest_blocker_share"`
	BlockerKnown bool    `json:"largest_blocker_known"` // enough stories tell

	Kinds []FlowKind `json:"kinds"`
	Needs []Need     `json:"needs"`
	Odd   []string   `json:"odd"` // reasons of the audit that say that the config does not fit
	// Configured reports whether the acceptance statuses fit the project; Questions whether
	// the config says that it has none.
	Configured bool `json:"configured"`
	Questions  bool `json:"questions_alone"`
}

// Lived is how much of the cycle time was lived in a stage.
type Lived struct {
	Stage   string  `json:"stage"`
	Time    Seconds `json:"seconds"`
	Share   float64 `json:"share"`
	Waiting bool    `json:"waiting"` // for the owner
	Blocks  bool    `json:"blocks"`  // nobody works on a story in it
}

// FlowKind is how a kind of wait goes in a project.
type FlowKind struct {
	Kind      string  `json:"kind"`
	Target    Seconds `json:"target_seconds"`
	Open      int     `json:"open"`
	Overdue   int     `json:"overdue"`
	Forgotten int     `json:"forgotten"`
	Oldest    Seconds `json:"oldest_seconds"` // on the story's clock

	// Forgotten waits are in all of the above. Lists show them apart.
	OverdueOthers   int     `json:"overdue_not_forgotten"`
	OldestOthers    Seconds `json:"oldest_not_forgotten_seconds"` // on the story's clock
	OldestForgotten Seconds `json:"oldest_forgotten_seconds"`     // likewise

	Ended    int         `json:"ended"` // of the waits that ran in the window
	Running  int         `json:"running"`
	Censored int         `json:"censored"`
	Half     *QuantileOf `json:"half"` // null: too early to tell
	Most     *QuantileOf `json:"most"` // of 85 of 100
	Enough   bool        `json:"enough"`
}

// QuantileOf is the time within which a share of waits is over.
type QuantileOf struct {
	Within  Seconds `json:"within_seconds"`
	Reached bool    `json:"reached"` // false: it is beyond all waits, of which some are past the target
}

// Need is what a project's team needs most, by the evidence.
type Need struct {
	// What is verdicts, answers, or the stage that blocks most.
	What string `json:"what"`
	// Sure reports whether the evidence is enough to say so; else it can only be listed.
	Sure bool `json:"sure"`

	Share   float64 `json:"share"`   // of the cycle time; 0 where it is not by that
	Stories int     `json:"stories"` // that tell
	Waits   int     `json:"waits"`   // that tell
	// Most is within what 85 of 100 are over, as a multiple of the target; 0: not known, or
	// not reached.
	Most float64 `json:"most_per_target"`
}

// The needs that are no stages.
const (
	NeedVerdicts = "verdicts"
	NeedAnswers  = "answers"
)

// Flow says where the time goes in a project, by the report of a service; ok is false if
// it knows no such project.
func (r *Reader) Flow(project string) (flow *Flow, ok bool) {
	report, p := r.Report, r.Rules.Projects[r.Rules.ProjectID(project)]
	if p == nil {
		return nil, false
	}
	s := report.Statistics
	key := latency.ProjectWindow{Project: project, Window: FlowWindow}
	share := s.ProjectShare(project, FlowWindow)
	f := &Flow{
		Project: project, AsOf: Time(report.DataTimestamp), Window: FlowWindow, Stories: s.Stories[key], CycleTime: seconds(share.Total),
		Stages: []Lived{}, Kinds: []FlowKind{}, Needs: []Need{}, Odd: []string{}, Configured: p.Configured(), Questions: p.QuestionsAlone,
	}
	for _, w := range latency.Rolling(report.DataTimestamp) {
		if w.Name == FlowWindow {
			f.From = Time(w.From)
		}
	}
	for _, stage := range latency.Stages() {
		if lived := s.Stages[latency.StageWindow{Project: project, Stage: stage, Window: FlowWindow}]; lived > 0 {
			f.Stages = append(f.Stages, Lived{
				Stage: string(stage), Time: seconds(lived), Share: float64(lived) / float64(share.Total),
				Waiting: stage == latency.StageOwner || stage == latency.StageOwnerQuestion, Blocks: latency.Blocks(stage),
			})
		}
	}
	blocker, known := s.Blockers[key]
	f.Blocker, f.BlockerShare, f.BlockerKnown = string(blocker.Stage), blocker.Share, known
	if share.Total > 0 {
		f.Low, f.High = share.Low(), share.High()
		if known {
			f.Bottleneck = latency.BottleneckOf(f.Low).Words
		}
	}
	for _, kind := range []latency.Kind{latency.Acceptance, latency.Question} {
		if p.Measures(kind) {
			f.Kinds = append(f.Kinds, flowKind(report, project, kind))
		}
	}
	for _, reason := range []string{latency.FindNoAcceptance, latency.FindOwnerFieldEmpty, latency.FindMostlyUnowned} {
		if report.Audit[latency.AuditKey{Project: project, Reason: reason}] > 0 {
			f.Odd = append(f.Odd, reason)
		}
	}
	f.needs()
	return f, true
}

// seconds returns a length of time of the ledger's precision.
func seconds(m latency.Milliseconds) Seconds {
	const most = latency.Milliseconds(1<<63-1) / 1_000_000
	return Seconds(min(m, most) * 1_000_000)
}

// flowKind returns how a kind of wait goes.
func flowKind(report *latency.Report, project string, kind latency.Kind) FlowKind {
	story := latency.StoryKey{Kind: kind, Project: project}
	k := FlowKind{Kind: string(kind), Target: Seconds(report.Targets[story]), Oldest: Seconds(report.Stories[story].Oldest)}
	for key, open := range report.Open {
		if key.Kind == kind && key.Project == project {
			k.Open += open.Open
			k.Overdue += open.Overdue
			k.Forgotten += open.Forgotten
		}
	}
	for i := range report.Queue {
		switch w := &report.Queue[i]; {
		case w.Project != project || w.Kind != kind:
		case w.State == latency.StateForgotten:
			k.OldestForgotten = max(k.OldestForgotten, Seconds(w.StoryWorking))
		default:
			k.OldestOthers = max(k.OldestOthers, Seconds(w.StoryWorking))
			if w.State == latency.StateOverdue || w.State == latency.StateOverdueSince {
				k.OverdueOthers++
			}
		}
	}
	d := report.Statistics.Waits[latency.WaitsKey{Kind: kind, Project: project, Window: FlowWindow}]
	if d == nil {
		return k
	}
	k.Ended, k.Running, k.Censored = d.Ended, d.Open, d.Censored
	k.Enough = d.Ended+d.Open+d.Censored >= fewestWaits
	quantile := func(q float64) *QuantileOf {
		age, reached, never := d.Quantile(q)
		if !reached && !never {
			return nil
		}
		return &QuantileOf{Seconds(age), reached}
	}
	k.Half, k.Most = quantile(0.5), quantile(0.85)
	return k
}

// needs says what the team needs most: first less time in the stage that blocks most, then,
// of verdicts and answers, what takes more than its target, the longest measured by its
// target first. What too few waits tell comes last.
func (f *Flow) needs() {
	for _, k := range f.Kinds {
		n := Need{What: NeedAnswers, Sure: k.Enough, Waits: k.Ended + k.Running + k.Censored, Stories: f.Stories}
		if k.Kind == string(latency.Acceptance) {
			n.What = NeedVerdicts
		}
		if n.Waits == 0 {
			continue
		}
		late := k.Most != nil && !k.Most.Reached
		if k.Most != nil && k.Most.Reached && k.Target > 0 {
			n.Most = float64(k.Most.Within) / float64(k.Target)
			late = n.Most > 1
		}
		if late || !n.Sure {
			f.Needs = append(f.Needs, n)
		}
	}
	beyond := func(n Need) int { // not reached is later than any multiple
		if n.Most == 0 {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(f.Needs, func(a, b Need) int {
		sure := func(n Need) int {
			if n.Sure {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(sure(a), sure(b)), cmp.Compare(beyond(b), beyond(a)), cmp.Compare(b.Most, a.Most))
	})
	if f.Blocker != "" {
		stage := Need{What: f.Blocker, Sure: true, Share: f.BlockerShare, Stories: f.Stories}
		f.Needs = slices.Insert(f.Needs, 0, stage)
	}
}
