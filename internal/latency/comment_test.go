package latency

import "testing"

// TestComments has what comments ask, answer and take back.
func TestComments(t *testing.T) {
	runCases(t, []ruleCase{
		{name: "the answer came elsewhere", story: func(t *testing.T) *tale { return asked(t).says("Mon 10:00", "dev", "#answered on the phone") }, want: []string{"question of po: answered other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "only the asker may say so", story: func(t *testing.T) *tale { return asked(t).says("Mon 10:00", "dev2", "#answered on the phone") }, asOf: "Mon 11:00", want: []string{"question of po: open, elapsed 2h0m0s, working 2h0m0s"}},
		{name: "taken back", story: func(t *testing.T) *tale { return asked(t).says("Mon 10:00", "dev", "#withdrawn") }, want: []string{"question of po: withdrawn other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "taken back, and another ask stands", story: func(t *testing.T) *tale {
			return asked(t).says("Mon 10:00", "dev2", "[~po] me too?").says("Mon 11:00", "dev", "#withdrawn").says("Mon 12:00", "po", "euros")
		}, want: []string{"question of po: answered owner, elapsed 2h0m0s, working 2h0m0s"}},
		{name: "edited away", story: func(t *testing.T) *tale { return asked(t).edits("Mon 10:00", "dev", 2, "never mind") }, want: []string{"question of po: withdrawn other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "edited after the answer", story: func(t *testing.T) *tale {
			return asked(t).says("Mon 10:00", "po", "euros").edits("Mon 11:00", "dev", 2, "never mind")
		}, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "edited into a question", story: func(t *testing.T) *tale {
			return begun(t).says("Mon 09:00", "dev", "hm").edits("Mon 10:00", "dev", 2, "[~po] hm?").says("Mon 11:00", "po", "yes")
		}, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "deleted", story: func(t *testing.T) *tale { return asked(t).deletes("Mon 10:00", 2) }, want: []string{"question of po: withdrawn, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "marker", story: func(t *testing.T) *tale {
			return begun(t).says("Mon 09:00", "dev", "Q: which currency").says("Mon 10:00", "po", "euros")
		}, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "a marker for somebody else", story: func(t *testing.T) *tale { return begun(t).says("Mon 09:00", "dev", "Q: [~dev2] which currency") }},
		{name: "mention without a question mark", rules: onPAY(func(p *Project) { p.MentionAny = true }), story: func(t *testing.T) *tale {
			return begun(t).says("Mon 09:00", "dev", "[~po] look").says("Mon 10:00", "po", "ok")
		}, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "nothing asked while the story is done", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 08:30", "dev", "Done").says("Mon 09:00", "dev", "[~po] ok?")
		}},
		{name: "automation asks nothing", story: func(t *testing.T) *tale { return begun(t).says("Mon 09:00", "robot", "[~po] merge?") }},
		{name: "a delegate asks nothing", rules: func(r *Rules) { r.Delegates = []Delegation{{Owner: "po", Delegate: "dev", Span: Always}} }, story: asked},
		{name: "asking the delegate is asking the owner", rules: func(r *Rules) { r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Always}} }, story: func(t *testing.T) *tale {
			return begun(t).says("Mon 09:00", "dev", "[~deputy] ok?").says("Mon 10:00", "po", "yes")
		}, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "a delegate asked by name answers later too", rules: func(r *Rules) {
			r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Span{Always.From, when(t, "Tue 00:00")}}}
		}, story: func(t *testing.T) *tale {
			return begun(t).says("Mon 16:00", "dev", "[~deputy] ok?").says("Tue 10:00", "deputy", "yes")
		}, want: []string{"question of po: answered delegate, elapsed 18h0m0s, working 2h0m0s"}},
		{name: "an answered question that is edited asks no more", story: func(t *testing.T) *tale {
			return begun(t).says("Mon 09:00", "dev", "[~po] which?").says("Mon 10:00", "po", "that").says("Mon 11:00", "dev", "hm").
				deletes("Mon 12:00", 4).edits("Mon 13:00", "dev", 2, "[~po] which one?")
		}, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "reworded after a hand-over, the ask stands", story: func(t *testing.T) *tale {
			return owns(begun(t).says("Mon 09:00", "dev", "[~po] which?"), "Mon 10:00", "next").
				edits("Mon 11:00", "dev", 2, "[~po] which currency?").says("Mon 12:00", "next", "euros")
		}, want: []string{
			"question of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "question of next: answered owner, elapsed 2h0m0s, working 2h0m0s",
		}},
		{name: "reworded to ask another, it is taken back", story: func(t *testing.T) *tale {
			return owns(begun(t).says("Mon 09:00", "dev", "[~po] which?"), "Mon 10:00", "next").
				edits("Mon 11:00", "dev", 2, "[~dev2] which currency?")
		}, want: []string{
			"question of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "question of next: withdrawn other, elapsed 1h0m0s, working 1h0m0s",
		}},
	})
}

