package recount

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// caseSetup is the config of the cases: stories of PAY are po's and those of WEB
// other's where their field does not say whose, all work Mon-Fri 09:00-17:00 in
// Berlin, and bot is automation.
func caseSetup() setup {
	s := vectorSetup()
	s.Jira.IssueTypes, s.Delegations = nil, nil
	s.Projects["WEB"] = setupProject{Owner: []setupTerm{{Owner: "other"}}}
	s.Automation = []string{"bot"}
	return s
}

// TestAmendments recounts a story for each sentence of SPEC 14 that changes a
// wait, and for each of the defects D1 to D10 that it settles: D7 is an audit's
// and D10 a stage's, which no wait shows. The comment of a case says from which
// sentence its expectation follows.
func TestAmendments(t *testing.T) {
	for _, tt := range []struct {
		name  string
		setup func(*setup)
		story string
		want  []string
	}{
		{
			// "The pause ends with ... a hand-over: then the ball is with the next owner."
			// po's clock runs 09:00-10:00 and stands until 11:00; other's never does.
			name: "D1 owner's question: the pause ends at the hand-over",
			story: `Mon 09:00 dev creates Story in PO Review of PAY, owner=po
				Mon 10:00 po says Which currency?
				Mon 11:00 dev owner=other
				Mon 16:00 other status=Done`,
			want: []string{
				"acceptance po Mon 09:00-Mon 11:00 handed_over 1h paused 1h by created_in_acceptance",
				"acceptance other Mon 11:00-Mon 16:00 accepted owner 5h part 2 by created_in_acceptance",
			},
		},
		{
			// "with the first comment or move by anybody but who asked (automation apart)":
			// bot's word at 10:30 ends nothing, the stand-in's at 11:00 does.
			name:  "D1 owner's question: anybody but who asked ends the pause",
			setup: func(s *setup) { s.Delegations = []setupDelegation{{Owner: "po", Delegate: "deputy"}} },
			story: `Mon 09:00 dev creates Story in PO Review of PAY
				Mon 10:00 po says Which currency?
				Mon 10:30 bot says Built.
				Mon 10:40 po says I mean the one on the page.
				Mon 11:00 deputy says Euros.
				Mon 12:00 po status=Done`,
			want: []string{"acceptance po Mon 09:00-Mon 12:00 accepted owner 2h paused 1h by created_in_acceptance"},
		},
		{
			// "after a hand-over only the owner, an active delegate, or a delegate who was
			// addressed by name answers; a former owner is other": po's word is a reply.
			name: "D2 a former owner who was addressed does not answer",
			story: `Mon 08:00 dev creates Story in Open of PAY, owner=po
				Mon 09:00 dev says [~po] which currency?
				Mon 10:00 dev owner=other
				Mon 11:00 po says Euros.
				Mon 12:00 other says Indeed.`,
			want: []string{
				"question po Mon 09:00-Mon 10:00 handed_over 1h replies 1",
				"question other Mon 10:00-Mon 12:00 answered owner 2h part 2 replies 1",
			},
		},
		{
			// The same sentence: the delegate was addressed by name, and answers still.
			name:  "D2 a delegate who was addressed by name answers after the hand-over",
			setup: func(s *setup) { s.Delegations = []setupDelegation{{Owner: "po", Delegate: "deputy"}} },
			story: `Mon 08:00 dev creates Story in Open of PAY, owner=po
				Mon 09:00 dev says [~deputy] which currency?
				Mon 10:00 dev owner=other
				Mon 11:00 deputy says Euros.`,
			want: []string{
				"question po Mon 09:00-Mon 10:00 handed_over 1h",
				"question other Mon 10:00-Mon 11:00 answered delegate 1h part 2",
			},
		},
		{
			// "The responder is judged towards the owner whose part the wait is in the end":
			// deputy, who was addressed as a delegate of po, is other's delegate and his own owner.
			name:  "D3 a delegate who was addressed by name owns the part in the end",
			setup: func(s *setup) { s.Delegations = []setupDelegation{{Owner: "po", Delegate: "deputy"}} },
			story: `Mon 08:00 dev creates Story in Open of PAY, owner=po
				Mon 09:00 dev says [~deputy] which currency?
				Mon 10:00 dev owner=deputy
				Mon 11:00 dev owner=other
				Mon 11:02 deputy says Euros.`,
			want: []string{
				"question po Mon 09:00-Mon 10:00 handed_over 1h",
				"question deputy Mon 10:00-Mon 11:02 answered owner 1h2m part 2",
			},
		},
		{
			// "answered, responder other: the asker's comment that begins with one of
			// answered_markers: the answer came elsewhere": whoever owns the part.
			name: "D3 an answer from elsewhere is by others, though its asker owns the part in the end",
			story: `Mon 08:00 dev creates Story in Open of PAY, owner=po
				Mon 09:00 other says [~po] which currency?
				Mon 09:30 dev says [~po] and when?
				Mon 10:00 dev2 owner=dev
				Mon 11:00 dev2 owner=po
				Mon 11:01 dev says [~po] and now?
				Mon 11:02 dev says #answered in the call`,
			want: []string{
				"question po Mon 09:00-Mon 10:00 handed_over 1h asks 3",
				"question dev Mon 10:00-Mon 11:02 answered other 1h2m part 2 asks 3",
			},
		},
		{
			// "The responder is judged towards the owner whose part the wait is in the end;
			// the outcome by the state before the record": other owned it for 2 minutes, so
			// that the move rejects, and is somebody else to po, whose wait it is.
			name: "D3 a last short part: responder towards the owner of the part before",
			story: `Mon 08:00 dev creates Story in Open of PAY, owner=po
				Mon 09:00 dev status=PO Review
				Mon 11:58 dev owner=other
				Mon 12:00 other status=In Progress`,
			want: []string{"acceptance po Mon 09:00-Mon 12:00 rejected other 3h"},
		},
		{
			// "Components and all else are found by id, whatever name a record bears."
			name: "D4 a renamed component is found by its id",
			setup: func(s *setup) {
				s.Projects["PAY"] = setupProject{Owner: []setupTerm{{Owner: "po"}}, Components: map[string]setupComponent{"Checkout": {"other"}}}
			},
			story: `Mon 08:00 dev creates Story in Open of PAY
				Mon 08:30 dev component+31/Cart
				Mon 09:00 dev status=PO Review
				Mon 10:00 dev component-31/Checkout
				Mon 12:00 po status=Done`,
			want: []string{
				"acceptance other Mon 09:00-Mon 10:00 handed_over 1h",
				"acceptance po Mon 10:00-Mon 12:00 accepted owner 2h part 2",
			},
		},
		{
			// "A resolution alone, left over or set early, makes no story done": the question
			// is asked of a living story, and outlives the move.
			name: "D5 a leftover resolution makes no story done",
			story: `Mon 08:00 dev creates Story in In Progress of PAY, resolution=Won't Fix
				Mon 09:00 dev says [~po] which currency?
				Mon 10:00 dev status=Open
				Mon 10:30 dev resolution=Duplicate
				Mon 11:00 po says Euros.`,
			want: []string{"question po Mon 09:00-Mon 11:00 answered owner 2h"},
		},
		{
			// "it only tells accepted from withdrawn in the record that ends or begins a wait"
			name: "D5 a leftover resolution begins no wait and tells how one ends",
			story: `Mon 08:00 dev creates Story in Open of PAY, resolution=Won't Fix
				Mon 09:00 dev status=PO Review
				Mon 10:00 dev status=Open, resolution=
				Mon 11:00 dev status=PO Review
				Mon 11:30 dev resolution=Duplicate
				Mon 12:00 po status=Done`,
			want: []string{"acceptance po Mon 11:00-Mon 12:00 withdrawn owner 1h"},
		},
		{
			// "The endings are looked at in 3.2's order within one record too (the asker who
			// takes the story and closes it: withdrawn)."
			name: "D6 the asker takes the story and closes it: withdrawn",
			story: `Mon 08:00 dev creates Story in Open of PAY, owner=po
				Mon 09:00 dev says [~po] which currency?
				Mon 10:00 dev owner=dev, status=Done`,
			want: []string{"question po Mon 09:00-Mon 10:00 withdrawn other 1h"},
		},
		{
			// The same: resolved stands before obsolete.
			name:  "D6 somebody takes off the label and closes it: resolved",
			setup: func(s *setup) { s.Defaults.Labels = []string{"ask"} },
			story: `Mon 08:00 dev creates Story in Open of PAY
				Mon 09:00 dev label+ask
				Mon 10:00 dev2 label-ask, status=Done`,
			want: []string{"question po Mon 09:00-Mon 10:00 resolved other 1h by label"},
		},
		{
			// "by default every type but sub-tasks and epics, a type that Jira no longer lists
			// included": 99 is none that Jira lists, and the wait goes on; a sub-task leaves.
			name: "D8 a type that Jira no longer lists is in scope",
			story: `Mon 08:00 dev creates Story in PO Review of PAY
				Mon 10:00 dev type=99/Wish
				Mon 11:00 dev type=Sub-task
				Mon 12:00 dev type=Story
				Mon 13:00 po status=Done`,
			want: []string{
				"acceptance po Mon 08:00-Mon 11:00 withdrawn other 2h by created_in_acceptance",
				"acceptance po Mon 12:00-Mon 13:00 accepted owner 1h by created_in_acceptance",
			},
		},
		{
			// "A story's life begins at created. An older event is kept, moves nothing before it."
			name: "D9 nothing before created moves the start",
			story: `Mon 12:00 dev creates Story in Open of PAY
				Mon 10:00 dev status=PO Review
				Mon 13:00 po status=Done`,
			want: []string{"acceptance po Mon 12:00-Mon 13:00 accepted owner 1h by created_in_acceptance"},
		},
		{
			// "a status item whose id's name of today differs from the one it bears is read by
			// its id (a rename)"
			name:  "Names and ids: a renamed status is read by its id",
			setup: func(s *setup) { s.Defaults.Acceptance = []string{"Final Check"} },
			story: `Mon 08:00 dev creates Story in Open of PAY
				Mon 09:00 dev status=14/Last Look
				Mon 10:00 po status=Done`,
			want: []string{"acceptance po Mon 09:00-Mon 10:00 accepted owner 1h"},
		},
		{
			// "where the story has a later ProjectImport item ... it is read by its name": 10 was
			// the other Jira's In Progress, and is PO Review from the import on.
			name: "Names and ids: before a ProjectImport a status is read by its name",
			story: `Mon 08:00 dev creates Story in Open of PAY
				Mon 09:00 dev status=10/In Progress
				Mon 10:00 dev import
				Mon 11:00 dev status=PO Review
				Mon 12:00 po status=Done`,
			want: []string{"acceptance po Mon 11:00-Mon 12:00 accepted owner 1h"},
		},
		{
			// "Done: ... or one of withdrawn_statuses": asked there, nothing waits; a question
			// that is open when the story gets there is obsolete.
			name:  "Done: one of the withdrawn statuses",
			setup: func(s *setup) { s.Defaults.Withdrawn = []string{"Dropped"} },
			story: `Mon 08:00 dev creates Story in Dropped of PAY
				Mon 09:00 dev says [~po] why?
				Mon 10:00 dev status=Open
				Mon 11:00 dev says [~po] which currency?
				Mon 12:00 dev status=Dropped`,
			want: []string{"question po Mon 11:00-Mon 12:00 obsolete other 1h"},
		},
		{
			// "A slip never takes in a record with a Workflow item"
			name: "Bypassed: a migration is no half of a slip",
			story: `Mon 08:00 dev creates Story in Open of PAY
				Mon 09:00 dev status=PO Review
				Mon 09:03 dev status=Open, workflow`,
			want: []string{"acceptance po Mon 09:00-Mon 09:03 withdrawn automation 3m"},
		},
		{
			// "'the same actor' is the same person over all their accounts"
			name:  "Bypassed: a slip by another account of the same person",
			setup: func(s *setup) { s.Owners["other"] = setupOwner{Accounts: []string{"other", "other.old"}} },
			story: `Mon 08:00 dev creates Story in Open of PAY
				Mon 09:00 other status=PO Review
				Mon 09:03 other.old status=Open`,
		},
		{
			// 3.1, and "a visit that was paused, or that a migration ended, is no hop": of three
			// visits of 8 seconds that automation ends, the first alone is one.
			name:  "Bypassed: a paused visit and one that a migration ends are no hops",
			setup: func(s *setup) { s.Defaults.Paused = []string{"At the printer"} },
			story: `Mon 08:00 dev creates Story in Open of PAY
				Mon 09:00:00 dev status=PO Review
				Mon 09:00:08 bot status=In Progress
				Mon 10:00:00 dev status=PO Review
				Mon 10:00:04 bot status=At the printer
				Mon 10:00:08 bot status=In Progress
				Mon 11:00:00 dev status=PO Review
				Mon 11:00:08 bot status=In Progress, workflow`,
			want: []string{
				"acceptance po Mon 10:00-Mon 10:00:08 recalled automation 4s paused 4s",
				"acceptance po Mon 11:00-Mon 11:00:08 withdrawn automation 8s",
			},
		},
		{
			// "being created in ... a status (label, assignee) that asks, asks": three asks.
			name: "Asks: created in what asks",
			setup: func(s *setup) {
				yes := true
				s.Defaults.Labels, s.Defaults.Question = []string{"ask"}, &questionSettings{Assignment: &yes}
			},
			story: `Mon 09:00 dev creates Story in Waiting for PO of PAY, labels=ask, assignee=po
				Mon 10:00 po says Euros.`,
			want: []string{"question po Mon 09:00-Mon 10:00 answered owner 1h asks 3 by status"},
		},
		{
			// "entering the scope in ... a status that asks, asks"
			name: "Asks: entering the scope in what asks",
			story: `Mon 09:00 dev creates Sub-task in Waiting for PO of PAY
				Mon 10:00 dev type=Story
				Mon 11:00 dev2 status=Open`,
			want: []string{"question po Mon 10:00-Mon 11:00 resolved other 1h by status"},
		},
		{
			// "moving between watched projects into a status (label, assignee) that asks, asks":
			// the label asks in WEB alone.
			name:  "Asks: moving into a project in which the label asks",
			setup: func(s *setup) { p := s.Projects["WEB"]; p.Labels = []string{"ask"}; s.Projects["WEB"] = p },
			story: `Mon 09:00 dev creates Story in Open of PAY, labels=ask
				Mon 10:00 dev project=WEB/WEB-7
				Mon 11:00 other says Euros.`,
			want: []string{"question other Mon 10:00-Mon 11:00 answered owner 1h in WEB by label"},
		},
		{
			// "other_replies leaves out the asker and joined asks; asks counts what was taken
			// back too": dev2's ask joins and is taken back, dev3 alone replies.
			name: "Asks: what counts as a reply and as an ask",
			story: `Mon 08:00 dev creates Story in Open of PAY
				Mon 09:00 dev says [~po] which currency?
				Mon 09:10 dev2 says [~po] and which country?
				Mon 09:20 dev says I mean on the page.
				Mon 09:30 dev3 says Euros, I think.
				Mon 09:40 dev2 says #withdrawn
				Mon 10:00 po says Euros.`,
			want: []string{"question po Mon 09:00-Mon 10:00 answered owner 1h asks 2 replies 1"},
		},
		{
			// "lapse_after is the sum of working time since the last comment over the parts, each
			// in its owner's calendar": po's 09:00-17:00 are 8 hours, other's New York 17:00-23:00
			// of Berlin's Monday 6, and 15:00-17:00 of Tuesday the last 2 of 16.
			name: "Lapse: over the parts, each in its owner's calendar",
			setup: func(s *setup) {
				each := []string{"09:00-17:00"}
				s.Owners["other"] = setupOwner{Accounts: []string{"other"}, Calendar: &setupCalendar{
					Zone: "America/New_York", Hours: map[string][]string{"mon": each, "tue": each},
				}}
				s.Defaults.Question = &questionSettings{LapseAfter: "16h"}
			},
			story: `Mon 08:00 dev creates Story in Open of PAY, owner=po
				Mon 09:00 dev says [~po] which currency?
				Mon 17:00 dev owner=other
				Fri 10:00 other says Euros.`,
			want: []string{
				"question po Mon 09:00-Mon 17:00 handed_over 8h",
				"question other Mon 17:00-Tue 17:00 lapsed 8h part 2",
			},
		},
		{
			// "joined oldest first, their lengths adding up": po's 3 minutes belong to other, who
			// so has 6, which are a part.
			name: "Short parts: lengths add up",
			story: `Mon 08:00 dev creates Story in Open of PAY, owner=po
				Mon 09:00 dev status=PO Review
				Mon 09:03 dev owner=other
				Mon 09:06 dev owner=deputy
				Mon 10:00 deputy status=Done`,
			want: []string{
				"acceptance other Mon 09:00-Mon 09:06 handed_over 6m",
				"acceptance deputy Mon 09:06-Mon 10:00 accepted owner 54m part 2",
			},
		},
		{
			// "by the slip window of the part's project": an hour in WEB.
			name:  "Short parts: by the slip window of the part's project",
			setup: func(s *setup) { p := s.Projects["WEB"]; p.SlipWindow = "1h"; s.Projects["WEB"] = p },
			story: `Mon 08:00 dev creates Story in Open of WEB, owner=po
				Mon 09:00 dev status=PO Review
				Mon 09:30 dev owner=other
				Mon 12:00 other status=Done`,
			want: []string{"acceptance other Mon 09:00-Mon 12:00 accepted owner 3h in WEB"},
		},
		{
			// "dates in a project's ... list of owners are whole days of the project's zone, so that
			// one ends where the next begins": midnight of Wednesday in Tokyo is Tuesday 16:00 in
			// Berlin, although po and other live there.
			name: "Zones: terms are days of the project's zone",
			setup: func(s *setup) {
				each := []string{"09:00-17:00"}
				s.Projects["PAY"] = setupProject{
					Owner:    []setupTerm{{"po", dates{To: "2026-03-03"}}, {"other", dates{From: "2026-03-04"}}},
					Calendar: &setupCalendar{Zone: "Asia/Tokyo", Hours: map[string][]string{"mon": each}},
				}
				for key, o := range s.Owners {
					o.Calendar = s.Calendar
					s.Owners[key] = o
				}
			},
			story: `Tue 08:00 dev creates Story in Open of PAY
				Tue 09:00 dev status=PO Review
				Wed 10:00 other status=Done`,
			want: []string{
				"acceptance po Tue 09:00-Tue 16:00 handed_over 7h",
				"acceptance other Tue 16:00-Wed 10:00 accepted owner 2h part 2",
			},
		},
		{
			// "those of absences ... of the owner's calendar": Tuesday in New York is 06:00 to 06:00
			// of Berlin's Wednesday (-5 hours to +1), in which the 8 hours of New York's Tuesday lie.
			name: "Zones: absences are days of the owner's zone",
			setup: func(s *setup) {
				each := []string{"09:00-17:00"}
				s.Owners["po"] = setupOwner{Accounts: []string{"po"}, Absences: []dates{{"2026-03-03", "2026-03-03"}}, Calendar: &setupCalendar{
					Zone: "America/New_York", Hours: map[string][]string{"mon": each, "tue": each, "wed": each},
				}}
			},
			story: `Mon 08:00 dev creates Story in Open of PAY
				Mon 20:00 dev status=PO Review
				Wed 16:00 po status=Done`,
			want: []string{"acceptance po Mon 20:00-Wed 16:00 accepted owner 4h"},
		},
		{
			// "those of ... history_from of the global one": Tuesday in Berlin.
			name: "Zones: history_from is a day of the global zone",
			setup: func(s *setup) {
				s.Defaults.HistoryFrom = "2026-03-03"
				s.Projects["PAY"] = setupProject{Owner: []setupTerm{{Owner: "po"}}, Calendar: &setupCalendar{Zone: "Asia/Tokyo", Hours: map[string][]string{"tue": {"00:00-12:00"}}}}
			},
			story: `Mon 08:00 dev creates Story in Open of PAY
				Mon 23:00 dev status=PO Review
				Mon 23:30 dev2 status=Open
				Tue 00:00 dev status=PO Review
				Tue 01:00 po status=Done`,
			want: []string{"acceptance po Tue 00:00-Tue 01:00 accepted owner 1h"},
		},
		{
			// "Working hours whose ends occur twice end at the first": on 25 October the clock shows
			// 02:30 at 00:30 and at 01:30 UTC, so that the night's hours are 1.5.
			name: "Zones: hours that end where the clock shows a time twice",
			setup: func(s *setup) {
				s.Calendar = &setupCalendar{Zone: "Europe/Berlin", Hours: map[string][]string{"sun": {"01:00-02:30"}}}
			},
			story: `2026-10-24 08:00 dev creates Story in Open of PAY
				2026-10-24 12:00 dev status=PO Review
				2026-10-25 12:00 po status=Done`,
			want: []string{"acceptance po 2026-10-24 11:00-2026-10-25 12:00 accepted owner 1h30m"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := caseSetup()
			if tt.setup != nil {
				tt.setup(&s)
			}
			f := vectorFacts()
			asOf := caseTime(t, "2027-06-01 00:00")
			got := recount(rulesOf(t, s, f), storiesOf(t, f, []rawIssue{caseIssue(t, f, tt.story)}), asOf)
			var lines []string
			for _, p := range got {
				lines = append(lines, p.String())
			}
			if !slices.Equal(lines, tt.want) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(lines, "\n\t"), strings.Join(tt.want, "\n\t"))
			}
		})
	}
}

