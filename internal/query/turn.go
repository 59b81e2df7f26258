package query

import (
	"cmp"
	"context"
	"slices"

	"github.com/yourturn/yourturn/internal/latency"
)

// firstWaits is how many waits Your turn lists.
const firstWaits = 10

// Turn is what one owner has to do, and how it went. It holds nothing of another owner.
type Turn struct {
	AsOf  Time   `json:"as_of"`
	Owner string `json:"owner"`
	Name  string `json:"owner_name"`

	Absent      bool      `json:"absent"`       // the owner is away
	AbsentUntil Time      `json:"absent_until"` // null: not away, or no end is known
	StandIns    []StandIn `json:"stand_ins"`    // who answers in the owner's stead now, for some kind of wait in some project

	Totals WaitingTotals `json:"totals"`
	First  []Waiting     `json:"first"` // the first ones of those that are not forgotten, in the order in which to look at them
	Parts  []TurnPart    `json:"parts"` // by project and kind, in order
	Guards []TurnGuard   `json:"guards"`
	Looks  []Look        `json:"looks"` // of others at these numbers; for the owner alone
}

// TurnPart is how one kind of an owner's waits went in one project.
type TurnPart struct {
	Project   string       `json:"project"`
	Kind      latency.Kind `json:"kind"`
	Target    Seconds      `json:"target_seconds"`
	Day       Seconds      `json:"working_day_seconds"` // how long the owner's working day is
	Open      int          `json:"open"`
	Overdue   int          `json:"overdue"`
	Forgotten int          `json:"forgotten"`
	Recent    Windowed     `json:"last_28_days"`
	Longer    Windowed     `json:"last_90_days"`
	Responses Responses    `json:"responses"`
}

// Windowed is what a window says of waits.
type Windowed struct {
	Days  int `json:"days"`
	Begun int `json:"begun"` // waits that began in the window
	// Of the waits that ran in the window:
	Answered int `json:"answered"`
	Open     int `json:"open"`
	Censored int `json:"censored"` // ended in another way
	// Half is within what working time half of the waits are answered; null: it is not
	// reached, or too early to tell.
	Half    *Seconds `json:"half_within_seconds"`
	Overrun bool     `json:"not_reached"` // half are not answered yet, and some wait is past its target
}

// Enough reports whether there are answers enough to compare the window with another.
func (w Windowed) Enough() bool { return w.Answered >= latency.FewestEnded }

// Responses count verdicts and answers of all that is counted, by who gave them.
type Responses struct {
	Owner    int `json:"owner"`
	Delegate int `json:"delegate"`
	Other    int `json:"other"` // somebody else, or automation
}

// All is how many there are.
func (r Responses) All() int { return r.Owner + r.Delegate + r.Other }

// TurnGuard is how often a guard found something, of all that is counted.
type TurnGuard struct {
	Guard latency.EntryType `json:"guard"`
	Count int               `json:"count"`
	Of    int               `json:"of"` // how many acceptances, rejections or answers it looked at
}

// Look is a look of somebody at an owner's page, report or answer.
type Look struct {
	At   Time   `json:"at"`
	By   string `json:"by"`
	What string `json:"what"`
}

// OwnersOf returns the labels of the owners of a report whose statistics somebody may
// see, in some project or whatever the project, in order of their names. Those in the
// config are there before anything waits on them.
func OwnersOf(report *latency.Report, see Sight) []string {
	var out []string
	seen := map[string]bool{}
	add := func(owner, project string) {
		if !seen[owner] && see.SeesOwner(owner, project) {
			seen[owner] = true
			out = append(out, owner)
		}
	}
	for owner := range report.Names {
		add(owner, "")
	}
	for k := range report.Open {
		add(k.Owner, k.Project)
	}
	slices.SortFunc(out, func(a, b string) int {
		return cmp.Or(cmp.Compare(report.DisplayName(a), report.DisplayName(b)), cmp.Compare(a, b))
	})
	return out
}