// TestCommentsInFull looks at all that is derived: what comments ask, answer and take back.
func TestCommentsInFull(t *testing.T) {
	runTraces(t, []traceCase{
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
		{name: "nobody asks", story: func(t *testing.T) *tale {
			return begun(t).says("Mon 09:00", "", "[~po] ok?").says("Mon 10:00", "", "#withdrawn")
		}, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 2h, worked 2h, 1 replies from Mon 10:00",
			"  Mon 09:00 mention, Mon 10:00 other_reply",
			"finding in 1, Mon 09:00: unresolved_actor ",
			"finding in 1, Mon 10:00: unresolved_actor ",
			"unsettled",
		}},
		{name: "mentions are no questions", rules: onPAY(func(p *Project) { p.Mention = false }), story: func(t *testing.T) *tale { return begun(t).says("Mon 09:00", "dev", "[~po] ok?") }},
		{name: "markers are no questions", rules: onPAY(func(p *Project) { p.Markers = nil }), story: func(t *testing.T) *tale { return begun(t).says("Mon 09:00", "dev", "Q: ok") }},
		{name: "a marker with the owner among others", story: func(t *testing.T) *tale { return begun(t).says("Mon 09:00", "dev", "Q: [~dev2] [~po] ok") }, asOf: "Mon 10:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 1h, worked 1h",
			"  Mon 09:00 marker",
			"unsettled",
		}},
	})
}

// TestAnswersAfterAHandOver has who answers when the owner has changed.
func TestAnswersAfterAHandOver(t *testing.T) {
	handed := func(t *testing.T) *tale { return asked(t).record("Mon 10:00", "dev2", ownerField, "next") }
	runCases(t, []ruleCase{
		{name: "a former owner who was addressed does not", story: func(t *testing.T) *tale {
			return handed(t).says("Mon 11:00", "po", "euros").says("Mon 12:00", "next", "dollars")
		}, want: []string{
			"question of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "question of next: answered owner, elapsed 2h0m0s, working 2h0m0s",
		}},
		{name: "a delegate who was addressed does", rules: func(r *Rules) {
			r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Always}}
		}, story: func(t *testing.T) *tale {
			return begun(t).says("Mon 09:00", "dev", "[~deputy] which?").record("Mon 10:00", "dev2", ownerField, "next").says("Mon 11:00", "deputy", "euros")
		}, want: []string{
			"question of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "question of next: answered delegate, elapsed 1h0m0s, working 1h0m0s",
		}},
		{name: "a delegate of the former owner who was not addressed does not", rules: func(r *Rules) {
			r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Always}}
		}, story: func(t *testing.T) *tale {
			return handed(t).says("Mon 11:00", "deputy", "euros").says("Mon 12:00", "next", "dollars")
		}, want: []string{
			"question of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "question of next: answered owner, elapsed 2h0m0s, working 2h0m0s",
		}},
		{name: "an active delegate of the new owner does", rules: func(r *Rules) {
			r.Delegates = []Delegation{{Owner: "next", Delegate: "deputy", Span: Always}}
		}, story: func(t *testing.T) *tale { return handed(t).says("Mon 11:00", "deputy", "euros") }, want: []string{
			"question of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "question of next: answered delegate, elapsed 1h0m0s, working 1h0m0s",
		}},
		{name: "a delegate who was addressed, and owns the part in the end, is its owner", rules: func(r *Rules) {
			r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Always}}
		}, story: func(t *testing.T) *tale {
			return begun(t).says("Mon 09:00", "dev", "[~deputy] which?").record("Mon 10:00", "dev2", ownerField, "deputy").
				record("Mon 11:00", "dev2", ownerField, "next").says("Mon 11:02", "deputy", "euros")
		}, want: []string{
			"question of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "question of deputy: answered owner, elapsed 1h2m0s, working 1h2m0s",
		}},
		{name: "answered elsewhere is by others, whoever owns the part in the end", story: func(t *testing.T) *tale {
			return asked(t).says("Mon 09:30", "dev2", "[~po] and when?").record("Mon 10:00", "dev3", ownerField, "dev2").
				record("Mon 11:00", "dev3", ownerField, "po").says("Mon 11:01", "dev2", "[~po] well?").
				says("Mon 11:02", "dev2", "#answered")
		}, want: []string{
			"question of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "question of dev2: answered other, elapsed 1h2m0s, working 1h2m0s",
		}},
	})
}

// TestRepliesAndAsks has which comments are replies, and what counts as an ask.
func TestRepliesAndAsks(t *testing.T) {
	for _, tc := range []struct {
		name          string
		story         *tale
		asks, replies int
	}{
		{"the asker's own words are none", asked(t).says("Mon 10:00", "dev", "hello").says("Mon 11:00", "dev2", "hm"), 1, 1},
		{"a joined ask is none", asked(t).says("Mon 10:00", "dev2", "[~po] and when?"), 2, 0},
		{"what was taken back counts as an ask", asked(t).says("Mon 10:00", "dev2", "[~po] and when?").says("Mon 11:00", "dev2", "#withdrawn"), 2, 0},
		{"automation is none", asked(t).says("Mon 10:00", "robot", "built"), 1, 0},
	} {
		res := NewDeriver(testRules(t), nil).Story(tc.story.history(), when(t, "Mon 12:00"))
		if len(res.Parts) != 1 || res.Parts[0].Asks != tc.asks || res.Parts[0].OtherReplies != tc.replies {
			t.Errorf("%s: %+v, want %d asks and %d replies", tc.name, res.Parts, tc.asks, tc.replies)
		}
	}
}