// TestKeyAsOf tests "a past instant shows the key of that time with its project".
func TestKeyAsOf(t *testing.T) {
	f := vectorFacts()
	i := caseIssue(t, f, `Mon 09:00 dev creates Story in PO Review of PAY
		Tue 10:00 dev project=OPS/OPS-7`)
	for asOf, want := range map[string]string{"Mon 12:00": "PAY-1 PAY", "Tue 12:00": "OPS-7 OPS"} {
		got := recount(rulesOf(t, caseSetup(), f), storiesOf(t, f, []rawIssue{i}), caseTime(t, asOf))
		if len(got) != 1 || got[0].Story+" "+got[0].Project != want {
			t.Errorf("as of %s: got %v, want one wait of %s", asOf, got, want)
		}
	}
}

// TestFinal tests the rule "Final" of SPEC 3.1: until the slip window has passed
// since an ending, the wait is open and its clock stands.
func TestFinal(t *testing.T) {
	f := vectorFacts()
	i := caseIssue(t, f, `Mon 09:00 dev creates Story in PO Review of PAY
		Mon 10:00 po status=Done`)
	for asOf, want := range map[string]string{
		"Mon 10:04:59": "acceptance po Mon 09:00- 1h by created_in_acceptance",
		"Mon 10:05":    "acceptance po Mon 09:00-Mon 10:00 accepted owner 1h by created_in_acceptance",
	} {
		got := recount(rulesOf(t, caseSetup(), f), storiesOf(t, f, []rawIssue{i}), caseTime(t, asOf))
		if len(got) != 1 || got[0].String() != want {
			t.Errorf("as of %s: got %v, want %s", asOf, got, want)
		}
	}
}

