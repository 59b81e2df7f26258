package latency

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestStagesByName has the stage that a status called Reopened is of.
func TestStagesByName(t *testing.T) {
	if !slices.Contains(StageNames()[StageDevelopment], "Reopened") {
		t.Errorf("Reopened is of no stage by name: %v", StageNames()[StageDevelopment])
	}
}

// TestCycleTimeBeginsWithAcceptance has a story whose acceptance status is of the backlog.
func TestCycleTimeBeginsWithAcceptance(t *testing.T) {
	rules := testRules(t)
	rules.Projects["1"].Stages["PO Review"] = StageBacklog
	s := newTale(t, "Mon 09:00", "To Do").move("Mon 10:00", "dev", "PO Review").move("Mon 12:00", "po", "To Do").move("Mon 13:00", "dev", "Done")
	res := NewDeriver(rules, nil).Story(s.history(), when(t, long))
	if d := cmp.Diff(map[Stage]string{StageOwner: "2h0m0s", StageBacklog: "1h0m0s"}, stageTimes(t, res)); d != "" {
		t.Errorf("cycle time (-want +got):\n%s", d)
	}
}

// stageTimes sums a story's cycle time by stage.
func stageTimes(t *testing.T, res *Result) map[Stage]string {
	cal := testRules(t).Projects["1"].Calendar
	sum := map[Stage]time.Duration{}
	for _, s := range res.Stages {
		sum[s.Stage] += cal.Working(s.From, s.To)
	}
	out := map[Stage]string{}
	for stage, d := range sum {
		out[stage] = d.String()
	}
	return out
}

func TestStages(t *testing.T) {
	for _, tc := range []struct {
		name  string
		story *tale
		asOf  string
		want  map[Stage]string
	}{
		{
			"backlog is no cycle time", newTale(t, "Mon 09:00", "To Do").move("Tue 09:00", "dev", "In Progress").move("Tue 10:00", "dev", "Done"), long,
			map[Stage]string{StageDevelopment: "1h0m0s"},
		},
		{
			"but going back to it is", newTale(t, "Mon 09:00", "In Progress").move("Mon 10:00", "dev", "To Do").move("Mon 12:00", "dev", "Done"), long,
			map[Stage]string{StageDevelopment: "1h0m0s", StageBacklog: "2h0m0s"},
		},
		{
			"a flag blocks", newTale(t, "Mon 09:00", "In Progress").record("Mon 10:00", "dev", FieldFlag, "Impediment").
				record("Mon 12:00", "dev", FieldFlag, "").move("Mon 13:00", "dev", "Done"), long,
			map[Stage]string{StageDevelopment: "2h0m0s", StageBlocked: "2h0m0s"},
		},
		{
			"a question in a question status is the owner's", newTale(t, "Mon 09:00", "In Progress").move("Mon 10:00", "dev", "Waiting for PO").
				move("Mon 12:00", "po", "In Progress").move("Mon 13:00", "dev", "Done"), long,
			map[Stage]string{StageDevelopment: "2h0m0s", StageOwner: "2h0m0s"},
		},
		{
			"and so is one while flagged", newTale(t, "Mon 09:00", "In Progress").record("Mon 10:00", "dev", FieldFlag, "Impediment").
				says("Mon 11:00", "dev", "[~po] which?").says("Mon 12:00", "po", "that").record("Mon 13:00", "dev", FieldFlag, "").move("Mon 14:00", "dev", "Done"), long,
			map[Stage]string{StageDevelopment: "2h0m0s", StageBlocked: "2h0m0s", StageOwner: "1h0m0s"},
		},
		{
			"acceptance goes before a question", newTale(t, "Mon 09:00", "PO Review").says("Mon 10:00", "dev", "[~po] which?").move("Mon 12:00", "po", "Done"), long,
			map[Stage]string{StageOwner: "3h0m0s"},
		},
		{
			"a third party is not the owner", newTale(t, "Mon 09:00", "PO Review").move("Mon 10:00", "dev", "Third party").move("Mon 12:00", "dev", "PO Review").move("Mon 13:00", "po", "Done"), long,
			map[Stage]string{StageOwner: "2h0m0s", StageDevelopment: "2h0m0s"},
		},
		{
			"nor is the team's turn in acceptance", newTale(t, "Mon 09:00", "PO Review").says("Mon 10:00", "po", "which build?").
				says("Mon 12:00", "dev", "this").move("Mon 13:00", "po", "Done"), long,
			map[Stage]string{StageOwner: "2h0m0s", StageReview: "2h0m0s"},
		},
		{
			"accepted ends it, release is after", newTale(t, "Mon 09:00", "PO Review").move("Mon 10:00", "po", "Ready for Release").move("Tue 10:00", "dev", "Done"), long,
			map[Stage]string{StageOwner: "1h0m0s"},
		},
		{
			"with no acceptance, release is in it", newTale(t, "Mon 09:00", "In Progress").move("Mon 10:00", "dev", "Ready for Release").move("Mon 12:00", "dev", "Done"), long,
			map[Stage]string{StageDevelopment: "1h0m0s", StageRelease: "2h0m0s"},
		},
		{
			"withdrawn ends it", newTale(t, "Mon 09:00", "In Progress").move("Mon 10:00", "dev", "Dropped").move("Mon 12:00", "dev", "Done"), long,
			map[Stage]string{StageDevelopment: "1h0m0s"},
		},
		{
			"reopened, it runs again", newTale(t, "Mon 09:00", "In Progress").move("Mon 10:00", "dev", "Done").move("Mon 12:00", "dev", "In Progress").move("Mon 13:00", "dev", "Done"), long,
			map[Stage]string{StageDevelopment: "2h0m0s"},
		},
		{
			"a slip out never happened", newTale(t, "Mon 09:00", "PO Review").move("Mon 10:00", "po", "Done").move("Mon 10:03", "po", "PO Review").move("Mon 11:00", "po", "Done"), long,
			map[Stage]string{StageOwner: "2h0m0s"},
		},
		{
			"out of scope it stands", newTale(t, "Mon 09:00", "In Progress").record("Mon 10:00", "dev", FieldType, "epic").record("Mon 12:00", "dev", FieldType, "story").move("Mon 13:00", "dev", "Done"), long,
			map[Stage]string{StageDevelopment: "2h0m0s"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res := NewDeriver(testRules(t), nil).Story(tc.story.history(), when(t, tc.asOf))
			if d := cmp.Diff(tc.want, stageTimes(t, res)); d != "" {
				t.Errorf("stages (-want +got):\n%s", d)
			}
		})
	}
}