// Turn returns the turn of an owner, in the projects in which one may see their
// statistics; nil if there is no such owner, or none that one may see. looks are those of
// others at the owner's numbers.
func (n Now) Turn(ctx context.Context, owner string, looks []Look) (*Turn, error) {
	report, see := n.Report, n.See
	if !slices.Contains(OwnersOf(report, see), owner) {
		return nil, nil //nolint:nilnil // there is none
	}
	n.See = ownersSight{see}
	list, err := n.Waiting(ctx, WaitingFilter{Owner: owner, Limit: firstWaits})
	if err != nil {
		return nil, err
	}
	t := &Turn{
		AsOf: list.AsOf, Owner: owner, Name: report.DisplayName(owner), Absent: report.Absent[owner], AbsentUntil: Time(latency.Never), StandIns: []StandIn{},
		Totals: list.Totals, First: list.Waits, Parts: []TurnPart{}, Guards: []TurnGuard{}, Looks: append([]Look{}, looks...),
	}
	if until, absent := report.AbsentUntil[owner]; absent {
		t.AbsentUntil = Time(until)
	}
	for _, d := range report.Delegations {
		if d.Owner == owner {
			t.StandIns = append(t.StandIns, StandIn{Person: d.Delegate, Name: report.DisplayName(d.Delegate), Until: Time(d.Until)})
		}
	}
	given := responsesTo(report, owner)
	for k, open := range report.Open {
		if k.Owner == owner && see.SeesOwner(owner, k.Project) {
			t.Parts = append(t.Parts, turnPart(report, k, open, given[k]))
		}
	}
	slices.SortFunc(t.Parts, func(a, b TurnPart) int { return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Kind, b.Kind)) })
	for _, guard := range latency.Guards() {
		t.Guards = append(t.Guards, turnGuard(report, see, owner, guard))
	}
	return t, nil
}

// ownersSight narrows what somebody sees to the projects in which they may see an
// owner's statistics.
type ownersSight struct{ Sight }

func (ownersSight) SeesProject(string) bool { return false }

// responsesTo returns who gave the verdicts and answers of an owner's waits.
func responsesTo(report *latency.Report, owner string) map[latency.Key]Responses {
	out := map[latency.Key]Responses{}
	for e, n := range report.Totals.Ended {
		if e.Owner != owner || !e.Outcome.IsResponse() {
			continue
		}
		r := out[e.Key]
		switch e.Responder {
		case latency.ByOwner:
			r.Owner += int(n) //nolint:gosec // waits
		case latency.ByDelegate:
			r.Delegate += int(n) //nolint:gosec // waits
		default:
			r.Other += int(n) //nolint:gosec // waits
		}
		out[e.Key] = r
	}
	return out
}

// turnPart returns how one kind of an owner's waits went in one project.
func turnPart(report *latency.Report, k latency.Key, open latency.OpenState, given Responses) TurnPart {
	p := TurnPart{
		Project: k.Project, Kind: k.Kind, Target: Seconds(report.Targets[latency.StoryKey{Kind: k.Kind, Project: k.Project}]),
		Open: open.Open, Overdue: open.Overdue, Forgotten: open.Forgotten,
		Recent: windowed(report, k, "28d", 28), Longer: windowed(report, k, "90d", 90),
		Responses: given,
	}
	if cal := report.Calendar(k.Owner, k.Project); cal != nil {
		p.Day = Seconds(cal.Day())
	}
	return p
}

// windowed returns what a rolling window says of the waits of a key.
func windowed(report *latency.Report, k latency.Key, window string, days int) Windowed {
	out := Windowed{Days: days}
	d := report.Statistics.Waits[latency.WaitsKey{Kind: k.Kind, Project: k.Project, Owner: k.Owner, Window: window}]
	if d == nil {
		return out
	}
	out.Begun, out.Answered, out.Open, out.Censored = d.Began, d.Ended, d.Open, d.Censored
	age, reached, never := d.Quantile(0.5)
	if out.Overrun = never; reached {
		half := Seconds(age)
		out.Half = &half
	}
	return out
}

// turnGuard returns how often a guard found something of an owner, and of how many.
func turnGuard(report *latency.Report, see Sight, owner string, guard latency.EntryType) TurnGuard {
	g := TurnGuard{Guard: guard}
	for k, n := range report.Totals.Guards {
		if k.Guard == guard && k.Owner == owner && see.SeesOwner(owner, k.Project) {
			g.Count += int(n) //nolint:gosec // waits
		}
	}
	for e, n := range report.Totals.Ended {
		if e.Owner == owner && see.SeesOwner(owner, e.Project) && lookedAt(guard, e) {
			g.Of += int(n) //nolint:gosec // waits
		}
	}
	return g
}

// lookedAt reports whether a guard looks at waits that ended so.
func lookedAt(guard latency.EntryType, e latency.EndedKey) bool {
	own := e.Responder == latency.ByOwner || e.Responder == latency.ByDelegate
	switch guard {
	case latency.GuardReopened:
		return e.Outcome == latency.Accepted
	case latency.GuardInstantAcceptance:
		return e.Outcome == latency.Accepted && own
	case latency.GuardSilentRejection:
		return e.Outcome == latency.Rejected
	default:
		return e.Outcome == latency.Answered
	}
}