// TestMarkers tests how a comment begins with a marker: "case ignored, a marker
// that ends in a letter needs a word's end, and what stands before it may be white
// space, mentions, emphasis, headings, colours".
func TestMarkers(t *testing.T) {
	for text, want := range map[string]bool{
		"Q: which?": true, "q: which?": true, " \n\tQ: which?": true, "[~po] Q: which?": true, "*Q:* which?": true, "_*Q: which?*_": true,
		"h3. Q: which?": true, "{color:red}Q: which?{color}": true, "{color:#ff0000}*[~po] Q:*{color}": true, "Q:which?": true,
		"#question": true, "#Question which?": true, "#question: which?": true, "#questions": false, "#question2": false,
		"": false, "a Q: which?": false, "(Q: which?)": false, "Q which?": false,
	} {
		if got := begins(text, []string{"Q:", "#question"}); got != want {
			t.Errorf("%q: got %t, want %t", text, got, want)
		}
	}
}

// TestLocalTime tests the instants of local times that a clock shows twice, and
// never.
func TestLocalTime(t *testing.T) {
	zone := berlin(t)
	for _, tt := range []struct {
		year   int
		month  time.Month
		day    int
		minute int
		want   string
	}{
		{2026, time.March, 2, 9 * 60, "2026-03-02T08:00:00.000Z"},
		{2026, time.March, 29, 150, "2026-03-29T01:00:00.000Z"},   // 02:30 is skipped
		{2026, time.October, 25, 150, "2026-10-25T00:30:00.000Z"}, // the first of two
		{2026, time.October, 25, 180, "2026-10-25T02:00:00.000Z"},
		{2026, time.October, 24, 24*60 + 150, "2026-10-25T00:30:00.000Z"}, // from the evening before
	} {
		if got := stamp(localTime(zone, tt.year, tt.month, tt.day, tt.minute)); got != tt.want {
			t.Errorf("%d-%d-%d minute %d: got %s, want %s", tt.year, tt.month, tt.day, tt.minute, got, tt.want)
		}
	}
}
