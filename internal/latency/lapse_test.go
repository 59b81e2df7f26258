package latency

import (
	"testing"
	"time"
)

// TestLapse has what lets a question lapse.
func TestLapse(t *testing.T) {
	runCases(t, []ruleCase{
		{name: "lapsed", rules: onPAY(func(p *Project) { p.LapseAfter = 10 * time.Hour }), story: asked, want: []string{"question of po: lapsed, elapsed 26h0m0s, working 10h0m0s"}},
		{name: "any comment keeps it alive", rules: onPAY(func(p *Project) { p.LapseAfter = 10 * time.Hour }), story: func(t *testing.T) *tale { return asked(t).says("Tue 10:00", "dev2", "hm") }, want: []string{"question of po: lapsed, elapsed 51h0m0s, working 19h0m0s"}},
		{name: "it lapses, and then the owner changes", rules: func(r *Rules) {
			r.Projects["1"].LapseAfter = time.Hour
			r.Projects["1"].Terms = []Term{{"po", Span{Always.From, when(t, "Mon 12:00")}}, {"next", Span{when(t, "Mon 12:00"), Never}}}
		}, story: func(t *testing.T) *tale {
			return begun(t).says("Mon 09:00", "dev", "[~po] which?").move("Mon 13:00", "dev", "PO Review").move("Mon 14:00", "next", "Done")
		}, want: []string{
			"question of po: lapsed, elapsed 1h0m0s, working 1h0m0s", "acceptance of next: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
		{name: "it never lapses", rules: func(r *Rules) { r.Projects["1"].LapseAfter = 0 }, story: func(t *testing.T) *tale {
			return begun(t).says("Mon 09:00", "dev", "[~po] which?").says("30 Mar 10:00", "po", "that")
		}, want: []string{
			"question of po: answered owner, elapsed 672h0m0s, working 161h0m0s",
		}},
		{name: "moved to a project with other patience", rules: func(r *Rules) { r.Projects["2"].LapseAfter = 2 * time.Hour }, story: func(t *testing.T) *tale {
			return begun(t).says("Mon 09:00", "dev", "[~po] which?").
				record("Mon 10:00", "dev", FieldProject, "2").says("Tue 09:00", "po", "that")
		}, want: []string{"question of po: lapsed, elapsed 2h0m0s, working 2h0m0s"}},
	})
}

// TestLapseInFull looks at all that is derived: what lets a question lapse.
func TestLapseInFull(t *testing.T) {
	runTraces(t, []traceCase{
		{name: "lapsed after another calendar", rules: func(r *Rules) {
			r.Projects["1"].LapseAfter = 17 * time.Hour
			r.Owners["next"] = &Owner{Key: "next", Calendar: workdays(t, 0, 24)}
		}, story: func(t *testing.T) *tale { return asked(t).record("Wed 09:00", "dev", ownerField, "next") }, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Wed 09:00 handed_over; 48h, worked 16h, breached Mon 13:00",
			"  Mon 09:00 mention, Wed 09:00 handed_over, Wed 10:00 lapsed",
			"question of next in 1, part 2: Wed 09:00 to Wed 10:00 lapsed; 1h, worked 1h, story's 49h, worked 17h, addressed to po",
			"  Mon 09:00 mention, Wed 09:00 handed_over, Wed 10:00 lapsed",
		}},
		{name: "lapsed by the instant", rules: onPAY(func(p *Project) { p.LapseAfter = 8 * time.Hour }), story: func(t *testing.T) *tale { return asked(t) }, asOf: "Mon 17:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 8h, worked 8h, breached Mon 13:00",
			"  Mon 09:00 mention, Mon 17:00 lapsed",
			"unsettled",
		}},
		{name: "about to lapse", rules: onPAY(func(p *Project) { p.LapseAfter = 8 * time.Hour }), story: func(t *testing.T) *tale { return asked(t) }, asOf: "Mon 16:59", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 7h59m, worked 7h59m, breached Mon 13:00",
			"  Mon 09:00 mention",
			"unsettled",
		}},
		{name: "never lapsed", rules: onPAY(func(p *Project) { p.LapseAfter = 0 }), story: func(t *testing.T) *tale { return asked(t) }, asOf: "30 Oct 12:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 5811h, worked 1395h, breached Mon 13:00",
			"  Mon 09:00 mention",
			"unsettled",
		}},
		{name: "lapsed after an ask was taken back", rules: onPAY(func(p *Project) { p.LapseAfter = 8 * time.Hour }), story: func(t *testing.T) *tale {
			return asked(t).says("Mon 10:00", "dev2", "[~po] me too?").deletes("Mon 16:00", 2)
		}, want: []string{
			"question of po in 1, part 1: Mon 10:00 (at first Mon 09:00) to Tue 10:00 lapsed; 24h, worked 8h, breached Mon 14:00, 2 asks",
			"  Mon 09:00 mention, Mon 10:00 ask_joined, Mon 16:00 ask_taken_back, Tue 10:00 lapsed",
		}},
	})
}

// TestLapseOverParts sums the time without a word over owners with other hours.
func TestLapseOverParts(t *testing.T) {
	mornings := func(r *Rules) {
		r.Projects["1"].LapseAfter = 10 * time.Hour
		r.Owners["next"] = &Owner{Key: "next", Calendar: workdays(t, 9, 11)}
	}
	runCases(t, []ruleCase{
		{name: "each in its owner's calendar", rules: mornings, story: func(t *testing.T) *tale { // 8 h of po's on Monday, 1 h on Tuesday, and 1 of next's
			return asked(t).record("Tue 10:00", "dev2", ownerField, "next")
		}, want: []string{"question of po: handed_over, elapsed 25h0m0s, working 9h0m0s", "question of next: lapsed, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "back and forth", rules: mornings, story: func(t *testing.T) *tale { // 3 h of po's, none of next's from 12 to 16, 1 h and 6 h of po's
			return asked(t).record("Mon 12:00", "dev2", ownerField, "next").record("Mon 16:00", "dev2", ownerField, "")
		}, want: []string{
			"question of po: handed_over, elapsed 3h0m0s, working 3h0m0s", "question of next: handed_over, elapsed 4h0m0s, working 0s",
			"question of po: lapsed, elapsed 23h0m0s, working 7h0m0s",
		}},
		{name: "from the last comment", rules: mornings, story: func(t *testing.T) *tale { // 5 h of po's, 2 h a day of next's
			return asked(t).says("Mon 12:00", "dev2", "hm").record("Mon 17:00", "dev2", ownerField, "next")
		}, want: []string{"question of po: handed_over, elapsed 8h0m0s, working 8h0m0s", "question of next: lapsed, elapsed 65h0m0s, working 5h0m0s"}},
		{name: "a comment after the hand-over", rules: mornings, story: func(t *testing.T) *tale { // 10 h of next's
			return asked(t).record("Mon 12:00", "dev2", ownerField, "next").says("Mon 13:00", "dev2", "hm")
		}, want: []string{"question of po: handed_over, elapsed 3h0m0s, working 3h0m0s", "question of next: lapsed, elapsed 167h0m0s, working 10h0m0s"}},
		{name: "a short part counts with the next", rules: mornings, story: func(t *testing.T) *tale { // 3 minutes of po's, out of next's hours
			return begun(t).says("Mon 12:00", "dev", "[~po] which?").record("Mon 12:03", "dev2", ownerField, "next")
		}, want: []string{"question of next: lapsed, elapsed 167h0m0s, working 10h0m0s"}},
	})
}
