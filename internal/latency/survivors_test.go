package latency

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// clock writes an instant as tales do.
func clock(t testing.TB, at Instant) string {
	local := at.Time().In(berlin(t))
	if monday := time.Date(2026, 3, 2, 0, 0, 0, 0, berlin(t)); local.Before(monday) || !local.Before(monday.AddDate(0, 0, 7)) {
		return local.Format("2 Jan 15:04")
	}
	if local.Second() == 0 {
		return local.Format("Mon 15:04")
	}
	return local.Format("Mon 15:04:05")
}

// trace writes all that was derived of a story: what ended by when, the clocks,
// each step, and what was counted beside the waits.
func trace(t testing.TB, res *Result) []string {
	d := func(d time.Duration) string {
		s := d.String()
		if whole, ok := strings.CutSuffix(s, "m0s"); ok {
			s = whole + "m"
		}
		if whole, ok := strings.CutSuffix(s, "h0m"); ok {
			s = whole + "h"
		}
		return s
	}
	var out []string
	for _, w := range res.Parts {
		s := fmt.Sprintf("%s of %s in %s, part %d", w.Kind, w.Owner, w.ProjectID, w.Number)
		if w.Cycle != 0 {
			s += fmt.Sprintf(", cycle %d", w.Cycle)
		}
		s += ": " + clock(t, w.Start)
		if w.Origin != w.Start {
			s += " (at first " + clock(t, w.Origin) + ")"
		}
		if w.Open() {
			s += " open"
		} else {
			s += " to " + clock(t, w.End) + " " + strings.TrimSpace(fmt.Sprintf("%s %s", w.Outcome, w.Responder))
		}
		if w.ExitStatus != "" {
			s += " into " + w.ExitStatus
		}
		s += fmt.Sprintf("; %s, worked %s", d(w.Elapsed), d(w.Working))
		if w.Paused != 0 {
			s += ", paused " + d(w.Paused)
		}
		if w.PausedNow {
			s += ", stands"
		}
		if w.StoryElapsed != w.Elapsed || w.StoryWorking != w.Working {
			s += fmt.Sprintf(", story's %s, worked %s", d(w.StoryElapsed), d(w.StoryWorking))
		}
		if w.Breached {
			s += ", breached " + clock(t, w.BreachAt)
		}
		if w.Asks > 1 {
			s += fmt.Sprintf(", %d asks", w.Asks)
		}
		if w.Addressed != "" && w.Addressed != w.Owner {
			s += ", addressed to " + w.Addressed
		}
		if w.OtherReplies > 0 {
			s += fmt.Sprintf(", %d replies from %s", w.OtherReplies, clock(t, w.FirstReply))
		}
		var steps []string
		for _, st := range w.Steps {
			steps = append(steps, fmt.Sprintf("%s %s", clock(t, st.At), st.Rule))
		}
		out = append(out, s, "  "+strings.Join(steps, ", "))
	}
	for _, m := range res.Marks {
		mark := fmt.Sprintf("%s in %s, %s, final %s", m.Type, m.ProjectID, clock(t, m.At), clock(t, m.Final))
		if m.Owner != "" {
			mark += ", of " + m.Owner
		}
		out = append(out, mark)
	}
	for _, f := range res.Findings {
		out = append(out, fmt.Sprintf("finding in %s, %s: %s %s", f.ProjectID, clock(t, f.At), f.Reason, f.Detail))
	}
	if res.Unsettled {
		out = append(out, "unsettled")
	}
	return out
}

// theEnd is where the working hours of all calendars are over.
var theEnd = At(time.Date(2071, 1, 1, 0, 0, 0, 0, time.UTC))