// TestStagesInAbsence holds that the owner's time goes on while the owner is absent, though
// the clock of the wait stands.
func TestStagesInAbsence(t *testing.T) {
	rules := testRules(t)
	rules.Owners["po"].Absences = []Span{{when(t, "Mon 10:00"), when(t, "Mon 12:00")}}
	res := NewDeriver(rules, nil).Story(newTale(t, "Mon 09:00", "PO Review").move("Mon 13:00", "po", "Done").history(), when(t, long))
	if d := cmp.Diff(map[Stage]string{StageOwner: "4h0m0s"}, stageTimes(t, res)); d != "" {
		t.Errorf("stages (-want +got):\n%s", d)
	}
	if got := res.Parts[0].Elapsed; got != 2*time.Hour {
		t.Errorf("the owner's clock ran for %v, want 2 hours", got)
	}
}

// TestBlocks names the stages in which stories stand.
func TestBlocks(t *testing.T) {
	var got []Stage
	for _, s := range Stages() {
		if Blocks(s) {
			got = append(got, s)
		}
	}
	if d := cmp.Diff([]Stage{StageReview, StageTest, StageBlocked, StageRelease, StageOwner}, got); d != "" {
		t.Errorf("stages in which stories stand (-want +got):\n%s", d)
	}
}

// TestCycleTimeForgetsAHop has stories whose acceptance status is of the backlog,
// and visits of it that turn out to be hops.
func TestCycleTimeForgetsAHop(t *testing.T) {
	for _, tc := range []struct {
		name  string
		story *tale
		want  map[Stage]string
	}{
		{
			"into it and back", newTale(t, "Mon 09:00", "To Do").move("Mon 10:00", "dev", "PO Review").record("Mon 10:00:02", "dev", FieldAssignee, "dev").
				move("Mon 10:00:05", "robot", "To Do").move("Mon 11:00", "dev", "In Progress").move("Mon 12:00", "dev", "Done"),
			map[Stage]string{StageDevelopment: "1h0m0s"},
		},
		{
			"created in it", newTale(t, "Mon 09:00", "PO Review").move("Mon 09:00:05", "robot", "To Do").move("Mon 11:00", "dev", "In Progress").move("Mon 12:00", "dev", "Done"),
			map[Stage]string{StageDevelopment: "1h0m0s"},
		},
		{
			"while work went on anyway", newTale(t, "Mon 09:00", "In Progress").move("Mon 10:00", "dev", "PO Review").move("Mon 10:00:05", "robot", "To Do").move("Mon 11:00", "dev", "Done"),
			map[Stage]string{StageDevelopment: "1h0m0s", StageBacklog: "1h0m0s"},
		},
		{
			"after an acceptance", newTale(t, "Mon 09:00", "PO Review").move("Mon 10:00", "po", "Ready for Release").move("Mon 11:00", "dev", "PO Review").
				move("Mon 11:00:05", "robot", "Ready for Release").move("Mon 12:00", "dev", "Done"),
			map[Stage]string{StageOwner: "1h0m0s"},
		},
		{
			"an owner's change in between", newTale(t, "Mon 09:00", "To Do").move("Mon 10:00", "dev", "PO Review").record("Mon 10:00:02", "dev", ownerField, "next").
				move("Mon 10:00:05", "robot", "To Do").move("Mon 11:00", "dev", "Done"),
			map[Stage]string{},
		},
		{
			"a wait, and then a hop", newTale(t, "Mon 09:00", "To Do").move("Mon 10:00", "dev", "PO Review").move("Mon 11:00", "dev", "To Do").move("Mon 12:00", "dev", "PO Review").
				move("Mon 12:00:05", "robot", "To Do").move("Mon 13:00", "dev", "Done"),
			map[Stage]string{StageOwner: "1h0m0s", StageBacklog: "2h0m0s"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			rules.Projects["1"].Stages["PO Review"] = StageBacklog
			res := NewDeriver(rules, nil).Story(tc.story.history(), when(t, long))
			if d := cmp.Diff(tc.want, stageTimes(t, res)); d != "" {
				t.Errorf("stages (-want +got):\n%s", d)
			}
		})
	}
}