// TestTraces derives stories of which all that is derived is looked at: the
// steps, what runs, what stands, and what is counted beside the waits.
func TestTraces(t *testing.T) {
	begun := func(t *testing.T) *tale { return newTale(t, "Mon 08:00", "In Progress") }
	asked := func(t *testing.T) *tale { return begun(t).says("Mon 09:00", "dev", "[~po] which currency?") }
	waits := func(t *testing.T) *tale { return begun(t).move("Mon 09:00", "dev", "PO Review") }
	project := func(change func(*Project)) func(*Rules) { return func(r *Rules) { change(r.Projects["1"]) } }
	flags := project(func(p *Project) { p.PauseWhenFlagged = true })
	deputised := func(r *Rules) { r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Always}} }
	for _, tc := range []struct {
		name  string
		rules func(*Rules)
		story func(t *testing.T) *tale
		asOf  string
		want  []string
	}{
		{name: "flagged when it enters", rules: flags, story: func(t *testing.T) *tale {
			return begun(t).record("Mon 08:30", "dev", FieldFlag, "Impediment").move("Mon 09:00", "dev", "PO Review").record("Mon 11:00", "dev", FieldFlag, "").move("Mon 12:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 accepted owner into Done; 1h, worked 1h, paused 2h",
			"  Mon 09:00 entered_acceptance, Mon 09:00 paused, Mon 11:00 resumed, Mon 12:00 accepted",
			"finding in 1, Mon 12:00: exit_by_default Done",
		}},
		{name: "flagged, and flags do not pause", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 08:30", "dev", FieldFlag, "Impediment").move("Mon 09:00", "dev", "PO Review").record("Mon 11:00", "dev", FieldFlag, "").record("Mon 11:30", "dev", FieldFlag, "Impediment").move("Mon 12:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 accepted owner into Done; 3h, worked 3h",
			"  Mon 09:00 entered_acceptance, Mon 12:00 accepted",
			"finding in 1, Mon 12:00: exit_by_default Done",
		}},
		{name: "flagged twice in other words, and flagged now", rules: flags, story: func(t *testing.T) *tale {
			return waits(t).record("Mon 10:00", "dev", FieldFlag, "Impediment").record("Mon 11:00", "dev", FieldFlag, "Blocked").record("Mon 12:00", "dev", FieldFlag, "").record("Mon 12:30", "dev", FieldLabels, "x").record("Mon 13:00", "dev", FieldFlag, "Impediment")
		}, asOf: "Mon 15:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 2h, worked 2h, paused 4h, stands",
			"  Mon 09:00 entered_acceptance, Mon 10:00 paused, Mon 12:00 resumed, Mon 13:00 paused",
			"unsettled",
		}},
		{name: "flagged at the very instant", rules: flags, story: func(t *testing.T) *tale { return waits(t).record("Mon 10:00", "dev", FieldFlag, "Impediment") }, asOf: "Mon 10:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 1h, worked 1h, stands",
			"  Mon 09:00 entered_acceptance, Mon 10:00 paused",
			"unsettled",
		}},
		{name: "not flagged when it enters", rules: flags, story: func(t *testing.T) *tale { return waits(t) }, asOf: "Mon 10:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance",
			"unsettled",
		}},
		{name: "moved to a project where its status waits", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 08:30", "dev", "Sign-off").record("Mon 09:00", "dev", FieldProject, "2").move("Mon 10:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 2, part 1, cycle 1: Mon 09:00 to Mon 10:00 accepted owner into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 accepted",
			"finding in 2, Mon 10:00: exit_by_default Done",
		}},
		{name: "moved to a project where its status does not wait", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "In Progress").record("Mon 08:10", "dev", FieldProject, "2").move("Mon 08:30", "dev", "Sign-off").record("Mon 09:30", "dev2", FieldProject, "1").move("Mon 10:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 2, part 1, cycle 1: Mon 08:30 to Mon 09:30 withdrawn other into Sign-off; 1h, worked 30m",
			"  Mon 08:30 entered_acceptance, Mon 09:30 withdrawn",
		}},
		{name: "within the set after it entered withdrawn", rules: project(func(p *Project) { p.Acceptance = Set{"PO Review": true, "Sign-off": true} }), story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "dev", FieldStatus, "PO Review", FieldResolution, "Duplicate").record("Mon 10:00", "dev", FieldStatus, "Sign-off", FieldResolution, "")
		}, asOf: "Mon 12:00"},
		{name: "accepted by who moved it in, at once", story: func(t *testing.T) *tale { return waits(t).move("Mon 09:01", "dev", "Done") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:01 accepted other into Done; 1m, worked 1m",
			"  Mon 09:00 entered_acceptance, Mon 09:01 accepted",
			"bypass in 1, Mon 09:01, final Mon 09:06",
			"finding in 1, Mon 09:01: exit_by_default Done",
		}},
		{name: "accepted by who moved it in, later", story: func(t *testing.T) *tale { return waits(t).move("Mon 09:01:01", "dev", "Done") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:01:01 accepted other into Done; 1m1s, worked 1m1s",
			"  Mon 09:00 entered_acceptance, Mon 09:01:01 accepted",
			"finding in 1, Mon 09:01:01: exit_by_default Done",
		}},
		{name: "accepted by another at once", story: func(t *testing.T) *tale { return waits(t).move("Mon 09:00:30", "dev2", "Done") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:00:30 accepted other into Done; 30s, worked 30s",
			"  Mon 09:00 entered_acceptance, Mon 09:00:30 accepted",
			"finding in 1, Mon 09:00:30: exit_by_default Done",
		}},
		{name: "accepted at once by the owner who moved it in", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "po", "PO Review").move("Mon 09:00:30", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:00:30 accepted owner into Done; 30s, worked 30s",
			"  Mon 09:00 entered_acceptance, Mon 09:00:30 accepted",
			"finding in 1, Mon 09:00:30: exit_by_default Done",
		}},
		{name: "parked, while what moves nothing happens", story: func(t *testing.T) *tale {
			return waits(t).move("Mon 10:00", "dev", "Third party").record("Mon 11:00", "admin", FieldWorkflow, "new").record("Mon 11:30", "dev", FieldResolution, "Duplicate").move("Mon 12:00", "dev", "PO Review").move("Mon 13:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 13:00 withdrawn owner into Done; 2h, worked 2h, paused 2h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 paused, Mon 12:00 resumed, Mon 13:00 withdrawn",
		}},
		{name: "parked now", story: func(t *testing.T) *tale { return waits(t).move("Mon 10:00", "dev", "Third party") }, asOf: "Mon 12:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 1h, worked 1h, paused 2h, stands",
			"  Mon 09:00 entered_acceptance, Mon 10:00 paused",
			"unsettled",
		}},
		{name: "parked from one third party to the next, then dropped", rules: project(func(p *Project) { p.Paused["Sign-off"] = true }), story: func(t *testing.T) *tale {
			return waits(t).move("Mon 10:00", "dev", "Third party").move("Mon 11:00", "dev", "Sign-off").move("Mon 12:00", "dev", "Dropped")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 withdrawn other into Dropped; 1h, worked 1h, paused 2h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 paused, Mon 12:00 withdrawn",
		}},
		{name: "parked, and accepted from there", story: func(t *testing.T) *tale {
			return waits(t).move("Mon 10:00", "dev", "Third party").move("Mon 12:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 accepted owner into Done; 1h, worked 1h, paused 2h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 paused, Mon 12:00 accepted",
			"finding in 1, Mon 12:00: exit_by_default Done",
		}},
		{name: "accepted, and then once more", story: func(t *testing.T) *tale {
			return waits(t).move("Mon 10:00", "po", "Done").move("Mon 11:00", "dev", "PO Review").move("Mon 12:00", "po", "In Progress").move("Mon 13:00", "dev", "PO Review").move("Mon 14:00", "po", "Closed").move("Mon 15:00", "dev", "PO Review")
		}, asOf: "Mon 16:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 accepted owner into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 accepted",
			"acceptance of po in 1, part 1, cycle 2: Mon 11:00 to Mon 12:00 rejected owner into In Progress; 1h, worked 1h",
			"  Mon 11:00 entered_acceptance, Mon 12:00 rejected",
			"acceptance of po in 1, part 1, cycle 2: Mon 13:00 to Mon 14:00 accepted owner into Closed; 1h, worked 1h",
			"  Mon 13:00 entered_acceptance, Mon 14:00 accepted",
			"acceptance of po in 1, part 1, cycle 3: Mon 15:00 open; 1h, worked 1h",
			"  Mon 15:00 entered_acceptance",
			"reopened in 1, Mon 11:00, final Mon 11:05, of po",
			"reopened in 1, Mon 15:00, final Mon 15:05, of po",
			"silent_rejection in 1, Mon 12:00, final Mon 12:10, of po",
			"finding in 1, Mon 10:00: exit_by_default Done",
			"finding in 1, Mon 14:00: exit_by_default Closed",
			"unsettled",
		}},
		{name: "rejected by a delegate", rules: deputised, story: func(t *testing.T) *tale { return waits(t).move("Mon 10:00", "deputy", "In Progress") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 rejected delegate into In Progress; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 rejected",
			"silent_rejection in 1, Mon 10:00, final Mon 10:10, of po",
		}},
		{name: "accepted to the one status that accepts", rules: project(func(p *Project) { p.Accepted = Set{"Closed": true} }), story: func(t *testing.T) *tale { return waits(t).move("Mon 10:00", "po", "Closed") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 accepted owner into Closed; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 accepted",
		}},
		{name: "sent to another than the one status that accepts", rules: project(func(p *Project) { p.Accepted = Set{"Closed": true} }), story: func(t *testing.T) *tale { return waits(t).move("Mon 10:00", "po", "Done") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 rejected owner into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 rejected",
			"silent_rejection in 1, Mon 10:00, final Mon 10:10, of po",
		}},
		{name: "accepted with a slip of a migration", story: func(t *testing.T) *tale {
			return waits(t).record("Mon 10:00", "po", FieldStatus, "Done", FieldWorkflow, "new").move("Mon 10:01", "po", "PO Review")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 withdrawn automation into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 withdrawn",
			"acceptance of po in 1, part 1, cycle 1: Mon 10:01 open; 6553h59m, worked 1561h59m, breached Tue 10:01",
			"  Mon 10:01 entered_acceptance",
			"finding in 1, Mon 10:00: migration ",
			"unsettled",
		}},
		{name: "migrated within the set", rules: project(func(p *Project) { p.Acceptance = Set{"PO Review": true, "Sign-off": true} }), story: func(t *testing.T) *tale {
			return waits(t).record("Mon 10:00", "admin", FieldStatus, "Sign-off", FieldWorkflow, "new").move("Mon 11:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 11:00 accepted owner into Done; 2h, worked 2h",
			"  Mon 09:00 entered_acceptance, Mon 11:00 accepted",
			"finding in 1, Mon 10:00: migration ",
			"finding in 1, Mon 11:00: exit_by_default Done",
		}},
		{name: "migrated into the set", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "admin", FieldStatus, "PO Review", FieldWorkflow, "new").move("Mon 11:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 11:00 accepted owner into Done; 2h, worked 2h",
			"  Mon 09:00 entered_acceptance, Mon 11:00 accepted",
			"finding in 1, Mon 09:00: migration ",
			"finding in 1, Mon 11:00: exit_by_default Done",
		}},
		{name: "migrated by the owner while a question runs", story: func(t *testing.T) *tale {
			return asked(t).record("Mon 10:00", "po", FieldStatus, "To Do", FieldWorkflow, "new").record("Mon 11:00", "po", FieldStatus, "Waiting for PO", FieldWorkflow, "newer").record("Mon 12:00", "po", FieldStatus, "Done", FieldWorkflow, "newest")
		}, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 12:00 obsolete automation; 3h, worked 3h, 2 asks",
			"  Mon 09:00 mention, Mon 11:00 ask_joined, Mon 12:00 ask_taken_back, Mon 12:00 obsolete",
			"finding in 1, Mon 10:00: migration ",
			"finding in 1, Mon 11:00: migration ",
			"finding in 1, Mon 12:00: migration ",
		}},
		{name: "done with no acceptance, once", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "Done").move("Mon 10:00", "dev", "In Progress").move("Mon 11:00", "dev", "Closed")
		}, want: []string{
			"bypass in 1, Mon 09:00, final Mon 09:05",
		}},
		{name: "done after it was dropped", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "Dropped").move("Mon 10:00", "dev", "Done")
		}},
		{name: "dropped with no acceptance", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "dev", FieldStatus, "Done", FieldResolution, "Won\u2019t Fix")
		}},
		{name: "done where nothing waits for acceptance", rules: project(func(p *Project) { p.Acceptance = Set{} }), story: func(t *testing.T) *tale { return begun(t).move("Mon 09:00", "dev", "Done") }},
		{name: "migrated to done", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "admin", FieldStatus, "Done", FieldWorkflow, "new")
		}, want: []string{
			"finding in 1, Mon 09:00: migration ",
		}},
		{name: "done after a slip of acceptance and a hop", story: func(t *testing.T) *tale {
			return waits(t).move("Mon 09:01", "dev", "In Progress").move("Mon 10:00", "dev", "PO Review").move("Mon 10:00:05", "robot", "In Progress").move("Mon 11:00", "dev", "Done")
		}, want: []string{
			"slip in 1, Mon 09:01, final Mon 09:06",
			"bypass in 1, Mon 11:00, final Mon 11:05",
		}},
		{name: "the owner asks and the team answers", story: func(t *testing.T) *tale {
			return waits(t).says("Mon 09:30", "dev", "here it is").says("Mon 10:00", "po", "looks odd").says("Mon 10:30", "po", "which build?").says("Mon 11:00", "robot", "built").says("Mon 12:00", "dev", "this").says("Mon 12:30", "dev2", "yes").move("Mon 13:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 13:00 accepted owner into Done; 2h30m, worked 2h30m, paused 1h30m",
			"  Mon 09:00 entered_acceptance, Mon 10:30 owner_asks, Mon 12:00 team_spoke, Mon 13:00 accepted",
			"finding in 1, Mon 13:00: exit_by_default Done",
		}},
		{name: "the owner asks twice", story: func(t *testing.T) *tale {
			return waits(t).says("Mon 10:00", "po", "which build?").says("Mon 15:00", "po", "hello?").says("Mon 16:00", "dev", "this").move("Mon 17:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 17:00 accepted owner into Done; 3h, worked 3h, paused 5h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 owner_asks, Mon 15:00 owner_asks, Mon 16:00 team_spoke, Mon 17:00 accepted",
			"finding in 1, Mon 17:00: exit_by_default Done",
		}},
		{name: "the owner asks twice at once", story: func(t *testing.T) *tale {
			return waits(t).says("Mon 10:00", "po", "which build?").says("Mon 11:00", "po", "hello?").says("Mon 12:00", "dev", "this").move("Mon 17:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 17:00 accepted owner into Done; 6h, worked 6h, paused 2h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 owner_asks, Mon 11:00 owner_asks, Mon 12:00 team_spoke, Mon 17:00 accepted",
			"finding in 1, Mon 17:00: exit_by_default Done",
		}},
		{name: "the owner asks and nobody answers", story: func(t *testing.T) *tale { return waits(t).says("Mon 10:00", "po", "which build?") }, asOf: "Mon 13:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 1h, worked 1h, paused 3h, stands",
			"  Mon 09:00 entered_acceptance, Mon 10:00 owner_asks",
			"unsettled",
		}},
		{name: "until the target of a question", story: func(t *testing.T) *tale { return waits(t).says("Mon 10:00", "po", "which build?") }, asOf: "Mon 14:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 1h, worked 1h, paused 4h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 owner_asks",
			"unsettled",
		}},
		{name: "the owner asks as of now", story: func(t *testing.T) *tale { return waits(t).says("Mon 10:00", "po", "which build?") }, asOf: "Mon 10:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 1h, worked 1h, stands",
			"  Mon 09:00 entered_acceptance, Mon 10:00 owner_asks",
			"unsettled",
		}},
		{name: "the owner asks outside acceptance", story: func(t *testing.T) *tale {
			return begun(t).says("Mon 08:30", "po", "which build?").move("Mon 09:00", "dev", "PO Review").says("Mon 09:30", "dev", "this").move("Mon 10:00", "po", "Done").says("Mon 11:00", "po", "and where?").move("Mon 12:00", "dev", "PO Review").says("Mon 12:30", "dev", "there")
		}, asOf: "Mon 13:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 accepted owner into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 accepted",
			"acceptance of po in 1, part 1, cycle 2: Mon 12:00 open; 1h, worked 1h",
			"  Mon 12:00 entered_acceptance",
			"reopened in 1, Mon 12:00, final Mon 12:05, of po",
			"finding in 1, Mon 10:00: exit_by_default Done",
			"unsettled",
		}},
		{name: "the owner asks and that pauses nothing", rules: project(func(p *Project) { p.PauseWhileOwnerAsks = false }), story: func(t *testing.T) *tale {
			return waits(t).says("Mon 10:00", "po", "which build?").says("Mon 11:00", "dev", "this").move("Mon 12:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 accepted owner into Done; 3h, worked 3h",
			"  Mon 09:00 entered_acceptance, Mon 12:00 accepted",
			"finding in 1, Mon 12:00: exit_by_default Done",
		}},
		{name: "the owner asks and somebody moves the story", rules: project(func(p *Project) { p.Acceptance = Set{"PO Review": true, "Sign-off": true} }), story: func(t *testing.T) *tale {
			return waits(t).says("Mon 10:00", "po", "which build?").move("Mon 11:00", "robot", "Sign-off").move("Mon 12:00", "dev", "PO Review").move("Mon 13:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 13:00 accepted owner into Done; 2h, worked 2h, paused 2h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 owner_asks, Mon 12:00 team_spoke, Mon 13:00 accepted",
			"finding in 1, Mon 13:00: exit_by_default Done",
		}},
		{name: "the owner asks, flagged and parked at once", rules: flags, story: func(t *testing.T) *tale {
			return waits(t).says("Mon 10:00", "po", "which build?").record("Mon 11:00", "robot", FieldFlag, "Impediment").record("Mon 12:00", "robot", FieldStatus, "Third party")
		}, asOf: "Mon 15:30", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 1h, worked 1h, paused 5h30m, stands",
			"  Mon 09:00 entered_acceptance, Mon 10:00 owner_asks, Mon 11:00 paused, Mon 12:00 paused",
			"unsettled",
		}},
		{name: "the owner asks, and moves the story back", story: func(t *testing.T) *tale {
			return waits(t).says("Mon 10:00", "po", "which build?").move("Mon 11:00", "po", "In Progress").says("Mon 11:30", "dev", "hm").move("Mon 12:00", "dev", "PO Review").says("Mon 12:30", "dev", "there")
		}, asOf: "Mon 13:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 11:00 rejected owner into In Progress; 1h, worked 1h, paused 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 owner_asks, Mon 11:00 rejected",
			"acceptance of po in 1, part 1, cycle 1: Mon 12:00 open; 1h, worked 1h",
			"  Mon 12:00 entered_acceptance",
			"silent_rejection in 1, Mon 11:00, final Mon 11:10, of po",
			"unsettled",
		}},
		{name: "an owner with hours of their own", rules: func(r *Rules) { r.Owners["po"].Calendar = workdays(t, 8, 11) }, story: func(t *testing.T) *tale {
			return waits(t).says("Mon 10:00", "dev", "[~po] ok?").move("Mon 12:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 accepted owner into Done; 3h, worked 2h",
			"  Mon 09:00 entered_acceptance, Mon 12:00 accepted",
			"question of po in 1, part 1: Mon 10:00 to Mon 12:00 answered owner; 2h, worked 1h",
			"  Mon 10:00 mention, Mon 12:00 answered",
			"finding in 1, Mon 12:00: exit_by_default Done",
		}},
		{name: "begun when history does", rules: project(func(p *Project) { p.HistoryFrom = when(t, "Mon 09:00") }), story: func(t *testing.T) *tale { return waits(t).move("Mon 10:00", "po", "Done") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 accepted owner into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 accepted",
			"finding in 1, Mon 10:00: exit_by_default Done",
		}},
		{name: "begun before history does", rules: project(func(p *Project) { p.HistoryFrom = when(t, "Mon 09:01") }), story: func(t *testing.T) *tale {
			return waits(t).move("Mon 10:00", "po", "Done").move("Mon 11:00", "dev", "PO Review")
		}, asOf: "Mon 12:00", want: []string{
			"acceptance of po in 1, part 1, cycle 2: Mon 11:00 open; 1h, worked 1h",
			"  Mon 11:00 entered_acceptance",
			"finding in 1, Mon 10:00: exit_by_default Done",
			"unsettled",
		}},
		{name: "met at the very target", story: func(t *testing.T) *tale { return waits(t).move("Mon 17:00", "po", "Done") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 17:00 accepted owner into Done; 8h, worked 8h",
			"  Mon 09:00 entered_acceptance, Mon 17:00 accepted",
			"finding in 1, Mon 17:00: exit_by_default Done",
		}},
		{name: "breached by a millisecond", story: func(t *testing.T) *tale { return waits(t).move("Tue 09:00:00.001", "po", "Done") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Tue 09:00 accepted owner into Done; 24h0m0.001s, worked 8h0m0.001s, breached Tue 09:00",
			"  Mon 09:00 entered_acceptance, Tue 09:00 accepted",
			"finding in 1, Tue 09:00: exit_by_default Done",
		}},
		{name: "breached, on both clocks", story: func(t *testing.T) *tale {
			return waits(t).record("Mon 13:00", "A", "customfield_1", "B").move("Wed 10:00", "B", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 13:00 handed_over; 4h, worked 4h",
			"  Mon 09:00 entered_acceptance, Mon 13:00 handed_over, Wed 10:00 accepted",
			"acceptance of B in 1, part 2, cycle 1: Mon 13:00 to Wed 10:00 accepted owner into Done; 45h, worked 13h, story's 49h, worked 17h, breached Tue 13:00",
			"  Mon 09:00 entered_acceptance, Mon 13:00 handed_over, Wed 10:00 accepted",
			"finding in 1, Wed 10:00: exit_by_default Done",
		}},
		{name: "a part as short as the slip window", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "In Progress").record("Mon 08:30", "dev", "customfield_1", "A").move("Mon 09:00", "dev", "PO Review").record("Mon 09:05", "dev", "customfield_1", "B").move("Mon 10:00", "B", "Done")
		}, want: []string{
			"acceptance of A in 1, part 1, cycle 1: Mon 09:00 to Mon 09:05 handed_over; 5m, worked 5m",
			"  Mon 09:00 entered_acceptance, Mon 09:05 handed_over, Mon 10:00 accepted",
			"acceptance of B in 1, part 2, cycle 1: Mon 09:05 to Mon 10:00 accepted owner into Done; 55m, worked 55m, story's 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 09:05 handed_over, Mon 10:00 accepted",
			"finding in 1, Mon 10:00: exit_by_default Done",
		}},
		{name: "a part just shorter, at the beginning", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "In Progress").record("Mon 08:30", "dev", "customfield_1", "A").move("Mon 09:00", "dev", "PO Review").record("Mon 09:04:59", "dev", "customfield_1", "B").move("Mon 10:00", "B", "Done")
		}, want: []string{
			"acceptance of B in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 accepted owner into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 09:04:59 handed_over, Mon 10:00 accepted",
			"finding in 1, Mon 10:00: exit_by_default Done",
		}},
		{name: "parts just shorter, in the middle", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "In Progress").record("Mon 08:30", "dev", "customfield_1", "A").move("Mon 09:00", "dev", "PO Review").record("Mon 10:00", "dev", "customfield_1", "B").record("Mon 10:02", "dev", "customfield_1", "C").record("Mon 10:04", "dev", "customfield_1", "A").move("Mon 12:00", "A", "Done")
		}, want: []string{
			"acceptance of A in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 accepted owner into Done; 3h, worked 3h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 handed_over, Mon 10:02 handed_over, Mon 10:04 handed_over, Mon 12:00 accepted",
			"finding in 1, Mon 12:00: exit_by_default Done",
		}},
		{name: "a part just shorter, at the end", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "In Progress").record("Mon 08:30", "dev", "customfield_1", "A").move("Mon 09:00", "dev", "PO Review").record("Mon 09:56", "dev", "customfield_1", "B").move("Mon 10:00", "B", "Done")
		}, want: []string{
			"acceptance of A in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 accepted other into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 09:56 handed_over, Mon 10:00 accepted",
			"finding in 1, Mon 10:00: exit_by_default Done",
		}},
		{name: "a part as short as the slip window, at the end", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "In Progress").record("Mon 08:30", "dev", "customfield_1", "A").move("Mon 09:00", "dev", "PO Review").record("Mon 09:55", "dev", "customfield_1", "B").move("Mon 10:00", "B", "Done")
		}, want: []string{
			"acceptance of A in 1, part 1, cycle 1: Mon 09:00 to Mon 09:55 handed_over; 55m, worked 55m",
			"  Mon 09:00 entered_acceptance, Mon 09:55 handed_over, Mon 10:00 accepted",
			"acceptance of B in 1, part 2, cycle 1: Mon 09:55 to Mon 10:00 accepted owner into Done; 5m, worked 5m, story's 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 09:55 handed_over, Mon 10:00 accepted",
			"finding in 1, Mon 10:00: exit_by_default Done",
		}},
		{name: "handed over and back", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "In Progress").record("Mon 08:30", "dev", "customfield_1", "A").move("Mon 09:00", "dev", "PO Review").record("Mon 10:00", "dev", "customfield_1", "B").record("Mon 11:00", "dev", "customfield_1", "A").move("Mon 12:00", "A", "Done")
		}, want: []string{
			"acceptance of A in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 handed_over; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 handed_over, Mon 11:00 handed_over, Mon 12:00 accepted",
			"acceptance of B in 1, part 2, cycle 1: Mon 10:00 to Mon 11:00 handed_over; 1h, worked 1h, story's 2h, worked 2h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 handed_over, Mon 11:00 handed_over, Mon 12:00 accepted",
			"acceptance of A in 1, part 3, cycle 1: Mon 11:00 to Mon 12:00 accepted owner into Done; 1h, worked 1h, story's 3h, worked 3h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 handed_over, Mon 11:00 handed_over, Mon 12:00 accepted",
			"finding in 1, Mon 12:00: exit_by_default Done",
		}},
		{name: "handed over as it enters, and as it ends", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "In Progress").record("Mon 08:30", "dev", "customfield_1", "A").record("Mon 09:00", "dev", FieldStatus, "PO Review", "customfield_1", "B").record("Mon 12:00", "B", FieldStatus, "Done", "customfield_1", "C")
		}, want: []string{
			"acceptance of B in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 accepted owner into Done; 3h, worked 3h",
			"  Mon 09:00 entered_acceptance, Mon 12:00 accepted",
			"finding in 1, Mon 12:00: exit_by_default Done",
		}},
		{name: "handed over twice at one instant", story: func(t *testing.T) *tale {
			return waits(t).record("Mon 10:00", "dev", "customfield_1", "A").record("Mon 10:00", "dev", "customfield_1", "B")
		}, asOf: "Mon 12:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 handed_over; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 handed_over, Mon 10:00 handed_over",
			"acceptance of B in 1, part 2, cycle 1: Mon 10:00 open; 2h, worked 2h, story's 3h, worked 3h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 handed_over, Mon 10:00 handed_over",
			"finding in 1, Mon 10:00: same_instant ",
			"unsettled",
		}},
		{name: "handed over while it stands", story: func(t *testing.T) *tale {
			return waits(t).move("Mon 10:00", "dev", "Third party").record("Mon 11:00", "dev", "customfield_1", "A").move("Mon 12:00", "dev", "PO Review").move("Mon 13:00", "A", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 11:00 handed_over; 1h, worked 1h, paused 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 paused, Mon 11:00 handed_over, Mon 12:00 resumed, Mon 13:00 accepted",
			"acceptance of A in 1, part 2, cycle 1: Mon 11:00 to Mon 13:00 accepted owner into Done; 1h, worked 1h, paused 1h, story's 2h, worked 2h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 paused, Mon 11:00 handed_over, Mon 12:00 resumed, Mon 13:00 accepted",
			"finding in 1, Mon 13:00: exit_by_default Done",
		}},
		{name: "handed over by a move to another project", rules: func(r *Rules) { r.Projects["2"].Terms = []Term{{"next", Always}} }, story: func(t *testing.T) *tale {
			return waits(t).record("Mon 12:00", "dev", FieldProject, "2").move("Mon 13:00", "next", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 handed_over; 3h, worked 3h",
			"  Mon 09:00 entered_acceptance, Mon 12:00 handed_over, Mon 13:00 accepted",
			"acceptance of next in 2, part 2, cycle 1: Mon 12:00 to Mon 13:00 accepted owner into Done; 1h, worked 1h, story's 4h, worked 4h",
			"  Mon 09:00 entered_acceptance, Mon 12:00 handed_over, Mon 13:00 accepted",
			"finding in 2, Mon 13:00: exit_by_default Done",
		}},
		{name: "absent for a part of it", rules: func(r *Rules) {
			r.Owners["po"].Absences = []Span{{when(t, "Tue 09:00"), when(t, "Tue 11:00")}, {when(t, "Mon 15:00"), when(t, "Mon 16:00")}}
		}, story: func(t *testing.T) *tale {
			return waits(t).record("Mon 12:00", "dev", FieldLabels, "x").move("Tue 12:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Tue 12:00 accepted owner into Done; 24h, worked 8h, story's 27h, worked 11h",
			"  Mon 09:00 entered_acceptance, Tue 12:00 accepted",
			"finding in 1, Tue 12:00: exit_by_default Done",
		}},
		{name: "absent, and that does not pause", rules: func(r *Rules) {
			r.Owners["po"].Absences = []Span{{when(t, "Mon 09:00"), when(t, "Mon 11:00")}}
			r.Projects["1"].PauseWhenAbsent = false
		}, story: func(t *testing.T) *tale { return waits(t).move("Mon 12:00", "po", "Done") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 accepted owner into Done; 3h, worked 3h",
			"  Mon 09:00 entered_acceptance, Mon 12:00 accepted",
			"finding in 1, Mon 12:00: exit_by_default Done",
		}},
		{name: "absent with a deputy for a while", rules: func(r *Rules) {
			r.Owners["po"].Absences = []Span{{when(t, "Mon 09:00"), when(t, "Mon 13:00")}}
			r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Span{when(t, "Mon 10:00"), when(t, "Mon 11:00")}, Kinds: []Kind{Acceptance}}, {Owner: "po", Delegate: "po", Span: Always}, {Owner: "next", Delegate: "deputy", Span: Always}}
		}, story: func(t *testing.T) *tale {
			return waits(t).says("Mon 09:30", "dev", "[~po] ok?").move("Mon 14:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 14:00 accepted owner into Done; 2h, worked 2h, story's 5h, worked 5h",
			"  Mon 09:00 entered_acceptance, Mon 14:00 accepted",
			"question of po in 1, part 1: Mon 09:30 to Mon 14:00 answered owner; 1h, worked 1h, story's 4h30m, worked 4h30m",
			"  Mon 09:30 mention, Mon 14:00 answered",
			"finding in 1, Mon 14:00: exit_by_default Done",
		}},
		{name: "overdue while absent", rules: func(r *Rules) { r.Owners["po"].Absences = []Span{{when(t, "Tue 00:00"), when(t, "Wed 00:00")}} }, story: func(t *testing.T) *tale { return waits(t) }, asOf: "Wed 11:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 26h, worked 10h, story's 50h, worked 18h, breached Wed 09:00",
			"  Mon 09:00 entered_acceptance",
			"unsettled",
		}},
		{name: "slips, one after the other", story: func(t *testing.T) *tale {
			return waits(t).move("Mon 09:01", "dev", "In Progress").move("Mon 09:02", "dev", "PO Review").move("Mon 09:03", "dev", "In Progress").move("Mon 09:04", "dev", "PO Review")
		}, asOf: "Mon 12:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:04 open; 2h56m, worked 2h56m",
			"  Mon 09:04 entered_acceptance",
			"slip in 1, Mon 09:01, final Mon 09:06",
			"slip in 1, Mon 09:03, final Mon 09:08",
			"unsettled",
		}},
		{name: "a slip at the very end of its window", story: func(t *testing.T) *tale { return waits(t).move("Mon 09:05", "dev", "In Progress") }, want: []string{
			"slip in 1, Mon 09:05, final Mon 09:10",
		}},
		{name: "back to another status than it came from", story: func(t *testing.T) *tale { return waits(t).move("Mon 09:01", "dev", "To Do") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:01 recalled other into To Do; 1m, worked 1m",
			"  Mon 09:00 entered_acceptance, Mon 09:01 recalled",
		}},
		{name: "moves outside the set are no slips", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "To Do").move("Mon 09:01", "dev", "In Progress").move("Mon 09:02", "dev", "PO Review")
		}, asOf: "Mon 10:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:02 open; 58m, worked 58m",
			"  Mon 09:02 entered_acceptance",
			"unsettled",
		}},
		{name: "a move by nobody is no slip", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "", "PO Review").move("Mon 09:01", "", "In Progress")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:01 recalled other into In Progress; 1m, worked 1m",
			"  Mon 09:00 entered_acceptance, Mon 09:01 recalled",
			"finding in 1, Mon 09:00: unresolved_actor ",
			"finding in 1, Mon 09:01: unresolved_actor ",
		}},
		{name: "a broken chain, and a slip", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "PO Review").add(Event{At: when(t, "Mon 09:01"), Rank: RankRecord, Actor: "dev", Changes: []Change{{Field: FieldStatus, From: val("Done"), To: val("In Progress")}}})
		}, want: []string{
			"slip in 1, Mon 09:01, final Mon 09:06",
			"finding in 1, Mon 09:01: broken_chain a move begins in Done",
			"finding in 1, 30 Nov 12:00: last_status Jira says PO Review",
		}},
		{name: "a slip with more than the move", story: func(t *testing.T) *tale {
			return waits(t).record("Mon 10:00", "po", FieldStatus, "Done", FieldResolution, "Fixed", FieldLabels, "po-question").record("Mon 10:01", "po", FieldStatus, "PO Review", FieldResolution, "").move("Mon 11:00", "po", "In Progress")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 11:00 rejected owner into In Progress; 2h, worked 2h",
			"  Mon 09:00 entered_acceptance, Mon 11:00 rejected",
			"question of po in 1, part 1: Mon 10:00 to Mon 11:00 answered owner; 1h, worked 1h",
			"  Mon 10:00 label, Mon 11:00 answered",
			"slip in 1, Mon 10:01, final Mon 10:06",
			"silent_rejection in 1, Mon 11:00, final Mon 11:10, of po",
		}},
		{name: "no slip across projects", story: func(t *testing.T) *tale {
			return waits(t).record("Mon 09:01", "dev", FieldStatus, "In Progress", FieldProject, "2").record("Mon 09:02", "dev", FieldStatus, "PO Review", FieldProject, "1").move("Mon 10:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:01 withdrawn other into In Progress; 1m, worked 1m",
			"  Mon 09:00 entered_acceptance, Mon 09:01 withdrawn",
			"acceptance of po in 1, part 1, cycle 1: Mon 09:02 to Mon 10:00 accepted owner into Done; 58m, worked 58m",
			"  Mon 09:02 entered_acceptance, Mon 10:00 accepted",
			"finding in 1, Mon 10:00: exit_by_default Done",
		}},
		{name: "no slip where nobody watches", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 08:10", "dev", FieldProject, "3").move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev", "In Progress").record("Mon 10:00", "dev", FieldProject, "1")
		}},
		{name: "created in the set and hopped out", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 09:00", "PO Review").move("Mon 09:00:09", "robot", "In Progress").move("Mon 10:00", "dev", "Done")
		}, want: []string{
			"bypass in 1, Mon 10:00, final Mon 10:05",
		}},
		{name: "created in the set and moved out at once by a person", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 09:00", "PO Review").move("Mon 09:00:09", "dev2", "In Progress")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:00:09 recalled other into In Progress; 9s, worked 9s",
			"  Mon 09:00 created_in_acceptance, Mon 09:00:09 recalled",
		}},
		{name: "hopped by a migration", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 09:00", "PO Review").record("Mon 09:00:05", "robot", FieldStatus, "In Progress", FieldWorkflow, "new")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:00:05 withdrawn automation into In Progress; 5s, worked 5s",
			"  Mon 09:00 created_in_acceptance, Mon 09:00:05 withdrawn",
			"finding in 1, Mon 09:00:05: migration ",
		}},
		{name: "hopped to the third party", story: func(t *testing.T) *tale {
			return waits(t).move("Mon 09:00:05", "robot", "Third party").move("Mon 10:00", "dev", "PO Review").move("Mon 11:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 11:00 accepted owner into Done; 1h0m5s, worked 1h0m5s, paused 59m55s",
			"  Mon 09:00 entered_acceptance, Mon 09:00:05 paused, Mon 10:00 resumed, Mon 11:00 accepted",
			"finding in 1, Mon 11:00: exit_by_default Done",
		}},
		{name: "hopped to another project", story: func(t *testing.T) *tale {
			return waits(t).record("Mon 09:00:05", "robot", FieldStatus, "In Progress", FieldProject, "2")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:00:05 withdrawn automation into In Progress; 5s, worked 5s",
			"  Mon 09:00 entered_acceptance, Mon 09:00:05 withdrawn",
		}},
		{name: "within the set, and hopped out later", rules: project(func(p *Project) { p.Acceptance = Set{"PO Review": true, "Sign-off": true} }), story: func(t *testing.T) *tale {
			return waits(t).move("Mon 09:00:08", "robot", "Sign-off").move("Mon 09:00:12", "robot", "In Progress")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:00:12 recalled automation into In Progress; 12s, worked 12s",
			"  Mon 09:00 entered_acceptance, Mon 09:00:12 recalled",
		}},
		{name: "gone and back", story: func(t *testing.T) *tale {
			return waits(t).says("Mon 09:30", "dev", "[~po] ok?").add(Event{At: when(t, "Mon 10:00"), Rank: RankGone, Observed: true}).says("Mon 10:30", "dev", "[~po] hello?").add(Event{At: when(t, "Mon 11:00"), Rank: RankReturned, Observed: true})
		}, asOf: "Mon 12:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 withdrawn into PO Review; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 withdrawn",
			"question of po in 1, part 1: Mon 09:30 to Mon 10:00 withdrawn; 30m, worked 30m",
			"  Mon 09:30 mention, Mon 10:00 withdrawn",
			"acceptance of po in 1, part 1, cycle 1: Mon 11:00 open; 1h, worked 1h",
			"  Mon 11:00 created_in_acceptance",
			"finding in 1, Mon 10:00: gone ",
			"unsettled",
		}},
		{name: "moved where nobody watches", story: func(t *testing.T) *tale {
			return waits(t).says("Mon 09:30", "dev", "[~po] ok?").record("Mon 10:00", "po", FieldProject, "3").says("Mon 10:30", "po", "gone")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 withdrawn owner into PO Review; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 withdrawn",
			"question of po in 1, part 1: Mon 09:30 to Mon 10:00 withdrawn owner; 30m, worked 30m",
			"  Mon 09:30 mention, Mon 10:00 withdrawn",
		}},
		{name: "into scope while it asks", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 08:10", "dev", FieldType, "epic").move("Mon 08:30", "dev", "Waiting for PO").record("Mon 08:40", "dev", FieldLabels, "po-question").record("Mon 09:00", "dev", FieldType, "story")
		}, asOf: "Mon 10:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 1h, worked 1h, 2 asks",
			"  Mon 09:00 status, Mon 09:00 ask_joined",
			"unsettled",
		}},
		{name: "a status nobody knows", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "Nowhere").move("Mon 10:00", "dev", "Done")
		}, want: []string{
			"bypass in 1, Mon 10:00, final Mon 10:05",
			"finding in 1, Mon 09:00: unknown_status Nowhere (Nowhere)",
		}},
		{name: "where moves do not join", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "PO Review").add(Event{At: when(t, "Mon 10:00"), Rank: RankRecord, Actor: "po", Changes: []Change{{Field: FieldStatus, From: val("To Do"), To: val("Done")}}})
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 accepted owner into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 accepted",
			"finding in 1, Mon 10:00: broken_chain a move begins in To Do",
			"finding in 1, Mon 10:00: exit_by_default Done",
			"finding in 1, 30 Nov 12:00: last_status Jira says PO Review",
		}},
		{name: "two records at one instant", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "dev", FieldLabels, "x").record("Mon 09:00", "dev", FieldLabels, "y").says("Mon 09:00", "dev", "hm")
		}, want: []string{
			"finding in 1, Mon 09:00: same_instant ",
		}},
		{name: "two ask, and both take it back", story: func(t *testing.T) *tale {
			return asked(t).says("Mon 10:00", "dev2", "[~po] me too?").says("Mon 11:00", "dev", "#withdrawn").says("Mon 12:00", "dev2", "#withdrawn")
		}, want: []string{
			"question of po in 1, part 1: Mon 10:00 (at first Mon 09:00) to Mon 12:00 withdrawn other; 2h, worked 2h, 2 asks",
			"  Mon 09:00 mention, Mon 10:00 ask_joined, Mon 11:00 ask_taken_back, Mon 12:00 withdrawn",
		}},
		{name: "two ask, and the first is deleted", story: func(t *testing.T) *tale {
			return asked(t).says("Mon 10:00", "dev2", "[~po] me too?").deletes("Mon 11:00", 2).deletes("Mon 11:30", 9)
		}, asOf: "Mon 12:00", want: []string{
			"question of po in 1, part 1: Mon 10:00 (at first Mon 09:00) open; 2h, worked 2h, 2 asks",
			"  Mon 09:00 mention, Mon 10:00 ask_joined, Mon 11:00 ask_taken_back",
			"unsettled",
		}},
		{name: "two ask, and the second is edited away", story: func(t *testing.T) *tale {
			return asked(t).says("Mon 10:00", "dev2", "[~po] me too?").edits("Mon 11:00", "dev2", 3, "no").edits("Mon 11:30", "dev2", 3, "or not")
		}, asOf: "Mon 12:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 3h, worked 3h, 2 asks",
			"  Mon 09:00 mention, Mon 10:00 ask_joined, Mon 11:00 ask_taken_back",
			"unsettled",
		}},
		{name: "edited and still asked", story: func(t *testing.T) *tale {
			return asked(t).edits("Mon 10:00", "dev", 2, "[~po] which currency, please?").edits("Mon 10:10", "dev", 2, "[~po] which?").says("Mon 11:00", "po", "euros")
		}, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 11:00 answered owner; 2h, worked 2h",
			"  Mon 09:00 mention, Mon 11:00 answered",
		}},
		{name: "others reply", story: func(t *testing.T) *tale {
			return asked(t).says("Mon 10:00", "dev2", "euros?").says("Mon 10:30", "dev", "no").says("Mon 11:00", "dev2", "dollars").says("Mon 11:30", "robot", "pounds").says("Mon 12:00", "po", "yen")
		}, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 12:00 answered owner; 3h, worked 3h, 2 replies from Mon 10:00",
			"  Mon 09:00 mention, Mon 10:00 other_reply, Mon 11:00 other_reply, Mon 12:00 answered",
		}},
		{name: "others reply as customers", story: func(t *testing.T) *tale {
			return asked(t).add(Event{At: when(t, "Mon 10:00"), Rank: RankCommentAdded, Actor: "client", ActorType: Customer, Comment: commentFacts("euros")}).add(Event{At: when(t, "Mon 11:00"), Rank: RankCommentAdded, Actor: "client", ActorType: Customer, Comment: commentFacts("[~po] euros?")})
		}, asOf: "Mon 12:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 3h, worked 3h",
			"  Mon 09:00 mention",
			"unsettled",
		}},
		{name: "a customer asks", story: func(t *testing.T) *tale {
			return begun(t).add(Event{At: when(t, "Mon 09:00"), Rank: RankCommentAdded, Actor: "client", ActorType: Customer, Comment: commentFacts("[~po] euros?")}).add(Event{At: when(t, "Mon 09:30"), Rank: RankCommentAdded, Actor: "client", ActorType: Customer, ID: 77, Comment: commentFacts("hm")}).add(Event{At: when(t, "Mon 10:00"), Rank: RankCommentEdited, Actor: "client", ActorType: Customer, ID: 77, Comment: commentFacts("[~po] euros?")})
		}},
		{name: "edited into a question by the owner", story: func(t *testing.T) *tale {
			return begun(t).says("Mon 09:00", "dev", "hm").edits("Mon 10:00", "po", 2, "[~po] hm?")
		}},
		{name: "edited into a question when done", story: func(t *testing.T) *tale {
			return begun(t).says("Mon 08:10", "dev", "hm").move("Mon 09:00", "dev", "Dropped").edits("Mon 10:00", "dev", 2, "[~po] hm?")
		}},
		{name: "edited and deleted before anybody saw it", story: func(t *testing.T) *tale {
			return begun(t).edits("Mon 09:00", "dev", 50, "[~po] hm?").deletes("Mon 10:00", 50).edits("Mon 11:00", "dev", 51, "hm").edits("Mon 12:00", "dev", 51, "[~po] ok?")
		}, asOf: "Mon 13:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 10:00 withdrawn; 1h, worked 1h",
			"  Mon 09:00 mention, Mon 10:00 withdrawn",
			"question of po in 1, part 1: Mon 12:00 open; 1h, worked 1h",
			"  Mon 12:00 mention",
			"unsettled",
		}},
		{name: "edited where it does not count", story: func(t *testing.T) *tale {
			return begun(t).says("Mon 08:10", "dev", "hm").record("Mon 08:20", "dev", FieldType, "epic").edits("Mon 09:00", "dev", 2, "[~po] hm?").record("Mon 10:00", "dev", FieldType, "story").edits("Mon 11:00", "dev", 2, "[~po] hm, hm?").edits("Mon 12:00", "dev", 2, "no").edits("Mon 13:00", "dev", 2, "[~po] yes?")
		}, asOf: "Mon 14:00", want: []string{
			"question of po in 1, part 1: Mon 13:00 open; 1h, worked 1h",
			"  Mon 13:00 mention",
			"unsettled",
		}},
		{name: "by status, and a comment joins", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "Waiting for PO").says("Mon 10:00", "dev2", "[~po] ok?").move("Mon 11:00", "dev2", "In Progress")
		}, asOf: "Mon 12:00", want: []string{
			"question of po in 1, part 1: Mon 10:00 (at first Mon 09:00) open; 2h, worked 2h, 2 asks",
			"  Mon 09:00 status, Mon 10:00 ask_joined, Mon 11:00 ask_taken_back",
			"unsettled",
		}},
		{name: "by label, twice, one off", rules: project(func(p *Project) { p.QuestionLabels = Set{"po-question": true, "urgent": true} }), story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "dev", FieldLabels, "po-question").record("Mon 10:00", "dev", FieldLabels, "po-question urgent").record("Mon 11:00", "dev", FieldLabels, "urgent").record("Mon 12:00", "dev", FieldLabels, "")
		}, want: []string{
			"question of po in 1, part 1: Mon 10:00 (at first Mon 09:00) to Mon 12:00 resolved other; 2h, worked 2h, 2 asks",
			"  Mon 09:00 label, Mon 10:00 ask_joined, Mon 11:00 ask_taken_back, Mon 12:00 resolved",
		}},
		{name: "by label, and done", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "dev", FieldLabels, "po-question").move("Mon 10:00", "dev", "Done").record("Mon 11:00", "dev", FieldLabels, "x po-question")
		}, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 10:00 obsolete other; 1h, worked 1h",
			"  Mon 09:00 label, Mon 10:00 obsolete",
			"bypass in 1, Mon 10:00, final Mon 10:05",
		}},
		{name: "by status, answered by leaving it", rules: deputised, story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "Waiting for PO").move("Mon 10:00", "deputy", "In Progress")
		}, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 10:00 answered delegate; 1h, worked 1h",
			"  Mon 09:00 status, Mon 10:00 answered",
		}},
		{name: "from one question status to the next", rules: project(func(p *Project) { p.QuestionStatuses["Sign-off"] = true }), story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "Waiting for PO").move("Mon 10:00", "dev", "Sign-off").move("Mon 11:00", "dev", "In Progress")
		}, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 11:00 resolved other; 2h, worked 2h",
			"  Mon 09:00 status, Mon 11:00 resolved",
		}},
		{name: "asked by a status that another project does not ask by", rules: func(r *Rules) { r.Projects["2"].QuestionStatuses = Set{} }, story: func(t *testing.T) *tale {
			return begun(t).record("Mon 08:30", "dev", FieldProject, "2").move("Mon 09:00", "dev", "Waiting for PO").record("Mon 10:00", "dev", FieldProject, "1", FieldStatus, "Waiting for PO")
		}, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 10:00 open; 1h, worked 1h",
			"  Mon 10:00 status",
			"unsettled",
		}},
		{name: "assigned and assigned on", rules: project(func(p *Project) { p.Assignment = true }), story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "dev", FieldAssignee, "po").record("Mon 10:00", "po", FieldAssignee, "dev2").record("Mon 11:00", "po", FieldAssignee, "po").record("Mon 12:00", "dev", FieldAssignee, "").move("Mon 13:00", "dev", "PO Review").record("Mon 14:00", "dev", FieldAssignee, "po")
		}, asOf: "Mon 15:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 10:00 answered owner; 1h, worked 1h",
			"  Mon 09:00 assignment, Mon 10:00 answered",
			"acceptance of po in 1, part 1, cycle 1: Mon 13:00 open; 2h, worked 2h",
			"  Mon 13:00 entered_acceptance",
			"unsettled",
		}},
		{name: "assigned, and handed over to the next", rules: project(func(p *Project) { p.Assignment = true }), story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "dev", FieldAssignee, "po").record("Mon 10:00", "dev", FieldAssignee, "next", "customfield_1", "next")
		}, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 10:00 resolved other; 1h, worked 1h",
			"  Mon 09:00 assignment, Mon 10:00 resolved",
			"question of next in 1, part 1: Mon 10:00 open; 1h, worked 1h",
			"  Mon 10:00 assignment",
			"unsettled",
		}},
		{name: "assigned to nobody where nobody owns", rules: project(func(p *Project) { p.Assignment, p.Terms = true, nil }), story: func(t *testing.T) *tale { return begun(t).record("Mon 09:00", "dev", FieldAssignee, "unowned") }, asOf: "Mon 10:00"},
		{name: "assigned by a delegate", rules: func(r *Rules) { deputised(r); r.Projects["1"].Assignment = true }, story: func(t *testing.T) *tale { return begun(t).record("Mon 09:00", "deputy", FieldAssignee, "po") }},
		{name: "the description edited, which answers nothing", story: func(t *testing.T) *tale {
			return asked(t).record("Mon 10:00", "po", FieldDescription, "new").record("Mon 10:30", "dev", FieldDescription, "newer")
		}, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 2h, worked 2h",
			"  Mon 09:00 mention",
			"unsettled",
		}},
		{name: "the description edited by another", rules: project(func(p *Project) { p.AnswerByEdit = true }), story: func(t *testing.T) *tale { return asked(t).record("Mon 10:00", "dev", FieldDescription, "new") }, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 2h, worked 2h",
			"  Mon 09:00 mention",
			"unsettled",
		}},
		{name: "a record that says nothing, by the owner", story: func(t *testing.T) *tale { return asked(t).record("Mon 10:00", "po", FieldLabels, "x") }, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 2h, worked 2h",
			"  Mon 09:00 mention",
			"unsettled",
		}},
		{name: "answered while the owner slips", story: func(t *testing.T) *tale {
			return asked(t).move("Mon 10:00", "po", "PO Review").move("Mon 10:01", "po", "In Progress")
		}, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 2h, worked 2h",
			"  Mon 09:00 mention",
			"slip in 1, Mon 10:01, final Mon 10:06",
			"unsettled",
		}},
		{name: "obsolete, though the owner owns it", story: func(t *testing.T) *tale {
			return asked(t).move("Mon 10:00", "dev", "Dropped").move("Mon 11:00", "dev", "Closed")
		}, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 10:00 obsolete other; 1h, worked 1h",
			"  Mon 09:00 mention, Mon 10:00 obsolete",
		}},
		{name: "asked in acceptance, and accepted by another", story: func(t *testing.T) *tale {
			return waits(t).says("Mon 10:00", "dev", "[~po] ok?").move("Mon 11:00", "dev2", "Closed")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 11:00 accepted other into Closed; 2h, worked 2h",
			"  Mon 09:00 entered_acceptance, Mon 11:00 accepted",
			"question of po in 1, part 1: Mon 10:00 to Mon 11:00 obsolete other; 1h, worked 1h",
			"  Mon 10:00 mention, Mon 11:00 obsolete",
			"finding in 1, Mon 11:00: exit_by_default Closed",
		}},
		{name: "handed over to one who has asked too", story: func(t *testing.T) *tale {
			return asked(t).says("Mon 10:00", "dev2", "[~po] me too?").record("Mon 11:00", "po", "customfield_1", "dev")
		}, asOf: "Mon 12:00", want: []string{
			"question of po in 1, part 1: Mon 10:00 (at first Mon 09:00) to Mon 11:00 handed_over; 1h, worked 1h, 2 asks",
			"  Mon 09:00 mention, Mon 10:00 ask_joined, Mon 11:00 handed_over",
			"question of dev in 1, part 2: Mon 11:00 open; 1h, worked 1h, story's 2h, worked 2h, 2 asks, addressed to po",
			"  Mon 09:00 mention, Mon 10:00 ask_joined, Mon 11:00 handed_over",
			"unsettled",
		}},
		{name: "asked of a delegate by name, and of the owner later", rules: deputised, story: func(t *testing.T) *tale {
			return asked(t).says("Mon 10:00", "dev2", "[~deputy] you?").says("Mon 11:00", "dev", "#withdrawn")
		}, asOf: "Mon 12:00", want: []string{
			"question of po in 1, part 1: Mon 10:00 (at first Mon 09:00) open; 2h, worked 2h, 2 asks, addressed to deputy",
			"  Mon 09:00 mention, Mon 10:00 ask_joined, Mon 11:00 ask_taken_back",
			"unsettled",
		}},
		{name: "a delegate replies after the delegation", rules: func(r *Rules) {
			r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Span{Always.From, when(t, "Tue 00:00")}}}
		}, story: func(t *testing.T) *tale { return asked(t).says("Tue 10:00", "deputy", "euros") }, asOf: "Tue 11:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 26h, worked 10h, breached Mon 13:00, 1 replies from Tue 10:00",
			"  Mon 09:00 mention, Tue 10:00 other_reply",
			"unsettled",
		}},
		{name: "a delegate for another project or kind", rules: func(r *Rules) {
			r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Always, Projects: Set{"2": true}}, {Owner: "po", Delegate: "second", Span: Always, Kinds: []Kind{Acceptance}}, {Owner: "po", Delegate: "third", Span: Always, Projects: Set{"1": true}, Kinds: []Kind{Acceptance, Question}}}
		}, story: func(t *testing.T) *tale {
			return asked(t).says("Mon 10:00", "deputy", "euros").says("Mon 11:00", "second", "dollars").says("Mon 12:00", "third", "yen")
		}, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 12:00 answered delegate; 3h, worked 3h, 2 replies from Mon 10:00",
			"  Mon 09:00 mention, Mon 10:00 other_reply, Mon 11:00 other_reply, Mon 12:00 answered",
		}},
		{name: "the delegate of a delegate", rules: func(r *Rules) {
			r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Always}, {Owner: "deputy", Delegate: "second", Span: Always}}
		}, story: func(t *testing.T) *tale { return asked(t).says("Mon 10:00", "second", "euros") }, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 2h, worked 2h, 1 replies from Mon 10:00",
			"  Mon 09:00 mention, Mon 10:00 other_reply",
			"unsettled",
		}},
		{name: "a delegate by field", rules: project(func(p *Project) { p.DelegateField = "customfield_9" }), story: func(t *testing.T) *tale {
			return asked(t).record("Mon 09:30", "dev", "customfield_9", "x, deputy").says("Mon 10:00", "deputy", "euros")
		}, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 10:00 answered delegate; 1h, worked 1h",
			"  Mon 09:00 mention, Mon 10:00 answered",
		}},
		{name: "nobody in the delegate field", rules: project(func(p *Project) { p.DelegateField = "customfield_9" }), story: func(t *testing.T) *tale { return asked(t).says("Mon 10:00", "", "euros") }, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 2h, worked 2h, 1 replies from Mon 10:00",
			"  Mon 09:00 mention, Mon 10:00 other_reply",
			"finding in 1, Mon 10:00: unresolved_actor ",
			"unsettled",
		}},
		{name: "nobody asks", story: func(t *testing.T) *tale {
			return begun(t).says("Mon 09:00", "", "[~po] ok?").says("Mon 10:00", "", "#withdrawn")
		}, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 2h, worked 2h, 1 replies from Mon 10:00",
			"  Mon 09:00 mention, Mon 10:00 other_reply",
			"finding in 1, Mon 09:00: unresolved_actor ",
			"finding in 1, Mon 10:00: unresolved_actor ",
			"unsettled",
		}},
		{name: "mentions are no questions", rules: project(func(p *Project) { p.Mention = false }), story: func(t *testing.T) *tale { return begun(t).says("Mon 09:00", "dev", "[~po] ok?") }},
		{name: "markers are no questions", rules: project(func(p *Project) { p.Markers = nil }), story: func(t *testing.T) *tale { return begun(t).says("Mon 09:00", "dev", "Q: ok") }},
		{name: "a marker with the owner among others", story: func(t *testing.T) *tale { return begun(t).says("Mon 09:00", "dev", "Q: [~dev2] [~po] ok") }, asOf: "Mon 10:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 1h, worked 1h",
			"  Mon 09:00 marker",
			"unsettled",
		}},
		{name: "lapsed after another calendar", rules: func(r *Rules) {
			r.Projects["1"].LapseAfter = 17 * time.Hour
			r.Owners["next"] = &Owner{Key: "next", Calendar: workdays(t, 0, 24)}
		}, story: func(t *testing.T) *tale { return asked(t).record("Wed 09:00", "dev", "customfield_1", "next") }, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Wed 09:00 handed_over; 48h, worked 16h, breached Mon 13:00",
			"  Mon 09:00 mention, Wed 09:00 handed_over, Wed 10:00 lapsed",
			"question of next in 1, part 2: Wed 09:00 to Wed 10:00 lapsed; 1h, worked 1h, story's 49h, worked 17h, addressed to po",
			"  Mon 09:00 mention, Wed 09:00 handed_over, Wed 10:00 lapsed",
		}},
		{name: "lapsed by the instant", rules: project(func(p *Project) { p.LapseAfter = 8 * time.Hour }), story: func(t *testing.T) *tale { return asked(t) }, asOf: "Mon 17:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 8h, worked 8h, breached Mon 13:00",
			"  Mon 09:00 mention, Mon 17:00 lapsed",
			"unsettled",
		}},
		{name: "about to lapse", rules: project(func(p *Project) { p.LapseAfter = 8 * time.Hour }), story: func(t *testing.T) *tale { return asked(t) }, asOf: "Mon 16:59", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 7h59m, worked 7h59m, breached Mon 13:00",
			"  Mon 09:00 mention",
			"unsettled",
		}},
		{name: "never lapsed", rules: project(func(p *Project) { p.LapseAfter = 0 }), story: func(t *testing.T) *tale { return asked(t) }, asOf: "30 Oct 12:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 5811h, worked 1395h, breached Mon 13:00",
			"  Mon 09:00 mention",
			"unsettled",
		}},
		{name: "lapsed after an ask was taken back", rules: project(func(p *Project) { p.LapseAfter = 8 * time.Hour }), story: func(t *testing.T) *tale {
			return asked(t).says("Mon 10:00", "dev2", "[~po] me too?").deletes("Mon 16:00", 2)
		}, want: []string{
			"question of po in 1, part 1: Mon 10:00 (at first Mon 09:00) to Tue 10:00 lapsed; 24h, worked 8h, breached Mon 14:00, 2 asks",
			"  Mon 09:00 mention, Mon 10:00 ask_joined, Mon 16:00 ask_taken_back, Tue 10:00 lapsed",
		}},
		{name: "asked anew after an answer", story: func(t *testing.T) *tale {
			return asked(t).says("Mon 10:00", "po", "euros").says("Mon 10:02", "dev", "[~po] sure?")
		}, asOf: "Mon 10:04", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 1h, worked 1h",
			"  Mon 09:00 mention, Mon 10:00 answered",
			"question of po in 1, part 1: Mon 10:02 open; 2m, worked 2m",
			"  Mon 10:02 mention",
			"asked_again in 1, Mon 10:02, final Mon 10:07, of po",
			"unsettled",
		}},
		{name: "automation long after the owner", story: func(t *testing.T) *tale {
			return asked(t).says("Mon 09:30", "po", "euros").says("Mon 09:40", "dev", "[~po] sure?").move("Mon 09:41", "robot", "To Do")
		}, asOf: "Mon 10:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 09:30 answered owner; 30m, worked 30m",
			"  Mon 09:00 mention, Mon 09:30 answered",
			"question of po in 1, part 1: Mon 09:40 open; 20m, worked 20m",
			"  Mon 09:40 mention",
			"asked_again in 1, Mon 09:40, final Mon 09:45, of po",
			"unsettled",
		}},
		{name: "automation in the wake of a delegate", rules: deputised, story: func(t *testing.T) *tale {
			return asked(t).record("Mon 10:00", "deputy", FieldLabels, "x").move("Mon 10:01", "robot", "To Do")
		}, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 10:01 answered delegate; 1h1m, worked 1h1m",
			"  Mon 09:00 mention, Mon 10:01 answered",
		}},
		{name: "automation in the wake of one who was the owner", story: func(t *testing.T) *tale {
			return asked(t).record("Mon 10:00", "po", "customfield_1", "next").move("Mon 10:00:30", "robot", "To Do")
		}, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 10:00 handed_over; 1h, worked 1h",
			"  Mon 09:00 mention, Mon 10:00 handed_over",
			"question of next in 1, part 2: Mon 10:00 open; 1h, worked 1h, story's 2h, worked 2h, addressed to po",
			"  Mon 09:00 mention, Mon 10:00 handed_over",
			"unsettled",
		}},
		{name: "automation by its account type", story: func(t *testing.T) *tale {
			return waits(t).add(Event{At: when(t, "Mon 10:00"), Rank: RankRecord, Actor: "app", ActorType: App, Changes: []Change{{Field: FieldStatus, From: val("PO Review"), To: val("Done")}}})
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 accepted automation into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 accepted",
			"finding in 1, Mon 10:00: exit_by_default Done",
			"finding in 1, 30 Nov 12:00: last_status Jira says PO Review",
		}},
		{name: "terms with a gap between", rules: func(r *Rules) {
			r.Projects["1"].Terms = []Term{{"po", Span{Always.From, when(t, "Mon 12:00")}}, {"next", Span{when(t, "Mon 14:00"), when(t, "Mon 16:00")}}}
			r.Projects["1"].Leads = []Term{{"lead", Span{Always.From, when(t, "Mon 15:00")}}, {"boss", Span{when(t, "Mon 15:00"), Never}}}
		}, story: func(t *testing.T) *tale { return asked(t) }, asOf: "Tue 10:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 12:00 handed_over; 3h, worked 3h",
			"  Mon 09:00 mention, Mon 12:00 handed_over, Mon 14:00 handed_over, Mon 16:00 handed_over",
			"question of lead in 1, part 2: Mon 12:00 to Mon 14:00 handed_over; 2h, worked 2h, story's 5h, worked 5h, addressed to po",
			"  Mon 09:00 mention, Mon 12:00 handed_over, Mon 14:00 handed_over, Mon 16:00 handed_over",
			"question of next in 1, part 3: Mon 14:00 to Mon 16:00 handed_over; 2h, worked 2h, story's 7h, worked 7h, addressed to po",
			"  Mon 09:00 mention, Mon 12:00 handed_over, Mon 14:00 handed_over, Mon 16:00 handed_over",
			"question of boss in 1, part 4: Mon 16:00 open; 18h, worked 2h, story's 25h, worked 9h, addressed to po",
			"  Mon 09:00 mention, Mon 12:00 handed_over, Mon 14:00 handed_over, Mon 16:00 handed_over",
			"unsettled",
		}},
		{name: "gone twice", story: func(t *testing.T) *tale {
			return waits(t).add(Event{At: when(t, "Mon 10:00"), Rank: RankGone, Observed: true}).add(Event{At: when(t, "Mon 10:30"), Rank: RankGone, Observed: true})
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 withdrawn into PO Review; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 withdrawn",
			"finding in 1, Mon 10:00: gone ",
			"finding in 1, Mon 10:30: gone ",
		}},
		{name: "at the end of all calendars", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "In Progress").add(Event{At: theEnd, Rank: RankRecord, Actor: "dev", Changes: []Change{{Field: FieldStatus, From: val("In Progress"), To: val("PO Review")}}}).add(Event{At: theEnd, Rank: RankCommentAdded, Actor: "po", Comment: commentFacts("which build?")}).add(Event{At: theEnd, Rank: RankCommentAdded, Actor: "dev", ID: 99, Comment: commentFacts("[~po] none?")})
		}, asOf: "the end", want: []string{
			"acceptance of po in 1, part 1, cycle 1: 1 Jan 01:00 open; 1h, worked 0s",
			"  1 Jan 01:00 entered_acceptance, 1 Jan 01:00 owner_asks, 1 Jan 01:00 team_spoke",
			"question of po in 1, part 1: 1 Jan 01:00 open; 1h, worked 0s",
			"  1 Jan 01:00 mention",
			"finding in 1, 1 Jan 02:00: last_status Jira says In Progress",
			"unsettled",
		}},
		{name: "as of before it was created", story: func(t *testing.T) *tale { return waits(t) }, asOf: "Mon 07:59"},
		{name: "as of when it was created", story: func(t *testing.T) *tale { return newTale(t, "Mon 08:00", "PO Review") }, asOf: "Mon 08:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 08:00 open; 0s, worked 0s",
			"  Mon 08:00 created_in_acceptance",
			"unsettled",
		}},
		{name: "as of before its last move", story: func(t *testing.T) *tale { return waits(t).move("Mon 12:00", "po", "Done") }, asOf: "Mon 11:59", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 2h59m, worked 2h59m",
			"  Mon 09:00 entered_acceptance",
			"unsettled",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			if tc.rules != nil {
				tc.rules(rules)
			}
			asOf := tc.asOf
			if asOf == "" {
				asOf = long
			}
			at := theEnd.Add(time.Hour)
			if asOf != "the end" {
				at = when(t, asOf)
			}
			got := trace(t, NewDeriver(rules, nil).Story(tc.story(t).history(), at))
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("derived (-want +got):\n%s", d)
			}
		})
	}
}
